import type { Forwarder, ForwarderSettings } from "../../core/forwarding/forwarder.ts";
import { PlainForwarder } from "../../core/forwarding/plain_forwarder.ts";
import { WasmForwarder } from "../../wasm/wasm_forwarder.ts";
import { FORWARDING_CASES } from "./cases.ts";

const FORWARDERS: readonly {
  readonly name: string;
  readonly make: (settings: ForwarderSettings) => Forwarder;
}[] = [
  { name: "plain", make: (settings) => new PlainForwarder(settings) },
  { name: "WASM", make: (settings) => new WasmForwarder(settings) },
];

for (const { name, make } of FORWARDERS) {
  for (const { name: what, settings, run } of FORWARDING_CASES) {
    Deno.test(`${what} (${name} forwarder)`, () => run(make(settings)));
  }
}
