import { assertEquals } from "@std/assert";

const RUN = new URL("../../.ci/run", import.meta.url).pathname;

/** Runs .ci/run with an npx that plays the given outcome, and returns its status and last line. */
async function run(outcome: { readonly ok: number; readonly test: number; readonly says: string }) {
  const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
  try {
    const script = `#!/bin/sh
echo "$@" >> ${folder}/calls
case "$*" in
  *"task ok") exit ${outcome.ok} ;;
  *"task test") printf '%s\\n' '${outcome.says}'; exit ${outcome.test} ;;
esac
exit 99
`;
    Deno.writeTextFileSync(`${folder}/npx`, script, { mode: 0o755 });
    const env = { PATH: `${folder}:${Deno.env.get("PATH")}` };
    const { code, stdout } = await new Deno.Command(RUN, { env, stderr: "null" }).output();
    const calls = Deno.readTextFileSync(`${folder}/calls`).trimEnd().split("\n");
    return { code, last: new TextDecoder().decode(stdout).trimEnd().split("\n").at(-1), calls: calls.length };
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("ci: the last line counts the tests, and the status tells of any failure", async () => {
  const good = "ok | 123 passed (4 steps) | 0 failed | 2 ignored (3s)";
  assertEquals(await run({ ok: 0, test: 0, says: good }), {
    code: 0,
    last: "123 passed, 0 failed",
    calls: 2,
  });
  assertEquals(await run({ ok: 1, test: 0, says: good }), {
    code: 1,
    last: "123 passed, 0 failed",
    calls: 2,
  });
  const bad = "FAILED | 120 passed | 3 failed (3s)";
  assertEquals(await run({ ok: 0, test: 1, says: bad }), { code: 1, last: "120 passed, 3 failed", calls: 2 });
  const broken = "error: Type checking failed.";
  assertEquals(await run({ ok: 0, test: 1, says: broken }), {
    code: 1,
    last: "0 passed, 1 failed",
    calls: 2,
  });
  assertEquals((await run({ ok: 0, test: 0, says: "nothing" })).code, 1);
});
