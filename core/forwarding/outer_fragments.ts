import type { Encapsulation } from "../control/tunnel.ts";
import { Protocol } from "../wire/constants.ts";
import { MAXIMUM_INNER_MTU, OUTER_FRAGMENT_OCTETS, SMALLEST_IPV6_TUNNEL_MTU } from "./limits.ts";
import { OUTER_IPV6_OCTETS } from "./outer_ipv6.ts";

const FRAGMENT_HEADER_OCTETS = 8;
const MORE_FRAGMENTS = 1;
const PAYLOAD_LENGTH_OFFSET = 4;
const NEXT_HEADER_OFFSET = 6;

/** The longest inner packet that a tunnel which carries `innerMtu` octets carries whole. In IPv4, the kernel cuts. */
export function wholeOctets(encapsulation: Encapsulation, innerMtu: number): number {
  if (encapsulation !== "ipv6InIpv6") return MAXIMUM_INNER_MTU;
  return Math.min(MAXIMUM_INNER_MTU, Math.max(SMALLEST_IPV6_TUNNEL_MTU, innerMtu));
}

/** The two fragments of an outer IPv6 packet without extension headers (RFC 8200 section 4.5): 1280 octets, and the rest. */
export function outerFragments(packet: Uint8Array, identification: number): Uint8Array[] {
  const header = packet.subarray(0, OUTER_IPV6_OCTETS);
  const cut = OUTER_IPV6_OCTETS + OUTER_FRAGMENT_OCTETS;
  return [
    outerFragment(header, packet.subarray(OUTER_IPV6_OCTETS, cut), MORE_FRAGMENTS, identification),
    outerFragment(header, packet.subarray(cut), OUTER_FRAGMENT_OCTETS, identification),
  ];
}

/** @param field the offset in octets, a multiple of 8, and the flag of more to come */
function outerFragment(
  header: Uint8Array,
  data: Uint8Array,
  field: number,
  identification: number,
): Uint8Array {
  const start = header.length + FRAGMENT_HEADER_OCTETS;
  const fragment = new Uint8Array(start + data.length);
  fragment.set(header);
  fragment.set(data, start);
  const view = new DataView(fragment.buffer);
  view.setUint16(PAYLOAD_LENGTH_OFFSET, FRAGMENT_HEADER_OCTETS + data.length);
  view.setUint8(NEXT_HEADER_OFFSET, Protocol.fragment);
  view.setUint8(header.length, header[NEXT_HEADER_OFFSET]);
  view.setUint16(header.length + 2, field);
  view.setUint32(header.length + 4, identification);
  return fragment;
}

/**
 * The identification of the `count`th packet that is cut: all 2^32 of them differ, and who does not know the seed does not
 * guess the next one (RFC 7739). The mixing is the 32-bit finalizer of MurmurHash3.
 */
export function fragmentIdentification(count: number, seed: bigint): number {
  let mixed = count + Number(seed & 0xffff_ffffn) | 0;
  mixed = Math.imul(mixed ^ mixed >>> 16, 0x85ebca6b);
  mixed = Math.imul(mixed ^ mixed >>> 13, 0xc2b2ae35);
  return (mixed ^ mixed >>> 16 ^ Number(seed >> 32n)) >>> 0;
}
