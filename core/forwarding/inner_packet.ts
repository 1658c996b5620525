import { formatIpv6, isRoutableUnicastIpv6 } from "../wire/address.ts";
import { Protocol } from "../wire/constants.ts";
import type { DropReasonName } from "./counters.ts";
import { MAXIMUM_EXTENSION_HEADERS } from "./limits.ts";

export const IPV6_HEADER_OCTETS = 40;
export const SOURCE_OFFSET = 8;
export const DESTINATION_OFFSET = 24;
const NEXT_HEADER_OFFSET = 6;
const AUTHENTICATION_HEADER = 51;

/** Inner packets of RFC 5555 section 4.1 are told by their first nibble; octets after the packet's length are cut. */
export function cutInnerPacket(bytes: Uint8Array, { ipv6Only }: { readonly ipv6Only: boolean }):
  | { readonly ok: true; readonly packet: Uint8Array }
  | { readonly ok: false; readonly reason: DropReasonName } {
  if (bytes.length === 0) return { ok: false, reason: "truncatedHeader" };
  const version = bytes[0] >> 4;
  if (version === 4 && !ipv6Only) return { ok: false, reason: "ipv4NotCarried" };
  if (version !== 6) return { ok: false, reason: "unknownVersion" };
  if (bytes.length < IPV6_HEADER_OCTETS) return { ok: false, reason: "truncatedHeader" };
  const length = IPV6_HEADER_OCTETS + (bytes[4] << 8 | bytes[5]);
  if (length > bytes.length) return { ok: false, reason: "truncatedPacket" };
  return { ok: true, packet: bytes.subarray(0, length) };
}

export function isUnicastAt(packet: Uint8Array, offset: number): boolean {
  return isRoutableUnicastIpv6(formatIpv6(packet, offset));
}

/**
 * Is the upper layer a mobility header (RFC 6275 6.1)? Looks behind hop-by-hop options, routing headers and
 * destination options; behind nothing else.
 */
export function findMobilityHeader(packet: Uint8Array): "mobility" | "other" | "malformed" {
  let next = packet[NEXT_HEADER_OFFSET];
  let offset = IPV6_HEADER_OCTETS;
  for (let passed = 0;; passed++) {
    if (next === Protocol.mobilityHeader) return "mobility";
    if (!isOptionsOrRouting(next)) return "other";
    if (passed === MAXIMUM_EXTENSION_HEADERS || offset + 8 > packet.length) return "malformed";
    const end = offset + 8 + 8 * packet[offset + 1];
    if (end > packet.length) return "malformed";
    next = packet[offset];
    offset = end;
  }
}

/**
 * May an ICMPv6 error be sent about this packet, as far as its upper layer goes (RFC 4443 section 2.4 (e))? Not
 * about another ICMPv6 error or a redirect, and not where that cannot be told.
 */
export function mayBeAnsweredWithError(packet: Uint8Array): boolean {
  let next = packet[NEXT_HEADER_OFFSET];
  let offset = IPV6_HEADER_OCTETS;
  for (let passed = 0;; passed++) {
    if (next === Protocol.icmpv6) return offset < packet.length && isInformational(packet[offset]);
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

function isOptionsOrRouting(next: number): boolean {
  return next === Protocol.hopByHopOptions || next === Protocol.routing ||
    next === Protocol.destinationOptions;
}

function isInformational(type: number): boolean {
  const redirect = 137;
  return type >= 128 && type !== redirect;
}
