import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readResults } from "../../bench/tunnels/results.ts";
import { isThere } from "../../bench/tunnels/tools.ts";
import { runProgram, until } from "../../cli/lab/process.ts";

const MAIN = new URL("../../bench/tunnels/main.ts", import.meta.url).pathname;
const PROGRAMS = ["ip", "nft", "setsid", "gcc", "iperf3", "/usr/include/linux/if_tun.h"];

const isPossible = Deno.uid() === 0 && PROGRAMS.every(isThere) && isFound("/dev/net/tun");

function isFound(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

function command(...words: string[]): string[] {
  return [Deno.execPath(), "run", "-A", MAIN, "--hasty", "--runs", "1", "--seconds", "1", ...words];
}

async function namespacesOf(pid: number): Promise<string[]> {
  const { stdout } = await runProgram(["ip", "netns", "list"]);
  return stdout.split("\n").filter((line) => line.startsWith(`dsmip-bench-${pid}-`));
}

/** A test that needs root and the programs; its name says so. */
function benchTest(name: string, fn: (folder: string) => Promise<void>): void {
  Deno.test({
    name: `${name} (root, with gcc and iperf3)`,
    ignore: !isPossible,
    fn: async () => {
      const folder = await Deno.makeTempDir();
      try {
        await fn(folder);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

benchTest("bench:tunnels measures the cable, a reference and dsmip", async (folder) => {
  const out = `${folder}/out`;
  const tunnels = ["veth", "c-udp-plain", "dsmip"];
  const pinned = navigator.hardwareConcurrency > 1;
  const pin = pinned ? ["--pin"] : [];
  const words = command("--tunnels", tunnels.join(","), "--metrics", "start,tcp", "--out", out, ...pin);
  // A lock of its own: whoever measures at the same time holds the other one for long.
  const locked = ["env", `BENCH_LOCK=${folder}/lock`, ...words];
  const { code, stdout, stderr } = await runProgram(locked, { limitMs: 120_000 });
  assertEquals(code, 0, stderr);
  const { conditions, samples } = await readResults(`${out}/results.json`);
  assertEquals(conditions.pinned, pinned);
  const metrics = Map.groupBy(samples, ({ metric }) => metric);
  for (const metric of ["start_ms", "tcp_mbit"]) {
    const values = metrics.get(metric) ?? [];
    assertEquals(values.map(({ tunnel }) => tunnel), tunnels, `${metric}: ${stderr}`);
    assert(values.every(({ value }) => value > 0), metric);
  }
  assertEquals(metrics.get("rss_idle_mb")?.map(({ tunnel }) => tunnel), tunnels.slice(1));
  assertMatch(stdout, /^TCP, one stream \(Mbit\/s; more is better\)$/m);
  assertStringIncludes(await Deno.readTextFile(`${out}/results.svg`), ">c-udp-plain<");
});

benchTest("bench:tunnels puts everything back when it is interrupted", async (folder) => {
  const [program, ...args] = command("--tunnels", "c-udp-plain", "--metrics", "tcp", "--out", folder);
  const env = { BENCH_LOCK: `${folder}/lock` };
  const child = new Deno.Command(program, { args, env, stdout: "null", stderr: "piped" }).spawn();
  await until("network of the measurement", 30_000, async () => (await namespacesOf(child.pid)).length === 2);
  child.kill("SIGINT");
  const { code, stderr } = await child.output();
  assertMatch(new TextDecoder().decode(stderr), /interrupted/);
  assertEquals(code, 130);
  assertEquals(await namespacesOf(child.pid), []);
});
