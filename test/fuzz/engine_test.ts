import { assert, assertEquals, assertThrows } from "@std/assert";
import { createForwarderMemory } from "../../wasm/forwarder_memory.ts";
import type { ForwarderModule } from "../../wasm/forwarder_module.ts";
import forwarder from "../../wasm/forwarder.wasm" with { type: "bytes" };
import { clearCounters, COVERAGE_MEMORY, features, placeOf } from "./engine/coverage.ts";
import { type Finding, Fuzzer } from "./engine/fuzzer.ts";
import { readInputs } from "./engine/input_file.ts";
import { dictionary } from "./engine/input_mutator.ts";
import { instrumentTypeScript } from "./engine/javascript.ts";
import { instrumentWebAssembly } from "./engine/webassembly.ts";

const MANY = 200_000;

/** A fault behind four octets, each of which is looked at only where those before it are right. */
const HIDDEN_FAULT = `
export function run(input: Uint8Array): void {
  let right = 0;
  for (const octet of [0x1d, 0x5e, 0xf0, 0x0d]) {
    if (input[right] !== octet) return;
    right++;
    if (right === 1) continue; else if (right === 2) continue; else if (right === 3) continue;
  }
  throw new Error("found");
}
`;

async function load<Module>(code: string): Promise<Module> {
  return await import(`data:text/javascript;base64,${btoa(code)}`);
}

async function search(code: string, words: readonly Uint8Array[] = []): Promise<Finding | undefined> {
  const { run } = await load<{ run(input: Uint8Array): void }>(code);
  const fuzzer = new Fuzzer({ name: "hidden", maximumOctets: 64, seeds: () => [], run }, 1, words);
  const finding = fuzzer.run(() => fuzzer.executions < MANY);
  return finding && fuzzer.smaller(finding);
}

Deno.test("fuzzer: coverage leads to a fault behind four octets, and the input is made as small as it can be", async () => {
  const { code } = instrumentTypeScript(HIDDEN_FAULT);
  const finding = await search(code);
  assertEquals(finding?.input.toHex(), "1d5ef00d");
  assertEquals(String(finding?.error), "Error: found");
});

Deno.test("fuzzer: without coverage the same fault is not found", async () => {
  const { code } = instrumentTypeScript(HIDDEN_FAULT);
  assertEquals(await search(code.replaceAll(/__fuzzCounters\[\d+\]\+\+[;,]/g, "")), undefined);
});

Deno.test("fuzzer: a constant of the source is a word to try", async () => {
  const source = `
    export function run(input: Uint8Array): void {
      const value = new DataView(input.slice().buffer, 0);
      if (input.length >= 4 && value.getUint32(0) === 0xdeadbeef) throw new Error("magic");
    }`;
  const { code, literals } = instrumentTypeScript(source);
  assertEquals((await search(code, dictionary(literals)))?.input.toHex(), "deadbeef");
  assertEquals(await search(code), undefined);
});

Deno.test("fuzzer: an input that takes too long is a finding", async () => {
  const source = `
    import { cpuUsage } from "node:process";
    export function run(input: Uint8Array): void {
      if (input[0] !== 7) return;
      const before = cpuUsage();
      while (cpuUsage(before).user < 300_000) { for (let round = 0; round < 1e6; round++); }
    }`;
  const { run } = await load<{ run(input: Uint8Array): void }>(instrumentTypeScript(source).code);
  const fuzzer = new Fuzzer({ name: "slow", maximumOctets: 8, seeds: () => [], run }, 1, [], 200);
  const finding = fuzzer.try([Uint8Array.of(6), Uint8Array.of(7)]);
  assert(/takes \d{3} ms/.test(String(finding?.error)), String(finding?.error));
});

Deno.test("fuzzer: the corpus is the smallest inputs that come to all places", async () => {
  const source = `
    export function run(input: Uint8Array): void {
      if (input.includes(1)) { if (input.includes(2)) return; }
      for (const octet of input) if (octet === 3) return;
    }`;
  const { run } = await load<{ run(input: Uint8Array): void }>(instrumentTypeScript(source).code);
  const fuzzer = new Fuzzer({ name: "corpus", maximumOctets: 64, seeds: () => [], run }, 1, []);
  const inputs = [[9, 9, 1, 9, 9, 2, 9], [7, 7, 7], [8, 8, 3, 8, 8], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]];
  fuzzer.try(inputs.map((octets) => Uint8Array.from(octets)));
  const corpus = fuzzer.corpus();
  assertEquals(
    corpus.reduce((sum, { length }) => sum + length, 0),
    4,
    corpus.map((each) => each.toHex()).join(" "),
  );
});

/** Statements and expressions around which a counter goes, in the ways that are easily got wrong. */
const SYNTAX = `
export function run(): unknown[] {
  const results: unknown[] = [];
  const push = (value: unknown) => results.push(value);
  if (results.length) push(1); else if (push(2)) push(3)
  if (push(4)) if (!push(5)) push(6); else push(7)
  for (let i = 0; i < 3; i++) if (i === 1) continue; else push(i)
  for (const key in { a: 1, b: 2 }) push(key)
  do push("do"); while (results.length < 12)
  outer: while (true) { while (true) break outer }
  switch (results.length) { case 1: case 12: push("case"); default: push("default") }
  const object = () => ({ a: 1 });
  push(object().a ?? 9); push(undefined ?? "right"); push(0 || (1, 2)); push(1 && "and");
  push(results.length > 3 ? results.length > 400 ? "big" : "middle" : "small");
  try { throw new Error("x") } catch { push("caught") } finally { push("finally") }
  class Box { #value = 3; constructor(readonly given: number) {} get sum() { return this.#value + this.given } static { push("static") } }
  push(new Box(4).sum); push([..."ab"].map((each) => each + each).join(\`\${object().a ? "t" : "f"}\`));
  return results;
}
`;

Deno.test("instrumented JavaScript does the same as before, and counts where it comes", async () => {
  const { code } = instrumentTypeScript(SYNTAX);
  const plain = code.replaceAll(/__fuzzCounters\[\d+\]\+\+;/g, ";").replaceAll(
    /__fuzzCounters\[\d+\]\+\+,/g,
    "",
  );
  clearCounters();
  const { run } = await load<{ run(): unknown[] }>(code);
  const results = run();
  assertEquals(results, (await load<{ run(): unknown[] }>(plain)).run());
  assert(results.length > 20, String(results));
  const places = new Set(features().map(placeOf)).size;
  assert(places > 25, `${places} places`);
});

Deno.test("instrumented WebAssembly does the same as before, counts, and traps where it did", () => {
  const memory = createForwarderMemory(16);
  const instance = (bytes: Uint8Array<ArrayBuffer>) => {
    const imports = { env: { memory, readClock: () => {} }, fuzz: { counters: COVERAGE_MEMORY } };
    return new WebAssembly.Instance(new WebAssembly.Module(bytes), imports)
      .exports as unknown as ForwarderModule;
  };
  const plain = instance(forwarder as Uint8Array<ArrayBuffer>);
  const counted = instance(instrumentWebAssembly(forwarder));
  new Uint8Array(memory.buffer).set(
    Uint8Array.from({ length: 1500 }, (_, index) => 37 * index & 255),
    100_000,
  );
  clearCounters();
  for (const octets of [0, 1, 2, 63, 64, 1499]) {
    assertEquals(counted.checksum(100_000, octets), plain.checksum(100_000, octets));
  }
  assert(features().length > 3, `${features().length} features`);
  const end = memory.buffer.byteLength;
  for (const module of [plain, counted]) {
    assertThrows(() => module.checksum(end - 8, 64), WebAssembly.RuntimeError);
  }
});

Deno.test("fuzzer: an input that never ends is kept, and ends the process", async () => {
  const folder = Deno.makeTempDirSync();
  const script = `
    import { Watchdog } from "${import.meta.resolve("./engine/watchdog.ts")}";
    const watchdog = new Watchdog(8, new URL("file://${folder}/found.hex"), 300);
    const run = (input) => { while (input[0] === 7); };
    const { run: watched } = watchdog.watching({ name: "endless", maximumOctets: 8, seeds: () => [], run });
    watched(Uint8Array.of(1, 2));
    watched(Uint8Array.of(7, 8, 9));`;
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", `data:text/javascript;base64,${btoa(script)}`],
    stderr: "null",
  }).output();
  assertEquals(success, false);
  assertEquals(readInputs(new URL(`file://${folder}/found.hex`)).map((input) => input.toHex()), ["070809"]);
  Deno.removeSync(folder, { recursive: true });
});
