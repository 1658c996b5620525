import { assertEquals } from "@std/assert";
import {
  AS_HOME_AGENT,
  assertDelivered,
  assertDropped,
  assertSent,
  type ForwardingCase,
  NODE,
  NODE_IN_41,
  NODE_IN_UDP,
  NOW_MS,
  receive41,
  receiveUdp,
  send,
} from "./case_tools.ts";
import {
  CARE_OF_ADDRESS,
  concat,
  CORRESPONDENT,
  counting,
  extension,
  HOME_ADDRESS,
  HOME_AGENT,
  HOME_AGENT_V4,
  ipv4,
  ipv6,
  MOBILITY,
  mobilityHeader,
  OTHER_HOME_ADDRESS,
} from "./packets.ts";

const BACK = ipv6({ source: HOME_ADDRESS, destination: CORRESPONDENT });
const BINDING_UPDATE = ipv6({
  source: HOME_ADDRESS,
  destination: HOME_AGENT,
  nextHeader: MOBILITY,
  payload: mobilityHeader(),
});
/** Addresses that name no single host everywhere. */
const NOT_UNICAST = ["::", "::1", "fe80::1", "febf::1", "ff02::1", "ff05::2", "ff0e::1", "::ffff:192.0.2.1"];

export const homeAgentCases: readonly ForwardingCase[] = [
  {
    name:
      "RFC 6275 8.4 M-149, 10.4.2 M-319, RFC 5555 4.1 D-051, 4.1.1 D-057, 4.5.1 D-122: home agent: outbound in UDP is the bare inner packet, hop limit as the kernel left it",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1472);
      const packet = ipv6({ hopLimit: 1 });
      assertSent(send(forwarder, packet), { encapsulation: "udp", ...NODE, datagrams: [packet] });
      assertEquals(forwarder.counters(), {
        encapsulatedPackets: 1,
        encapsulatedOctets: 72,
        decapsulatedPackets: 0,
        decapsulatedOctets: 0,
        signallingPackets: 0,
        unboundReports: 0,
        packetTooBigSent: 0,
        dropped: {},
      });
    },
  },
  {
    name:
      "RFC 4213 3.5, RFC 5555 4.5.1 D-122: home agent: outbound with protocol 41 has an IPv4 header in front",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setOuterSource(HOME_AGENT_V4);
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_41, 1480);
      const packet = ipv6({ trafficClass: 0xb8 });
      const bytes = ipv4({
        source: HOME_AGENT_V4,
        destination: CARE_OF_ADDRESS,
        typeOfService: 0xb8,
        payload: packet,
      });
      assertSent(send(forwarder, packet), {
        encapsulation: "ipv6InIpv4",
        address: CARE_OF_ADDRESS,
        port: 0,
        typeOfService: 0xb8,
        datagrams: [bytes],
      });
    },
  },
  {
    name: "RFC 6275 10.4.1: home agent: what no binding is for is dropped",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(OTHER_HOME_ADDRESS, NODE_IN_UDP, 1472);
      assertDropped(forwarder, send(forwarder, ipv6()), "noBinding");
    },
  },
  {
    name:
      "RFC 6275 10.3.1 M-293: home agent: a binding that is removed is gone, one that is changed is changed",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      const moved = { ...NODE_IN_UDP, address: "192.0.2.77", port: 1024 };
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1472);
      forwarder.setBinding(OTHER_HOME_ADDRESS, NODE_IN_41, 1480);
      forwarder.setBinding(HOME_ADDRESS, moved, 1472);
      const verdict = send(forwarder, ipv6());
      assertEquals(verdict.kind === "send" && [verdict.address, verdict.port], ["192.0.2.77", 1024]);
      assertDelivered(receiveUdp(forwarder, BACK, { source: { address: "192.0.2.77", port: 1024 } }), BACK);
      forwarder.removeBinding(HOME_ADDRESS);
      forwarder.removeBinding(HOME_ADDRESS);
      assertDropped(forwarder, send(forwarder, ipv6()), "noBinding");
      assertEquals(send(forwarder, ipv6({ destination: OTHER_HOME_ADDRESS })).kind, "send");
    },
  },
  ...NOT_UNICAST.map((destination): ForwardingCase => ({
    name: `RFC 6275 10.4.2 M-320 M-322 M-323 M-324: home agent: nothing for ${destination} is tunnelled`,
    settings: AS_HOME_AGENT,
    run: (forwarder) =>
      assertDropped(forwarder, send(forwarder, ipv6({ destination })), "destinationNotUnicast"),
  })),
  ...NOT_UNICAST.map((source): ForwardingCase => ({
    name: `home agent: nothing from ${source} is tunnelled`,
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1472);
      assertDropped(forwarder, send(forwarder, ipv6({ source })), "sourceNotUnicast");
    },
  })),
  {
    name: "home agent: addresses next to those are ordinary",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1472);
      for (
        const source of ["fe40::1", "fec0::1", "fdff::1", "::2", "::1:0:0:1", "::fffe:192.0.2.1", HOME_AGENT]
      ) {
        assertEquals(send(forwarder, ipv6({ source })).kind, "send", source);
      }
    },
  },
  {
    name: "RFC 6275 8.4 M-150, 10.4.5 M-328: home agent: reverse-tunnelled packets in UDP are decapsulated",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1472);
      assertDelivered(receiveUdp(forwarder, BACK), BACK);
      assertEquals(forwarder.counters().decapsulatedPackets, 1);
      assertEquals(forwarder.counters().decapsulatedOctets, BACK.length);
    },
  },
  {
    name: "RFC 6275 8.4 M-150: home agent: reverse-tunnelled packets with protocol 41 are decapsulated",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_41, 1480);
      assertDelivered(receive41(forwarder, ipv4({ payload: BACK })), BACK);
    },
  },
  ...([
    ["another outer address", NODE_IN_UDP, { ...NODE, address: "198.51.100.8" }],
    ["another outer port", NODE_IN_UDP, { ...NODE, port: NODE.port + 1 }],
    ["UDP from elsewhere where the binding is for protocol 41", NODE_IN_41, {
      ...NODE,
      address: "198.51.100.8",
    }],
    ["an inner source without a binding", undefined, NODE],
  ] as const).map(([what, binding, source]): ForwardingCase => ({
    name: `RFC 6275 10.4.5 M-151 M-329: home agent: ${what} is dropped, and control is told`,
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      if (binding !== undefined) forwarder.setBinding(HOME_ADDRESS, binding, 1472);
      const verdict = receiveUdp(forwarder, BACK, { source });
      assertEquals(verdict, {
        kind: "drop",
        reason: "sourceNotBound",
        record: {
          kind: "unboundTraffic",
          outer: source,
          encapsulation: "udp",
          packet: BACK,
          arrivedMs: NOW_MS,
        },
      });
      assertEquals(forwarder.counters().dropped, { sourceNotBound: 1 });
      assertEquals(forwarder.counters().unboundReports, 1);
    },
  })),
  {
    name: "home agent: UDP from the care-of address is taken where the binding is for protocol 41",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_41, 1480);
      assertDelivered(receiveUdp(forwarder, BACK), BACK);
    },
  },
  {
    name: "RFC 6275 10.4.5 M-329: home agent: protocol 41 where the binding is for UDP is dropped",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1472);
      const verdict = receive41(forwarder, ipv4({ payload: BACK }));
      assertEquals(verdict.kind === "drop" && verdict.reason, "sourceNotBound");
      assertEquals(verdict.kind === "drop" && verdict.record?.encapsulation, "ipv6InIpv4");
      assertEquals(verdict.kind === "drop" && verdict.record?.outer, { address: CARE_OF_ADDRESS, port: 0 });
    },
  },
  {
    name: "home agent: control gets 128 octets of an unbound packet, 16 at once and 50 a second",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      const long = ipv6({ source: HOME_ADDRESS, destination: CORRESPONDENT, payload: counting(1000) });
      const reports = (nowMs: number) =>
        forwarder.inbound("udp", Array(64).fill({ bytes: long, source: NODE, typeOfService: 0 }), nowMs)
          .filter((verdict) => verdict.kind === "drop" && verdict.record !== undefined);
      const first = reports(5000);
      assertEquals(first.length, 16);
      assertEquals(first[0].kind === "drop" && first[0].record?.packet, long.slice(0, 128));
      assertEquals(reports(5000).length, 0);
      assertEquals(reports(5019).length, 0);
      assertEquals(reports(5020).length, 1);
      assertEquals(reports(5120).length, 5);
      assertEquals(reports(5100).length, 0, "time that runs backwards gives nothing");
      assertEquals(reports(9000).length, 16);
      assertEquals(forwarder.counters().unboundReports, 38);
      assertEquals(forwarder.counters().dropped, { sourceNotBound: 7 * 64 });
    },
  },
  ...NOT_UNICAST.map((source): ForwardingCase => ({
    name: `home agent: inbound from ${source} is dropped and not reported`,
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      const packet = ipv6({ source, destination: CORRESPONDENT });
      assertDropped(forwarder, receiveUdp(forwarder, packet), "sourceNotUnicast");
    },
  })),
  ...NOT_UNICAST.map((destination): ForwardingCase => ({
    name: `home agent: inbound for ${destination} is dropped`,
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1472);
      const packet = ipv6({ source: HOME_ADDRESS, destination });
      assertDropped(forwarder, receiveUdp(forwarder, packet), "destinationNotUnicast");
    },
  })),
  {
    name: "RFC 5555 4.5: home agent: a mobility message goes up with its outer source, binding or none",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      const source = { address: "192.0.2.200", port: 8763 };
      assertEquals(receiveUdp(forwarder, concat(BINDING_UPDATE, counting(3)), { source, nowMs: 77 }), {
        kind: "signalling",
        record: {
          kind: "signalling",
          outer: source,
          encapsulation: "udp",
          packet: BINDING_UPDATE,
          arrivedMs: 77,
        },
      });
      assertEquals(forwarder.counters().signallingPackets, 1);
      assertEquals(forwarder.counters().dropped, {});
    },
  },
  {
    name: "home agent: a mobility header is found behind options and routing headers, up to 8 of them",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      const update = (nextHeader: number, payload: Uint8Array) =>
        ipv6({ source: HOME_ADDRESS, destination: HOME_AGENT, nextHeader, payload });
      let payload = mobilityHeader();
      let nextHeader = MOBILITY;
      for (const [index, next] of [60, 43, 0, 60, 60, 43, 60, 60].entries()) {
        payload = extension(nextHeader, index % 2 === 0 ? 8 : 24, payload);
        nextHeader = next;
        assertEquals(
          receiveUdp(forwarder, update(nextHeader, payload)).kind,
          "signalling",
          `${index + 1} headers`,
        );
      }
      const tooMany = update(60, extension(nextHeader, 8, payload));
      assertDropped(forwarder, receiveUdp(forwarder, tooMany), "extensionHeadersMalformed");
    },
  },
  ...([
    ["options that go past the end", 60, extension(MOBILITY, 16, counting(0)).subarray(0, 15)],
    ["options that are cut after 7 octets", 60, counting(7)],
    ["no options where options should be", 0, counting(0)],
  ] as const).map(([what, nextHeader, payload]): ForwardingCase => ({
    name: `home agent: ${what} are dropped`,
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      const packet = ipv6({ source: HOME_ADDRESS, destination: HOME_AGENT, nextHeader, payload });
      assertDropped(forwarder, receiveUdp(forwarder, packet), "extensionHeadersMalformed");
    },
  })),
  {
    name: "home agent: a mobility message with protocol 41 is dropped",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_41, 1480);
      assertDropped(forwarder, receive41(forwarder, ipv4({ payload: BINDING_UPDATE })), "signallingNotInUdp");
    },
  },
  {
    name: "home agent: a mobility message goes up with 4032 octets and is dropped with 4040",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      const message = (octets: number) =>
        ipv6({
          source: HOME_ADDRESS,
          destination: HOME_AGENT,
          nextHeader: MOBILITY,
          payload: counting(octets - 40),
        });
      const longest = message(4032);
      const verdict = receiveUdp(forwarder, longest);
      assertEquals(verdict.kind === "signalling" && verdict.record.packet, longest);
      assertDropped(forwarder, receiveUdp(forwarder, message(4040)), "signallingTooLong");
    },
  },
  {
    name: "home agent: a mobility message for somebody else is traffic",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1472);
      const packet = ipv6({
        source: HOME_ADDRESS,
        destination: CORRESPONDENT,
        nextHeader: MOBILITY,
        payload: mobilityHeader(),
      });
      assertDelivered(receiveUdp(forwarder, packet), packet);
    },
  },
  {
    name: "home agent: other traffic for itself needs a binding like all",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1472);
      const packet = ipv6({ source: HOME_ADDRESS, destination: HOME_AGENT });
      assertDelivered(receiveUdp(forwarder, packet), packet);
      const verdict = receiveUdp(forwarder, packet, { source: { ...NODE, port: 1 } });
      assertEquals(verdict.kind === "drop" && verdict.reason, "sourceNotBound");
    },
  },
];
