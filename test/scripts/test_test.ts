import { assertEquals } from "@std/assert";
import { readSummary, totalLine } from "../../scripts/test.ts";

Deno.test("the test runner reads deno's last line, in colours or not, and no line before it", () => {
  const green = "\x1b[0m\x1b[32mok\x1b[0m | 3926 passed (86 steps) | 0 failed | 11 ignored \x1b[0m(10m0s)\n";
  assertEquals(readSummary(`noise\n${green}`), { passed: 3926, failed: 0, ignored: 11 });
  assertEquals(readSummary("FAILED | 12 passed | 3 failed (2s)\n"), { passed: 12, failed: 3, ignored: 0 });
  const twice = "ok | 1 passed | 0 failed (1s)\nFAILED | 12 passed | 3 failed (2s)\n";
  assertEquals(readSummary(twice), { passed: 12, failed: 3, ignored: 0 });
  assertEquals(readSummary("error: Type checking failed.\n"), undefined);
});

Deno.test("the test runner's last line is the sum, and a run that says nothing is a failure", () => {
  const one = { passed: 10, failed: 0, ignored: 1 };
  assertEquals(
    totalLine([one, { passed: 5, failed: 0, ignored: 0 }], 7),
    "ok | 15 passed | 0 failed | 1 ignored (7s)",
  );
  assertEquals(totalLine([one, undefined], 7), "FAILED | 10 passed | 1 failed | 1 ignored (7s)");
  const bad = { passed: 4, failed: 1, ignored: 0 };
  assertEquals(totalLine([one, bad], 7), "FAILED | 14 passed | 1 failed | 1 ignored (7s)");
});
