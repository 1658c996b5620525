import { assert, assertEquals } from "@std/assert";
import { INNER_FAMILIES } from "../../../cli/lab/families.ts";
import { dsmipCommand } from "../../../cli/lab/lab.ts";
import { runProgram } from "../../../cli/lab/process.ts";
import type { LabResult } from "../../../cli/lab/report.ts";
import { hostNetwork, rootTest } from "../support.ts";

rootTest("lab run pan: every connection survives the journey, and nothing is left", async () => {
  const before = await hostNetwork();
  const folder = Deno.makeTempDirSync();
  const words = ["lab", "run", "pan", "--seconds", "2", "--json", "--out", folder];
  const { code, stdout, stderr } = await runProgram(dsmipCommand(...words), { limitMs: 60_000 });
  const files = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  const svg = Deno.readTextFileSync(`${folder}/pan.svg`);
  Deno.removeSync(folder, { recursive: true });
  const { failure, checks }: LabResult = JSON.parse(stdout);
  const failed = checks.filter(({ ok }) => !ok);
  assertEquals({ code, failure, failed }, { code: 0, failure: undefined, failed: [] }, stderr);
  for (const family of INNER_FAMILIES) {
    for (const move of ["office to umts", "umts to client", "client to hotspot", "hotspot to home"]) {
      assert(checks.some(({ name }) => name.startsWith(`IPv${family}: ${move}`)), `${move} by IPv${family}`);
    }
    assert(svg.includes(`>IPv${family}<`));
  }
  assertEquals(new Set(checks.map(({ name }) => name)).size, checks.length, "names of checks repeat");
  assertEquals(files, ["mobile-router.trace.json", "pan.csv", "pan.json", "pan.svg"]);
  assertEquals(await hostNetwork(), before);
});
