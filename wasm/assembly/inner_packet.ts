import { DropReason } from "../../core/forwarding/drop_reason";
import { MAXIMUM_EXTENSION_HEADERS } from "../../core/forwarding/limits";

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
const MOBILITY = 135;

export const OTHER = 0;
export const IS_MOBILITY = 1;
export const IS_MALFORMED = 2;

/**
 * The length of the IPv6 packet that begins here and has at most `octets` octets; negative, with ~ the drop
 * reason, where there is none.
 */
@inline
export function innerLength(packet: usize, octets: i32, ipv6Only: bool): i32 {
  if (octets == 0) return ~DropReason.truncatedHeader;
  const version = load<u8>(packet) >> 4;
  if (version != 6) {
    return version == 4 && !ipv6Only ? ~DropReason.ipv4NotCarried : ~DropReason.unknownVersion;
  }
  if (octets < IPV6_HEADER_OCTETS) return ~DropReason.truncatedHeader;
  const length = IPV6_HEADER_OCTETS + <i32>bswap<u16>(load<u16>(packet, 4));
  return length > octets ? ~DropReason.truncatedPacket : length;
}

/** Not ::, ::1, multicast, link-local or IPv4-mapped. Loads are little-endian: the first octet is the lowest. */
@inline
export function isUnicastAt(address: usize): bool {
  const head = load<u16>(address);
  if ((head & 0xff) == 0xff || (head & 0xc0ff) == 0x80fe) return false;
  if (load<u64>(address) != 0) return true;
  const low = load<u64>(address, 8);
  if ((low & 0x00ffffffffffffff) == 0 && (low >>> 56) <= 1) return false;
  return <u32>low != 0xffff0000;
}

@inline
export function isSameAddress(one: usize, other: usize): bool {
  return load<u64>(one) == load<u64>(other) && load<u64>(one, 8) == load<u64>(other, 8);
}

@inline
function isOptionsOrRouting(next: u32): bool {
  return next == HOP_BY_HOP_OPTIONS || next == ROUTING || next == DESTINATION_OPTIONS;
}

/** Is the upper layer a mobility header: IS_MOBILITY, OTHER or IS_MALFORMED. */
export function findMobilityHeader(packet: usize, length: i32): i32 {
  let next = <u32>load<u8>(packet, NEXT_HEADER_OFFSET);
  let offset = IPV6_HEADER_OCTETS;
  let passed = 0;
  while (true) {
    if (next == MOBILITY) return IS_MOBILITY;
    if (!isOptionsOrRouting(next)) return OTHER;
    if (passed++ == MAXIMUM_EXTENSION_HEADERS || offset + 8 > length) return IS_MALFORMED;
    const end = offset + 8 + (<i32>load<u8>(packet + offset, 1) << 3);
    if (end > length) return IS_MALFORMED;
    next = load<u8>(packet + offset);
    offset = end;
  }
}

/** May an ICMPv6 error be sent about this packet (RFC 4443 section 2.4 (e))? */
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
