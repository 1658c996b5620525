/**
 * Reads the binding table as fast as it can, in the ways of the data path, while the test writes: node n has the
 * home address 2001:db8:100::n, the outer address 10.0.0.n, and an inner MTU that follows from n and the port.
 */
import { parseIpv6 } from "../../core/wire/address.ts";
import { instantiateForwarder } from "../../wasm/forwarder_module.ts";
import * as map from "../../wasm/memory_map.ts";
import { ipv6 } from "../forwarding/packets.ts";
import { BEGUN, ENOUGH } from "./binding_table_stress.ts";

self.onmessage = ({ data }: MessageEvent<{ memory: WebAssembly.Memory }>) => {
  const { memory } = data;
  const module = instantiateForwarder(memory);
  const words = new Int32Array(memory.buffer);
  const bytes = new Uint8Array(memory.buffer);
  const view = new DataView(memory.buffer);
  const keys = map.RING;
  const faults: string[] = [];
  let lookups = 0;
  let hits = 0;
  let packets = 0;
  for (let number = 1; number <= 80; number++) {
    bytes.set(parseIpv6(`2001:db8:100::${number.toString(16)}`)!, keys + 16 * number);
  }
  for (let slot = 0; slot < map.BATCH; slot++) {
    const packet = ipv6({ destination: `2001:db8:100::${(slot + 1).toString(16)}` });
    bytes.set(packet, map.SLOTS + map.HEADROOM + slot * map.SLOT_STRIDE);
    view.setUint32(map.SLOT_LENGTHS + 4 * slot, packet.length, true);
  }
  Atomics.store(words, map.COMMAND_DONE / 4, BEGUN);

  while (Atomics.load(words, map.COMMAND_STOP / 4) === 0 && faults.length < 10) {
    for (let number = 1; number <= 80; number++) checkLookup(number);
    checkBatch();
    if (lookups > 100_000 && hits > 50_000 && packets > 10_000) {
      Atomics.store(words, map.COMMAND_DONE / 4, ENOUGH);
    }
  }
  Atomics.store(words, map.COMMAND_DONE / 4, ENOUGH);
  self.postMessage({ lookups, hits, packets, faults });

  function checkLookup(number: number): void {
    module.enterTable();
    const entry = module.lookup(keys + 16 * number);
    lookups++;
    if (entry !== 0) {
      hits++;
      // Twice, with some time between, so that an entry that is used again too early shows.
      checkEntry(entry, number, "at once");
      for (let look = 0; look < 50; look++) Atomics.load(words, map.COMMAND_STOP / 4);
      checkEntry(entry, number, "after a while");
    }
    module.leaveTable();
  }

  function checkEntry(entry: number, number: number, when: string): void {
    const key = bytes[entry + 15];
    const outer = bytes[entry + map.ENTRY_OUTER_ADDRESS + 15];
    const port = view.getUint16(entry + map.ENTRY_PORT);
    const mtu = view.getUint32(entry + map.ENTRY_INNER_MTU, true);
    if (key === number && outer === number && mtu === 1280 + (port ^ number) % 50_000) return;
    faults.push(`${when}: node ${number} has key ${key}, outer ${outer}, port ${port}, MTU ${mtu}`);
  }

  /** Every datagram goes to the node that its inner destination names. */
  function checkBatch(): void {
    module.outbound(0, map.BATCH);
    const count = words[map.UDP_SEND_COUNT / 4];
    for (let index = 0; index < count; index++) {
      packets++;
      const packet = view.getUint32(map.SEND_VECTORS + index * map.VECTOR_OCTETS, true);
      const node = bytes[packet + 39];
      const outer = bytes[map.UDP_SEND_NAMES + index * map.NAME_OCTETS + map.NAME_ADDRESS + 3];
      if (node !== outer) faults.push(`a packet for node ${node} goes to ${outer}`);
    }
  }
};
