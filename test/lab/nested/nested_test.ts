import { assertEquals } from "@std/assert";
import { dsmipCommand } from "../../../cli/lab/lab.ts";
import { runProgram } from "../../../cli/lab/process.ts";
import type { LabResult } from "../../../cli/lab/report.ts";
import { hostNetwork, rootTest } from "../support.ts";

rootTest(
  "RFC 3963 3, RFC 2473 7.1: lab run nested: a mobile router behind a mobile router carries TCP, and the path MTU is learnt",
  async () => {
    const before = await hostNetwork();
    const folder = Deno.makeTempDirSync();
    const words = ["lab", "run", "nested", "--json", "--out", folder];
    const { code, stdout, stderr } = await runProgram(dsmipCommand(...words), { limitMs: 150_000 });
    Deno.removeSync(folder, { recursive: true });
    const { failure, checks }: LabResult = JSON.parse(stdout);
    // How fast it is is another matter on a machine that does other things, too.
    const failed = checks.filter(({ ok, unit }) => !ok && unit !== "Mbit/s");
    assertEquals({ failure, failed }, { failure: undefined, failed: [] }, `${code} ${stderr}`);
    assertEquals(checks.length, 41);
    assertEquals(await hostNetwork(), before);
  },
);
