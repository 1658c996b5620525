import { assert, assertEquals } from "@std/assert";
import { readInputs } from "./engine/input_file.ts";
import { TARGETS } from "./targets/all.ts";

const SECONDS = 1;

/** Every input that once led somewhere, and every one that once did harm. */
for (const target of TARGETS) {
  Deno.test(`fuzz target ${target.name}: its corpus does no harm`, () => {
    const kept = ["corpus", "found"].flatMap((folder) =>
      readInputs(new URL(`${folder}/${target.name}.hex`, import.meta.url))
    );
    const inputs = [...target.seeds(), ...kept];
    assert(inputs.length > 3, `${inputs.length} inputs`);
    for (const input of inputs) {
      try {
        target.run(input);
      } catch (error) {
        throw new Error(`${target.name}: ${input.toHex()}`, { cause: error });
      }
    }
  });
}

Deno.test(`deno task fuzz: ${SECONDS} s of each target, and no finding`, async () => {
  const main = new URL("main.ts", import.meta.url).pathname;
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", main, "--seconds", String(SECONDS)],
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stdout);
  assertEquals(code, 0, text + new TextDecoder().decode(stderr));
  for (const { name } of TARGETS) {
    const [, executions, places] =
      new RegExp(`^${name}: (\\d+) executions .* (\\d+) places`, "m").exec(text) ?? [];
    assert(Number(executions) > 20 && Number(places) >= 10, `${name}: ${text}`);
  }
});
