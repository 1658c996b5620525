import { assertEquals } from "@std/assert";
import type { Forwarder, InboundVerdict } from "../../core/forwarding/forwarder.ts";
import { parseIpv6 } from "../../core/wire/address.ts";
import {
  AGENT,
  AGENT_IN_IPV6,
  AGENT_IN_UDP,
  answerOf,
  AS_HOME_AGENT,
  AS_MOBILE_NODE,
  assertDelivered,
  assertDropped,
  assertSent,
  assertTold,
  type ForwardingCase,
  NODE,
  NODE_IN_41,
  NODE_IN_IPV6,
  NODE_IN_UDP,
  NOW_MS,
  receive41,
  receiveIpv6,
  receiveUdp,
  send,
} from "./case_tools.ts";
import { bindNode } from "./offload_tools.ts";
import {
  concat,
  CORRESPONDENT,
  counting,
  HOME_ADDRESS,
  HOME_AGENT,
  icmpv6Checksum,
  ipv4,
  ipv6,
  IPV6_CARE_OF_ADDRESS,
  MOBILITY,
  mobilityHeader,
} from "./packets.ts";
import { fromNode, ipPacket, toNode, udp, VERSIONS } from "./transport_packets.ts";

const OTHER_CARE_OF_ADDRESS = "2001:db8:7::8";
/** What is left of 1500 octets. */
const MTU = 1460;

function bound(name: string, run: (forwarder: Forwarder) => void): ForwardingCase {
  const bind = (forwarder: Forwarder) => bindNode(forwarder, NODE_IN_IPV6, MTU);
  return { name, settings: AS_HOME_AGENT, run: (forwarder) => (bind(forwarder), run(forwarder)) };
}

function outerHeader(nextHeader: number, trafficClass: number, octets: number): Uint8Array {
  return concat(
    Uint8Array.of(0x60 | trafficClass >> 4, (trafficClass & 15) << 4, 0, 0, octets >> 8, octets & 255),
    Uint8Array.of(nextHeader, 64),
    parseIpv6(HOME_AGENT)!,
    parseIpv6(IPV6_CARE_OF_ADDRESS)!,
  );
}

function reasonOf(verdict: InboundVerdict): string {
  return verdict.kind === "drop" ? verdict.reason : verdict.kind;
}

const homeAgent: readonly ForwardingCase[] = [
  ...VERSIONS.map((version) =>
    bound(
      `RFC 2473 5.1, RFC 6275 10.4.2 M-319, RFC 5555 4.5.1 D-121: home agent: the IPv6 header in front of IPv${version}, octet by octet`,
      (forwarder) => {
        const ip = { ...toNode(version), timeToLive: 1, flowLabel: 0xfffff };
        for (const typeOfService of [0, 0xb9, 0xff]) {
          const packet = udp({ ...ip, typeOfService }, { payload: counting(300) });
          assertSent(send(forwarder, packet), {
            ...NODE_IN_IPV6,
            typeOfService,
            datagrams: [concat(outerHeader(version === 6 ? 41 : 4, typeOfService, packet.length), packet)],
          });
        }
      },
    )
  ),
  ...VERSIONS.flatMap((version) => {
    const back = udp(fromNode(version));
    return [
      bound(`RFC 6275 8.4 M-150: home agent: IPv${version} in IPv6 is decapsulated`, (forwarder) => {
        assertDelivered(receiveIpv6(forwarder, concat(back, counting(5))), back);
      }),
      bound(`RFC 2473 3.3: home agent: IPv${version} behind another next header is dropped`, (forwarder) => {
        const innerVersion = version === 6 ? 4 : 6;
        assertDropped(forwarder, receiveIpv6(forwarder, back, { innerVersion }), "unknownVersion");
      }),
    ];
  }),
  bound(
    "RFC 6275 10.4.5 M-151 M-329: home agent: another outer source is dropped, control is told",
    (forwarder) => {
      const packet = ipv6({ source: HOME_ADDRESS, destination: CORRESPONDENT, payload: counting(200) });
      const outer = { address: OTHER_CARE_OF_ADDRESS, port: 0 };
      assertEquals(receiveIpv6(forwarder, packet, { source: outer.address }), {
        kind: "drop",
        reason: "sourceNotBound",
        record: {
          kind: "unboundTraffic",
          outer,
          encapsulation: "ipv6InIpv6",
          packet: packet.slice(0, 128),
          arrivedMs: NOW_MS,
        },
      });
      assertEquals(forwarder.counters().unboundReports, 1);
    },
  ),
  bound("home agent: IPv4 in IPv6 from another outer source is dropped, control is told", (forwarder) => {
    const packet = udp(fromNode(4));
    assertTold(receiveIpv6(forwarder, packet, { source: OTHER_CARE_OF_ADDRESS }), packet);
    assertEquals(forwarder.counters().unboundReports, 1);
  }),
  bound("home agent: where the binding is for IPv6, nothing over IPv4 is taken", (forwarder) => {
    const packet = udp(fromNode(6));
    assertEquals(reasonOf(receiveUdp(forwarder, packet)), "sourceNotBound");
    assertEquals(reasonOf(receive41(forwarder, ipv4({ payload: packet }))), "sourceNotBound");
  }),
  ...[NODE_IN_UDP, NODE_IN_41].map((tunnel): ForwardingCase => ({
    name: `home agent: where the binding is for ${tunnel.encapsulation}, nothing over IPv6 is taken`,
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      bindNode(forwarder, tunnel);
      for (const source of [IPV6_CARE_OF_ADDRESS, `::ffff:${NODE.address}`]) {
        assertEquals(reasonOf(receiveIpv6(forwarder, udp(fromNode(6)), { source })), "sourceNotBound");
      }
    },
  })),
  bound("home agent: a mobility message inside IPv6 is dropped", (forwarder) => {
    const update = { source: HOME_ADDRESS, destination: HOME_AGENT, nextHeader: MOBILITY };
    const packet = ipv6({ ...update, payload: mobilityHeader() });
    assertDropped(forwarder, receiveIpv6(forwarder, packet), "signallingNotInUdp");
  }),
  bound(`RFC 2473 7.1: home agent: ${MTU} octets fit into IPv6 of 1500, one more is refused`, (forwarder) => {
    for (const version of VERSIONS) {
      const sized = (octets: number) =>
        ipPacket(toNode(version), 17, counting(octets - (version === 6 ? 40 : 20)));
      assertEquals(send(forwarder, sized(MTU)).kind, "send");
      const answer = answerOf(send(forwarder, sized(MTU + 1)));
      const view = new DataView(answer.buffer, answer.byteOffset);
      assertEquals(version === 6 ? view.getUint32(44) : view.getUint16(26), MTU);
      if (version === 6) assertEquals(icmpv6Checksum(answer), 0);
    }
  }),
];

const OUT = ipv6({ source: HOME_ADDRESS, destination: CORRESPONDENT });
const IN = ipv6({ source: CORRESPONDENT, destination: HOME_ADDRESS });

const mobileNode: readonly ForwardingCase[] = [
  {
    name: "RFC 2473 5.1: mobile node: outbound over IPv6 leaves from the care-of address of now",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_IPV6, MTU);
      for (const source of [IPV6_CARE_OF_ADDRESS, OTHER_CARE_OF_ADDRESS]) {
        forwarder.setOuterSource(source);
        const outer = { source, destination: HOME_AGENT, nextHeader: 41, flowLabel: 0, hopLimit: 64 };
        assertSent(send(forwarder, OUT), { ...AGENT_IN_IPV6, datagrams: [ipv6({ ...outer, payload: OUT })] });
      }
    },
  },
  {
    name: "RFC 6275 11.3.3 M-374: mobile node: over IPv6, only the home agent's packets are taken",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_IPV6, MTU);
      assertDelivered(receiveIpv6(forwarder, IN, { source: HOME_AGENT }), IN);
      const verdict = receiveIpv6(forwarder, IN, { source: OTHER_CARE_OF_ADDRESS });
      assertDropped(forwarder, verdict, "notFromHomeAgent");
    },
  },
  {
    name: "mobile node: after a move from IPv6 to UDP, what comes by the old way is taken",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
      assertDelivered(receiveIpv6(forwarder, IN, { source: HOME_AGENT }), IN);
      const verdict = receiveIpv6(forwarder, IN, { source: OTHER_CARE_OF_ADDRESS });
      assertDropped(forwarder, verdict, "notFromHomeAgent");
    },
  },
  {
    name: "mobile node: after a move from UDP to IPv6, what comes by the old way is taken",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_IPV6, MTU);
      assertDelivered(receiveUdp(forwarder, IN, { source: AGENT }), IN);
      const verdict = receiveUdp(forwarder, IN, { source: { ...AGENT, address: "203.0.113.2" } });
      assertDropped(forwarder, verdict, "notFromHomeAgent");
    },
  },
];

/** Tunnels over IPv6: next headers 41 and 4 (RFC 2473, RFC 6275 sections 10.4.2 and 10.4.5). */
export const outerIpv6Cases: readonly ForwardingCase[] = [...homeAgent, ...mobileNode];
