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
  ENTRY_OUTER_IPV4,
  ENTRY_PORT,
  HOME_AGENT_IPV4,
  IPV6_IN_IPV4_ENCAPSULATION,
  MESSAGE_LENGTH,
  MESSAGE_OCTETS,
  MOBILE_NODE_ROLE,
  NAME_ADDRESS,
  NAME_OCTETS,
  NAME_PORT,
  OWN_ADDRESS,
  RAW_RECEIVE_MESSAGES,
  ROLE,
  SIGNALLING_PACKETS,
  SIGNALLING_RECORD,
  TUN_WRITE_COUNT,
  TUN_WRITE_VECTORS,
  UDP_ENCAPSULATION,
  UDP_RECEIVE_CONTROLS,
  UDP_RECEIVE_MESSAGES,
  UDP_RECEIVE_NAMES,
  UNBOUND_REPORT_BUCKET,
  UNBOUND_REPORTS,
  UNBOUND_TRAFFIC_RECORD,
  VECTOR_OCTETS,
} from "../memory_map";
import { enterTable, leaveTable, lookup } from "./binding_table";
import { add, drop, pass } from "./count";
import {
  DESTINATION_OFFSET,
  findMobilityHeader,
  innerLength,
  IS_MALFORMED,
  IS_MOBILITY,
  isSameAddress,
  isUnicastAt,
  SOURCE_OFFSET,
} from "./inner_packet";
import { expectUdp, packetAt, receivedTypeOfService, setVector } from "./messages";
import { takeToken } from "./token_bucket";
import { isRingFull, isRingHalfFull, openRing, publishRing, pushRecord } from "./upward_ring";

const OUTER_IPV4_OCTETS = 20;
const CE: u32 = 3;
const ECT_1: u32 = 1;
const ECT_0: u32 = 2;

/** Packets for the TUN device so far, and their octets. */
let deliveredCount: i32 = 0;
let deliveredOctets: u64 = 0;
/** Is this a mobile node, and the entry of its tunnel (0: none)? */
let isMobileNode: bool = false;
let tunnel: usize = 0;

function openBatch(): void {
  openRing();
  enterTable();
  deliveredCount = 0;
  deliveredOctets = 0;
  isMobileNode = load<u32>(ROLE) == MOBILE_NODE_ROLE;
  tunnel = isMobileNode ? lookup(OWN_ADDRESS) : 0;
}

function closeBatch(): void {
  leaveTable();
  publishRing();
  add(DECAPSULATED_PACKETS, deliveredCount);
  add(DECAPSULATED_OCTETS, deliveredOctets);
  store<i32>(TUN_WRITE_COUNT, deliveredCount);
}

/**
 * Decapsulates `count` datagrams as recvmmsg() left them, and makes their messages ready to receive again.
 * Leaves the packets for the TUN device in their list, with TUN_WRITE_COUNT, and what is for control in the ring.
 */
export function inboundUdp(count: i32): void {
  openBatch();
  for (let slot = 0; slot < count; slot++) {
    const message = UDP_RECEIVE_MESSAGES + slot * MESSAGE_OCTETS;
    const name = UDP_RECEIVE_NAMES + slot * NAME_OCTETS;
    const packet = packetAt(slot);
    const typeOfService = receivedTypeOfService(message, UDP_RECEIVE_CONTROLS + slot * CONTROL_OCTETS);
    expectUdp(message);
    const length = innerLength(packet, load<i32>(message, MESSAGE_LENGTH), false);
    if (length < 0) drop(slot, ~length);
    else {
      const address = load<u32>(name, NAME_ADDRESS);
      const port = load<u16>(name, NAME_PORT);
      inboundPacket(slot, packet, length, UDP_ENCAPSULATION, address, port, typeOfService);
    }
  }
  closeBatch();
}

/** The same for packets from the raw socket, which have their IPv4 header. */
export function inboundRaw(count: i32): void {
  openBatch();
  for (let slot = 0; slot < count; slot++) {
    const received = load<i32>(RAW_RECEIVE_MESSAGES + slot * MESSAGE_OCTETS, MESSAGE_LENGTH);
    const outer = packetAt(slot);
    if (received < OUTER_IPV4_OCTETS || load<u8>(outer) >> 4 != 4) {
      drop(slot, DropReason.outerHeaderMalformed);
      continue;
    }
    const start = <i32>(load<u8>(outer) & 0x0f) << 2;
    const end = <i32>bswap<u16>(load<u16>(outer, 2));
    if (start < OUTER_IPV4_OCTETS || start > end || end > received) {
      drop(slot, DropReason.outerHeaderMalformed);
      continue;
    }
    const length = innerLength(outer + start, end - start, true);
    if (length < 0) drop(slot, ~length);
    else {
      const address = load<u32>(outer, 12);
      inboundPacket(slot, outer + start, length, IPV6_IN_IPV4_ENCAPSULATION, address, 0, load<u8>(outer, 1));
    }
  }
  closeBatch();
}

@inline
function inboundPacket(
  slot: i32,
  packet: usize,
  length: i32,
  encapsulation: u32,
  address: u32,
  port: u32,
  typeOfService: u32,
): void {
  if (isMobileNode && address != load<u32>(HOME_AGENT_IPV4)) return drop(slot, DropReason.notFromHomeAgent);
  const isForUs = isSameAddress(packet + DESTINATION_OFFSET, OWN_ADDRESS);
  if (isForUs) {
    const found = findMobilityHeader(packet, length);
    if (found == IS_MALFORMED) return drop(slot, DropReason.extensionHeadersMalformed);
    if (found == IS_MOBILITY) return signalling(slot, packet, length, encapsulation, address, port);
  }
  if (isMobileNode) {
    if (tunnel == 0) return drop(slot, DropReason.noTunnel);
    if (!isFarEnd(tunnel, encapsulation, address, port)) return drop(slot, DropReason.notFromHomeAgent);
    if (!isForUs) return drop(slot, DropReason.destinationNotHomeAddress);
    if (!isUnicastAt(packet + SOURCE_OFFSET)) return drop(slot, DropReason.sourceNotUnicast);
    if (isSameAddress(packet + SOURCE_OFFSET, OWN_ADDRESS)) return drop(slot, DropReason.sourceIsHomeAddress);
  } else {
    if (!isUnicastAt(packet + SOURCE_OFFSET)) return drop(slot, DropReason.sourceNotUnicast);
    const binding = lookup(packet + SOURCE_OFFSET);
    if (binding == 0 || !isFarEnd(binding, encapsulation, address, port)) {
      drop(slot, DropReason.sourceNotBound);
      return report(slot, packet, length, encapsulation, address, port);
    }
    if (!isUnicastAt(packet + DESTINATION_OFFSET)) return drop(slot, DropReason.destinationNotUnicast);
  }
  if ((typeOfService & 3) != 0 && !combineEcn(packet, typeOfService & 3)) {
    return drop(slot, DropReason.congestionNotEct);
  }
  pass(slot);
  setVector(TUN_WRITE_VECTORS + deliveredCount * VECTOR_OCTETS, packet, length);
  deliveredCount++;
  deliveredOctets += length;
}

@inline
function isFarEnd(entry: usize, encapsulation: u32, address: u32, port: u32): bool {
  return load<u32>(entry, ENTRY_OUTER_IPV4) == address && load<u8>(entry, ENTRY_ENCAPSULATION) == encapsulation &&
    load<u16>(entry, ENTRY_PORT) == port;
}

function signalling(slot: i32, packet: usize, length: i32, encapsulation: u32, address: u32, port: u32): void {
  if (encapsulation != UDP_ENCAPSULATION) return drop(slot, DropReason.signallingNotInUdp);
  if (length > SIGNALLING_MAXIMUM_OCTETS) return drop(slot, DropReason.signallingTooLong);
  if (isRingFull()) return drop(slot, DropReason.signallingRingFull);
  pass(slot);
  add(SIGNALLING_PACKETS, 1);
  pushRecord(SIGNALLING_RECORD, encapsulation, address, port, slot, packet, length);
}

function report(slot: i32, packet: usize, length: i32, encapsulation: u32, address: u32, port: u32): void {
  if (isRingHalfFull()) return;
  if (!takeToken(UNBOUND_REPORT_BUCKET, UNBOUND_REPORT_BURST, UNBOUND_REPORTS_PER_SECOND)) return;
  add(UNBOUND_REPORTS, 1);
  const octets = min<i32>(length, UNBOUND_REPORT_OCTETS);
  pushRecord(UNBOUND_TRAFFIC_RECORD, encapsulation, address, port, slot, packet, octets);
}

/**
 * Brings an outer ECN mark (not 0) into the inner header as RFC 6040 section 4.2 says; false where the packet
 * has to be dropped.
 */
function combineEcn(packet: usize, outer: u32): bool {
  const inner = (<u32>load<u8>(packet, 1) >> 4) & 3;
  if (inner == 0) return outer != CE;
  if (outer == CE || (outer == ECT_1 && inner == ECT_0)) {
    store<u8>(packet, (load<u8>(packet, 1) & 0xcf) | (outer << 4), 1);
  }
  return true;
}
