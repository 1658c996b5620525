import { DropReason } from "../../core/forwarding/drop_reason";
import { MAXIMUM_OUTER_HEADERS_OCTETS, MAXIMUM_SEGMENT_HEADERS_OCTETS, MAXIMUM_SEGMENTS } from "../../core/forwarding/limits";
import {
  GSO_ECN,
  GSO_NONE,
  GSO_TCPV4,
  GSO_TCPV6,
  GSO_UDP,
  PASSED,
  SEGMENT_HEADERS,
  SEGMENT_HEADERS_OCTETS,
  TUN_CHECKSUM_OFFSET,
  TUN_CHECKSUM_START,
  TUN_FLAGS,
  TUN_GSO_SIZE,
  TUN_GSO_TYPE,
  TUN_HEADER,
  TUN_NEEDS_CHECKSUM,
} from "../memory_map";
import { finishChecksum, sumOctets } from "./checksum";
import { ipv4HeaderLength, IPV6_HEADER_OCTETS, isIpv6 } from "./inner_packet";
import {
  TCP,
  TCP_CHECKSUM_OFFSET,
  TCP_CWR,
  TCP_FIN,
  TCP_FLAGS_OFFSET,
  TCP_HEADER_OCTETS,
  TCP_PSH,
  tcpHeaderLength,
  UDP,
  UDP_CHECKSUM_OFFSET,
  UDP_HEADER_OCTETS,
} from "./transport";

/**
 * What the kernel left undone in a packet that it gave us (struct virtio_net_hdr): a checksum, or to cut it into
 * segments. Cutting copies headers only: a segment is a piece of SEGMENT_HEADERS and a piece of the packet.
 */

/** Of the packet in hand. Segments to make: payload of each, headers of each, and where the last of those begins. */
export let segmentPayload: i32 = 0;
export let segmentHeaders: i32 = 0;
export let segmentCount: i32 = 0;
let transport: i32 = 0;
let protocol: u32 = 0;
/** What is the same in every segment's checksum, and in every IPv4 header's. */
let constantSum: u64 = 0;
let constantIpv4Sum: u64 = 0;
let firstSequence: u32 = 0;
let firstIdentification: u32 = 0;
let tcpFlags: u32 = 0;

/** Where the next headers go. */
let headersEnd: usize = SEGMENT_HEADERS;

export function openSegments(): void {
  headersEnd = SEGMENT_HEADERS;
}

/** Room for so many headers of `octets` octets each? */
@inline
export function isRoomForHeaders(count: i32, octets: i32): bool {
  return <i32>headersEnd + count * headersStride(octets) <= SEGMENT_HEADERS + SEGMENT_HEADERS_OCTETS;
}

/** At most so many octets do headers need with an outer header in front. */
@inline
function headersStride(octets: i32): i32 {
  return (octets + MAXIMUM_OUTER_HEADERS_OCTETS + 7) & ~7;
}

/** Takes room for headers behind an outer header, and says where they begin. There must be room. */
@inline
export function takeHeaders(octets: i32, outerOctets: i32): usize {
  const headers = headersEnd + outerOctets;
  headersEnd += (outerOctets + octets + 7) & ~7;
  return headers;
}

/**
 * Reads the header in front of a packet and completes the checksum of one that is not to be cut. segmentPayload is 0
 * then. `length` is what the IP header says.
 * @returns PASSED, or the drop reason
 */
export function readTunHeader(packet: usize, length: i32): i32 {
  const header = packet - TUN_HEADER;
  const type = <u32>load<u8>(header, TUN_GSO_TYPE) & ~GSO_ECN;
  const needsChecksum = (load<u8>(header, TUN_FLAGS) & TUN_NEEDS_CHECKSUM) != 0;
  segmentPayload = 0;
  if (type == GSO_NONE && !needsChecksum) return PASSED;
  const start = <i32>load<u16>(header, TUN_CHECKSUM_START);
  const checksumOffset = <i32>load<u16>(header, TUN_CHECKSUM_OFFSET);
  const ipHeader = isIpv6(packet) ? IPV6_HEADER_OCTETS : ipv4HeaderLength(packet);
  if (!needsChecksum || start < ipHeader || start + checksumOffset + 2 > length) {
    return DropReason.tunHeaderMalformed;
  }
  if (type == GSO_NONE) {
    // The field holds the sum of the pseudo header. A UDP checksum of 0 would mean that there is none (RFC 768).
    const checksum = finishChecksum(sumOctets(packet + start, length - start, 0));
    store<u16>(packet + start + checksumOffset, checksum == 0 && checksumOffset == UDP_CHECKSUM_OFFSET ? 0xffff : checksum);
    // The packet may come again, where there is no room for it in this call.
    store<u8>(header, 0, TUN_FLAGS);
    return PASSED;
  }
  return readSegments(packet, length, type, start, checksumOffset, load<u16>(header, TUN_GSO_SIZE));
}

function readSegments(packet: usize, length: i32, type: u32, start: i32, checksumOffset: i32, payload: i32): i32 {
  const isTcp = type == GSO_TCPV4 || type == GSO_TCPV6;
  if (!isTcp && type != GSO_UDP) return DropReason.tunHeaderMalformed;
  if (isTcp && isIpv6(packet) != (type == GSO_TCPV6)) return DropReason.tunHeaderMalformed;
  if (checksumOffset != (isTcp ? TCP_CHECKSUM_OFFSET : UDP_CHECKSUM_OFFSET)) return DropReason.tunHeaderMalformed;
  const minimum = isTcp ? TCP_HEADER_OCTETS : UDP_HEADER_OCTETS;
  // Nothing stands between the headers of IPv4 and transport.
  if (!isIpv6(packet) && start != ipv4HeaderLength(packet)) return DropReason.tunHeaderMalformed;
  if (start + minimum > length) return DropReason.tunHeaderMalformed;
  const headers = start + (isTcp ? tcpHeaderLength(packet + start) : UDP_HEADER_OCTETS);
  if (headers < start + minimum || headers >= length || payload == 0) return DropReason.tunHeaderMalformed;
  segmentPayload = payload;
  segmentHeaders = headers;
  segmentCount = (length - headers + payload - 1) / payload;
  if (segmentCount > MAXIMUM_SEGMENTS || segmentCount * headersStride(headers) > MAXIMUM_SEGMENT_HEADERS_OCTETS) {
    return DropReason.tunHeaderMalformed;
  }
  transport = start;
  protocol = isTcp ? TCP : UDP;
  return PASSED;
}

/**
 * Takes the sums of the packet in hand, after anything else in it has been changed. The checksum field holds the sum of
 * the pseudo header with the length of the whole; its addresses are not always the IP header's (RFC 8200 section 8.1).
 */
export function prepareSegments(packet: usize, length: i32): void {
  const header = packet + transport;
  const field = load<u16>(header + (protocol == TCP ? TCP_CHECKSUM_OFFSET : UDP_CHECKSUM_OFFSET));
  constantSum = <u64>field + <u16>~bswap<u16>(<u16>(length - transport));
  if (protocol == TCP) {
    firstSequence = bswap<u32>(load<u32>(header, 4));
    tcpFlags = load<u8>(header, TCP_FLAGS_OFFSET);
    store<u32>(header, 0, 4);
    store<u8>(header, 0, TCP_FLAGS_OFFSET);
    store<u16>(header, 0, TCP_CHECKSUM_OFFSET);
    constantSum = sumOctets(header, segmentHeaders - transport, constantSum);
  } else {
    constantSum += load<u32>(header);
  }
  if (isIpv6(packet)) return;
  firstIdentification = bswap<u16>(load<u16>(packet, 4));
  store<u32>(packet, load<u32>(packet) & 0xffff);
  store<u16>(packet, 0, 4);
  store<u16>(packet, 0, 10);
  constantIpv4Sum = sumOctets(packet, ipv4HeaderLength(packet), 0);
}

/**
 * Writes the headers of segment `index`, whose payload is `payloadLength` octets at `payload`, behind `outerOctets`
 * octets of room for an outer header.
 * @returns where they begin
 */
export function writeSegmentHeaders(
  packet: usize,
  index: i32,
  payload: usize,
  payloadLength: i32,
  isLast: bool,
  outerOctets: i32,
): usize {
  const headers = takeHeaders(segmentHeaders, outerOctets);
  copyHeaders(headers, packet, segmentHeaders);
  const length = segmentHeaders + payloadLength;
  const transportLength = bswap<u16>(<u16>(length - transport));
  if (isIpv6(packet)) store<u16>(headers, bswap<u16>(<u16>(length - 40)), 4);
  else writeIpv4(headers, index, length);
  const header = headers + transport;
  let sum = sumOctets(payload, payloadLength, constantSum + transportLength);
  if (protocol == UDP) {
    store<u16>(header, transportLength, 4);
    const checksum = finishChecksum(sum + transportLength);
    store<u16>(header, checksum == 0 ? 0xffff : checksum, UDP_CHECKSUM_OFFSET);
    return headers;
  }
  const sequence = bswap<u32>(firstSequence + index * segmentPayload);
  // FIN and PSH belong to the last segment, CWR to the first (RFC 9293 section 3.1, RFC 3168 section 6.1.2).
  const flags = tcpFlags & (isLast ? 0xff : ~(TCP_FIN | TCP_PSH)) & (index == 0 ? 0xff : ~TCP_CWR);
  store<u32>(header, sequence, 4);
  store<u8>(header, <u8>flags, TCP_FLAGS_OFFSET);
  store<u16>(header, finishChecksum(sum + sequence + (<u64>flags << 8)), TCP_CHECKSUM_OFFSET);
  return headers;
}

/** Each segment has an identification of its own (RFC 6864 section 4.1), counted on as the kernel does. */
@inline
function writeIpv4(header: usize, index: i32, length: i32): void {
  const total = bswap<u16>(<u16>length);
  const identification = bswap<u16>(<u16>(firstIdentification + index));
  store<u16>(header, total, 2);
  store<u16>(header, identification, 4);
  store<u16>(header, finishChecksum(constantIpv4Sum + total + identification), 10);
}

/** A multiple of 8 octets, beyond the end where need be. */
@inline
function copyHeaders(to: usize, from: usize, octets: i32): void {
  for (let at = 0; at < octets; at += 8) store<u64>(to + at, load<u64>(from + at));
}
