import { assert, assertEquals } from "@std/assert";
import { dsmipCommand } from "../../../cli/lab/lab.ts";
import { runProgram } from "../../../cli/lab/process.ts";
import type { LabResult } from "../../../cli/lab/report.ts";
import { hostNetwork, rootTest } from "../support.ts";

/** One of each way in and out of both families, and the switch that is announced. */
const SCENARIOS = ["ipv6-ipv6", "ipv6-ipv4-nat", "ipv4-ipv6", "vertical-ipv6-ipv6-announced"];
/** A busy machine takes more than half a minute. */
const LIMIT_MS = 120_000;

rootTest("lab run handover: the real daemons move between real networks, and nothing is left", async () => {
  const before = await hostNetwork();
  const folder = Deno.makeTempDirSync();
  const only = SCENARIOS.flatMap((name) => ["--only", name]);
  const words = ["handover", "--runs", "1", "--json", "--out", folder, ...only];
  const { stdout, stderr } = await runProgram(dsmipCommand("lab", "run", ...words), { limitMs: LIMIT_MS });
  const trace = Deno.readTextFileSync(`${folder}/ipv6-ipv6.trace.json`);
  Deno.removeSync(folder, { recursive: true });
  const { failure, checks }: LabResult = JSON.parse(stdout);
  assertEquals(failure, undefined, stderr);
  for (const word of ["eg0", "mobile node", "addAddress", "useCareOfAddress"]) {
    assert(trace.includes(`"${word}"`), `${word} in the trace`);
  }
  // How long it takes is another matter on a machine that does other things, too.
  const moved = checks.filter(({ name }) => name.endsWith("data both ways after the handover"));
  assertEquals(moved.map(({ name, ok }) => [name.split(":")[0], ok]), SCENARIOS.map((name) => [name, true]));
  assertEquals(await hostNetwork(), before);
});
