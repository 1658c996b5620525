import { assertEquals } from "@std/assert";
import type { Encapsulation, TunnelEnd } from "../../core/control/tunnel.ts";
import type { Forwarder, InboundVerdict, TunPacket } from "../../core/forwarding/forwarder.ts";
import * as map from "../../wasm/memory_map.ts";
import { ALL_OFFLOADS, type SystemCallCounts, WasmForwarder } from "../../wasm/wasm_forwarder.ts";
import {
  AS_HOME_AGENT,
  type ForwardingCase,
  NODE,
  NODE_IN_41,
  NODE_IN_IPV6,
  NODE_IN_UDP,
  NOW_MS,
} from "./case_tools.ts";
import {
  CARE_OF_ADDRESS,
  checksum,
  concat,
  counting,
  HOME_ADDRESS,
  HOME_AGENT,
  HOME_AGENT_V4,
  HOME_IPV4_ADDRESS,
  ipv4,
  ipv6,
  IPV6_CARE_OF_ADDRESS,
} from "./packets.ts";

/** What the cases with offloads have in common: a home agent and one mobile node, with both home addresses. */

export const TUNNELS: readonly TunnelEnd[] = [NODE_IN_UDP, NODE_IN_41, NODE_IN_IPV6];

export function bindNode(forwarder: Forwarder, tunnel: TunnelEnd = NODE_IN_UDP, innerMtu = 1472): void {
  forwarder.setOuterSource(HOME_AGENT_V4);
  forwarder.setOuterSource(HOME_AGENT);
  forwarder.setBinding(HOME_ADDRESS, tunnel, innerMtu);
  forwarder.setBinding(HOME_IPV4_ADDRESS, tunnel, innerMtu);
}

/** A case of a home agent whose node is bound. */
export function atHomeAgent(name: string, run: (forwarder: Forwarder) => void): ForwardingCase {
  return {
    name,
    settings: AS_HOME_AGENT,
    run: (forwarder) => {
      bindNode(forwarder);
      run(forwarder);
    },
  };
}

/** The packet leaves as these, in UDP and with protocols 41 and 4 in IPv4 and IPv6, and is counted so. */
export function assertLeavesAs(
  forwarder: Forwarder,
  packet: TunPacket,
  expected: readonly Uint8Array[],
): void {
  const typeOfService = typeOfServiceOf(expected[0]);
  for (const tunnel of TUNNELS) {
    bindNode(forwarder, tunnel);
    const before = forwarder.counters();
    const [verdict] = forwarder.outbound([packet], NOW_MS);
    const datagrams = expected.map(OUTER_PACKETS[tunnel.encapsulation]);
    assertEquals(verdict, { kind: "send", ...tunnel, typeOfService, datagrams });
    const after = forwarder.counters();
    const octets = expected.reduce((sum, { length }) => sum + length, 0);
    assertEquals(after.encapsulatedPackets - before.encapsulatedPackets, expected.length);
    assertEquals(after.encapsulatedOctets - before.encapsulatedOctets, octets);
  }
}

/** What the home agent's socket gets for an inner packet. */
const OUTER_PACKETS: Readonly<Record<Encapsulation, (inner: Uint8Array) => Uint8Array>> = {
  udp: (inner) => inner,
  ipv6InIpv4: inIpv4,
  ipv6InIpv6: inIpv6,
};

/** With the outer header that the home agent's raw socket gets. */
export function inIpv4(inner: Uint8Array): Uint8Array {
  return ipv4({
    source: HOME_AGENT_V4,
    destination: CARE_OF_ADDRESS,
    protocol: protocolOf(inner),
    typeOfService: typeOfServiceOf(inner),
    payload: inner,
  });
}

/** The same over IPv6 (RFC 2473 section 5.1). */
export function inIpv6(inner: Uint8Array): Uint8Array {
  return ipv6({
    source: HOME_AGENT,
    destination: IPV6_CARE_OF_ADDRESS,
    nextHeader: protocolOf(inner),
    trafficClass: typeOfServiceOf(inner),
    flowLabel: 0,
    hopLimit: 64,
    payload: inner,
  });
}

function protocolOf(inner: Uint8Array): number {
  return inner[0] >> 4 === 6 ? 41 : 4;
}

function typeOfServiceOf(packet: Uint8Array): number {
  return packet[0] >> 4 === 6 ? (packet[0] & 0x0f) << 4 | packet[1] >> 4 : packet[1];
}

/** Packets of the node, in one batch: a read for each. */
export function receive(
  forwarder: Forwarder,
  packets: readonly Uint8Array[],
  { typeOfService = 0, encapsulation = "udp" }: {
    readonly typeOfService?: number;
    readonly encapsulation?: Encapsulation;
  } = {},
): InboundVerdict[] {
  const innerVersion = packets[0][0] >> 4 === 4 ? 4 : 6;
  const datagrams = packets.map((packet) => ({
    bytes: encapsulation === "ipv6InIpv4"
      ? ipv4({ protocol: protocolOf(packet), typeOfService, payload: packet })
      : packet,
    source: encapsulation === "ipv6InIpv6" ? NODE_IN_IPV6 : NODE,
    typeOfService,
    innerVersion,
  } as const));
  return forwarder.inbound(encapsulation, datagrams, NOW_MS);
}

/**
 * These packets of the node all reach the TUN device as they are, in every encapsulation.
 * @param writes how many writes to the TUN device they take where all offloads are there
 */
export function assertDeliveredIn(
  forwarder: Forwarder,
  writes: number | undefined,
  packets: readonly Uint8Array[],
  { typeOfService = 0, expected = packets }: {
    readonly typeOfService?: number;
    readonly expected?: readonly Uint8Array[];
  } = {},
): void {
  const isOfOneVersion = new Set(packets.map(protocolOf)).size === 1;
  for (const tunnel of TUNNELS) {
    const { encapsulation } = tunnel;
    // Over IPv6, each version has a socket of its own.
    if (encapsulation === "ipv6InIpv6" && !isOfOneVersion) continue;
    bindNode(forwarder, tunnel);
    const verdicts = countingWrites(
      forwarder,
      writes,
      () => receive(forwarder, packets, { typeOfService, encapsulation }),
    );
    assertDeliveredAs(verdicts, expected);
  }
}

export function assertDeliveredAs(
  verdicts: readonly InboundVerdict[],
  expected: readonly Uint8Array[],
): void {
  assertEquals(verdicts.map(comparable), expected.map((bytes) => comparable({ kind: "deliver", bytes })));
}

/** Packets of the node in one read (UDP_GRO): all of one length, the last perhaps shorter. */
export function receiveMerged(
  forwarder: Forwarder,
  packets: readonly Uint8Array[],
  { typeOfService = 0, datagramOctets = packets[0].length } = {},
): InboundVerdict[] {
  return forwarder.inbound("udp", [
    { bytes: concat(...packets), datagramOctets, source: NODE, typeOfService },
  ], NOW_MS);
}

/** Does something that takes so many writes to the TUN device, where all offloads are there. */
export function countingWrites<Result>(
  forwarder: Forwarder,
  expected: number | undefined,
  act: () => Result,
): Result {
  return countingCalls("tunWrites", forwarder, expected, act);
}

/** The same for messages to the UDP socket. */
export function countingMessages<Result>(forwarder: Forwarder, expected: number, act: () => Result): Result {
  return countingCalls("udpMessages", forwarder, expected, act);
}

function countingCalls<Result>(
  what: keyof SystemCallCounts,
  forwarder: Forwarder,
  expected: number | undefined,
  act: () => Result,
): Result {
  if (!(forwarder instanceof WasmForwarder)) return act();
  const before = forwarder.systemCallCounts()[what];
  const result = act();
  const calls = forwarder.systemCallCounts()[what] - before;
  if (expected !== undefined && hasAllOffloads(forwarder)) assertEquals(calls, expected, what);
  return result;
}

function hasAllOffloads(forwarder: WasmForwarder): boolean {
  return new DataView(forwarder.memory.buffer).getUint32(map.OFFLOADS, true) === ALL_OFFLOADS;
}

/**
 * A verdict as merging may leave it: the identification of an unfragmentable IPv4 packet says nothing (RFC 6864 section
 * 4.1), and changes where packets are merged and cut again.
 */
export function comparable<Verdict extends { readonly kind: string }>(verdict: Verdict): Verdict {
  if (!("bytes" in verdict) || !(verdict.bytes instanceof Uint8Array)) return verdict;
  return { ...verdict, bytes: withoutIdentification(verdict.bytes) };
}

function withoutIdentification(packet: Uint8Array): Uint8Array {
  const headerLength = 4 * (packet[0] & 0x0f);
  const isAtomic = packet[0] >> 4 === 4 && (packet[6] & 0x7f) === 0x40 && packet[7] === 0;
  if (!isAtomic || checksum(packet.subarray(0, headerLength)) !== 0) return packet;
  const bytes = packet.slice();
  bytes.set([0, 0], 4);
  bytes.set([0, 0], 10);
  return bytes;
}

/** Payload of so many octets that differs from place to place. */
export function payloadOf(octets: number): Uint8Array<ArrayBuffer> {
  return counting(octets).map((octet, at) => octet ^ at >> 8);
}
