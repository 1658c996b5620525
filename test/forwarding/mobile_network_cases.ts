import { assertEquals } from "@std/assert";
import type { TunnelEnd } from "../../core/control/tunnel.ts";
import type { Forwarder } from "../../core/forwarding/forwarder.ts";
import {
  AGENT,
  AGENT_IN_UDP,
  AS_HOME_AGENT,
  AS_MOBILE_NODE,
  assertDelivered,
  assertDropped,
  assertSent,
  type ForwardingCase,
  NODE,
  NODE_IN_41,
  NODE_IN_UDP,
  receive41,
  receiveUdp,
  send,
} from "./case_tools.ts";
import { CORRESPONDENT, HOME_ADDRESS, HOME_AGENT, ipv4, ipv6, MOBILITY, mobilityHeader } from "./packets.ts";

const SHORT = { address: "2001:db8:a00::", length: 40 };
const MIDDLE = { address: "2001:db8:a0b::", length: 48 };
const LONG = { address: "2001:db8:a0b:c::", length: 64 };
const LONGER_THAN_64 = { address: "2001:db8:a0b:c:8000::", length: 65 };
const IN_LONG = "2001:db8:a0b:c::1";
/** The prefixes and an address from long to short, each with an address that is in it and in no longer one. */
const NESTED = [
  ["2001:db8:a0b:c:8000::1", "2001:db8:a0b:c:8000::1"],
  [LONGER_THAN_64, "2001:db8:a0b:c:ffff:ffff:ffff:ffff"],
  [LONG, "2001:db8:a0b:c:7fff:ffff:ffff:ffff"],
  [MIDDLE, "2001:db8:a0b:d::"],
  [SHORT, "2001:db8:a0c::1"],
] as const;
const portOf = (index: number) => 1000 + index;
const tunnelOf = (index: number): TunnelEnd => ({ ...NODE_IN_UDP, port: portOf(index) });

function to(destination: string): Uint8Array {
  return ipv6({ source: CORRESPONDENT, destination });
}

function from(source: string): Uint8Array {
  return ipv6({ source, destination: CORRESPONDENT });
}

/** Which of NESTED an address belongs to; undefined for none. */
function ownerOf(forwarder: Forwarder, destination: string): number | undefined {
  const verdict = send(forwarder, to(destination));
  return verdict.kind === "send" ? verdict.port - portOf(0) : undefined;
}

/** From a mobile node in the network: the care-of address is the source. */
const NESTED_UPDATE = ipv6({
  source: IN_LONG,
  destination: HOME_AGENT,
  nextHeader: MOBILITY,
  payload: mobilityHeader(),
});

const homeAgent: readonly ForwardingCase[] = [
  {
    name:
      "RFC 3963 3: home agent: a mobility message from a mobile network goes to this host, as all that comes from there",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, NODE_IN_UDP, 1472);
      forwarder.setBinding(LONG, NODE_IN_UDP, 1472);
      assertDelivered(receiveUdp(forwarder, NESTED_UPDATE), NESTED_UPDATE);
      const elsewhere = receiveUdp(forwarder, NESTED_UPDATE, { source: { ...NODE, port: 1 } });
      assertEquals(elsewhere.kind === "drop" && elsewhere.reason, "sourceNotBound");
      // The mobile router's own, and that of an address which is bound itself.
      const own = ipv6({
        source: HOME_ADDRESS,
        destination: HOME_AGENT,
        nextHeader: MOBILITY,
        payload: mobilityHeader(),
      });
      assertEquals(receiveUdp(forwarder, own).kind, "signalling");
      forwarder.setBinding(IN_LONG, NODE_IN_UDP, 1472);
      assertEquals(receiveUdp(forwarder, NESTED_UPDATE).kind, "signalling");
      forwarder.removeBinding(IN_LONG);
      forwarder.setBinding(LONG, NODE_IN_41, 1480);
      assertDelivered(receive41(forwarder, ipv4({ payload: NESTED_UPDATE })), NESTED_UPDATE);
    },
  },
  ...(["longest first", "shortest first"] as const).map((order): ForwardingCase => ({
    name:
      `RFC 3963 6.4 N-045, 6.5 N-046: home agent: the longest prefix wins, an address before all, bound ${order}`,
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      const all = [...NESTED.entries()];
      for (const [index, [bound]] of order === "longest first" ? all : all.toReversed()) {
        forwarder.setBinding(bound, tunnelOf(index), 1472);
      }
      for (const [index, [, inside]] of NESTED.entries()) {
        assertEquals(ownerOf(forwarder, inside), index, inside);
      }
      // What is unbound falls to the next longest.
      for (const [index, [bound, inside]] of NESTED.entries()) {
        forwarder.removeBinding(bound);
        const next = index + 1 < NESTED.length ? index + 1 : undefined;
        assertEquals(ownerOf(forwarder, inside), next, inside);
      }
    },
  })),
  {
    name: "home agent: addresses next to a mobile network are not in it",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      forwarder.setBinding(LONG, tunnelOf(2), 1472);
      const inside = ["2001:db8:a0b:c::", "2001:db8:a0b:c:ffff:ffff:ffff:ffff"];
      for (const address of inside) assertEquals(ownerOf(forwarder, address), 2, address);
      const outside = ["2001:db8:a0b:b:ffff:ffff:ffff:ffff", "2001:db8:a0b:d::"];
      for (const address of outside) assertEquals(ownerOf(forwarder, address), undefined, address);
      assertEquals(forwarder.counters().dropped, { noBinding: 2 });
    },
  },
  {
    name: "RFC 3963 6.4 N-045: home agent: a source in a mobile network is taken from its own tunnel only",
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      for (const [index, [bound]] of NESTED.entries()) {
        forwarder.setBinding(bound, tunnelOf(index), 1472);
      }
      for (const [owner, [, source]] of NESTED.entries()) {
        for (const sender of NESTED.keys()) {
          const outer = { ...NODE, port: portOf(sender) };
          const verdict = receiveUdp(forwarder, from(source), { source: outer });
          if (sender === owner) assertDelivered(verdict, from(source));
          else assertEquals(verdict.kind === "drop" && verdict.reason, "sourceNotBound");
        }
      }
      const others = NESTED.length * (NESTED.length - 1);
      assertEquals(forwarder.counters().dropped, { sourceNotBound: others });
    },
  },
];

const AS_MOBILE_ROUTER = { ...AS_MOBILE_NODE, mobileNetworkPrefixes: [SHORT, LONG] };

const mobileRouter: readonly ForwardingCase[] = [
  {
    name: "RFC 3963 5.5: mobile router: its networks send and receive through the tunnel of the home address",
    settings: AS_MOBILE_ROUTER,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
      for (const address of [IN_LONG, "2001:db8:aff:ffff:ffff:ffff:ffff:ffff", HOME_ADDRESS]) {
        assertSent(send(forwarder, from(address)), {
          encapsulation: "udp",
          ...AGENT,
          datagrams: [from(address)],
        });
        assertDelivered(receiveUdp(forwarder, to(address), { source: AGENT }), to(address));
      }
    },
  },
  ...(["2001:db8:9ff:ffff::1", "2001:db8:b00::"] as const).map((address): ForwardingCase => ({
    name: `RFC 3963 5.5: mobile router: ${address} is next to its network, and sends and receives nothing`,
    settings: AS_MOBILE_ROUTER,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
      assertDropped(forwarder, send(forwarder, from(address)), "sourceNotHomeAddress");
      const verdict = receiveUdp(forwarder, to(address), { source: AGENT });
      assertEquals(verdict.kind === "drop" && verdict.reason, "destinationNotHomeAddress");
    },
  })),
  {
    name:
      "RFC 6276 3.1: mobile router: the prefixes that it gets later are its networks, those that it loses are not",
    settings: AS_MOBILE_ROUTER,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
      const ends = ["2001:db8:a00::1", "2001:db8:d1::1", "2001:db8:d2::1"];
      const networks = [SHORT, { address: "2001:db8:d1::", length: 64 }, {
        address: "2001:db8:d2::",
        length: 56,
      }];
      for (const owned of [[0], [0, 1], [0, 1, 2], [0, 2], [2], [], [1]]) {
        forwarder.setMobileNetworkPrefixes(owned.map((index) => networks[index]));
        const sending = ends.map((end) => send(forwarder, from(end)).kind);
        assertEquals(sending, ends.map((_, index) => owned.includes(index) ? "send" : "drop"));
        const receiving = ends.map((end) =>
          receiveUdp(forwarder, to(end), { source: AGENT }).kind === "drop"
        );
        assertEquals(receiving, ends.map((_, index) => !owned.includes(index)));
      }
    },
  },
  {
    name: "RFC 3963 5.5: mobile router: what claims to come from its own network does not come in",
    settings: AS_MOBILE_ROUTER,
    run: (forwarder) => {
      forwarder.setBinding(HOME_ADDRESS, AGENT_IN_UDP, 1472);
      const packet = ipv6({ source: IN_LONG, destination: HOME_ADDRESS });
      assertDropped(forwarder, receiveUdp(forwarder, packet, { source: AGENT }), "sourceIsHomeAddress");
    },
  },
];

/** Mobile networks (RFC 3963): bindings of prefixes at the home agent, and the router's own prefixes. */
export const mobileNetworkCases: readonly ForwardingCase[] = [...homeAgent, ...mobileRouter];
