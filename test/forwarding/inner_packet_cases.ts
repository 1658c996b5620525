import { assertEquals } from "@std/assert";
import type { DropReasonName } from "../../core/forwarding/counters.ts";
import {
  AS_HOME_AGENT,
  assertDelivered,
  assertDropped,
  type ForwardingCase,
  NODE_IN_41,
  NODE_IN_UDP,
  receive41,
  receiveUdp,
  send,
} from "./case_tools.ts";
import { concat, CORRESPONDENT, counting, HOME_ADDRESS, ipv4, ipv6 } from "./packets.ts";

/** What is no whole IPv6 packet inside, whichever way it goes. */
const NOT_INNER: readonly {
  readonly what: string;
  readonly bytes: Uint8Array;
  readonly reason: DropReasonName;
}[] = [
  { what: "an empty datagram", bytes: new Uint8Array(0), reason: "truncatedHeader" },
  { what: "one octet, as keepalives have it", bytes: Uint8Array.of(0xff), reason: "unknownVersion" },
  { what: "one octet with version 6", bytes: Uint8Array.of(0x60), reason: "truncatedHeader" },
  {
    what: "39 octets of a header",
    bytes: ipv6({ payload: counting(0) }).subarray(0, 39),
    reason: "truncatedHeader",
  },
  { what: "version 5", bytes: Uint8Array.of(0x55, ...counting(60)), reason: "unknownVersion" },
  { what: "version 0", bytes: new Uint8Array(1400), reason: "unknownVersion" },
  {
    what: "19 octets with version 4",
    bytes: ipv4({ payload: counting(0) }).subarray(0, 19),
    reason: "truncatedHeader",
  },
  {
    what: "IPv4, one octet less than its length says",
    bytes: ipv4({ payload: counting(30) }).subarray(0, -1),
    reason: "truncatedPacket",
  },
  {
    what: "IPv4 with a header length of 16",
    bytes: changed(ipv4({ payload: counting(30) }), 0, 0x44),
    reason: "innerHeaderMalformed",
  },
  {
    what: "IPv4 with a header longer than the packet",
    bytes: changed(ipv4({ payload: counting(0) }), 0, 0x46),
    reason: "innerHeaderMalformed",
  },
  {
    what: "IPv4 with a total length of 0",
    bytes: ipv4({ payload: counting(30), totalLength: 0 }),
    reason: "innerHeaderMalformed",
  },
  { what: "one octet less than its length says", bytes: ipv6().subarray(0, -1), reason: "truncatedPacket" },
  { what: "length 65535", bytes: ipv6({ payloadLength: 65535 }), reason: "truncatedPacket" },
];

const BAD_OUTER: readonly { readonly what: string; readonly bytes: Uint8Array }[] = [
  { what: "nothing", bytes: new Uint8Array(0) },
  { what: "19 octets", bytes: ipv4({ payload: ipv6() }).subarray(0, 19) },
  { what: "version 6", bytes: changed(ipv4({ payload: ipv6() }), 0, 0x65) },
  { what: "a header length of 16", bytes: changed(ipv4({ payload: ipv6() }), 0, 0x44) },
  { what: "a header longer than the packet", bytes: changed(ipv4({ payload: counting(0) }), 0, 0x46) },
  { what: "a total length past the end", bytes: ipv4({ payload: ipv6(), totalLength: 93 }) },
  { what: "a total length inside the header", bytes: ipv4({ payload: ipv6(), totalLength: 19 }) },
  { what: "another protocol", bytes: ipv4({ payload: ipv6(), protocol: 17 }) },
];

export const innerPacketCases: readonly ForwardingCase[] = [
  ...NOT_INNER.map(({ what, bytes, reason }): ForwardingCase => ({
    name: `outbound: ${what} is dropped: ${reason}`,
    settings: AS_HOME_AGENT,
    run: (forwarder) => assertDropped(forwarder, send(forwarder, bytes), reason),
  })),
  ...NOT_INNER.map(({ what, bytes, reason }): ForwardingCase => ({
    name: `RFC 5555 4.1 D-053: inbound UDP: ${what} is dropped: ${reason}`,
    settings: AS_HOME_AGENT,
    run: (forwarder) => assertDropped(forwarder, receiveUdp(forwarder, bytes), reason),
  })),
  ...BAD_OUTER.map(({ what, bytes }): ForwardingCase => ({
    name: `inbound 41: an outer header with ${what} is dropped`,
    settings: AS_HOME_AGENT,
    run: (forwarder) => assertDropped(forwarder, receive41(forwarder, bytes), "outerHeaderMalformed"),
  })),
  {
    name: "inbound 41: only IPv6 is inside",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      const packet = ipv4({ payload: ipv4({ payload: counting(30) }) });
      assertDropped(forwarder, receive41(forwarder, packet), "unknownVersion");
    },
  },
  {
    name: "inbound 4: only IPv4 is inside",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      const packet = ipv4({ protocol: 4, payload: ipv6() });
      assertDropped(forwarder, receive41(forwarder, packet), "unknownVersion");
    },
  },
  {
    name: "inbound 41: an inner packet that the outer length cuts is dropped",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      const packet = ipv4({ payload: ipv6(), totalLength: 20 + 71 });
      assertDropped(forwarder, receive41(forwarder, packet), "truncatedPacket");
    },
  },
  {
    name: "RFC 4213 3.6: inbound 41: outer options are passed over, octets after the outer length are cut",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_41, 1480);
      const inner = ipv6({ source: HOME_ADDRESS, destination: CORRESPONDENT });
      const outer = ipv4({ payload: inner, options: new Uint8Array(40).fill(1) });
      assertDelivered(receive41(forwarder, concat(outer, counting(9))), inner);
    },
  },
  {
    name: "octets after the inner packet are cut, both ways",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1472);
      const out = ipv6();
      const verdict = send(forwarder, concat(out, counting(7)));
      assertEquals(verdict.kind === "send" && verdict.datagrams, [out]);
      const back = ipv6({ source: HOME_ADDRESS, destination: CORRESPONDENT });
      assertDelivered(receiveUdp(forwarder, concat(back, counting(7))), back);
      assertEquals(forwarder.counters().encapsulatedOctets, 72);
      assertEquals(forwarder.counters().decapsulatedOctets, 72);
    },
  },
  {
    name: "a bad packet does not end a batch",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1472);
      const batch = Array.from({ length: 64 }, (_, index) => {
        const packet = ipv6({ payload: counting(index) });
        return index % 3 === 1 ? packet.subarray(0, 39) : packet;
      });
      const verdicts = forwarder.outbound(batch.map((bytes) => ({ bytes })), 0);
      assertEquals(verdicts.length, 64);
      for (const [index, verdict] of verdicts.entries()) {
        if (index % 3 === 1) {
          assertEquals(verdict, { kind: "drop", reason: "truncatedHeader", answer: undefined });
        } else assertEquals(verdict.kind === "send" && verdict.datagrams, [batch[index]]);
      }
      assertEquals(forwarder.counters().encapsulatedPackets, 43);
      assertEquals(forwarder.counters().dropped, { truncatedHeader: 21 });
    },
  },
];

function changed(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  const copy = bytes.slice();
  copy[offset] = value;
  return copy;
}
