import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ATTACKS } from "../../bench/hostile/attacks.ts";
import type { Result } from "../../bench/hostile/measure.ts";
import { parseCommandLine } from "../../bench/hostile/options.ts";
import { missed, report } from "../../bench/hostile/report.ts";
import { UsageError } from "../../cli/output/fault.ts";

const GOOD: Result = {
  attack: ATTACKS[0],
  attackPackets: 100_000,
  attackOctets: 10_000_000,
  seconds: 8,
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
  assertEquals(parseCommandLine([]), { attacks: ATTACKS, seconds: 8, json: false });
  const { attacks, ...rest } = parseCommandLine(["icmp", "--json", "noise", "--seconds=3"])!;
  assertEquals([attacks.map(({ name }) => name), rest], [["noise", "icmp"], { seconds: 3, json: true }]);
  assertEquals(parseCommandLine(["--help"]), undefined);
  for (const words of [["--seconds", "2"], ["--seconds", "61"], ["--seconds", "x"], ["tsunami"], ["-x"]]) {
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
  const text = report([GOOD, { ...GOOD, attack: ATTACKS[1], p99Ms: 300 }]);
  assertMatch(text, /^ {2}attack +expected +packets\/s +registered/m);
  assertMatch(
    text,
    /^ {2}none +all answered +12,500 +2997 of 3000 +1\.0 \/ 199\.0 \/ 1000 +100\.0 % .* yes$/m,
  );
  assertMatch(text, /^ {2}wrong-proof .* no: p99$/m);
});
