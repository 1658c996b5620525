import { assertEquals } from "@std/assert";
import type { Forwarder } from "../../core/forwarding/forwarder.ts";
import {
  answerOf,
  AS_HOME_AGENT,
  assertDelivered,
  assertDropped,
  assertTold,
  type ForwardingCase,
  NODE,
  NODE_IN_41,
  NODE_IN_UDP,
  receiveUdp,
  send,
} from "./case_tools.ts";
import { assertLeavesAs, atHomeAgent, bindNode, receive } from "./offload_tools.ts";
import {
  checksum,
  concat,
  CORRESPONDENT_IPV4,
  counting,
  HOME_ADDRESS,
  HOME_AGENT_V4,
  HOME_IPV4_ADDRESS,
  ipv4,
  ipv6,
} from "./packets.ts";
import { DONT_FRAGMENT, fromNode, ipPacket, toNode, udp } from "./transport_packets.ts";

const OUT = udp(toNode(4));
const BACK = udp(fromNode(4));
const NOT_UNICAST = [
  "0.0.0.0",
  "0.1.2.3",
  "127.0.0.1",
  "169.254.0.1",
  "224.0.0.1",
  "240.0.0.1",
  "255.255.255.255",
];
const ORDINARY = ["1.0.0.1", "126.255.255.255", "128.0.0.1", "169.253.0.1", "169.255.0.1", "223.255.255.255"];

const bothWays: readonly ForwardingCase[] = [
  atHomeAgent(
    "RFC 5555 4.5.1 D-123, RFC 2003: home agent: IPv4 leaves in UDP, and with protocol 4",
    (forwarder) => {
      assertLeavesAs(forwarder, { bytes: OUT }, [OUT]);
      const marked = udp({ ...toNode(4), typeOfService: 0xb9, timeToLive: 1 });
      assertLeavesAs(forwarder, { bytes: concat(marked, counting(9)) }, [marked]);
    },
  ),
  atHomeAgent("RFC 2003: home agent: IPv4 comes in UDP, and with protocol 4", (forwarder) => {
    for (const tunnel of [NODE_IN_UDP, NODE_IN_41]) {
      bindNode(forwarder, tunnel);
      const [verdict] = receive(forwarder, [BACK], { encapsulation: tunnel.encapsulation });
      assertDelivered(verdict, BACK);
    }
  }),
  {
    name: "home agent: the bindings of a node's two home addresses are separate",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1472);
      assertDropped(forwarder, send(forwarder, OUT), "noBinding");
      forwarder.setBinding(HOME_IPV4_ADDRESS, NODE_IN_41, 1480);
      assertEquals(send(forwarder, OUT).kind, "send");
      forwarder.removeBinding(HOME_ADDRESS);
      assertEquals(send(forwarder, OUT).kind, "send");
      forwarder.removeBinding(HOME_IPV4_ADDRESS);
      assertEquals(send(forwarder, OUT).kind, "drop");
    },
  },
  {
    name: "home agent: an IPv4-mapped IPv6 source is not the IPv4 home address",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_IPV4_ADDRESS, NODE_IN_UDP, 1472);
      const packet = ipv6({ source: `::ffff:${HOME_IPV4_ADDRESS}`, destination: HOME_ADDRESS });
      assertDropped(forwarder, receiveUdp(forwarder, packet), "sourceNotUnicast");
    },
  },
  {
    name: "home agent: IPv4 without a binding is dropped, and control is told",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      assertTold(receiveUdp(forwarder, BACK), BACK);
      assertEquals(forwarder.counters().unboundReports, 1);
    },
  },
  atHomeAgent(
    "RFC 5555 5.1.1: home agent: IPv4 from another outer source is dropped, control is told",
    (forwarder) => {
      assertTold(receiveUdp(forwarder, BACK, { source: { ...NODE, port: 1 } }), BACK);
      assertEquals(forwarder.counters().dropped, { sourceNotBound: 1 });
    },
  ),
  ...NOT_UNICAST.flatMap((address) => [
    atHomeAgent(`home agent: nothing for ${address} is tunnelled`, (forwarder) => {
      const packet = udp({ ...toNode(4), destination: address });
      assertDropped(forwarder, send(forwarder, packet), "destinationNotUnicast");
    }),
    atHomeAgent(`home agent: nothing from ${address} is tunnelled`, (forwarder) => {
      assertDropped(forwarder, send(forwarder, udp({ ...toNode(4), source: address })), "sourceNotUnicast");
    }),
    atHomeAgent(`home agent: nothing from ${address} is decapsulated`, (forwarder) => {
      const packet = udp({ ...fromNode(4), source: address });
      assertDropped(forwarder, receiveUdp(forwarder, packet), "sourceNotUnicast");
    }),
    atHomeAgent(`home agent: nothing for ${address} is decapsulated`, (forwarder) => {
      const packet = udp({ ...fromNode(4), destination: address });
      assertDropped(forwarder, receiveUdp(forwarder, packet), "destinationNotUnicast");
    }),
  ]),
  atHomeAgent("home agent: IPv4 addresses next to those are ordinary", (forwarder) => {
    for (const source of ORDINARY) {
      assertEquals(send(forwarder, udp({ ...toNode(4), source })).kind, "send", source);
    }
  }),
];

/** An unfragmentable packet of so many octets. */
function sized(octets: number, fields: { readonly fragment?: number; readonly options?: Uint8Array } = {}) {
  const headerOctets = 20 + (fields.options?.length ?? 0);
  return ipPacket({ ...toNode(4), ...fields }, 17, counting(octets - headerOctets));
}

function assertNotAnswered(forwarder: Forwarder, packet: Uint8Array): void {
  bindNode(forwarder);
  assertDropped(forwarder, send(forwarder, packet), "packetTooBig");
  assertEquals(forwarder.counters().packetTooBigSent, 0);
}

/** Of type `type`, 1500 octets. */
function icmpOf(type: number): Uint8Array {
  return ipPacket(toNode(4), 1, concat(Uint8Array.of(type, 0, 0, 0), counting(1476)));
}

const fragmentationNeeded: readonly ForwardingCase[] = [
  ...[1281, 1500, 65_535].map((octets) =>
    atHomeAgent(
      `RFC 1191 4, RFC 1812 4.3.2.3: ${octets} octets of IPv4 that are too big are answered`,
      (forwarder) => {
        forwarder.setBinding(HOME_IPV4_ADDRESS, NODE_IN_UDP, 1280);
        assertEquals(send(forwarder, sized(1280)).kind, "send");
        const packet = sized(octets, { options: Uint8Array.of(1, 1, 1, 0) });
        const answer = answerOf(send(forwarder, packet));
        const message = concat(Uint8Array.of(3, 4, 0, 0, 0, 0, 5, 0), packet.subarray(0, 576 - 28));
        const sum = checksum(message);
        message.set([sum >> 8, sum & 0xff], 2);
        assertEquals(
          answer,
          ipv4({ source: HOME_AGENT_V4, destination: CORRESPONDENT_IPV4, protocol: 1, payload: message }),
        );
        assertEquals(answer.length, 576);
      },
    )
  ),
  ...[3, 4, 5, 11, 12, 1, 2, 9].map((type) =>
    atHomeAgent(`RFC 1122 3.2.2: ICMP of type ${type} that is too big is not answered`, (forwarder) => {
      assertNotAnswered(forwarder, icmpOf(type));
    })
  ),
  ...[0, 8, 13, 14].map((type) =>
    atHomeAgent(`RFC 1122 3.2.2: ICMP of type ${type} that is too big is answered`, (forwarder) => {
      answerOf(send(forwarder, icmpOf(type)));
    })
  ),
  atHomeAgent("RFC 1122 3.2.2: a later fragment that is too big is not answered", (forwarder) => {
    assertNotAnswered(forwarder, sized(1500, { fragment: DONT_FRAGMENT | 1 }));
  }),
  atHomeAgent("a first fragment that is too big is answered", (forwarder) => {
    answerOf(send(forwarder, sized(1500, { fragment: DONT_FRAGMENT | 0x2000 })));
  }),
  {
    name: "a home agent without an IPv4 address of its own does not answer",
    settings: { ...AS_HOME_AGENT, homeAgentIpv4Address: undefined },
    run: (forwarder) => assertNotAnswered(forwarder, sized(1500)),
  },
];

/** IPv4 inside, at the home agent: RFC 5555 section 4.1. */
export const ipv4Cases: readonly ForwardingCase[] = [...bothWays, ...fragmentationNeeded];
