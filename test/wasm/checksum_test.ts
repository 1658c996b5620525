import { assertEquals } from "@std/assert";
import * as map from "../../wasm/memory_map.ts";
import { WasmForwarder } from "../../wasm/wasm_forwarder.ts";
import { AS_HOME_AGENT } from "../forwarding/case_tools.ts";
import { checksum } from "../forwarding/packets.ts";
import { Random } from "../forwarding/random_packets.ts";

Deno.test("RFC 1071: WASM checksum of any length and alignment", () => {
  const { module, memory } = new WasmForwarder(AS_HOME_AGENT);
  const bytes = new Uint8Array(memory.buffer);
  const random = new Random(5);
  const longest = 65_535;
  for (const fill of ["random", 0xff, 0] as const) {
    const octets = fill === "random" ? random.octets(longest + 8) : new Uint8Array(longest + 8).fill(fill);
    bytes.set(octets, map.SLOTS);
    const lengths = [...Array.from({ length: 100 }, (_, length) => length), 1279, 1280, 9001, longest];
    for (const length of lengths) {
      for (const start of [0, 1, 2, 3, 7]) {
        const expected = checksum(octets.subarray(start, start + length));
        assertEquals(module.checksum(map.SLOTS + start, length), expected, `${fill}, ${length} at ${start}`);
      }
    }
  }
});
