import { assert, assertEquals } from "@std/assert";
import type { TunnelEnd } from "../../core/control/tunnel.ts";
import type { Forwarder } from "../../core/forwarding/forwarder.ts";
import {
  AS_HOME_AGENT,
  assertDelivered,
  type ForwardingCase,
  NODE,
  NODE_IN_41,
  NODE_IN_IPV6,
  NODE_IN_UDP,
  receive41,
  receiveIpv6,
  receiveUdp,
  send,
} from "./case_tools.ts";
import { CORRESPONDENT, HOME_ADDRESS, ipv4, ipv6 } from "./packets.ts";
import { fromNode, toNode, udp } from "./transport_packets.ts";

/** An address and prefixes from long to short, each with an address that is in it and in no longer one. */
const NESTED = [
  ["198.18.44.5", "198.18.44.5"],
  [{ address: "198.18.44.4", length: 31 }, "198.18.44.4"],
  [{ address: "198.18.44.0", length: 24 }, "198.18.44.255"],
  [{ address: "198.18.32.0", length: 20 }, "198.18.47.255"],
  [{ address: "198.0.0.0", length: 8 }, "198.18.31.255"],
  [{ address: "128.0.0.0", length: 1 }, "197.255.255.255"],
] as const;
const portOf = (index: number) => 1000 + index;
const tunnelOf = (index: number): TunnelEnd => ({ ...NODE_IN_UDP, port: portOf(index) });

function to(destination: string): Uint8Array {
  return udp({ ...toNode(4), destination });
}

function from(source: string): Uint8Array {
  return udp({ ...fromNode(4), source });
}

/** Which of NESTED an address belongs to; undefined for none. */
function ownerOf(forwarder: Forwarder, packet: Uint8Array): number | undefined {
  const verdict = send(forwarder, packet);
  return verdict.kind === "send" ? verdict.port - portOf(0) : undefined;
}

function atHomeAgent(name: string, run: (forwarder: Forwarder) => void): ForwardingCase {
  return { name: `home agent: ${name}`, settings: AS_HOME_AGENT, run };
}

/** IPv4 prefixes in the home agent's bindings (RFC 5555 section 3.1.1, the P flag). */
export const ipv4PrefixCases: readonly ForwardingCase[] = [
  ...(["longest first", "shortest first"] as const).map((order) =>
    atHomeAgent(`the longest IPv4 prefix wins, an address before all, bound ${order}`, (forwarder) => {
      const all = [...NESTED.entries()];
      for (const [index, [bound]] of order === "longest first" ? all : all.toReversed()) {
        forwarder.setBinding(bound, tunnelOf(index), 1472);
      }
      for (const [index, [, inside]] of all) {
        assertEquals(ownerOf(forwarder, to(inside)), index, inside);
      }
      assertEquals(ownerOf(forwarder, to("1.2.3.4")), undefined);
      // What is unbound falls to the next longest.
      for (const [index, [bound, inside]] of all) {
        forwarder.removeBinding(bound);
        const next = index + 1 < NESTED.length ? index + 1 : undefined;
        assertEquals(ownerOf(forwarder, to(inside)), next, inside);
      }
    })
  ),
  atHomeAgent("addresses next to an IPv4 network are not in it", (forwarder) => {
    forwarder.setBinding({ address: "198.18.44.64", length: 26 }, tunnelOf(0), 1472);
    for (const inside of ["198.18.44.64", "198.18.44.127"]) {
      assertEquals(ownerOf(forwarder, to(inside)), 0, inside);
    }
    for (const outside of ["198.18.44.63", "198.18.44.128", "198.18.43.64"]) {
      assertEquals(ownerOf(forwarder, to(outside)), undefined, outside);
    }
    assertEquals(forwarder.counters().dropped, { noBinding: 3 });
  }),
  atHomeAgent("RFC 6275 10.4.5: an IPv4 source is taken from the tunnel of its network only", (forwarder) => {
    for (const [index, [bound]] of NESTED.entries()) forwarder.setBinding(bound, tunnelOf(index), 1472);
    for (const [owner, [, source]] of NESTED.entries()) {
      for (const index of NESTED.keys()) {
        const verdict = receiveUdp(forwarder, from(source), { source: { ...NODE, port: portOf(index) } });
        if (index === owner) assertDelivered(verdict, from(source));
        else assertEquals(verdict.kind === "drop" && verdict.reason, "sourceNotBound", `${source} ${index}`);
      }
    }
    assert(forwarder.counters().unboundReports > 0);
  }),
  atHomeAgent(
    "RFC 6275 10.4.5: in every encapsulation a node's IPv4 source comes from its own care-of address only",
    (forwarder) => {
      const nodes = [
        ["198.18.1.1", { ...NODE_IN_UDP, address: "203.0.113.1" }],
        ["198.18.1.2", { ...NODE_IN_UDP, address: "203.0.113.2" }],
        ["198.18.2.1", { ...NODE_IN_41, address: "203.0.113.3" }],
        ["198.18.2.2", { ...NODE_IN_41, address: "203.0.113.4" }],
        ["198.18.3.1", { ...NODE_IN_IPV6, address: "2001:db8:f::1" }],
        ["198.18.3.2", { ...NODE_IN_IPV6, address: "2001:db8:f::2" }],
      ] as const;
      for (const [address, tunnel] of nodes) forwarder.setBinding(address, tunnel, 1400);
      const comesBy = ({ encapsulation, address, port }: TunnelEnd, packet: Uint8Array) => {
        if (encapsulation === "ipv6InIpv6") return receiveIpv6(forwarder, packet, { source: address });
        if (encapsulation === "udp") return receiveUdp(forwarder, packet, { source: { address, port } });
        return receive41(forwarder, ipv4({ protocol: 4, source: address, payload: packet }));
      };
      for (const [address, own] of nodes) {
        for (const [, tunnel] of nodes) {
          const verdict = comesBy(tunnel, from(address));
          if (tunnel === own) assertDelivered(verdict, from(address));
          else assertEquals(verdict.kind === "drop" && verdict.reason, "sourceNotBound");
        }
      }
    },
  ),
  atHomeAgent("a prefix of all bits is its address", (forwarder) => {
    const both = [["198.18.44.5", 32, to("198.18.44.5")], [HOME_ADDRESS, 128, ipv6()]] as const;
    for (const [address, length, packet] of both) {
      forwarder.setBinding({ address, length }, tunnelOf(0), 1472);
      forwarder.setBinding(address, tunnelOf(1), 1472);
      assertEquals(ownerOf(forwarder, packet), 1);
      forwarder.removeBinding({ address, length });
      assertEquals(ownerOf(forwarder, packet), undefined);
    }
  }),
  atHomeAgent("no IPv6 prefix has an IPv4 address in it, and no IPv4 prefix an IPv6 one", (forwarder) => {
    const zeros = [1, 2, 64, 79].map((length) => ({ address: "::", length }));
    for (const [index, bound] of zeros.entries()) forwarder.setBinding(bound, tunnelOf(index), 1472);
    for (const address of ["198.18.44.5", "1.2.3.4", "223.255.255.254"]) {
      assertEquals(ownerOf(forwarder, to(address)), undefined, address);
      const verdict = receiveUdp(forwarder, from(address));
      assertEquals(verdict.kind === "drop" && verdict.reason, "sourceNotBound");
    }
    // Beside them, IPv4 has its own.
    forwarder.setBinding({ address: "198.0.0.0", length: 8 }, tunnelOf(7), 1472);
    assertEquals(ownerOf(forwarder, to("198.18.44.5")), 7);
    assertEquals(ownerOf(forwarder, to("199.0.0.1")), undefined);
    for (const bound of zeros) forwarder.removeBinding(bound);
    assertEquals(ownerOf(forwarder, ipv6({ source: CORRESPONDENT, destination: "::c612:2c05" })), undefined);
    assertEquals(ownerOf(forwarder, to("198.18.44.5")), 7);
  }),
];
