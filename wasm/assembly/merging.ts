import {
  FLOW_COUNT,
  FLOW_OCTETS,
  FLOWS,
  GSO_TCPV4,
  GSO_TCPV6,
  GSO_UDP,
  NOTE_CHECKSUM,
  NOTE_FIRST_LENGTH,
  NOTE_HEADERS,
  NOTE_INNER_OCTETS,
  NOTE_IP_CHECKSUM,
  NOTE_IP_LENGTH,
  NOTE_IS_PUSHED,
  NOTE_PACKETS,
  NOTE_VECTOR_COUNT,
  OFFLOAD_TUN_TCP,
  OFFLOAD_TUN_UDP,
  OFFLOADS,
  SPLIT_WRITES,
  TUN_CHECKSUM_OFFSET,
  TUN_CHECKSUM_START,
  TUN_FLAGS,
  TUN_GSO_SIZE,
  TUN_GSO_TYPE,
  TUN_HEADERS_LENGTH,
  TUN_NEEDS_CHECKSUM,
  TUN_WRITE_PACKETS,
  VECTOR_OCTETS,
} from "../memory_map";
import { finishChecksum, foldSum, sumOctets } from "./checksum";
import { DESTINATION_OFFSET, IPV4_HEADER_OCTETS, IPV6_HEADER_OCTETS, isIpv6, isSameAddress, SOURCE_OFFSET } from "./inner_packet";
import { setVector, vectorLength, vectorStart } from "./messages";
import {
  pseudoHeaderSum,
  TCP,
  TCP_ACK,
  TCP_CHECKSUM_OFFSET,
  TCP_FLAGS_OFFSET,
  TCP_HEADER_OCTETS,
  TCP_PSH,
  tcpHeaderLength,
  transportOffset,
  transportProtocol,
  transportSum,
  UDP,
  UDP_CHECKSUM_OFFSET,
  UDP_HEADER_OCTETS,
} from "./transport";
import { setWrite, writeHeader, writeNotes, writePacket, writeVectors } from "./tun_writes";

/**
 * Packets of one flow that follow each other go to the TUN device in one write, which the kernel takes as it takes
 * what a network card has merged. Cut again, the write gives the same packets (but for the identification of
 * unfragmentable IPv4 packets, which has no meaning: RFC 6864 section 4.1): same headers, sequence numbers in order,
 * checksums that were right. Payloads stay where they are; the write gathers them.
 *
 * A flow that is open belongs to the write that its next packet may join. A packet of the flow that does not fit closes
 * it, so that the packets of a flow keep their order.
 */
const FLOW_PACKET = 0;
const FLOW_WRITE = 4;
const FLOW_PROTOCOL = 8;
const FLOW_HEADERS = 12;
/** Payload octets of each packet but the last. */
const FLOW_PAYLOAD = 16;
const FLOW_NEXT_SEQUENCE = 20;
const FLOW_LENGTH = 24;
/** Is the first packet's checksum known to be right? Nobody asks before a second one comes. */
const FLOW_IS_CHECKED = 28;
const FLOW_PACKETS = 32;
const FLOW_IDENTIFICATION = 36;

const MAXIMUM_LENGTH = 65535;

let openCount: i32 = 0;
/** The next place, where all are taken. */
let nextPlace: i32 = 0;

export function openMerging(): void {
  openCount = 0;
  nextPlace = 0;
}

export function closeMerging(): void {
  while (openCount > 0) close(openCount - 1);
}

/** Adds a packet for the TUN device. There must be room for a write. */
export function writeMerged(packet: usize, length: i32): void {
  const offloads = load<u32>(OFFLOADS) & (OFFLOAD_TUN_TCP | OFFLOAD_TUN_UDP);
  if (offloads == 0) {
    writePacket(packet, length);
    return;
  }
  const protocol = transportProtocol(packet);
  const transport = transportOffset(packet);
  if ((protocol != TCP && protocol != UDP) || transport + UDP_HEADER_OCTETS > length) {
    // It may be a fragment of any flow.
    closeMerging();
    writePacket(packet, length);
    return;
  }
  const headers = mergeableHeaders(packet, length, protocol, offloads);
  const place = find(packet, protocol, transport);
  if (place >= 0) {
    if (headers != 0 && join(FLOWS + place * FLOW_OCTETS, packet, length, headers)) {
      if (isFull(FLOWS + place * FLOW_OCTETS, packet, length)) close(place);
      return;
    }
    close(place);
  }
  const write = writePacket(packet, length);
  if (headers != 0) open(packet, length, protocol, headers, write);
}

/** Octets of headers of a packet that others can be merged with; 0 for another. */
function mergeableHeaders(packet: usize, length: i32, protocol: u32, offloads: u32): i32 {
  const transport = transportOffset(packet);
  const header = packet + transport;
  if (protocol == UDP) {
    if ((offloads & OFFLOAD_TUN_UDP) == 0) return 0;
    const isWhole = <i32>bswap<u16>(load<u16>(header, 4)) == length - transport && load<u16>(header, UDP_CHECKSUM_OFFSET) != 0;
    return isWhole && length > transport + UDP_HEADER_OCTETS ? transport + UDP_HEADER_OCTETS : 0;
  }
  if ((offloads & OFFLOAD_TUN_TCP) == 0 || transport + TCP_HEADER_OCTETS > length) return 0;
  const headers = transport + tcpHeaderLength(header);
  // A segment with PSH is the last of its write.
  const isPlain = load<u8>(header, TCP_FLAGS_OFFSET) == TCP_ACK || load<u8>(header, TCP_FLAGS_OFFSET) == (TCP_ACK | TCP_PSH);
  return isPlain && headers >= transport + TCP_HEADER_OCTETS && headers < length ? headers : 0;
}

/** The open flow with these addresses, ports and protocol; -1 for none. */
function find(packet: usize, protocol: u32, transport: i32): i32 {
  for (let place = 0; place < openCount; place++) {
    const flow = FLOWS + place * FLOW_OCTETS;
    const first = <usize>load<u32>(flow, FLOW_PACKET);
    if (
      load<u32>(flow, FLOW_PROTOCOL) == protocol && load<u32>(first + transport) == load<u32>(packet + transport) &&
      isIpv6(first) == isIpv6(packet) && haveSameAddresses(first, packet)
    ) return place;
  }
  return -1;
}

@inline
function haveSameAddresses(one: usize, other: usize): bool {
  if (!isIpv6(one)) return load<u64>(one, 12) == load<u64>(other, 12);
  return isSameAddress(one + SOURCE_OFFSET, other + SOURCE_OFFSET) &&
    isSameAddress(one + DESTINATION_OFFSET, other + DESTINATION_OFFSET);
}

function open(packet: usize, length: i32, protocol: u32, headers: i32, write: i32): void {
  const header = packet + transportOffset(packet);
  if (protocol == TCP && (load<u8>(header, TCP_FLAGS_OFFSET) & TCP_PSH) != 0) return;
  let place = openCount;
  if (place == FLOW_COUNT) {
    place = nextPlace;
    nextPlace = (nextPlace + 1) % FLOW_COUNT;
    finish(FLOWS + place * FLOW_OCTETS);
  } else openCount++;
  const flow = FLOWS + place * FLOW_OCTETS;
  store<u32>(flow, packet, FLOW_PACKET);
  store<u32>(flow, write, FLOW_WRITE);
  store<u32>(flow, protocol, FLOW_PROTOCOL);
  store<u32>(flow, headers, FLOW_HEADERS);
  store<u32>(flow, length - headers, FLOW_PAYLOAD);
  store<u32>(flow, protocol == TCP ? bswap<u32>(load<u32>(header, 4)) + (length - headers) : 0, FLOW_NEXT_SEQUENCE);
  store<u32>(flow, length, FLOW_LENGTH);
  store<u32>(flow, 0, FLOW_IS_CHECKED);
  store<u32>(flow, 1, FLOW_PACKETS);
  store<u32>(flow, isIpv6(packet) ? 0 : bswap<u16>(load<u16>(packet, 4)), FLOW_IDENTIFICATION);
}

/** Merges the packet into the flow where it fits. */
function join(flow: usize, packet: usize, length: i32, headers: i32): bool {
  const first = <usize>load<u32>(flow, FLOW_PACKET);
  const payload = length - headers;
  const packets = load<i32>(flow, FLOW_PACKETS);
  const protocol = load<u32>(flow, FLOW_PROTOCOL);
  if (
    headers != load<i32>(flow, FLOW_HEADERS) || payload > load<i32>(flow, FLOW_PAYLOAD) ||
    packets == TUN_WRITE_PACKETS || load<i32>(flow, FLOW_LENGTH) + payload > MAXIMUM_LENGTH ||
    !continuesIp(flow, first, packet) || (protocol == TCP && !continuesTcp(flow, first, packet, headers))
  ) return false;
  if (load<u32>(flow, FLOW_IS_CHECKED) == 0) {
    const firstLength = load<i32>(flow, FLOW_HEADERS) + load<i32>(flow, FLOW_PAYLOAD);
    if (!isChecksumRight(first, firstLength, protocol)) return false;
    store<u32>(flow, 1, FLOW_IS_CHECKED);
  }
  if (!isChecksumRight(packet, length, protocol)) return false;
  const write = load<i32>(flow, FLOW_WRITE);
  const notes = writeNotes(write);
  const vectors = load<u32>(notes, NOTE_VECTOR_COUNT);
  setVector(writeVectors(write) + vectors * VECTOR_OCTETS, packet + headers, payload);
  store<u32>(notes, vectors + 1, NOTE_VECTOR_COUNT);
  store<u32>(notes, packets + 1, NOTE_PACKETS);
  store<u32>(notes, load<u32>(notes, NOTE_INNER_OCTETS) + length, NOTE_INNER_OCTETS);
  store<u32>(flow, packets + 1, FLOW_PACKETS);
  store<u32>(flow, load<u32>(flow, FLOW_LENGTH) + payload, FLOW_LENGTH);
  store<u32>(flow, load<u32>(flow, FLOW_NEXT_SEQUENCE) + payload, FLOW_NEXT_SEQUENCE);
  return true;
}

/** After this packet, nothing may follow: it is shorter than the others, or it has PSH, which the write takes over. */
function isFull(flow: usize, packet: usize, length: i32): bool {
  const header = packet + transportOffset(packet);
  if (load<u32>(flow, FLOW_PROTOCOL) == TCP && (load<u8>(header, TCP_FLAGS_OFFSET) & TCP_PSH) != 0) {
    store<u32>(writeNotes(load<i32>(flow, FLOW_WRITE)), 1, NOTE_IS_PUSHED);
    return true;
  }
  return length - load<i32>(flow, FLOW_HEADERS) < load<i32>(flow, FLOW_PAYLOAD);
}

/** Is the IP header that of the flow, but for length, identification and checksum? */
@inline
function continuesIp(flow: usize, first: usize, packet: usize): bool {
  if (isIpv6(packet)) return load<u32>(first) == load<u32>(packet) && load<u16>(first, 6) == load<u16>(packet, 6);
  if (load<u16>(first) != load<u16>(packet) || load<u32>(first, 6) != load<u32>(packet, 6)) return false;
  const mayFragment = (load<u8>(packet, 6) & 0x40) == 0;
  const identification = bswap<u16>(load<u16>(packet, 4));
  const next = <u16>(load<u32>(flow, FLOW_IDENTIFICATION) + load<u32>(flow, FLOW_PACKETS));
  return !mayFragment || identification == next;
}

/** Is the TCP header the flow's next: sequence number, acknowledgement, data offset, window, urgent pointer, options? */
@inline
function continuesTcp(flow: usize, first: usize, packet: usize, headers: i32): bool {
  const transport = transportOffset(packet);
  const one = first + transport;
  const other = packet + transport;
  if (bswap<u32>(load<u32>(other, 4)) != load<u32>(flow, FLOW_NEXT_SEQUENCE)) return false;
  if (load<u32>(one, 8) != load<u32>(other, 8) || load<u8>(one, 12) != load<u8>(other, 12)) return false;
  if (load<u16>(one, 14) != load<u16>(other, 14) || load<u16>(one, 18) != load<u16>(other, 18)) return false;
  for (let at = TCP_HEADER_OCTETS; at < headers - transport; at += 4) {
    if (load<u32>(one + at) != load<u32>(other + at)) return false;
  }
  return true;
}

function isChecksumRight(packet: usize, length: i32, protocol: u32): bool {
  if (!isIpv6(packet) && foldSum(sumOctets(packet, IPV4_HEADER_OCTETS, 0)) != 0xffff) return false;
  return foldSum(transportSum(packet, length, protocol)) == 0xffff;
}

/** Nothing more joins the flow at this place; the last one takes the place. */
function close(place: i32): void {
  const flow = FLOWS + place * FLOW_OCTETS;
  finish(flow);
  openCount--;
  if (place != openCount) memory.copy(flow, FLOWS + openCount * FLOW_OCTETS, FLOW_OCTETS);
}

/** Makes the first packet's headers those of the whole, and says in the TUN device's header how to cut it. */
function finish(flow: usize): void {
  if (load<u32>(flow, FLOW_PACKETS) == 1) return;
  const packet = <usize>load<u32>(flow, FLOW_PACKET);
  const write = load<i32>(flow, FLOW_WRITE);
  const notes = writeNotes(write);
  const length = load<i32>(flow, FLOW_LENGTH);
  const headers = load<i32>(flow, FLOW_HEADERS);
  const payload = load<i32>(flow, FLOW_PAYLOAD);
  const protocol = load<u32>(flow, FLOW_PROTOCOL);
  const transport = transportOffset(packet);
  const header = packet + transport;
  const isTcp = protocol == TCP;
  const isVersion6 = isIpv6(packet);
  const checksumOffset = isTcp ? TCP_CHECKSUM_OFFSET : UDP_CHECKSUM_OFFSET;
  store<u32>(notes, headers, NOTE_HEADERS);
  store<u32>(notes, headers + payload, NOTE_FIRST_LENGTH);
  store<u32>(notes, load<u16>(header + checksumOffset), NOTE_CHECKSUM);
  if (isVersion6) store<u16>(packet, bswap<u16>(<u16>(length - IPV6_HEADER_OCTETS)), 4);
  else {
    store<u32>(notes, load<u16>(packet, 10), NOTE_IP_CHECKSUM);
    store<u16>(packet, bswap<u16>(<u16>length), 2);
    store<u16>(packet, 0, 10);
    store<u16>(packet, finishChecksum(sumOctets(packet, IPV4_HEADER_OCTETS, 0)), 10);
  }
  if (!isTcp) store<u16>(header, bswap<u16>(<u16>(length - transport)), 4);
  else if (load<u32>(notes, NOTE_IS_PUSHED) != 0) store<u8>(header, TCP_ACK | TCP_PSH, TCP_FLAGS_OFFSET);
  store<u16>(header + checksumOffset, <u16>foldSum(pseudoHeaderSum(packet, protocol, length - transport)));
  const tunHeader = writeHeader(write);
  store<u8>(tunHeader, TUN_NEEDS_CHECKSUM, TUN_FLAGS);
  store<u8>(tunHeader, <u8>(isTcp ? (isVersion6 ? GSO_TCPV6 : GSO_TCPV4) : GSO_UDP), TUN_GSO_TYPE);
  store<u16>(tunHeader, <u16>headers, TUN_HEADERS_LENGTH);
  store<u16>(tunHeader, <u16>payload, TUN_GSO_SIZE);
  store<u16>(tunHeader, <u16>transport, TUN_CHECKSUM_START);
  store<u16>(tunHeader, <u16>checksumOffset, TUN_CHECKSUM_OFFSET);
}

/**
 * Undoes the merging of a write, which the TUN device refused: the packets are writes from SPLIT_WRITES on. Their headers
 * are all still there, in front of their payloads.
 * @returns how many there are
 */
export function splitWrite(write: i32): i32 {
  const notes = writeNotes(write);
  const packets = load<i32>(notes, NOTE_PACKETS);
  const headers = load<i32>(notes, NOTE_HEADERS);
  const vectors = writeVectors(write) + VECTOR_OCTETS;
  const first = vectorStart(vectors);
  restoreFirst(first, notes);
  setWrite(SPLIT_WRITES, first, load<i32>(notes, NOTE_FIRST_LENGTH));
  for (let index = 1; index < packets; index++) {
    const vector = vectors + index * VECTOR_OCTETS;
    setWrite(SPLIT_WRITES + index, vectorStart(vector) - headers, headers + vectorLength(vector));
  }
  return packets;
}

function restoreFirst(packet: usize, notes: usize): void {
  const length = load<i32>(notes, NOTE_FIRST_LENGTH);
  const transport = transportOffset(packet);
  const header = packet + transport;
  if (isIpv6(packet)) store<u16>(packet, bswap<u16>(<u16>(length - IPV6_HEADER_OCTETS)), 4);
  else {
    store<u16>(packet, bswap<u16>(<u16>length), 2);
    store<u16>(packet, load<u16>(notes, NOTE_IP_CHECKSUM), 10);
  }
  const checksum = load<u16>(notes, NOTE_CHECKSUM);
  if (transportProtocol(packet) == TCP) {
    store<u8>(header, TCP_ACK, TCP_FLAGS_OFFSET);
    store<u16>(header, checksum, TCP_CHECKSUM_OFFSET);
  } else {
    store<u16>(header, bswap<u16>(<u16>(length - transport)), 4);
    store<u16>(header, checksum, UDP_CHECKSUM_OFFSET);
  }
}
