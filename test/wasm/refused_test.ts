import { assert, assertEquals } from "@std/assert";
import { DropReason } from "../../core/forwarding/drop_reason.ts";
import type { TunPacket } from "../../core/forwarding/forwarder.ts";
import { readCounters } from "../../wasm/forwarder_counters.ts";
import * as map from "../../wasm/memory_map.ts";
import { WasmForwarder } from "../../wasm/wasm_forwarder.ts";
import { AS_HOME_AGENT, NODE, NODE_IN_UDP } from "../forwarding/case_tools.ts";
import { bindNode, payloadOf } from "../forwarding/offload_tools.ts";
import { concat, OTHER_HOME_ADDRESS } from "../forwarding/packets.ts";
import {
  ACK,
  fromNode,
  PSH,
  superPacket,
  tcp,
  tcpSegments,
  toNode,
  udp,
  udpSegments,
  VERSIONS,
} from "../forwarding/transport_packets.ts";

/** What the forwarder does when the kernel refuses what it made of several packets. */

function bound(): WasmForwarder {
  const forwarder = new WasmForwarder(AS_HOME_AGENT);
  bindNode(forwarder);
  return forwarder;
}

/** Gives these to the forwarder, which leaves its messages. */
function outbound(forwarder: WasmForwarder, packets: readonly TunPacket[]): number {
  forwarder.placeOutbound(packets);
  assertEquals(forwarder.module.outbound(0, packets.length), packets.length);
  return new DataView(forwarder.memory.buffer).getUint32(map.UDP_SEND_COUNT, true);
}

/** The same for packets from the node, and the writes to the TUN device. */
function inbound(forwarder: WasmForwarder, packets: readonly Uint8Array[]): number {
  const [{ length }] = packets;
  const read = { bytes: concat(...packets), datagramOctets: length, source: NODE, typeOfService: 0 };
  forwarder.placeInbound("udp", [read]);
  assertEquals(forwarder.module.inboundUdp(1, 1), 1);
  return new DataView(forwarder.memory.buffer).getUint32(map.TUN_WRITE_COUNT, true);
}

/** Single messages in place of message `index`. */
function splitMessage(forwarder: WasmForwarder, index: number) {
  const count = forwarder.module.splitMessage(index);
  return Array.from({ length: count }, (_, split) => forwarder.kernel.udpMessage(map.SPLIT_MESSAGES + split));
}

function splitWrite(forwarder: WasmForwarder, index: number) {
  const count = forwarder.module.splitWrite(index);
  return Array.from({ length: count }, (_, split) => forwarder.kernel.tunWrite(map.SPLIT_WRITES + split));
}

for (const version of VERSIONS) {
  const ip = { ...toNode(version), typeOfService: 0xb9 };
  const tcpFields = { sequence: 9, flags: ACK | PSH, payload: payloadOf(50_500) };
  const udpFields = { payload: payloadOf(50_500) };

  Deno.test(`a refused message comes out one datagram at a time, unchanged: segments of IPv${version}`, () => {
    const forwarder = bound();
    const batch = [superPacket(tcp(ip, tcpFields), 1000), superPacket(udp(toNode(version), udpFields), 1000)];
    assertEquals(outbound(forwarder, batch), 2);
    const expected = [tcpSegments(ip, tcpFields, 1000), udpSegments(toNode(version), udpFields, 1000)];
    for (const index of [1, 0]) {
      const whole = forwarder.kernel.udpMessage(index);
      assertEquals(whole.datagrams.length, 51);
      const split = splitMessage(forwarder, index);
      assertEquals(split.map(({ datagrams }) => datagrams.length), Array(51).fill(1));
      assertEquals(split.map(({ datagrams }) => datagrams[0].bytes), expected[index]);
      for (const { address, port, typeOfService } of split) {
        assertEquals({ address, port, typeOfService }, { ...NODE, typeOfService: index === 0 ? 0xb9 : 0 });
      }
    }
  });

  Deno.test(`a refused write comes out one packet at a time, unchanged: IPv${version}`, () => {
    const identification = 65_530;
    for (const fragment of version === 6 ? [0] : [0, 0x4000]) {
      const from = { ...fromNode(version), identification, fragment };
      for (
        const packets of [
          tcpSegments(from, tcpFields, 1000),
          tcpSegments(from, { ...tcpFields, flags: ACK, options: payloadOf(12) }, 1000),
          udpSegments(from, udpFields, 1000),
        ]
      ) {
        const forwarder = bound();
        assertEquals(inbound(forwarder, packets), 1);
        assert(forwarder.kernel.tunWrite(0).header !== undefined, "merged");
        const split = splitWrite(forwarder, 0);
        assertEquals(split.map(({ bytes }) => bytes), packets);
        for (const { header, packets: noted } of split) assertEquals([header, noted], [undefined, 1]);
      }
    }
  });
}

Deno.test("unfragmentable packets have their own identifications back when their write is refused", () => {
  const forwarder = bound();
  const packets = [7, 7, 3, 65_535].map((identification, index) =>
    tcp({ ...fromNode(4), identification }, { sequence: index * 100 })
  );
  assertEquals(inbound(forwarder, packets), 1);
  assertEquals(splitWrite(forwarder, 0).map(({ bytes }) => bytes), packets);
});

Deno.test("datagrams of slots that share a message come out of it, whatever lies between them", () => {
  const forwarder = bound();
  forwarder.setBinding(OTHER_HOME_ADDRESS, { ...NODE_IN_UDP, encapsulation: "ipv6InIpv4", port: 0 }, 1472);
  const own = [0, 1, 2].map((number) => udp(toNode(6), { sourcePort: 5 + number }));
  const other = udp({ ...toNode(6), destination: OTHER_HOME_ADDRESS });
  assertEquals(outbound(forwarder, [own[0], other, own[1], other, own[2]].map((bytes) => ({ bytes }))), 1);
  assertEquals(splitMessage(forwarder, 0).map(({ datagrams }) => datagrams[0].bytes), own);
});

Deno.test("what the kernel refuses is counted by packets, whole or split", () => {
  const forwarder = bound();
  const { module } = forwarder;
  const segments = tcpSegments(toNode(6), { payload: payloadOf(3500) }, 1000);
  outbound(forwarder, [superPacket(tcp(toNode(6), { payload: payloadOf(3500) }), 1000)]);
  const octets = segments.reduce((sum, { length }) => sum + length, 0);
  module.refuseUdpSend(0, DropReason.udpSocketFull);
  let counters = readCounters(forwarder.memory);
  assertEquals(counters.dropped, { udpSocketFull: 4 });
  assertEquals([counters.refusedOutboundPackets, counters.refusedOutboundOctets], [4, octets]);
  module.splitMessage(0);
  module.refuseUdpSend(map.SPLIT_MESSAGES + 3, DropReason.udpSendFailed);
  counters = readCounters(forwarder.memory);
  assertEquals(counters.dropped, { udpSocketFull: 4, udpSendFailed: 1 });
  assertEquals([counters.refusedOutboundPackets, counters.refusedOutboundOctets], [5, octets + 560]);

  const packets = tcpSegments(fromNode(6), { payload: payloadOf(3500) }, 1000);
  inbound(forwarder, packets);
  module.refuseTunWrite(0, DropReason.tunFull);
  counters = readCounters(forwarder.memory);
  assertEquals([counters.refusedInboundPackets, counters.refusedInboundOctets], [4, octets]);
  module.splitWrite(0);
  module.refuseTunWrite(map.SPLIT_WRITES, DropReason.tunWriteFailed);
  counters = readCounters(forwarder.memory);
  assertEquals(counters.dropped, { udpSocketFull: 4, udpSendFailed: 1, tunFull: 4, tunWriteFailed: 1 });
  assertEquals([counters.refusedInboundPackets, counters.refusedInboundOctets], [5, octets + 1060]);
});

Deno.test("a raw packet that the kernel refuses is counted without its outer header", () => {
  const forwarder = new WasmForwarder(AS_HOME_AGENT);
  bindNode(forwarder, { ...NODE_IN_UDP, encapsulation: "ipv6InIpv4", port: 0 });
  outbound(forwarder, [superPacket(tcp(toNode(4), { payload: payloadOf(3500) }), 1000)]);
  forwarder.module.refuseRawIpv4Send(3, DropReason.rawSocketFull);
  const { dropped, refusedOutboundPackets, refusedOutboundOctets } = readCounters(forwarder.memory);
  assertEquals([dropped, refusedOutboundPackets, refusedOutboundOctets], [{ rawSocketFull: 1 }, 1, 540]);
});
