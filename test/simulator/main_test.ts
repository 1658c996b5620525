import { assertEquals, assertStringIncludes } from "@std/assert";

const MAIN = new URL("./main.ts", import.meta.url).pathname;

async function sim(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const command = new Deno.Command(Deno.execPath(), { args: ["run", "-A", "--no-check", MAIN, ...args] });
  const { code, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  return { code, out: text.decode(stdout), err: text.decode(stderr) };
}

Deno.test("deno task sim --seed N --verbose: repeats one seed and shows what happens", async () => {
  const { code, out } = await sim("--seed", "3", "--verbose");
  assertEquals(code, 0);
  assertStringIncludes(out, "Binding Update sequence");
  assertStringIncludes(out, "seed 3: every invariant held");
});

Deno.test("deno task sim --seeds A..B: sums up", async () => {
  const { code, out } = await sim("--seeds", "1..20");
  assertEquals(code, 0);
  assertStringIncludes(out, "(1..20 and");
  assertStringIncludes(out, "0 failed");
});

Deno.test("deno task sim --movement: the world of links and routers", async () => {
  const { code, out } = await sim("--movement", "--seed", "3", "--verbose");
  assertEquals(code, 0);
  assertStringIncludes(out, "routerSolicitation");
  assertStringIncludes(out, "seed 3: every invariant held");
});

Deno.test("deno task sim: a mistaken seed or range is refused", async () => {
  for (const args of [["--seed", "x"], ["--seeds", "5"], ["--seeds", "9..5"]]) {
    const { code, err } = await sim(...args);
    assertEquals(code, 1);
    assertStringIncludes(err, args[1]);
  }
});
