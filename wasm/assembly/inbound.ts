import { DropReason } from "../../core/forwarding/drop_reason";
import {
  SIGNALLING_MAXIMUM_OCTETS,
  UNBOUND_REPORT_BURST,
  UNBOUND_REPORT_OCTETS,
  UNBOUND_REPORTS_PER_SECOND,
} from "../../core/forwarding/limits";
import {
  CONTROL_OCTETS,
  DECAPSULATED_OCTETS,
  DECAPSULATED_PACKETS,
  ENTRY_ENCAPSULATION,
  ENTRY_OUTER_ADDRESS,
  ENTRY_PORT,
  HOME_AGENT_OUTER_IPV4,
  HOME_AGENT_OUTER_IPV6,
  IPV6_IN_IPV4_ENCAPSULATION,
  IPV6_IN_IPV6_ENCAPSULATION,
  MESSAGE_LENGTH,
  MESSAGE_OCTETS,
  MOBILE_NODE_ROLE,
  NAME_ADDRESS,
  NAME_IPV6_ADDRESS,
  NAME_IPV6_STRIDE,
  NAME_OCTETS,
  NAME_PORT,
  OWN_ADDRESS,
  RAW_IPV4_RECEIVE_MESSAGES,
  RAW_IPV6_RECEIVE_CONTROLS,
  RAW_IPV6_RECEIVE_MESSAGES,
  RAW_IPV6_RECEIVE_NAMES,
  ROLE,
  SIGNALLING_PACKETS,
  SIGNALLING_RECORD,
  SPI_KEY,
  SPI_KEY_NUMBER,
  SPI_OCTETS,
  UDP_ENCAPSULATION,
  UDP_RECEIVE_CONTROLS,
  UDP_RECEIVE_MESSAGES,
  UDP_RECEIVE_NAMES,
  UNBOUND_REPORT_BUCKET,
  UNBOUND_REPORTS,
  UNBOUND_TRAFFIC_RECORD,
} from "../memory_map";
import { enterTable, leaveTable, lookup, lookupLongest } from "./binding_table";
import { finishChecksum } from "./checksum";
import { openClock } from "./clock";
import { add, closeVerdicts, drop, openVerdicts, pass, verdictCount } from "./count";
import {
  destinationKey,
  ESP,
  findUpperLayer,
  innerLength,
  IS_MALFORMED,
  isIpv6,
  isSameAddress,
  isUnicastAt,
  MOBILITY,
  sourceKey,
  trafficClass,
  upperLayerOffset,
} from "./inner_packet";
import { closeMerging, openMerging, writeMerged } from "./merging";
import { expectRawIpv6, expectUdp, packetAt, readControls, receivedSegmentOctets, receivedTypeOfService } from "./messages";
import { isOwn } from "./mobile_network";
import { OUTER_IPV4_OCTETS, PROTOCOL_IPV4, PROTOCOL_IPV6 } from "./outer_ipv4";
import { takeToken } from "./token_bucket";
import { closeWrites, isRoomForWrite, openWrites } from "./tun_writes";
import { isRingCrowded, isRingFull, isRingHalfFull, openRing, publishRing, pushRecord } from "./upward_ring";

const CE: u32 = 3;
const ECT_1: u32 = 1;
const ECT_0: u32 = 2;

/** Packets for the TUN device in this call, and their octets. */
let deliveredPackets: u64 = 0;
let deliveredOctets: u64 = 0;
/** Is this a mobile node, and the entry of its tunnel (0: none)? */
let isMobileNode: bool = false;
let tunnel: usize = 0;

/** Where the last call left off: the message, and how far in it. */
let nextMessage: i32 = 0;
let nextOffset: i32 = 0;

/** The outer header of the packet in hand, in network order: IPv4 addresses are IPv4-mapped. */
let outerHigh: u64 = 0;
let outerLow: u64 = 0;
let outerPort: u32 = 0;
let encapsulation: u32 = 0;
let typeOfService: u32 = 0;
/** Mobile node: the outer address that it has to be. */
let homeAgentHigh: u64 = 0;
let homeAgentLow: u64 = 0;

function openCall(first: bool, usedEncapsulation: u32): void {
  encapsulation = usedEncapsulation;
  if (first) {
    nextMessage = 0;
    nextOffset = 0;
  }
  openClock();
  openRing();
  openVerdicts();
  openWrites();
  openMerging();
  enterTable();
  deliveredPackets = 0;
  deliveredOctets = 0;
  isMobileNode = load<u32>(ROLE) == MOBILE_NODE_ROLE;
  tunnel = isMobileNode ? lookup(OWN_ADDRESS) : 0;
  const homeAgent = encapsulation == IPV6_IN_IPV6_ENCAPSULATION ? HOME_AGENT_OUTER_IPV6 : HOME_AGENT_OUTER_IPV4;
  homeAgentHigh = load<u64>(homeAgent);
  homeAgentLow = load<u64>(homeAgent, 8);
}

function closeCall(): void {
  leaveTable();
  publishRing();
  closeMerging();
  closeVerdicts();
  closeWrites();
  add(DECAPSULATED_PACKETS, deliveredPackets);
  add(DECAPSULATED_OCTETS, deliveredOctets);
}

/**
 * Decapsulates `count` datagrams as recvmmsg() left them, as far as the list of writes has room; with `first` false it
 * goes on where it left off. Makes the messages ready to receive again. Leaves the packets for the TUN device in their
 * list, and what is for control in the ring.
 * @returns whether all is done
 */
export function inboundUdp(count: i32, first: bool): bool {
  openCall(first, UDP_ENCAPSULATION);
  while (nextMessage < count && inboundMessage()) nextMessage++;
  closeCall();
  return nextMessage == count;
}

/** False where there is no room for the rest of it in this call. */
function inboundMessage(): bool {
  const message = UDP_RECEIVE_MESSAGES + nextMessage * MESSAGE_OCTETS;
  const name = UDP_RECEIVE_NAMES + nextMessage * NAME_OCTETS;
  const octets = load<i32>(message, MESSAGE_LENGTH);
  readControls(message, UDP_RECEIVE_CONTROLS + nextMessage * CONTROL_OCTETS);
  typeOfService = receivedTypeOfService;
  setOuterIpv4(load<u32>(name, NAME_ADDRESS));
  outerPort = load<u16>(name, NAME_PORT);
  const datagramOctets = receivedSegmentOctets > 0 ? receivedSegmentOctets : octets;
  const start = packetAt(nextMessage);
  do {
    if (!isRoomForWrite()) return false;
    const datagram = min<i32>(datagramOctets, octets - nextOffset);
    inboundDatagram(start + nextOffset, datagram, 0);
    nextOffset += datagram;
  } while (nextOffset < octets);
  nextOffset = 0;
  expectUdp(message);
  return true;
}

/** The same for packets from a raw IPv4 socket, which have their IPv4 header. */
export function inboundRawIpv4(count: i32, first: bool): bool {
  openCall(first, IPV6_IN_IPV4_ENCAPSULATION);
  outerPort = 0;
  while (nextMessage < count && isRoomForWrite()) inboundIpv4(nextMessage++);
  closeCall();
  return nextMessage == count;
}

function inboundIpv4(slot: i32): void {
  const received = load<i32>(RAW_IPV4_RECEIVE_MESSAGES + slot * MESSAGE_OCTETS, MESSAGE_LENGTH);
  const outer = packetAt(slot);
  if (received < OUTER_IPV4_OCTETS || load<u8>(outer) >> 4 != 4) return drop(DropReason.outerHeaderMalformed);
  const start = <i32>(load<u8>(outer) & 0x0f) << 2;
  const end = <i32>bswap<u16>(load<u16>(outer, 2));
  const protocol = load<u8>(outer, 9);
  if (start < OUTER_IPV4_OCTETS || start > end || end > received || (protocol != PROTOCOL_IPV6 && protocol != PROTOCOL_IPV4)) {
    return drop(DropReason.outerHeaderMalformed);
  }
  setOuterIpv4(load<u32>(outer, 12));
  typeOfService = load<u8>(outer, 1);
  inboundDatagram(outer + start, end - start, protocol == PROTOCOL_IPV6 ? 6 : 4);
}

/** The same for packets from a raw IPv6 socket for inner packets of this version, which have lost their IPv6 headers. */
export function inboundRawIpv6(count: i32, first: bool, version: u32): bool {
  openCall(first, IPV6_IN_IPV6_ENCAPSULATION);
  outerPort = 0;
  while (nextMessage < count && isRoomForWrite()) inboundIpv6(nextMessage++, version);
  closeCall();
  return nextMessage == count;
}

function inboundIpv6(slot: i32, version: u32): void {
  const message = RAW_IPV6_RECEIVE_MESSAGES + slot * MESSAGE_OCTETS;
  const name = RAW_IPV6_RECEIVE_NAMES + slot * NAME_IPV6_STRIDE;
  readControls(message, RAW_IPV6_RECEIVE_CONTROLS + slot * CONTROL_OCTETS);
  expectRawIpv6(message);
  typeOfService = receivedTypeOfService;
  outerHigh = load<u64>(name, NAME_IPV6_ADDRESS);
  outerLow = load<u64>(name, NAME_IPV6_ADDRESS + 8);
  inboundDatagram(packetAt(slot), load<i32>(message, MESSAGE_LENGTH), version);
}

@inline
function setOuterIpv4(address: u32): void {
  outerHigh = 0;
  outerLow = 0xffff0000 | (<u64>address << 32);
}

@inline
function inboundDatagram(packet: usize, octets: i32, version: u32): void {
  const length = innerLength(packet, octets, version);
  if (length < 0) drop(~length);
  else inboundPacket(packet, length);
}

function inboundPacket(packet: usize, length: i32): void {
  if (isMobileNode && (outerHigh != homeAgentHigh || outerLow != homeAgentLow)) return drop(DropReason.notFromHomeAgent);
  const isVersion6 = isIpv6(packet);
  const source = sourceKey(packet);
  const destination = destinationKey(packet);
  if (isVersion6 && isSameAddress(destination, OWN_ADDRESS)) {
    const upper = findUpperLayer(packet, length);
    if (upper == IS_MALFORMED) return drop(DropReason.extensionHeadersMalformed);
    const isSealed = upper == ESP && encapsulation == UDP_ENCAPSULATION;
    const isSignalling = upper == MOBILITY || (isSealed && isOfAssociation(packet + upperLayerOffset, packet + length, source));
    if (isSignalling && !isFromMobileNetwork(source)) return signalling(packet, length);
  }
  if (isMobileNode) {
    if (tunnel == 0) return drop(DropReason.noTunnel);
    // In another encapsulation it came by a care-of address that is being left.
    const isOfTunnel = load<u8>(tunnel, ENTRY_ENCAPSULATION) == encapsulation;
    if (isOfTunnel && !isFarEnd(tunnel)) return drop(DropReason.notFromHomeAgent);
    if (!isOwn(destination, isVersion6)) return drop(DropReason.destinationNotHomeAddress);
    if (!isUnicastAt(source, isVersion6)) return drop(DropReason.sourceNotUnicast);
    if (isOwn(source, isVersion6)) return drop(DropReason.sourceIsHomeAddress);
  } else {
    if (!isUnicastAt(source, isVersion6)) return drop(DropReason.sourceNotUnicast);
    const binding = lookupLongest(source, isVersion6);
    if (binding == 0 || !isFromNode(binding)) {
      drop(DropReason.sourceNotBound);
      report(packet, length);
      return;
    }
    if (!isUnicastAt(destination, isVersion6)) return drop(DropReason.destinationNotUnicast);
  }
  if ((typeOfService & 3) != 0 && !combineEcn(packet, typeOfService & 3)) return drop(DropReason.congestionNotEct);
  pass();
  deliveredPackets++;
  deliveredOctets += length;
  writeMerged(packet, length);
}

/** ESP of a security association between the mobile node and its home agent, and not with a correspondent? */
function isOfAssociation(header: usize, end: usize, source: usize): bool {
  if (header + SPI_OCTETS > end || (isMobileNode && !isSameAddress(source, HOME_AGENT_OUTER_IPV6))) return false;
  store<u32>(SPI_KEY, load<u32>(header), SPI_KEY_NUMBER);
  return lookup(SPI_KEY) != 0;
}

/** Behind a mobile router: a mobile node there is bound by its own address, and may have its home agent here (RFC 3963 3). */
@inline
function isFromMobileNetwork(source: usize): bool {
  return !isMobileNode && lookup(source) == 0 && lookupLongest(source, true) != 0;
}

/**
 * From the care-of address? A node behind no NAT uses UDP until it knows that, and until the acknowledgement has reached it
 * (RFC 5555 section 4.1); a NAT's address alone would not tell its hosts apart.
 */
@inline
function isFromNode(entry: usize): bool {
  const isNotYetTold = encapsulation == UDP_ENCAPSULATION &&
    load<u8>(entry, ENTRY_ENCAPSULATION) == IPV6_IN_IPV4_ENCAPSULATION;
  return isNotYetTold ? hasOuterAddress(entry) : isFarEnd(entry);
}

@inline
function hasOuterAddress(entry: usize): bool {
  return load<u64>(entry, ENTRY_OUTER_ADDRESS + 8) == outerLow && load<u64>(entry, ENTRY_OUTER_ADDRESS) == outerHigh;
}

@inline
function isFarEnd(entry: usize): bool {
  return hasOuterAddress(entry) &&
    load<u8>(entry, ENTRY_ENCAPSULATION) == encapsulation && load<u16>(entry, ENTRY_PORT) == outerPort;
}

/**
 * From the home agent, or from where its source is bound? What others send may not fill the ring: in a flood of it, mobile
 * nodes that stay where they are keep their bindings.
 */
function isFromFriend(packet: usize): bool {
  if (isMobileNode) return true;
  const binding = lookup(sourceKey(packet));
  return binding != 0 && isFromNode(binding);
}

function signalling(packet: usize, length: i32): void {
  if (encapsulation != UDP_ENCAPSULATION) return drop(DropReason.signallingNotInUdp);
  if (length > SIGNALLING_MAXIMUM_OCTETS) return drop(DropReason.signallingTooLong);
  if (isFromFriend(packet) ? isRingFull() : isRingCrowded()) return drop(DropReason.signallingRingFull);
  pass();
  add(SIGNALLING_PACKETS, 1);
  pushRecord(SIGNALLING_RECORD, encapsulation, outerHigh, outerLow, outerPort, verdictCount - 1, packet, length);
}

function report(packet: usize, length: i32): void {
  if (isRingHalfFull()) return;
  if (!takeToken(UNBOUND_REPORT_BUCKET, UNBOUND_REPORT_BURST, UNBOUND_REPORTS_PER_SECOND)) return;
  add(UNBOUND_REPORTS, 1);
  const octets = min<i32>(length, UNBOUND_REPORT_OCTETS);
  pushRecord(UNBOUND_TRAFFIC_RECORD, encapsulation, outerHigh, outerLow, outerPort, verdictCount - 1, packet, octets);
}

/**
 * Brings an outer ECN mark (not 0) into the inner header as RFC 6040 section 4.2 says; false where the packet has to be
 * dropped.
 */
function combineEcn(packet: usize, outer: u32): bool {
  const inner = trafficClass(packet) & 3;
  if (inner == 0) return outer != CE;
  if (inner == CE || (outer != CE && !(outer == ECT_1 && inner == ECT_0))) return true;
  if (isIpv6(packet)) {
    store<u8>(packet, (load<u8>(packet, 1) & 0xcf) | (outer << 4), 1);
    return true;
  }
  const before = load<u16>(packet);
  const after = (before & 0xfcff) | <u16>(outer << 8);
  store<u16>(packet, after);
  // RFC 1624: the checksum follows the change of one word.
  const checksum = <u64><u16>~load<u16>(packet, 10) + <u64><u16>~before + after;
  store<u16>(packet, finishChecksum(checksum), 10);
  return true;
}
