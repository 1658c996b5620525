import { DropReason } from "../../core/forwarding/drop_reason";
import { MAXIMUM_OUTER_HEADERS_OCTETS, OUTER_FRAGMENT_OCTETS } from "../../core/forwarding/limits";
import {
  ENCAPSULATED_OCTETS,
  ENCAPSULATED_PACKETS,
  ENTRY_ENCAPSULATION,
  ENTRY_INNER_MTU,
  ENTRY_OUTER_ADDRESS,
  ENTRY_PORT,
  ENTRY_WHOLE_OCTETS,
  IPV6_IN_IPV6_ENCAPSULATION,
  MOBILE_NODE_ROLE,
  OUTER_FRAGMENT_STRIDE,
  OUTER_FRAGMENTS,
  OWN_ADDRESS,
  PASSED,
  ROLE,
  SLOT_LENGTHS,
  TUN_HEADER_OCTETS,
  UDP_ENCAPSULATION,
} from "../memory_map";
import { enterTable, isLarge, leaveTable, lookup, lookupLongest, touch } from "./binding_table";
import { openClock } from "./clock";
import { add, closeVerdicts, drop, openVerdicts, pass } from "./count";
import { closeSends, datagramCount, openSends, roomForDatagrams, sendRawIpv4, sendRawIpv6, sendUdp } from "./datagrams";
import {
  firstHeader,
  fragmentOctets,
  isRoomForFragments,
  laterHeader,
  mayBeFragmented,
  openFragments,
  setFragment,
  writeLaterHeader,
} from "./fragments";
import { destinationKey, innerLength, isIpv6, isUnicastAt, sourceKey, trafficClass } from "./inner_packet";
import { packetAt } from "./messages";
import { isOwn } from "./mobile_network";
import { OUTER_IPV4_OCTETS, PROTOCOL_IPV4, PROTOCOL_IPV6, writeOuterIpv4 } from "./outer_ipv4";
import { nextIpv4Identification, nextIpv6Identification, writeIpv4Fragment, writeIpv6Fragment } from "./outer_fragments";
import { OUTER_IPV6_OCTETS, writeOuterIpv6 } from "./outer_ipv6";
import { answerTooBig, answerLength } from "./packet_too_big";
import {
  isRoomForHeaders,
  openSegments,
  prepareSegments,
  readTunHeader,
  segmentCount,
  segmentHeaders,
  segmentPayload,
  writeSegmentHeaders,
} from "./segments";
import { closeWrites, openWrites, writePacket } from "./tun_writes";

/** Where the packet in hand goes: the address in IPv4, and where the 16 octets of any version are; and how. */
let encapsulation: u32 = 0;
let address: u32 = 0;
let addressKey: usize = 0;
let port: u32 = 0;
let typeOfService: u32 = 0;
/** Longer inner packets leave in two outer fragments. */
let wholeOctets: i32 = 0;

/** Only there so that what touches memory is not left out by a compiler. */
let touched: u32 = 0;
let encapsulatedPackets: u64 = 0;
let encapsulatedOctets: u64 = 0;

/**
 * Encapsulates the packets of slots `first` up to `count`, whose lengths are in SLOT_LENGTHS, as far as the lists
 * have room. Leaves the datagrams to send and the ICMP errors for the TUN device in their lists.
 * @returns the slot to go on with; `count` when all are done
 */
export function outbound(first: i32, count: i32): i32 {
  openClock();
  enterTable();
  openVerdicts();
  openSends();
  openSegments();
  openWrites();
  encapsulatedPackets = 0;
  encapsulatedOctets = 0;
  const tunnel = load<u32>(ROLE) == MOBILE_NODE_ROLE ? lookup(OWN_ADDRESS) : 0;
  if (isLarge()) touchDestinations(first, count);
  let slot = first;
  while (slot < count && outboundPacket(slot, tunnel)) slot++;
  leaveTable();
  closeVerdicts();
  closeSends();
  closeWrites();
  add(ENCAPSULATED_PACKETS, encapsulatedPackets);
  add(ENCAPSULATED_OCTETS, encapsulatedOctets);
  return slot;
}

/** First all slots, then the entries that they name. */
function touchDestinations(first: i32, count: i32): void {
  for (let slot = first; slot < count; slot++) touched += touch(destinationKey(packetAt(slot)));
  for (let slot = first; slot < count; slot++) touched += <u32>lookup(destinationKey(packetAt(slot)));
}

/** False where there is no room for it in this call. */
function outboundPacket(slot: i32, tunnel: usize): bool {
  // Two, where it leaves in outer fragments.
  if (roomForDatagrams() < 2) return false;
  const packet = packetAt(slot);
  const length = innerLength(packet, load<i32>(SLOT_LENGTHS + (slot << 2)), 0);
  if (length < 0) return refuse(~length);
  const isVersion6 = isIpv6(packet);
  const source = sourceKey(packet);
  const destination = destinationKey(packet);
  if (!isUnicastAt(destination, isVersion6)) return refuse(DropReason.destinationNotUnicast);
  if (!isUnicastAt(source, isVersion6)) return refuse(DropReason.sourceNotUnicast);
  const isMobileNode = load<u32>(ROLE) == MOBILE_NODE_ROLE;
  if (isMobileNode && !isOwn(source, isVersion6)) return refuse(DropReason.sourceNotHomeAddress);
  const entry = isMobileNode ? tunnel : lookupLongest(destination, isVersion6);
  if (entry == 0) return refuse(isMobileNode ? DropReason.noTunnel : DropReason.noBinding);
  const fault = load<u32>(TUN_HEADER_OCTETS) == 0 ? noTunHeader() : readTunHeader(packet, length);
  if (fault != PASSED) return refuse(fault);
  const mtu = load<i32>(entry, ENTRY_INNER_MTU);
  const segmentLength = segmentPayload == 0 ? length : min<i32>(length, segmentHeaders + segmentPayload);
  const isTooBig = segmentLength > mtu;
  if (isTooBig && !mayBeFragmented(packet)) return tooBig(packet, length, segmentLength, mtu);
  if (isTooBig && !openFragments(packet, segmentLength)) return refuse(DropReason.innerHeaderMalformed);
  encapsulation = load<u8>(entry, ENTRY_ENCAPSULATION);
  addressKey = entry + ENTRY_OUTER_ADDRESS;
  address = load<u32>(addressKey, 12);
  port = load<u16>(entry, ENTRY_PORT);
  typeOfService = trafficClass(packet);
  wholeOctets = load<i32>(entry, ENTRY_WHOLE_OCTETS);
  if (isTooBig && !isRoomForFragments()) return false;
  if (segmentPayload != 0) return encapsulateSegments(packet, length, mtu);
  pass();
  if (isTooBig) encapsulateFragments(packet, firstHeader, packet + firstHeader, length - firstHeader, mtu);
  else encapsulate(packet, length, 0, 0);
  return true;
}

@inline
function noTunHeader(): i32 {
  segmentPayload = 0;
  return PASSED;
}

function refuse(reason: i32): bool {
  drop(reason);
  return true;
}

/** What is answered is the packet, or its first segment. */
function tooBig(packet: usize, length: i32, segmentLength: i32, mtu: i32): bool {
  if (segmentPayload != 0) {
    if (!isRoomForHeaders(1, segmentHeaders)) return false;
    prepareSegments(packet, length);
    const payload = packet + segmentHeaders;
    const headers = writeSegmentHeaders(packet, 0, payload, segmentLength - segmentHeaders, segmentCount == 1, 0);
    memory.copy(packet, headers, segmentHeaders);
  }
  drop(DropReason.packetTooBig);
  const answer = answerTooBig(packet, segmentLength, mtu);
  if (answer != 0) writePacket(answer, answerLength);
  return true;
}

/** Sends an inner packet of two pieces, the second of which may have no octets. */
@inline
function encapsulate(head: usize, headOctets: i32, tail: usize, tailOctets: i32): void {
  encapsulatedPackets++;
  encapsulatedOctets += headOctets + tailOctets;
  if (encapsulation == UDP_ENCAPSULATION) sendUdp(head, headOctets, tail, tailOctets, address, port, typeOfService);
  else sendRaw(head, headOctets, tail, tailOctets);
}

/** Octets of the outer headers that we write, at most. */
@inline
function outerOctets(): i32 {
  if (encapsulation == UDP_ENCAPSULATION) return 0;
  return encapsulation == IPV6_IN_IPV6_ENCAPSULATION ? MAXIMUM_OUTER_HEADERS_OCTETS : OUTER_IPV4_OCTETS;
}

/** Writes the outer header in front of the first piece. */
function sendRaw(head: usize, headOctets: i32, tail: usize, tailOctets: i32): void {
  const protocol = isIpv6(head) ? PROTOCOL_IPV6 : PROTOCOL_IPV4;
  const innerOctets = headOctets + tailOctets;
  if (innerOctets > wholeOctets) return sendOuterFragments(head, headOctets, tail, tailOctets, protocol);
  if (encapsulation == IPV6_IN_IPV6_ENCAPSULATION) {
    const outer = head - OUTER_IPV6_OCTETS;
    writeOuterIpv6(outer, innerOctets, addressKey, typeOfService, protocol);
    sendRawIpv6(outer, OUTER_IPV6_OCTETS + headOctets, tail, tailOctets, addressKey, 1, innerOctets);
  } else {
    const outer = head - OUTER_IPV4_OCTETS;
    writeOuterIpv4(outer, innerOctets, address, typeOfService, protocol);
    sendRawIpv4(outer, OUTER_IPV4_OCTETS + headOctets, tail, tailOctets, address, 1, innerOctets);
  }
}

/** The headers of the first fragment go in front of the first piece. The packet is lost with its second fragment. */
function sendOuterFragments(head: usize, headOctets: i32, tail: usize, tailOctets: i32, protocol: u32): void {
  const isOuterIpv6 = encapsulation == IPV6_IN_IPV6_ENCAPSULATION;
  const identification = isOuterIpv6 ? nextIpv6Identification() : nextIpv4Identification();
  const inHead = min<i32>(headOctets, OUTER_FRAGMENT_OCTETS);
  const inTail = OUTER_FRAGMENT_OCTETS - inHead;
  const innerOctets = headOctets + tailOctets;
  const rest = innerOctets - OUTER_FRAGMENT_OCTETS;
  // A datagram has two vectors: what is left of a first piece before a second one goes behind the headers.
  const second = OUTER_FRAGMENTS + datagramCount * OUTER_FRAGMENT_STRIDE + outerOctets();
  const copied = tailOctets == 0 ? 0 : headOctets - inHead;
  memory.copy(second, head + inHead, copied);
  const left = tailOctets == 0 ? head + inHead : tail + inTail;
  sendOuterFragment(head, inHead, tail, inTail, true, identification, protocol, 0);
  sendOuterFragment(second, copied, left, rest - copied, false, identification, protocol, innerOctets);
}

/** `lost` is what the inner packet has, where it is lost with this fragment; otherwise 0. */
function sendOuterFragment(
  head: usize,
  headOctets: i32,
  tail: usize,
  tailOctets: i32,
  isFirst: bool,
  identification: u32,
  protocol: u32,
  lost: i32,
): void {
  const headers = outerOctets();
  const outer = head - headers;
  const octets = headOctets + tailOctets;
  const packets = lost == 0 ? 0 : 1;
  if (encapsulation == IPV6_IN_IPV6_ENCAPSULATION) {
    writeIpv6Fragment(outer, octets, isFirst, identification, addressKey, typeOfService, protocol);
    sendRawIpv6(outer, headers + headOctets, tail, tailOctets, addressKey, packets, lost);
  } else {
    writeIpv4Fragment(outer, octets, isFirst, identification, address, typeOfService, protocol);
    sendRawIpv4(outer, headers + headOctets, tail, tailOctets, address, packets, lost);
  }
}

/** Segments that are longer than the tunnel carries leave in fragments. */
function encapsulateSegments(packet: usize, length: i32, mtu: i32): bool {
  const segments = segmentCount;
  const fragments = min<i32>(length, segmentHeaders + segmentPayload) > wholeOctets ? 2 * segments : segments;
  if (fragments > roomForDatagrams() || !isRoomForHeaders(segments, segmentHeaders)) return false;
  pass();
  prepareSegments(packet, length);
  let payload = packet + segmentHeaders;
  const end = packet + length;
  for (let index = 0; index < segments; index++) {
    const octets = min<i32>(segmentPayload, <i32>(end - payload));
    const head = writeSegmentHeaders(packet, index, payload, octets, index == segments - 1, outerOctets());
    if (segmentHeaders + octets > mtu) encapsulateFragments(head, segmentHeaders, payload, octets, mtu);
    else encapsulate(head, segmentHeaders, payload, octets);
    payload += octets;
  }
  return true;
}

/** Sends an IPv4 packet of two pieces, the first of which has all its headers, in fragments. */
function encapsulateFragments(head: usize, headOctets: i32, tail: usize, tailOctets: i32, mtu: i32): void {
  const inHead = headOctets - firstHeader;
  const data = inHead + tailOctets;
  let at = fragmentOctets(mtu, firstHeader, data);
  setFragment(head, firstHeader, 0, at, false);
  encapsulate(head, headOctets, tail, at - inHead);
  while (at < data) {
    const octets = fragmentOctets(mtu, laterHeader, data - at);
    const header = writeLaterHeader(head, outerOctets());
    setFragment(header, laterHeader, at, octets, at + octets == data);
    encapsulate(header, laterHeader, tail + (at - inHead), octets);
    at += octets;
  }
}
