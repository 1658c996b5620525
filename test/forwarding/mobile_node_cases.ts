import { assertEquals } from "@std/assert";
import {
  AGENT,
  AGENT_IN_41,
  AGENT_IN_UDP,
  AS_MOBILE_NODE,
  assertDelivered,
  assertDropped,
  assertSent,
  type ForwardingCase,
  NODE,
  receive41,
  receiveUdp,
  send,
} from "./case_tools.ts";
import {
  CARE_OF_ADDRESS,
  CORRESPONDENT,
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

const OUT = ipv6({ source: HOME_ADDRESS, destination: CORRESPONDENT });
const IN = ipv6({ source: CORRESPONDENT, destination: HOME_ADDRESS });
const ACKNOWLEDGEMENT = ipv6({
  source: HOME_AGENT,
  destination: HOME_ADDRESS,
  nextHeader: MOBILITY,
  payload: mobilityHeader(),
});
const from41 = (payload: Uint8Array, source = HOME_AGENT_V4) =>
  ipv4({ source, destination: CARE_OF_ADDRESS, payload });

export const mobileNodeCases: readonly ForwardingCase[] = [
  {
    name:
      "RFC 6275 11.3.1 M-364, RFC 5555 4.1 D-051, 4.4.2 D-079: mobile node: outbound in UDP goes to the home agent",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
      assertSent(send(forwarder, OUT), { encapsulation: "udp", ...AGENT, datagrams: [OUT] });
    },
  },
  {
    name:
      "RFC 5555 4.4.3 D-096: mobile node: outbound with protocol 41 leaves from the care-of address of now",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_41, 1480);
      for (const source of [CARE_OF_ADDRESS, "192.0.2.3"]) {
        forwarder.setOuterSource(source);
        const bytes = ipv4({ source, destination: HOME_AGENT_V4, payload: OUT });
        assertSent(send(forwarder, OUT), {
          encapsulation: "ipv6InIpv4",
          address: HOME_AGENT_V4,
          port: 0,
          datagrams: [bytes],
        });
      }
    },
  },
  {
    name: "mobile node: only the home address may send",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
      const packet = ipv6({ source: OTHER_HOME_ADDRESS, destination: CORRESPONDENT });
      assertDropped(forwarder, send(forwarder, packet), "sourceNotHomeAddress");
    },
  },
  {
    name: "mobile node: nothing leaves without a tunnel",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
      forwarder.removeBinding(HOME_ADDRESS);
      assertDropped(forwarder, send(forwarder, OUT), "noTunnel");
    },
  },
  {
    name: "mobile node: router solicitations and the like of its own kernel are dropped",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
      const packet = ipv6({ source: "fe80::1", destination: "ff02::2" });
      assertDropped(forwarder, send(forwarder, packet), "destinationNotUnicast");
    },
  },
  {
    name: "RFC 6275 8.5 M-164, 11.3.3 M-374 M-375: mobile node: what the home agent tunnels is decapsulated",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
      assertDelivered(receiveUdp(forwarder, IN, { source: AGENT }), IN);
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_41, 1480);
      assertDelivered(receive41(forwarder, from41(IN)), IN);
      assertEquals(forwarder.counters().decapsulatedPackets, 2);
    },
  },
  ...([
    ["another address", { ...AGENT, address: "203.0.113.2" }],
    ["another port", { ...AGENT, port: 4192 }],
  ] as const).map(([what, source]): ForwardingCase => ({
    name: `RFC 6275 11.3.3 M-374: mobile node: traffic from ${what} is dropped`,
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
      assertDropped(forwarder, receiveUdp(forwarder, IN, { source }), "notFromHomeAgent");
    },
  })),
  {
    name: "mobile node: after a move from protocol 41 to UDP, what comes by the old way is taken",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
      assertDelivered(receive41(forwarder, from41(IN)), IN);
    },
  },
  {
    name: "mobile node: after a move from UDP to protocol 41, what comes by the old way is taken",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_41, 1480);
      assertDelivered(receiveUdp(forwarder, IN, { source: AGENT }), IN);
      const other = { ...AGENT, address: "203.0.113.2" };
      assertDropped(forwarder, receiveUdp(forwarder, IN, { source: other }), "notFromHomeAgent");
    },
  },
  {
    name: "mobile node: traffic without a tunnel is dropped",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      assertDropped(forwarder, receiveUdp(forwarder, IN, { source: AGENT }), "noTunnel");
    },
  },
  {
    name: "mobile node: traffic for another address than the home address is dropped",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
      const packet = ipv6({ destination: OTHER_HOME_ADDRESS });
      const verdict = receiveUdp(forwarder, packet, { source: AGENT });
      assertDropped(forwarder, verdict, "destinationNotHomeAddress");
    },
  },
  {
    name: "mobile node: inbound with its own address as source is dropped",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
      const packet = ipv6({ source: HOME_ADDRESS, destination: HOME_ADDRESS });
      assertDropped(forwarder, receiveUdp(forwarder, packet, { source: AGENT }), "sourceIsHomeAddress");
    },
  },
  {
    name: "mobile node: inbound with a multicast source is dropped",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
      const verdict = receiveUdp(forwarder, ipv6({ source: "ff0e::1" }), { source: AGENT });
      assertDropped(forwarder, verdict, "sourceNotUnicast");
    },
  },
  ...([["no tunnel", undefined], ["a tunnel with protocol 41", AGENT_IN_41], [
    "a tunnel in UDP",
    AGENT_IN_UDP,
  ]] as const)
    .map(([what, tunnel]): ForwardingCase => ({
      name: `mobile node: a mobility message from the home agent goes up with ${what}, whatever the port`,
      settings: AS_MOBILE_NODE,
      run: (forwarder) => {
        if (tunnel !== undefined) forwarder.setBinding(HOME_ADDRESS, tunnel, 1472);
        const source = { ...AGENT, port: 9999 };
        assertEquals(receiveUdp(forwarder, ACKNOWLEDGEMENT, { source, nowMs: 5 }), {
          kind: "signalling",
          record: {
            kind: "signalling",
            outer: source,
            encapsulation: "udp",
            packet: ACKNOWLEDGEMENT,
            arrivedMs: 5,
          },
        });
      },
    })),
  {
    name: "mobile node: a mobility message from elsewhere is dropped",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      const verdict = receiveUdp(forwarder, ACKNOWLEDGEMENT, { source: NODE });
      assertDropped(forwarder, verdict, "notFromHomeAgent");
    },
  },
  {
    name: "mobile node: a mobility message with protocol 41 is dropped",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_41, 1480);
      assertDropped(forwarder, receive41(forwarder, from41(ACKNOWLEDGEMENT)), "signallingNotInUdp");
    },
  },
  {
    name: "mobile node: a mobility message for another address does not go up",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
      const packet = ipv6({
        destination: OTHER_HOME_ADDRESS,
        nextHeader: MOBILITY,
        payload: mobilityHeader(),
      });
      const verdict = receiveUdp(forwarder, packet, { source: AGENT });
      assertDropped(forwarder, verdict, "destinationNotHomeAddress");
    },
  },
  {
    name: "mobile node: a mobility header behind a type 2 routing header goes up",
    settings: AS_MOBILE_NODE,
    run: (forwarder) => {
      const payload = extension(MOBILITY, 24, mobilityHeader());
      const packet = ipv6({ source: HOME_AGENT, destination: HOME_ADDRESS, nextHeader: 43, payload });
      const verdict = receiveUdp(forwarder, packet, { source: AGENT });
      assertEquals(verdict.kind === "signalling" && verdict.record.packet, packet);
    },
  },
];
