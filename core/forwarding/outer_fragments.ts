import type { Encapsulation } from "../control/tunnel.ts";
import { Protocol } from "../wire/constants.ts";
import { MAXIMUM_INNER_MTU, OUTER_FRAGMENT_OCTETS, SMALLEST_WHOLE_OCTETS } from "./limits.ts";
import { OUTER_IPV4_OCTETS } from "./outer_ipv4.ts";
import { OUTER_IPV6_OCTETS } from "./outer_ipv6.ts";
import { setIpv4Checksum } from "./segmentation.ts";

const FRAGMENT_HEADER_OCTETS = 8;
const MORE_FRAGMENTS = 1;
const PAYLOAD_LENGTH_OFFSET = 4;
const NEXT_HEADER_OFFSET = 6;
const IPV4_LENGTH_OFFSET = 2;
const IPV4_IDENTIFICATION_OFFSET = 4;
const IPV4_FLAGS_OFFSET = 6;
const IPV4_MORE_FRAGMENTS = 0x2000;

/** The longest inner packet that a tunnel which carries `innerMtu` octets carries whole. In UDP, the kernel cuts. */
export function wholeOctets(encapsulation: Encapsulation, innerMtu: number): number {
  if (encapsulation === "udp") return MAXIMUM_INNER_MTU;
  return Math.min(MAXIMUM_INNER_MTU, Math.max(SMALLEST_WHOLE_OCTETS, innerMtu));
}

/**
 * The two fragments of an outer IPv4 packet without options (RFC 791 section 3.2), or IPv6 packet without extension headers
 * (RFC 8200 section 4.5).
 * @param cutPackets how many were cut before
 */
export function outerFragments(packet: Uint8Array, cutPackets: number, seed: bigint): Uint8Array[] {
  const isOuterIpv4 = packet[0] >> 4 === 4;
  const headerOctets = isOuterIpv4 ? OUTER_IPV4_OCTETS : OUTER_IPV6_OCTETS;
  const header = packet.subarray(0, headerOctets);
  const cut = headerOctets + OUTER_FRAGMENT_OCTETS;
  const [first, last] = [packet.subarray(headerOctets, cut), packet.subarray(cut)];
  if (isOuterIpv4) {
    const identification = ipv4FragmentIdentification(cutPackets, seed);
    return [
      ipv4Fragment(header, first, IPV4_MORE_FRAGMENTS, identification),
      ipv4Fragment(header, last, OUTER_FRAGMENT_OCTETS / 8, identification),
    ];
  }
  const identification = ipv6FragmentIdentification(cutPackets, seed);
  return [
    ipv6Fragment(header, first, MORE_FRAGMENTS, identification),
    ipv6Fragment(header, last, OUTER_FRAGMENT_OCTETS, identification),
  ];
}

/** @param field flags, and the offset in units of 8 octets */
function ipv4Fragment(
  header: Uint8Array,
  data: Uint8Array,
  field: number,
  identification: number,
): Uint8Array {
  const fragment = new Uint8Array(header.length + data.length);
  fragment.set(header);
  fragment.set(data, header.length);
  const view = new DataView(fragment.buffer);
  view.setUint16(IPV4_LENGTH_OFFSET, fragment.length);
  view.setUint16(IPV4_IDENTIFICATION_OFFSET, identification);
  view.setUint16(IPV4_FLAGS_OFFSET, field);
  setIpv4Checksum(fragment);
  return fragment;
}

/** @param field the offset in octets, a multiple of 8, and the flag of more to come */
function ipv6Fragment(
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

/** That of the `count`th packet that is cut: 65535 in a row differ (RFC 6864 section 4.3). Never 0, which the kernel would replace. */
function ipv4FragmentIdentification(count: number, seed: bigint): number {
  return 1 + (count + Number(seed & 0xffff_ffffn) >>> 0) % 0xffff;
}

/**
 * That of the `count`th packet that is cut: all 2^32 of them differ, and who does not know the seed does not guess the next
 * one (RFC 7739). The mixing is the 32-bit finalizer of MurmurHash3.
 */
function ipv6FragmentIdentification(count: number, seed: bigint): number {
  let mixed = count + Number(seed & 0xffff_ffffn) | 0;
  mixed = Math.imul(mixed ^ mixed >>> 16, 0x85ebca6b);
  mixed = Math.imul(mixed ^ mixed >>> 13, 0xc2b2ae35);
  return (mixed ^ mixed >>> 16 ^ Number(seed >> 32n)) >>> 0;
}
