import {
  formatIpv4,
  formatIpv6,
  type IpAddress,
  isRoutableUnicastIpv4,
  isRoutableUnicastIpv6,
} from "../wire/address.ts";
import { Protocol } from "../wire/constants.ts";
import type { DropReasonName } from "./counters.ts";
import { MAXIMUM_EXTENSION_HEADERS } from "./limits.ts";

export const IPV4_HEADER_OCTETS = 20;
export const IPV6_HEADER_OCTETS = 40;
export const SOURCE_OFFSET = 8;
export const DESTINATION_OFFSET = 24;
export const IPV4_SOURCE_OFFSET = 12;
export const IPV4_DESTINATION_OFFSET = 16;
const NEXT_HEADER_OFFSET = 6;
const AUTHENTICATION_HEADER = 51;
const SPI_OCTETS = 4;

type Cut =
  | { readonly ok: true; readonly packet: Uint8Array }
  | { readonly ok: false; readonly reason: DropReasonName };

/**
 * Inner packets of RFC 5555 section 4.1 are told by their first nibble, unless the outer header says which `version`
 * there is; octets after the packet's length are cut.
 */
export function cutInnerPacket(bytes: Uint8Array, version?: 4 | 6): Cut {
  if (bytes.length === 0) return { ok: false, reason: "truncatedHeader" };
  const found = bytes[0] >> 4;
  if (found !== 4 && found !== 6 || version !== undefined && found !== version) {
    return { ok: false, reason: "unknownVersion" };
  }
  return found === 6 ? cutIpv6(bytes) : cutIpv4(bytes);
}

function cutIpv6(bytes: Uint8Array): Cut {
  if (bytes.length < IPV6_HEADER_OCTETS) return { ok: false, reason: "truncatedHeader" };
  const length = IPV6_HEADER_OCTETS + (bytes[4] << 8 | bytes[5]);
  if (length > bytes.length) return { ok: false, reason: "truncatedPacket" };
  return { ok: true, packet: bytes.subarray(0, length) };
}

function cutIpv4(bytes: Uint8Array): Cut {
  if (bytes.length < IPV4_HEADER_OCTETS) return { ok: false, reason: "truncatedHeader" };
  const length = bytes[2] << 8 | bytes[3];
  if (length > bytes.length) return { ok: false, reason: "truncatedPacket" };
  const headerLength = ipv4HeaderLength(bytes);
  if (headerLength < IPV4_HEADER_OCTETS || headerLength > length) {
    return { ok: false, reason: "innerHeaderMalformed" };
  }
  return { ok: true, packet: bytes.subarray(0, length) };
}

export function isIpv6(packet: Uint8Array): boolean {
  return packet[0] >> 4 === 6;
}

/** Octets, as the header says. */
export function ipv4HeaderLength(packet: Uint8Array): number {
  return 4 * (packet[0] & 0x0f);
}

export function sourceOf(packet: Uint8Array): IpAddress {
  return isIpv6(packet) ? formatIpv6(packet, SOURCE_OFFSET) : formatIpv4(packet, IPV4_SOURCE_OFFSET);
}

export function destinationOf(packet: Uint8Array): IpAddress {
  return isIpv6(packet)
    ? formatIpv6(packet, DESTINATION_OFFSET)
    : formatIpv4(packet, IPV4_DESTINATION_OFFSET);
}

/** May the address stand outside of its link? */
export function isRoutableUnicast(address: IpAddress): boolean {
  return address.includes(":") ? isRoutableUnicastIpv6(address) : isRoutableUnicastIpv4(address);
}

/**
 * The protocol that an IPv6 packet holds behind hop-by-hop options, routing headers and destination options, and where;
 * undefined where these contradict themselves.
 */
export function findUpperLayer(
  packet: Uint8Array,
): { readonly protocol: number; readonly offset: number } | undefined {
  let next = packet[NEXT_HEADER_OFFSET];
  let offset = IPV6_HEADER_OCTETS;
  for (let passed = 0;; passed++) {
    if (!isOptionsOrRouting(next)) return { protocol: next, offset };
    if (passed === MAXIMUM_EXTENSION_HEADERS || offset + 8 > packet.length) return undefined;
    const end = offset + 8 + 8 * packet[offset + 1];
    if (end > packet.length) return undefined;
    next = packet[offset];
    offset = end;
  }
}

/** The SPI of the ESP header at this offset (RFC 4303 section 2.1); undefined where the packet ends before it does. */
export function spiAt(packet: Uint8Array, offset: number): number | undefined {
  if (offset + SPI_OCTETS > packet.length) return undefined;
  return new DataView(packet.buffer, packet.byteOffset).getUint32(offset);
}

/** May an ICMP error be sent about this packet being too big, as far as its upper layer goes? */
export function mayBeAnsweredWithError(packet: Uint8Array): boolean {
  return isIpv6(packet) ? mayBeAnswered6(packet) : mayBeAnswered4(packet);
}

/** RFC 4443 section 2.4 (e): not about another ICMPv6 error or a redirect, and not where that cannot be told. */
function mayBeAnswered6(packet: Uint8Array): boolean {
  let next = packet[NEXT_HEADER_OFFSET];
  let offset = IPV6_HEADER_OCTETS;
  for (let passed = 0;; passed++) {
    if (next === Protocol.icmpv6) return offset < packet.length && isInformational6(packet[offset]);
    const isFragment = next === Protocol.fragment;
    const isAuthentication = next === AUTHENTICATION_HEADER;
    if (!isFragment && !isAuthentication && !isOptionsOrRouting(next)) return true;
    if (passed === MAXIMUM_EXTENSION_HEADERS || offset + 8 > packet.length) return false;
    // The upper layer's header is in the first fragment.
    if (isFragment && (packet[offset + 2] << 8 | packet[offset + 3] & 0xf8) !== 0) return true;
    next = packet[offset];
    if (isFragment) offset += 8;
    else if (isAuthentication) offset += 4 * (packet[offset + 1] + 2);
    else offset += 8 + 8 * packet[offset + 1];
    if (offset > packet.length) return false;
  }
}

/** RFC 1122 section 3.2.2: not about an ICMP error, nor a later fragment. */
function mayBeAnswered4(packet: Uint8Array): boolean {
  const fragmentOffset = (packet[6] & 0x1f) << 8 | packet[7];
  if (fragmentOffset !== 0) return false;
  if (packet[9] !== Protocol.icmpv4) return true;
  const headerLength = ipv4HeaderLength(packet);
  return headerLength < packet.length && isInformational4(packet[headerLength]);
}

function isOptionsOrRouting(next: number): boolean {
  return next === Protocol.hopByHopOptions || next === Protocol.routing ||
    next === Protocol.destinationOptions;
}

function isInformational6(type: number): boolean {
  const redirect = 137;
  return type >= 128 && type !== redirect;
}

/** Echo, timestamp and the like; errors are 3 to 5, 11 and 12 (RFC 792). */
function isInformational4(type: number): boolean {
  return type === 0 || type === 8 || type >= 13;
}
