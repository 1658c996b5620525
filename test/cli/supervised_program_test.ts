import { assert, assertEquals } from "@std/assert";
import { ConfiguredProgram } from "../../cli/daemon/configured_program.ts";
import { SupervisedProgram } from "../../cli/daemon/supervised_program.ts";
import { until } from "../ffi/in_namespace.ts";
import { hasProgram } from "../lab/support.ts";
import { RecordingLog } from "./recording_log.ts";

const ignore = !hasProgram("setpriv");

function program(log: RecordingLog, name: string, ...args: string[]): SupervisedProgram {
  return new SupervisedProgram({ name, packageName: "some-package", args, log });
}

function shell(log: RecordingLog, script: string): SupervisedProgram {
  return program(log, "sh", "-c", script);
}

function startedPids(log: RecordingLog): number[] {
  return log.lines.filter(({ message }) => message === "program started")
    .map(({ details }) => Number(details.pid));
}

/** What the program has said so far. */
function said(log: RecordingLog): string[] {
  return log.lines.filter(({ message }) => message === "program says").map(({ details }) =>
    `${details.line}`
  );
}

Deno.test("supervised program: one that is not installed is a warning with the package's name", async () => {
  const log = new RecordingLog();
  {
    await using absent = program(log, "no-such-program");
    absent.start();
  }
  assertEquals(log.lines.map(({ level, message, details }) => [level, message, details.package]), [
    [
      "warning",
      "no-such-program is not installed: hosts in the mobile network go without no-such-program",
      "some-package",
    ],
  ]);
});

Deno.test({
  name: "supervised program: one that ends is started again, each time later, and its last words are told",
  ignore,
  fn: async () => {
    const log = new RecordingLog();
    const startMs = performance.now();
    {
      await using failing = shell(log, "echo first >&2; echo 'no such key' >&2; exit 3");
      failing.start();
      await until("four ends", () => log.of("warning").length >= 4);
    }
    assert(performance.now() - startMs >= 100 + 200 + 400);
    assertEquals(log.of("warning").slice(0, 4).map(({ details }) => details), [
      { program: "sh", how: "exit status 3", said: "no such key", pauseMs: 100 },
      { program: "sh", how: "exit status 3", said: "no such key", pauseMs: 200 },
      { program: "sh", how: "exit status 3", said: "no such key", pauseMs: 400 },
      { program: "sh", how: "exit status 3", said: "no such key", pauseMs: 800 },
    ]);
  },
});

Deno.test({
  name: "supervised program: it ends when it is told, also where it does not want to",
  ignore,
  fn: async () => {
    const log = new RecordingLog();
    for (
      const [script, leastMs] of [["exec sleep 60", 0], [
        "trap '' TERM; echo ready >&2; sleep 60",
        1900,
      ]] as const
    ) {
      const one = shell(log, script);
      one.start();
      if (leastMs > 0) await until("ready", () => said(log).includes("ready"));
      const startMs = performance.now();
      const pid = startedPids(log).at(-1)!;
      await one.stop();
      const tookMs = performance.now() - startMs;
      assert(tookMs >= leastMs && tookMs < leastMs + 1500, `${tookMs} ms`);
      assertEquals(isThere(pid), false);
      // What sleeps below the shell held its standard error open, and nobody waited for it.
      endSession(pid);
    }
    assertEquals(log.of("warning"), []);
  },
});

Deno.test({
  name: "supervised program: restart() and stop() with start() are no failures, and nothing waits",
  ignore,
  fn: async () => {
    const log = new RecordingLog();
    await using one = shell(log, "exec sleep 60");
    one.start();
    one.start();
    one.restart();
    await until("started again", () => startedPids(log).length === 2);
    void one.stop();
    one.start();
    await until("started once more", () => startedPids(log).length === 3);
    one.reload();
    await until("a program that does not know SIGHUP starts again", () => startedPids(log).length === 4);
    assertEquals(log.of("warning"), []);
  },
});

Deno.test({
  name:
    "supervised program: what is started again after stop() outlives the time that the one before had to end",
  ignore,
  fn: async () => {
    const log = new RecordingLog();
    await using one = shell(log, "exec sleep 60");
    one.start();
    await until("started", () => startedPids(log).length === 1);
    const stopped = one.stop();
    one.start();
    await until("started again", () => startedPids(log).length === 2);
    await stopped;
    const pid = startedPids(log)[1];
    const startMs = performance.now();
    await until("2.5 s", () => performance.now() - startMs > 2500 || !isThere(pid));
    assertEquals(isThere(pid), true);
    assertEquals(log.of("warning"), []);
  },
});

Deno.test({
  name:
    "configured program: its file is private, whole and removed at the end; the same text changes nothing",
  ignore,
  fn: async () => {
    const log = new RecordingLog();
    const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
    const path = `${folder}/it's "it" #1.conf`;
    const args = ["-c", 'cat "$1" >&2; exec sleep 60', "sh", path];
    {
      await using one = new ConfiguredProgram({
        name: "sh",
        packageName: "dash",
        args,
        log,
        path,
        takesNew: "restart",
      });
      one.configure("one\n");
      await until("one", () => said(log).join() === "one");
      assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
      one.configure("one\n");
      one.configure("two\n");
      await until("two", () => said(log).join() === "one,two");
      one.configure(undefined);
      one.configure("three\n");
      await until("three", () => said(log).join() === "one,two,three");
    }
    assertEquals([...Deno.readDirSync(folder)], []);
    Deno.removeSync(folder);
    assertEquals(log.of("warning"), []);
  },
});

function isThere(pid: number): boolean {
  try {
    Deno.statSync(`/proc/${pid}`);
    return true;
  } catch {
    return false;
  }
}

/** What a program left in the session that is its own. */
function endSession(pid: number): void {
  new Deno.Command("kill", { args: ["-9", "--", `-${pid}`], stderr: "null" }).outputSync();
}
