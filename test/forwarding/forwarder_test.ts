import { FORWARDING_CASES } from "./cases.ts";
import { PLAIN, WASM, WASM_WITHOUT_HEADER } from "./forwarders.ts";

for (const { name, make } of [PLAIN, WASM, WASM_WITHOUT_HEADER]) {
  for (const { name: what, settings, run } of FORWARDING_CASES) {
    Deno.test(`${what} (${name} forwarder)`, () => run(make(settings)));
  }
}
