import { MAXIMUM_IPV4_OCTETS } from "../../core/forwarding/limits";
import { FRAGMENT_HEADER } from "../memory_map";
import { finishChecksum, sumOctets } from "./checksum";
import { roomForDatagrams } from "./datagrams";
import { IPV4_HEADER_OCTETS, ipv4HeaderLength, isIpv6 } from "./inner_packet";
import { isRoomForHeaders, takeHeaders } from "./segments";

/**
 * IPv4 packets that are too big and may be cut (RFC 791 section 3.2). Cutting copies headers only: a fragment is a piece
 * with its header and a piece of the packet. Segments of a packet can be cut, too.
 */
const DONT_FRAGMENT: u32 = 0x40;
const MORE_FRAGMENTS: u32 = 0x2000;
const OFFSET_MASK: u32 = 0x1fff;
const END_OF_OPTIONS: u32 = 0;
const NO_OPERATION: u32 = 1;
const IS_COPIED: u32 = 0x80;

/**
 * One packet becomes fewer, and so many headers of any fragment find room in empty lists: a tunnel carries 1280 octets, and a
 * segment that is cut has more.
 */
const MAXIMUM_FRAGMENTS: i32 = 256;
const MAXIMUM_HEADERS: i32 = 120;
const MAXIMUM_IPV4_HEADER = 60;

/** Of the packet in hand: octets of the IPv4 header of its first fragment, and of the others. */
export let firstHeader: i32 = 0;
export let laterHeader: i32 = 0;
/** Its flags and offset. */
let wholeField: u32 = 0;

@inline
export function mayBeFragmented(packet: usize): bool {
  return !isIpv6(packet) && (load<u8>(packet, 6) & DONT_FRAGMENT) == 0;
}

@inline
export function isRoomForFragments(): bool {
  return roomForDatagrams() >= MAXIMUM_FRAGMENTS && isRoomForHeaders(MAXIMUM_FRAGMENTS, MAXIMUM_HEADERS);
}

/**
 * Reads the header of a packet that is to be cut, and prepares that of the fragments behind the first.
 * @returns false for a fragment that ends beyond the longest packet: there are no offsets for its pieces
 */
export function openFragments(packet: usize, length: i32): bool {
  firstHeader = ipv4HeaderLength(packet);
  wholeField = bswap<u16>(load<u16>(packet, 6));
  if (<i32>((wholeField & OFFSET_MASK) << 3) + length - firstHeader > MAXIMUM_IPV4_OCTETS) return false;
  memory.copy(FRAGMENT_HEADER, packet, IPV4_HEADER_OCTETS);
  laterHeader = (copyOptions(packet) + 3) & ~3;
  store<u8>(FRAGMENT_HEADER, <u8>(0x40 | (laterHeader >> 2)));
  return true;
}

/** Copies the options with the copied flag, as far as options have right lengths, and says where they end. */
function copyOptions(packet: usize): i32 {
  let end = IPV4_HEADER_OCTETS;
  let at = IPV4_HEADER_OCTETS;
  memory.fill(FRAGMENT_HEADER + IPV4_HEADER_OCTETS, 0, MAXIMUM_IPV4_HEADER - IPV4_HEADER_OCTETS);
  while (at < firstHeader) {
    const type = <u32>load<u8>(packet + at);
    if (type == END_OF_OPTIONS) break;
    if (type == NO_OPERATION) {
      at++;
      continue;
    }
    const octets = at + 1 < firstHeader ? <i32>load<u8>(packet + at, 1) : 0;
    if (octets < 2 || at + octets > firstHeader) break;
    if ((type & IS_COPIED) != 0) {
      memory.copy(FRAGMENT_HEADER + end, packet + at, octets);
      end += octets;
    }
    at += octets;
  }
  return end;
}

/** Data octets of the fragment that begins with a header of `header` octets and has `left` octets of data before it. */
@inline
export function fragmentOctets(mtu: i32, header: i32, left: i32): i32 {
  return header + left <= mtu ? left : (mtu - header) & ~7;
}

/**
 * Writes the header of a later fragment of the packet that begins at `first`, behind room for an outer header.
 * @returns where it begins
 */
export function writeLaterHeader(first: usize, outerOctets: i32): usize {
  const header = takeHeaders(laterHeader, outerOctets);
  memory.copy(header, FRAGMENT_HEADER, laterHeader);
  // Each segment has its own identification.
  store<u16>(header, load<u16>(first, 4), 4);
  return header;
}

/** Makes the header that of `octets` octets of data, which lie `at` octets behind the packet's first. */
export function setFragment(header: usize, headerOctets: i32, at: i32, octets: i32, isLast: bool): void {
  // The last one has MF where the whole had it.
  const field = (wholeField | (isLast ? 0 : MORE_FRAGMENTS)) + <u32>(at >> 3);
  store<u16>(header, bswap<u16>(<u16>(headerOctets + octets)), 2);
  store<u16>(header, bswap<u16>(<u16>field), 6);
  store<u16>(header, 0, 10);
  store<u16>(header, finishChecksum(sumOctets(header, headerOctets, 0)), 10);
}
