import { PLAIN, WASM_OFFLOADS, WASM_WITHOUT_HEADER } from "./forwarders.ts";
import { INBOUND_OFFLOAD_CASES, OUTBOUND_OFFLOAD_CASES } from "./offload_cases.ts";

for (const { name, make } of [PLAIN, ...WASM_OFFLOADS]) {
  for (const { name: what, settings, run } of OUTBOUND_OFFLOAD_CASES) {
    Deno.test(`outbound offload: ${what} (${name})`, () => run(make(settings)));
  }
}

for (const { name, make } of [PLAIN, ...WASM_OFFLOADS, WASM_WITHOUT_HEADER]) {
  for (const { name: what, settings, run } of INBOUND_OFFLOAD_CASES) {
    Deno.test(`inbound offload: ${what} (${name})`, () => run(make(settings)));
  }
}
