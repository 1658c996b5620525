import { assert, assertEquals } from "@std/assert";
import { dsmipCommand } from "../../../cli/lab/lab.ts";
import { runProgram } from "../../../cli/lab/process.ts";
import type { LabResult } from "../../../cli/lab/report.ts";
import { hostNetwork, rootTest } from "../support.ts";

rootTest(
  "RFC 5555 4.2, 5.2, RFC 3776 3: lab run esp-nat: a NAT is found though the signalling is encrypted, and keys change unnoticed",
  async () => {
    const before = await hostNetwork();
    const folder = Deno.makeTempDirSync();
    const words = ["lab", "run", "esp-nat", "--json", "--out", folder];
    const { code, stdout, stderr } = await runProgram(dsmipCommand(...words), { limitMs: 120_000 });
    const { withoutKeys, withKeys, binding } = JSON.parse(Deno.readTextFileSync(`${folder}/esp-nat.json`));
    Deno.removeSync(folder, { recursive: true });
    const { failure, checks }: LabResult = JSON.parse(stdout);
    const failed = checks.filter(({ ok }) => !ok);
    assertEquals({ code, failure, failed }, { code: 0, failure: undefined, failed: [] }, stderr);
    assert(checks.length > 25, `${checks.length} checks`);
    assertEquals([binding.natDetected, withKeys.length], [true, withoutKeys.length]);
    assertEquals(await hostNetwork(), before);
  },
);
