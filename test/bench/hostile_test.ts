import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ATTACKS } from "../../bench/hostile/attacks.ts";
import type { Result } from "../../bench/hostile/measure.ts";
import { parseCommandLine } from "../../bench/hostile/options.ts";
import { missed, report } from "../../bench/hostile/report.ts";
import { needsOf } from "../../bench/tunnels/requirements.ts";
import { describeMissing } from "../../bench/tunnels/tools.ts";
import { runProgram } from "../../cli/lab/process.ts";
import { UsageError } from "../../cli/output/fault.ts";

const MAIN = new URL("../../bench/hostile/main.ts", import.meta.url).pathname;

const GOOD: Result = {
  attack: ATTACKS[0],
  attackPackets: 100_000,
  attackOctets: 10_000_000,
  seconds: 8,
  toldSeconds: 7,
  registrations: 3000,
  answered: 2997,
  sentAgain: 3,
  medianMs: 1,
  p99Ms: 199,
  mostMs: 1000,
  packetsSent: 80_000,
  packetsReceived: 80_000,
  answerPackets: 500,
  answerOctets: 500_000,
  logLines: 204,
  memoryMegabytes: 100,
  processorShare: 0.5,
};

Deno.test("bench:hostile: the command line", () => {
  assertEquals(parseCommandLine([]), { attacks: ATTACKS, seconds: 8, nodes: 10_000, json: false });
  const { attacks, ...rest } = parseCommandLine([
    "icmp",
    "--json",
    "noise",
    "--seconds=3",
    "--nodes",
    "400",
  ])!;
  assertEquals([attacks.map(({ name }) => name), rest], [["noise", "icmp"], {
    seconds: 3,
    nodes: 400,
    json: true,
  }]);
  assertEquals(parseCommandLine(["--help"]), undefined);
  for (
    const words of [["--seconds", "2"], ["--seconds", "61"], ["--seconds", "x"], ["--nodes", "9"], [
      "tsunami",
    ], ["-x"]]
  ) {
    assertThrows(() => parseCommandLine(words), UsageError);
  }
});

Deno.test("bench:hostile: each goal that is missed is named", () => {
  assertEquals(missed(GOOD, GOOD), []);
  const cases: readonly (readonly [Partial<Result>, string])[] = [
    [{ answered: 2996 }, "registrations answered"],
    [{ p99Ms: 200 }, "p99"],
    [{ p99Ms: NaN }, "p99"],
    [{ packetsReceived: 63_999 }, "traffic"],
    [{ answerOctets: 500_001 }, "amplification"],
    [{ logLines: 205 }, "log lines"],
    [{ memoryMegabytes: 126 }, "memory"],
  ];
  for (const [change, name] of cases) assertEquals(missed({ ...GOOD, ...change }, GOOD), [name]);
});

Deno.test("bench:hostile: a table of attack, expected and measured", () => {
  const text = report([GOOD, { ...GOOD, attack: ATTACKS[1], p99Ms: 300 }], 10_000);
  assertMatch(text, /^ {2}attack +expected +packets\/s +registered/m);
  assertMatch(
    text,
    /^ {2}none +all answered +12,500 +2997 of 3000 +1\.0 \/ 199\.0 \/ 1000 +100\.0 % .* yes$/m,
  );
  assertMatch(text, /^ {2}wrong-proof .* no: p99$/m);
});

/** What the benchmark needs and this machine does not have; undefined when all is there. */
function missing(): string | undefined {
  if (Deno.uid() !== 0) return "it needs root";
  try {
    Deno.openSync("/dev/net/tun", { read: true, write: true }).close();
  } catch {
    return "/dev/net/tun cannot be opened";
  }
  return describeMissing([...needsOf({ metrics: [], underlay: "veth" }), {
    program: "nft",
    package: "nftables",
  }]);
}

const lacking = missing();

Deno.test({
  name: `bench:hostile: mobile nodes in C register and exchange packets, and noise in C is dropped${
    lacking === undefined ? "" : ` (left out: ${lacking})`
  }`,
  ignore: lacking !== undefined,
  fn: async () => {
    const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
    try {
      // A lock of its own: whoever measures at the same time holds the other one for long.
      const command = ["env", `BENCH_LOCK=${folder}/lock`, Deno.execPath(), "run", "-A", MAIN];
      const words = ["--nodes", "400", "--seconds", "3", "--json", "noise"];
      const { code, stdout, stderr } = await runProgram([...command, ...words], { limitMs: 90_000 });
      assertEquals(code, 0, stderr);
      const [calm, noise] = JSON.parse(stdout) as Result[];
      // How soon, a machine that is busy elsewhere cannot say.
      assert(calm.registrations > 100 && calm.answered > 0.95 * calm.registrations, stdout);
      assert(calm.packetsSent > 1000 && calm.packetsReceived > 0.5 * calm.packetsSent, stdout);
      assert(noise.attackPackets > 1000 && noise.answerOctets < 0.05 * noise.attackOctets, stdout);
    } finally {
      Deno.removeSync(folder, { recursive: true });
    }
  },
});
