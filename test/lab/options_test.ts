import { assert, assertEquals } from "@std/assert";
import { dsmipCommand } from "../../cli/lab/lab.ts";
import { runProgram } from "../../cli/lab/process.ts";
import { rootTest } from "./support.ts";

for (
  const [options, words] of [
    [["handover", "--delay", "20"], "whole milliseconds are needed"],
    [["handover", "--runs", "0"], "1 to 1000"],
    [["handover", "--keep"], "--keep and --pcap are for others"],
    [["handover", "--seconds", "5"], "--seconds: not for handover"],
    [["pan", "--only", "office", "--seed", "2"], "--only and --seed: not for pan"],
    [["pan", "--seconds", "0"], "1 to 3600"],
    [["emergency", "--pcap", "x"], "emergency leaves no network and no captures"],
    [["emergency", "--runs", "2"], "--runs: not for emergency"],
  ] as const
) {
  Deno.test(`lab run ${options.join(" ")} is refused before anything is built`, async () => {
    const { code, stderr } = await runProgram(dsmipCommand("lab", "run", ...options));
    assertEquals(code, 2, stderr);
    assert(stderr.includes(words), stderr);
  });
}

rootTest("lab run handover --only with a name that is none says which there are", async () => {
  const { code, stderr } = await runProgram(dsmipCommand("lab", "run", "handover", "--only", "sideways"));
  assertEquals(code, 2, stderr);
  assert(stderr.includes("no handover is called sideways; there are: ipv6-ipv6, "), stderr);
});
