import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Check } from "../../cli/lab/check.ts";
import { plainProgress } from "../../cli/lab/progress.ts";
import { formatResult, type LabResult } from "../../cli/lab/report.ts";
import type { Colours } from "../../cli/output/colours.ts";

const same = (text: string) => text;
const PLAIN: Colours = { bold: same, dim: same, red: same, green: same, yellow: same };
const GOOD: Check = { name: "ping", ok: true, value: 10, unit: "answers", limit: "10" };
const BAD: Check = { name: "flow: lost", ok: false, value: 3, unit: "packets", limit: "0" };

function result(changes: Partial<LabResult>): LabResult {
  return { scenario: "nat", ok: true, simulated: false, seconds: 41.25, checks: [GOOD], ...changes };
}

Deno.test("the summary is a table of checks with measured values and limits, and a verdict", () => {
  assertEquals(
    formatResult(result({}), PLAIN),
    "    check  measured    limit\nok  ping   10 answers  10 answers\n\nnat: all 1 checks hold, 41.3 s\n",
  );
  const failed = formatResult(result({ ok: false, checks: [GOOD, BAD] }), PLAIN);
  assert(failed.includes("FAILED  flow: lost  3 packets   0 packets"), failed);
  assert(failed.endsWith("nat: 1 of 2 checks failed, 41.3 s\n"), failed);
});

Deno.test("a run that ended early says why, and a simulation says that it is one", () => {
  const early = formatResult(result({ ok: false, checks: [], failure: "interrupted" }), PLAIN);
  assertEquals(early, "nat: interrupted, 41.3 s\n");
  assert(formatResult(result({ simulated: true }), PLAIN).includes("simulated, not run on a real network"));
});

Deno.test("what is kept stands at the end, below the table, where it is seen", () => {
  const kept = ["Look inside:", "  ip netns exec one ping two"];
  const text = formatResult(result({ kept }), PLAIN);
  assert(text.endsWith("checks hold, 41.3 s\n\nLook inside:\n  ip netns exec one ping two\n"), text);
});

Deno.test("plain progress has a line for each step and each check, and stops at a fault", async () => {
  const lines: string[] = [];
  const progress = plainProgress((line) => lines.push(line));
  const steps = [
    { title: "First", run: () => Promise.resolve([GOOD, BAD]) },
    { title: "Second", run: () => Promise.reject(new Error("no network")) },
    { title: "Third", run: () => Promise.resolve([]) },
  ];
  await assertRejects(() => progress(steps), Error, "no network");
  assertEquals(lines, [
    "[1/3] First",
    "    ok   ping: 10 answers",
    "    FAIL flow: lost: 3 packets (0 packets)",
    "[2/3] Second",
  ]);
});
