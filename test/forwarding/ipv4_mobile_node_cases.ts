import { assertEquals } from "@std/assert";
import type { Ipv4HomeAddress } from "../../core/control/settings.ts";
import type { Forwarder } from "../../core/forwarding/forwarder.ts";
import {
  AGENT,
  AGENT_IN_41,
  AGENT_IN_IPV6,
  AGENT_IN_UDP,
  answerOf,
  AS_MOBILE_NODE,
  assertDelivered,
  assertDropped,
  type ForwardingCase,
  IPV4_HOME,
  receive41,
  receiveIpv6,
  receiveUdp,
  send,
} from "./case_tools.ts";
import {
  checksum,
  concat,
  CORRESPONDENT_IPV4,
  counting,
  HOME_ADDRESS,
  HOME_AGENT,
  HOME_AGENT_V4,
  HOME_IPV4_ADDRESS,
  ipv4,
  ipv6,
  IPV6_CARE_OF_ADDRESS,
  OTHER_HOME_IPV4_ADDRESS,
} from "./packets.ts";
import { fromNode, toNode, udp } from "./transport_packets.ts";

const IN = udp(toNode(4));
const OUT = udp(fromNode(4));

/** A case of a mobile node with a tunnel and this IPv4 home address. */
function withIpv4(
  name: string,
  home: Ipv4HomeAddress | undefined,
  run: (forwarder: Forwarder) => void,
): ForwardingCase {
  return {
    name: `mobile node: ${name}`,
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
      forwarder.setIpv4HomeAddress(home);
      run(forwarder);
    },
  };
}

function from(source: string): Uint8Array {
  return udp({ ...fromNode(4), source });
}

function to(destination: string): Uint8Array {
  return udp({ ...toNode(4), destination });
}

const address: readonly ForwardingCase[] = [
  withIpv4(
    "RFC 5555 4.4.3 D-096: IPv4 goes both ways through the tunnel of the home address",
    IPV4_HOME,
    (forwarder) => {
      const verdict = send(forwarder, OUT);
      assertEquals(verdict.kind === "send" && verdict.datagrams, [OUT]);
      assertDelivered(receiveUdp(forwarder, IN, { source: AGENT }), IN);
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_41, 1480);
      const outer = ipv4({ source: HOME_AGENT_V4, protocol: 4, payload: IN });
      assertDelivered(receive41(forwarder, outer), IN);
    },
  ),
  withIpv4(
    "RFC 5555 4.4.3 D-095: over IPv6, IPv4 goes both ways with next header 4",
    IPV4_HOME,
    (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_IPV6, 1460);
      forwarder.setOuterSource(IPV6_CARE_OF_ADDRESS);
      const verdict = send(forwarder, OUT);
      const outer = {
        source: IPV6_CARE_OF_ADDRESS,
        destination: HOME_AGENT,
        nextHeader: 4,
        flowLabel: 0,
        hopLimit: 64,
      };
      assertEquals(verdict.kind === "send" && verdict.datagrams, [ipv6({ ...outer, payload: OUT })]);
      assertDelivered(receiveIpv6(forwarder, IN, { source: HOME_AGENT }), IN);
    },
  ),
  ...([
    ["from another source", "sourceNotHomeAddress", { source: OTHER_HOME_IPV4_ADDRESS }],
    ["to a multicast group", "destinationNotUnicast", { destination: "224.0.0.22" }],
  ] as const).map(([what, reason, fields]) =>
    withIpv4(`IPv4 ${what} is dropped`, IPV4_HOME, (forwarder) => {
      assertDropped(forwarder, send(forwarder, udp({ ...fromNode(4), ...fields })), reason);
    })
  ),
  ...([
    ["for another address", "destinationNotHomeAddress", { destination: OTHER_HOME_IPV4_ADDRESS }],
    ["with its own source", "sourceIsHomeAddress", { source: HOME_IPV4_ADDRESS }],
    ["with a multicast source", "sourceNotUnicast", { source: "224.0.0.1" }],
  ] as const).map(([what, reason, fields]) =>
    withIpv4(`inbound IPv4 ${what} is dropped`, IPV4_HOME, (forwarder) => {
      const verdict = receiveUdp(forwarder, udp({ ...toNode(4), ...fields }), { source: AGENT });
      assertDropped(forwarder, verdict, reason);
    })
  ),
  withIpv4("without an IPv4 home address no IPv4 leaves", undefined, (forwarder) => {
    assertDropped(forwarder, send(forwarder, OUT), "sourceNotHomeAddress");
  }),
  withIpv4("without an IPv4 home address no IPv4 comes in", undefined, (forwarder) => {
    assertDropped(forwarder, receiveUdp(forwarder, IN, { source: AGENT }), "destinationNotHomeAddress");
  }),
  withIpv4("the IPv4 home address comes, changes and goes while traffic flows", undefined, (forwarder) => {
    const other = { address: OTHER_HOME_IPV4_ADDRESS, prefixLength: 32 };
    for (const home of [IPV4_HOME, other, undefined, IPV4_HOME]) {
      forwarder.setIpv4HomeAddress(home);
      for (const each of [HOME_IPV4_ADDRESS, OTHER_HOME_IPV4_ADDRESS]) {
        const [leaves, comes] = each === home?.address ? ["send", "deliver"] : ["drop", "drop"];
        assertEquals(send(forwarder, from(each)).kind, leaves, each);
        assertEquals(receiveUdp(forwarder, to(each), { source: AGENT }).kind, comes, each);
      }
    }
  }),
  withIpv4("RFC 1191 4: the answer comes from and goes to the IPv4 home address", IPV4_HOME, (forwarder) => {
    forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1400);
    const answer = answerOf(send(forwarder, udp(fromNode(4), { payload: counting(1373) })));
    const own = Uint8Array.of(192, 0, 2, 100);
    assertEquals(answer.subarray(12, 20), concat(own, own));
    assertEquals(answer.subarray(26, 28), Uint8Array.of(1400 >> 8, 1400 & 0xff));
    assertEquals([checksum(answer.subarray(0, 20)), checksum(answer.subarray(20))], [0, 0]);
  }),
];

/** Each prefix around the IPv4 home address: its first and last address, and those next to it. */
const PREFIXES = [
  [24, ["192.0.2.1", "192.0.2.255"], ["192.0.1.255", "192.0.3.0"]],
  [25, ["192.0.2.1", "192.0.2.127"], ["192.0.2.128", "192.0.1.255"]],
  [27, ["192.0.2.96", "192.0.2.127"], ["192.0.2.95", "192.0.2.128"]],
  [31, ["192.0.2.100", "192.0.2.101"], ["192.0.2.99", "192.0.2.102"]],
  [32, ["192.0.2.100"], ["192.0.2.99", "192.0.2.101"]],
  [12, ["192.0.0.1", "192.15.255.255"], ["191.255.255.255", "192.16.0.0"]],
  [6, ["192.0.0.1", "195.255.255.255"], ["191.255.255.255", "196.0.0.0"]],
] as const;

const network: readonly ForwardingCase[] = PREFIXES.flatMap(([prefixLength, inside, outside]) => {
  const home = { address: HOME_IPV4_ADDRESS, prefixLength };
  return [
    withIpv4(
      `RFC 5555 3.1.1: a mobile network of /${prefixLength} sends and receives, its neighbours do not`,
      home,
      (forwarder) => {
        for (const each of inside) {
          assertEquals(send(forwarder, from(each)).kind, "send", each);
          assertDelivered(receiveUdp(forwarder, to(each), { source: AGENT }), to(each));
        }
        for (const each of outside) {
          assertEquals(send(forwarder, from(each)).kind, "drop", each);
          assertEquals(receiveUdp(forwarder, to(each), { source: AGENT }).kind, "drop", each);
        }
      },
    ),
    withIpv4(
      `RFC 4213 3.6: what claims to come from its own IPv4 network of /${prefixLength} does not come in`,
      home,
      (forwarder) => {
        for (const source of inside) {
          const verdict = receiveUdp(forwarder, udp({ ...toNode(4), source }), { source: AGENT });
          assertEquals(verdict.kind === "drop" && verdict.reason, "sourceIsHomeAddress", source);
        }
      },
    ),
  ];
});

const answers: readonly ForwardingCase[] = [
  withIpv4(
    "RFC 1191 4: the answer to a host of the IPv4 network comes from the IPv4 home address",
    { address: HOME_IPV4_ADDRESS, prefixLength: 24 },
    (forwarder) => {
      const packet = udp({ ...fromNode(4), source: "192.0.2.7" }, { payload: counting(1473) });
      const answer = answerOf(send(forwarder, packet));
      assertEquals(answer.subarray(12, 20), Uint8Array.of(192, 0, 2, 100, 192, 0, 2, 7));
    },
  ),
  withIpv4("an IPv4 home address says nothing about IPv6", IPV4_HOME, (forwarder) => {
    const mapped = { destination: CORRESPONDENT_IPV4, source: "203.0.113.9" };
    assertDropped(forwarder, send(forwarder, udp({ ...fromNode(4), ...mapped })), "sourceNotHomeAddress");
  }),
];

/** IPv4 inside, at the mobile node: RFC 5555 sections 4.1 and 4.4.3, with an address or a whole network. */
export const ipv4MobileNodeCases: readonly ForwardingCase[] = [...address, ...network, ...answers];
