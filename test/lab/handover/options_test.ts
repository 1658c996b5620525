import { assert, assertEquals } from "@std/assert";
import { dsmipCommand } from "../../../cli/lab/lab.ts";
import { runProgram } from "../../../cli/lab/process.ts";
import { rootTest } from "../support.ts";

for (
  const [options, words] of [
    [["--delay", "20"], "whole milliseconds are needed"],
    [["--runs", "0"], "1 to 1000"],
    [["--keep"], "--keep and --pcap are for others"],
  ] as const
) {
  Deno.test(`lab run handover ${options.join(" ")} is refused before anything is built`, async () => {
    const { code, stderr } = await runProgram(dsmipCommand("lab", "run", "handover", ...options));
    assertEquals(code, 2, stderr);
    assert(stderr.includes(words), stderr);
  });
}

rootTest("lab run handover --only with a name that is none says which there are", async () => {
  const { code, stderr } = await runProgram(dsmipCommand("lab", "run", "handover", "--only", "sideways"));
  assertEquals(code, 2, stderr);
  assert(stderr.includes("no handover is called sideways; there are: ipv6-ipv6, "), stderr);
});
