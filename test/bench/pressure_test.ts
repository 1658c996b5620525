import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { collectionsByIsolate } from "../../bench/pressure/allocation.ts";
import { parseCommandLine } from "../../bench/pressure/options.ts";
import { table } from "../../bench/pressure/report.ts";
import { needsOf } from "../../bench/tunnels/requirements.ts";
import { describeMissing } from "../../bench/tunnels/tools.ts";
import { runProgram } from "../../cli/lab/process.ts";
import { UsageError } from "../../cli/output/fault.ts";

const MAIN = new URL("../../bench/pressure/main.ts", import.meta.url).pathname;

/** What a measurement needs and this machine does not have; undefined when all is there. */
function missing(): string | undefined {
  if (Deno.uid() !== 0) return "it needs root";
  try {
    Deno.openSync("/dev/net/tun", { read: true, write: true }).close();
  } catch {
    return "/dev/net/tun cannot be opened";
  }
  return describeMissing(needsOf({ metrics: [], underlay: "veth" }));
}

const lacking = missing();
const why = lacking === undefined ? "" : ` (left out: ${lacking})`;

/** What a measurement prints. */
async function measure(...words: readonly string[]): Promise<string> {
  const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
  try {
    // A lock of its own: whoever measures at the same time holds the other one for long.
    const command = ["env", `BENCH_LOCK=${folder}/lock`, Deno.execPath(), "run", "-A", MAIN];
    const { code, stdout, stderr } = await runProgram([...command, ...words], { limitMs: 120_000 });
    assertEquals(code, 0, stderr);
    return stdout;
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test({
  name: `bench:pressure: one short flood, and no collection of garbage during it${why}`,
  ignore: lacking !== undefined,
  fn: async () => {
    const text = await measure("--seconds", "1", "allocation");
    assertMatch(text, /^garbage collections while the home agent forwarded [1-9]\d* packets$/m);
    assertMatch(text, /^ {2}home agent, during the flood +0 +0$/m);
    assertMatch(text, /^ {2}a Worker with one object a packet +[12] +[1-9]\d*$/m);
  },
});

Deno.test({
  name: `bench:pressure: registrations under each flood, by one home agent after the other${why}`,
  ignore: lacking !== undefined,
  fn: async () => {
    const text = await measure("--seconds", "1", "signalling");
    for (const flood of ["nothing", "data of a registered node", "garbage of nobody"]) {
      // Median, p99 and most in milliseconds; answered, unanswered.
      assertMatch(text, new RegExp(`^ {2}${flood}( +\\d+\\.\\d){3} +[1-9]\\d* +0$`, "m"));
    }
  },
});

Deno.test("bench:pressure: the command line", () => {
  const all = ["workers", "signalling", "allocation"] as const;
  assertEquals(parseCommandLine([]), { measurements: all, runs: 5, seconds: 5 });
  assertEquals(parseCommandLine(["signalling", "--runs=2", "--seconds", "1"]), {
    measurements: ["signalling"],
    runs: 2,
    seconds: 1,
  });
  assertEquals(parseCommandLine(["-h"]), undefined);
  for (
    const words of [["--runs", "0"], ["--runs", "1.5"], ["--seconds", "101"], ["--runs"], ["-x"], ["all"]]
  ) {
    assertThrows(() => parseCommandLine(words), UsageError);
  }
});

Deno.test("bench:pressure: collections are counted for each isolate of V8's trace", () => {
  const trace =
    `[7:0x55d0000]      111 ms: Scavenge 4.2 (5.1) -> 4.0 (6.1) MB, 3.48 / 0.00 ms allocation failure;
12:00:00 INFO home agent ready
[7:0x7f00000]       37 ms: Scavenge 4.0 (5.0) -> 3.2 (5.5) MB, 3.70 / 0.00 ms allocation failure;
[7:0x55d0000]      250 ms: Mark-Compact 5.2 (6.1) -> 4.0 (6.1) MB, 3.48 / 0.00 ms finalize incremental marking;
`;
  assertEquals([...collectionsByIsolate(trace)], [["0x55d0000", 2], ["0x7f00000", 1]]);
  assertEquals(collectionsByIsolate("").size, 0);
});

Deno.test("bench:pressure: columns of a table end at the same place", () => {
  assertEquals(
    table(["flood", "ms"], [["a", "10.5"], ["longer", ""]]),
    "  flood     ms\n  a       10.5\n  longer\n",
  );
});
