import { assertEquals } from "@std/assert";
import * as map from "../../wasm/memory_map.ts";
import { WasmForwarder } from "../../wasm/wasm_forwarder.ts";
import { AS_HOME_AGENT, NODE } from "../forwarding/case_tools.ts";
import {
  CORRESPONDENT,
  HOME_ADDRESS,
  HOME_AGENT,
  ipv6,
  MOBILITY,
  mobilityHeader,
} from "../forwarding/packets.ts";

function bindingUpdate(number: number): Uint8Array {
  const payload = mobilityHeader();
  payload.set([number >> 8, number & 0xff], 6);
  return ipv6({ source: HOME_ADDRESS, destination: HOME_AGENT, nextHeader: MOBILITY, payload });
}

function updates(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, number) => bindingUpdate(number));
}

/** Gives these to the forwarder without taking the records, as when control is busy. */
function receive(forwarder: WasmForwarder, packets: readonly Uint8Array[], nowMs = 0): void {
  const datagrams = packets.map((bytes) => ({ bytes, source: NODE, typeOfService: 0 }));
  for (let start = 0; start < datagrams.length; start += map.BATCH) {
    const batch = datagrams.slice(start, start + map.BATCH);
    forwarder.placeInbound("udp", batch);
    forwarder.setClock(nowMs);
    forwarder.module.inboundUdp(batch.length, 1);
  }
}

function takeAll(forwarder: WasmForwarder): Uint8Array[] {
  const packets: Uint8Array[] = [];
  for (let taken = forwarder.ring.take(); taken !== undefined; taken = forwarder.ring.take()) {
    packets.push(taken.record.packet);
  }
  return packets;
}

/** The home address is bound to where its messages come from. */
function boundForwarder(): WasmForwarder {
  const forwarder = new WasmForwarder(AS_HOME_AGENT);
  forwarder.setBinding(HOME_ADDRESS, { encapsulation: "udp", ...NODE }, 1400);
  return forwarder;
}

Deno.test("a full ring drops mobility messages, counts them, and goes on when control has taken some", () => {
  const forwarder = boundForwarder();
  const messages = updates(map.RING_RECORDS + 44);
  receive(forwarder, messages);
  assertEquals(forwarder.counters().dropped, { signallingRingFull: 44 });
  assertEquals(forwarder.counters().signallingPackets, map.RING_RECORDS);
  assertEquals(takeAll(forwarder), messages.slice(0, map.RING_RECORDS));
  receive(forwarder, messages.slice(map.RING_RECORDS));
  assertEquals(takeAll(forwarder), messages.slice(map.RING_RECORDS));
  assertEquals(forwarder.counters().dropped, { signallingRingFull: 44 });
});

Deno.test("messages from where nobody is bound leave a quarter of the ring to those of mobile nodes that are", () => {
  const open = map.RING_RECORDS / 4 * 3;
  for (const port of [NODE.port + 1, NODE.port]) {
    const forwarder = new WasmForwarder(AS_HOME_AGENT);
    receive(forwarder, updates(open + 10));
    assertEquals(forwarder.counters().dropped, { signallingRingFull: 10 });
    forwarder.setBinding(HOME_ADDRESS, { encapsulation: "udp", ...NODE, port }, 1400);
    receive(forwarder, updates(5));
    const isBound = port === NODE.port;
    assertEquals(forwarder.counters().dropped, { signallingRingFull: isBound ? 10 : 15 });
    assertEquals(takeAll(forwarder).length, isBound ? open + 5 : open);
  }
});

Deno.test("the ring's counters wrap", () => {
  const forwarder = boundForwarder();
  const words = new Int32Array(forwarder.memory.buffer);
  words[map.RING_HEAD / 4] = words[map.RING_TAIL / 4] = -3;
  const messages = updates(map.RING_RECORDS + 4);
  receive(forwarder, messages);
  assertEquals(takeAll(forwarder), messages.slice(0, map.RING_RECORDS));
});

Deno.test("a ring that is half full takes mobility messages, but no reports of unbound traffic", () => {
  const forwarder = new WasmForwarder(AS_HOME_AGENT);
  const unbound = ipv6({ source: HOME_ADDRESS, destination: CORRESPONDENT });
  const half = map.RING_RECORDS / 2;
  receive(forwarder, updates(half - 1));
  receive(forwarder, [unbound, unbound, bindingUpdate(500)]);
  assertEquals(forwarder.counters().unboundReports, 1);
  assertEquals(forwarder.counters().dropped, { sourceNotBound: 2 });
  assertEquals(forwarder.counters().signallingPackets, half);
});

Deno.test("control that waits for a record is woken by it", async () => {
  const forwarder = new WasmForwarder(AS_HOME_AGENT);
  const waiting = forwarder.ring.wait();
  receive(forwarder, [bindingUpdate(1)], 1234);
  await waiting;
  assertEquals(forwarder.ring.take()?.record.arrivedMs, 1234);
  receive(forwarder, [bindingUpdate(2)]);
  await forwarder.ring.wait();
});

Deno.test("control that waits can be woken without a record", async () => {
  const forwarder = new WasmForwarder(AS_HOME_AGENT);
  const waiting = forwarder.ring.wait();
  forwarder.ring.wake();
  await waiting;
  assertEquals(forwarder.ring.take(), undefined);
});
