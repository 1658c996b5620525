import { assertEquals } from "@std/assert";
import { dsmipCommand } from "../../../cli/lab/lab.ts";
import { runProgram } from "../../../cli/lab/process.ts";
import type { LabResult } from "../../../cli/lab/report.ts";
import { hostNetwork, rootTest } from "../support.ts";

rootTest("lab run emergency: ten routers move, no packet goes astray, and nothing is left", async () => {
  const before = await hostNetwork();
  const folder = Deno.makeTempDirSync();
  const words = ["lab", "run", "emergency", "--seconds", "8", "--seed", "3", "--json", "--out", folder];
  const { code, stdout, stderr } = await runProgram(dsmipCommand(...words), { limitMs: 90_000 });
  const data = JSON.parse(Deno.readTextFileSync(`${folder}/emergency.json`));
  Deno.removeSync(folder, { recursive: true });
  const { failure, checks }: LabResult = JSON.parse(stdout);
  const failed = checks.filter(({ ok }) => !ok);
  assertEquals({ code, failure, failed }, { code: 0, failure: undefined, failed: [] }, stderr);
  assertEquals([data.seed, data.routers.length], [3, 10]);
  const alive = data.routers.filter(({ sent, lost }: { sent: number; lost: number }) =>
    sent > 1000 && lost < sent / 2
  );
  assertEquals(alive.length, 10);
  assertEquals(await hostNetwork(), before);
});
