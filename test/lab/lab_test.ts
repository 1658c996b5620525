import { assert, assertEquals } from "@std/assert";
import type { LabResult } from "../../cli/lab/report.ts";
import { dsmipCommand, type RunRecord, temporaryFolder } from "../../cli/lab/lab.ts";
import { labEnvironment, RUN_MARK, runProgram, until } from "../../cli/lab/process.ts";
import { hostNetwork, rootTest } from "./support.ts";

/** A lab on its way: its output is read once it has ended. */
class RunningLab {
  readonly process: Deno.ChildProcess;
  readonly #stdout: Promise<string>;
  readonly #stderr: Promise<void>;
  progress = "";

  /** `wrapper` is a command that runs a command. */
  constructor(args: readonly string[], wrapper: readonly string[] = []) {
    const [program, ...rest] = [...wrapper, ...dsmipCommand("lab", "run", ...args, "--json")];
    const options = { args: rest, stdin: "null", stdout: "piped", stderr: "piped" } as const;
    this.process = new Deno.Command(program, { ...options, env: labEnvironment() }).spawn();
    this.#stdout = new Response(this.process.stdout).text();
    this.#stderr = this.#readProgress();
  }

  async #readProgress(): Promise<void> {
    for await (const text of this.process.stderr.pipeThrough(new TextDecoderStream())) this.progress += text;
  }

  /** Waits until the lab has begun its n-th step. */
  async reached(step: number): Promise<void> {
    await until(`step ${step}`, 60_000, () => this.progress.includes(`[${step}/`));
  }

  async end(): Promise<{ readonly code: number; readonly stdout: string }> {
    const { code } = await this.process.status;
    await this.#stderr;
    return { code, stdout: await this.#stdout };
  }

  /** The name of the run, from its folder. */
  run(): string {
    for (const { name } of Deno.readDirSync(temporaryFolder())) {
      try {
        const record: RunRecord = JSON.parse(Deno.readTextFileSync(`${temporaryFolder()}/${name}/run.json`));
        if (record.pid === this.process.pid) return record.run;
      } catch {
        // Not the folder of a run, or of one that begins or ends just now.
      }
    }
    throw new Error("no folder of this run");
  }
}

/** Namespaces, folders and processes of a run. */
async function leftOf(run: string): Promise<string[]> {
  const { stdout } = await runProgram(["ip", "netns", "list"]);
  const namespaces = stdout.split("\n").filter((line) => line.includes(run));
  const folders = [...Deno.readDirSync(temporaryFolder())].map(({ name }) => name).filter((name) =>
    name.includes(run)
  );
  const processes = [...Deno.readDirSync("/proc")].map(({ name }) => name).filter((name) => {
    try {
      return /^\d+$/.test(name) &&
        Deno.readTextFileSync(`/proc/${name}/environ`).includes(`${RUN_MARK}=${run}`);
    } catch {
      return false;
    }
  });
  return [...namespaces, ...folders, ...processes];
}

/** Plays a scenario to its end and looks at what it says and leaves. */
async function playWhole(scenario: string): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const lab = new RunningLab([scenario, "--pcap", folder]);
    const { code, stdout } = await lab.end();
    const result: LabResult = JSON.parse(stdout);
    const failed = result.checks.filter((check) => !check.ok);
    assertEquals(
      { failure: result.failure, failed, code },
      { failure: undefined, failed: [], code: 0 },
      lab.progress,
    );
    assertEquals([result.scenario, result.ok, result.simulated], [scenario, true, false]);
    assertEquals(
      new Set(result.checks.map(({ name }) => name)).size,
      result.checks.length,
      "names of checks repeat",
    );
    assert(result.checks.length > 50, `${result.checks.length} checks`);
    assertEquals(await leftOf(result.run!), []);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["ha.pcap", "mn.pcap"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

rootTest("lab run public and lab run nat, side by side: all checks hold and nothing is left", async () => {
  const before = await hostNetwork();
  const played = await Promise.allSettled(["public", "nat"].map(playWhole));
  for (const play of played) if (play.status === "rejected") throw play.reason;
  assertEquals(await hostNetwork(), before);
});

for (const [signal, step] of [["SIGINT", 4], ["SIGTERM", 6]] as const) {
  rootTest(`a lab that gets ${signal} in step ${step} leaves nothing`, async () => {
    const lab = new RunningLab(["nat"]);
    await lab.reached(step);
    const run = lab.run();
    lab.process.kill(signal);
    const { code, stdout } = await lab.end();
    assertEquals([code, JSON.parse(stdout).failure], [1, "interrupted"]);
    assertEquals(await leftOf(run), []);
  });
}

rootTest("what a killed lab leaves is removed by lab clean, and nothing of one that runs", async () => {
  const killed = new RunningLab(["public"]);
  await killed.reached(5);
  const run = killed.run();
  killed.process.kill("SIGKILL");
  await killed.end();
  assert((await leftOf(run)).length > 0);

  const running = new RunningLab(["public"]);
  await running.reached(3);
  const clean = await runProgram(dsmipCommand("lab", "clean", run, running.run()));
  assertEquals(clean.code, 0, clean.stderr);
  assert(clean.stderr.includes(`${running.run()}: is running; left alone`), clean.stderr);
  assertEquals(await leftOf(run), []);
  running.process.kill("SIGINT");
  assertEquals(JSON.parse((await running.end()).stdout).failure, "interrupted");
});

rootTest(
  "where the lab cannot run, it says what is missing and plays the scenario in the simulator",
  async () => {
    // A machine without /dev/net/tun.
    const hidden = ["unshare", "--mount", "sh", "-c", 'mount -t tmpfs tmpfs /dev/net && exec "$@"', "sh"];
    const { code, stdout, stderr } = await runProgram([
      ...hidden,
      ...dsmipCommand("lab", "run", "nat", "--json"),
    ]);
    const result: LabResult = JSON.parse(stdout);
    assertEquals([code, result.ok, result.simulated], [0, true, true], stderr);
    assert(result.missing?.some((line) => line.includes("/dev/net/tun")), JSON.stringify(result.missing));
    assert(stderr.includes("SIMULATION"), stderr);
  },
);

rootTest("a root without its powers runs the lab in a user namespace, and leaves nothing", async () => {
  const powers = "-sys_admin,-net_admin,-net_raw";
  const weak = ["setpriv", "--bounding-set", powers, "--inh-caps", powers];
  if ((await runProgram([...weak, "unshare", "--user", "--net", "true"])).code !== 0) return;
  const lab = new RunningLab(["public"], weak);
  await lab.reached(6);
  lab.process.kill("SIGTERM");
  const { code, stdout } = await lab.end();
  const result: LabResult = JSON.parse(stdout);
  assertEquals([code, result.failure, result.simulated], [1, "interrupted", false], lab.progress);
  assertEquals(result.checks.filter((check) => !check.ok), []);
  assertEquals(await leftOf(result.run!), []);
});
