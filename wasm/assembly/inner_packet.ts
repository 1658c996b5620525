import { DropReason } from "../../core/forwarding/drop_reason";
import { MAXIMUM_EXTENSION_HEADERS } from "../../core/forwarding/limits";
import { IPV4_DESTINATION_KEY, IPV4_SOURCE_KEY } from "../memory_map";

export const IPV4_HEADER_OCTETS = 20;
export const IPV6_HEADER_OCTETS = 40;
export const SOURCE_OFFSET = 8;
export const DESTINATION_OFFSET = 24;
const NEXT_HEADER_OFFSET = 6;

const HOP_BY_HOP_OPTIONS = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const AUTHENTICATION = 51;
const ICMPV6 = 58;
const DESTINATION_OPTIONS = 60;
export const ESP = 50;
export const MOBILITY = 135;
export const IS_MALFORMED = -1;

@inline
export function isIpv6(packet: usize): bool {
  return load<u8>(packet) >> 4 == 6;
}

/**
 * The length of the IP packet that begins here and has at most `octets` octets; negative, with ~ the drop
 * reason, where there is none. `version` is 4 or 6, or 0 for either.
 */
@inline
export function innerLength(packet: usize, octets: i32, version: u32): i32 {
  if (octets == 0) return ~DropReason.truncatedHeader;
  const found = load<u8>(packet) >> 4;
  if (version != 0 ? found != version : found != 6 && found != 4) return ~DropReason.unknownVersion;
  if (found == 4) return ipv4Length(packet, octets);
  if (octets < IPV6_HEADER_OCTETS) return ~DropReason.truncatedHeader;
  const length = IPV6_HEADER_OCTETS + <i32>bswap<u16>(load<u16>(packet, 4));
  return length > octets ? ~DropReason.truncatedPacket : length;
}

/** Octets, as the header says. */
@inline
export function ipv4HeaderLength(packet: usize): i32 {
  return <i32>(load<u8>(packet) & 0x0f) << 2;
}

function ipv4Length(packet: usize, octets: i32): i32 {
  if (octets < IPV4_HEADER_OCTETS) return ~DropReason.truncatedHeader;
  const headerLength = ipv4HeaderLength(packet);
  const length = <i32>bswap<u16>(load<u16>(packet, 2));
  if (length > octets) return ~DropReason.truncatedPacket;
  return headerLength < IPV4_HEADER_OCTETS || headerLength > length ? ~DropReason.innerHeaderMalformed : length;
}

/** The source address as a key of the binding table: in the packet, or for IPv4 at IPV4_SOURCE_KEY. */
@inline
export function sourceKey(packet: usize): usize {
  return isIpv6(packet) ? packet + SOURCE_OFFSET : mappedKey(IPV4_SOURCE_KEY, load<u32>(packet, 12));
}

@inline
export function destinationKey(packet: usize): usize {
  return isIpv6(packet) ? packet + DESTINATION_OFFSET : mappedKey(IPV4_DESTINATION_KEY, load<u32>(packet, 16));
}

@inline
function mappedKey(key: usize, address: u32): usize {
  store<u64>(key, 0);
  store<u32>(key, 0xffff0000, 8);
  store<u32>(key, address, 12);
  return key;
}

/**
 * May the address of a packet of this version stand outside of its link? IPv6: not ::, ::1, multicast, link-local or
 * IPv4-mapped. IPv4: not 0/8, 127/8, 169.254/16, nor 224/3. Loads are little-endian: the first octet is the lowest.
 */
@inline
export function isUnicastAt(key: usize, isVersion6: bool): bool {
  if (!isVersion6) return isUnicastIpv4(load<u32>(key, 12));
  const head = load<u16>(key);
  if ((head & 0xff) == 0xff || (head & 0xc0ff) == 0x80fe) return false;
  if (load<u64>(key) != 0) return true;
  const low = load<u64>(key, 8);
  if ((low & 0x00ffffffffffffff) == 0 && (low >>> 56) <= 1) return false;
  return <u32>low != 0xffff0000;
}

function isUnicastIpv4(address: u32): bool {
  const first = address & 0xff;
  return first != 0 && first != 127 && first < 224 && (address & 0xffff) != 0xfea9;
}

@inline
export function isSameAddress(one: usize, other: usize): bool {
  return load<u64>(one) == load<u64>(other) && load<u64>(one, 8) == load<u64>(other, 8);
}

/** IPv6 traffic class, or IPv4 type of service. */
@inline
export function trafficClass(packet: usize): u32 {
  const head = <u32>bswap<u16>(load<u16>(packet));
  return (isIpv6(packet) ? head >> 4 : head) & 0xff;
}

@inline
function isOptionsOrRouting(next: u32): bool {
  return next == HOP_BY_HOP_OPTIONS || next == ROUTING || next == DESTINATION_OPTIONS;
}

/** Where the last findUpperLayer() has found it, from the packet's first octet on. */
export let upperLayerOffset: i32 = 0;

/**
 * The protocol that an IPv6 packet holds behind hop-by-hop options, routing headers and destination options, or
 * IS_MALFORMED.
 */
export function findUpperLayer(packet: usize, length: i32): i32 {
  let next = <u32>load<u8>(packet, NEXT_HEADER_OFFSET);
  let offset = IPV6_HEADER_OCTETS;
  let passed = 0;
  while (true) {
    if (!isOptionsOrRouting(next)) {
      upperLayerOffset = offset;
      return next;
    }
    if (passed++ == MAXIMUM_EXTENSION_HEADERS || offset + 8 > length) return IS_MALFORMED;
    const end = offset + 8 + (<i32>load<u8>(packet + offset, 1) << 3);
    if (end > length) return IS_MALFORMED;
    next = load<u8>(packet + offset);
    offset = end;
  }
}

/** May an ICMPv6 error be sent about this IPv6 packet (RFC 4443 section 2.4 (e))? */
export function mayBeAnsweredWithError(packet: usize, length: i32): bool {
  let next = <u32>load<u8>(packet, NEXT_HEADER_OFFSET);
  let offset = IPV6_HEADER_OCTETS;
  let passed = 0;
  while (true) {
    if (next == ICMPV6) return offset < length && isInformational(load<u8>(packet + offset));
    if (next != FRAGMENT && next != AUTHENTICATION && !isOptionsOrRouting(next)) return true;
    if (passed++ == MAXIMUM_EXTENSION_HEADERS || offset + 8 > length) return false;
    const header = packet + offset;
    // The upper layer's header is in the first fragment.
    if (next == FRAGMENT && (load<u16>(header, 2) & 0xf8ff) != 0) return true;
    if (next == FRAGMENT) offset += 8;
    else if (next == AUTHENTICATION) offset += (<i32>load<u8>(header, 1) + 2) << 2;
    else offset += 8 + (<i32>load<u8>(header, 1) << 3);
    next = load<u8>(header);
    if (offset > length) return false;
  }
}

@inline
function isInformational(type: u32): bool {
  const redirect: u32 = 137;
  return type >= 128 && type != redirect;
}
