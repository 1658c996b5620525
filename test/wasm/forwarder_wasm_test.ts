import { assert, assertEquals } from "@std/assert";
import { compileForwarder } from "../../scripts/build_wasm.ts";
import wasm from "../../wasm/forwarder.wasm" with { type: "bytes" };

Deno.test("wasm/forwarder.wasm is what wasm/assembly compiles to: run `deno task wasm` otherwise", async () => {
  const compiled = await compileForwarder();
  assertEquals(compiled.length, wasm.length);
  assert(compiled.every((octet, at) => octet === wasm[at]));
});

Deno.test("the module has no static data: a second instance changes nothing in the shared memory", () => {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const bytes = new Uint8Array(memory.buffer).fill(0xa5);
  new WebAssembly.Instance(new WebAssembly.Module(wasm), { env: { memory, readClock() {} } });
  assert(bytes.every((octet) => octet === 0xa5));
});

Deno.test("the module needs nothing but the memory and a clock", () => {
  const imports = WebAssembly.Module.imports(new WebAssembly.Module(wasm));
  assertEquals(imports, [
    { module: "env", name: "readClock", kind: "function" },
    { module: "env", name: "memory", kind: "memory" },
  ]);
});
