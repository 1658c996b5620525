import { IPV4_HEADER_OCTETS, ipv4HeaderLength, isIpv6 } from "./inner_packet.ts";
import { MAXIMUM_IPV4_OCTETS } from "./limits.ts";
import { setIpv4Checksum } from "./segmentation.ts";

const FLAGS_OFFSET = 6;
const DONT_FRAGMENT = 0x40;
const MORE_FRAGMENTS = 0x2000;
const OFFSET_MASK = 0x1fff;
const END_OF_OPTIONS = 0;
const NO_OPERATION = 1;
const IS_COPIED = 0x80;

/** May a router cut it: is it IPv4 without DF (RFC 791 section 3.2)? */
export function mayBeFragmented(packet: Uint8Array): boolean {
  return !isIpv6(packet) && (packet[FLAGS_OFFSET] & DONT_FRAGMENT) === 0;
}

/**
 * The fragments of an IPv4 packet, or of a fragment, of at most `mtu` octets each (RFC 791 section 3.2). None for a fragment
 * that ends beyond the longest packet: there are no offsets for its pieces.
 */
export function fragment(packet: Uint8Array, mtu: number): Uint8Array[] {
  const first = packet.subarray(0, ipv4HeaderLength(packet));
  const data = packet.subarray(first.length);
  const field = packet[FLAGS_OFFSET] << 8 | packet[FLAGS_OFFSET + 1];
  const start = 8 * (field & OFFSET_MASK);
  if (start + data.length > MAXIMUM_IPV4_OCTETS) return [];
  const later = headerOfLaterFragments(first);
  const fragments: Uint8Array[] = [];
  for (let at = 0; at < data.length;) {
    const header = at === 0 ? first : later;
    const isLast = header.length + data.length - at <= mtu;
    const octets = isLast ? data.length - at : mtu - header.length & ~7;
    // The last one has MF where the whole had it.
    const flags = field & ~OFFSET_MASK | (isLast ? 0 : MORE_FRAGMENTS);
    fragments.push(joined(header, data.subarray(at, at + octets), flags | (start + at) / 8));
    at += octets;
  }
  return fragments;
}

/** Only options with the copied flag; what follows an option without a right length is none. */
function headerOfLaterFragments(first: Uint8Array): Uint8Array {
  const header = new Uint8Array(first.length);
  header.set(first.subarray(0, IPV4_HEADER_OCTETS));
  let length = IPV4_HEADER_OCTETS;
  for (let at = IPV4_HEADER_OCTETS; at < first.length && first[at] !== END_OF_OPTIONS;) {
    const octets = first[at] === NO_OPERATION ? 1 : first[at + 1] ?? 0;
    if (octets === 0 || first[at] !== NO_OPERATION && octets < 2 || at + octets > first.length) break;
    if ((first[at] & IS_COPIED) !== 0) {
      header.set(first.subarray(at, at + octets), length);
      length += octets;
    }
    at += octets;
  }
  const words = Math.ceil(length / 4);
  header[0] = first[0] & 0xf0 | words;
  return header.subarray(0, 4 * words);
}

/** With the header's length, flags and offset, and checksum set. */
function joined(header: Uint8Array, data: Uint8Array, field: number): Uint8Array {
  const bytes = new Uint8Array(header.length + data.length);
  bytes.set(header);
  bytes.set(data, header.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(2, bytes.length);
  view.setUint16(FLAGS_OFFSET, field);
  setIpv4Checksum(bytes);
  return bytes;
}
