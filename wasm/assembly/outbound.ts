import { DropReason } from "../../core/forwarding/drop_reason";
import { OUTER_TIME_TO_LIVE } from "../../core/forwarding/limits";
import {
  ENCAPSULATED_OCTETS,
  ENCAPSULATED_PACKETS,
  ENTRY_ENCAPSULATION,
  ENTRY_INNER_MTU,
  ENTRY_OUTER_IPV4,
  ENTRY_PORT,
  MOBILE_NODE_ROLE,
  OUTER_SOURCE,
  OWN_ADDRESS,
  RAW_SEND_COUNT,
  ROLE,
  SLOT_LENGTHS,
  TUN_WRITE_COUNT,
  TUN_WRITE_VECTORS,
  UDP_ENCAPSULATION,
  UDP_SEND_COUNT,
  VECTOR_OCTETS,
} from "../memory_map";
import { enterTable, leaveTable, lookup } from "./binding_table";
import { finishChecksum, sumOctets } from "./checksum";
import { add, drop, pass } from "./count";
import { DESTINATION_OFFSET, innerLength, isSameAddress, isUnicastAt, SOURCE_OFFSET } from "./inner_packet";
import { packetAt, sendRaw, sendUdp, setVector } from "./messages";
import { answerTooBig, HEAD_OCTETS } from "./packet_too_big";

const OUTER_IPV4_OCTETS = 20;
const PROTOCOL_IPV6 = 41;

/**
 * Encapsulates the packets of slots 0 up to `count`, whose lengths are in SLOT_LENGTHS. Leaves the datagrams to
 * send and the ICMPv6 errors for the TUN device in their lists, with UDP_SEND_COUNT, RAW_SEND_COUNT and
 * TUN_WRITE_COUNT.
 */
export function outbound(count: i32): void {
  enterTable();
  const isMobileNode = load<u32>(ROLE) == MOBILE_NODE_ROLE;
  const tunnel = isMobileNode ? lookup(OWN_ADDRESS) : 0;
  let udpCount = 0;
  let rawCount = 0;
  let answerCount = 0;
  let octets: u64 = 0;
  for (let slot = 0; slot < count; slot++) {
    const packet = packetAt(slot);
    const length = innerLength(packet, load<i32>(SLOT_LENGTHS + (slot << 2)), false);
    if (length < 0) {
      drop(slot, ~length);
      continue;
    }
    if (!isUnicastAt(packet + DESTINATION_OFFSET)) {
      drop(slot, DropReason.destinationNotUnicast);
      continue;
    }
    if (!isUnicastAt(packet + SOURCE_OFFSET)) {
      drop(slot, DropReason.sourceNotUnicast);
      continue;
    }
    if (isMobileNode && !isSameAddress(packet + SOURCE_OFFSET, OWN_ADDRESS)) {
      drop(slot, DropReason.sourceNotHomeAddress);
      continue;
    }
    const entry = isMobileNode ? tunnel : lookup(packet + DESTINATION_OFFSET);
    if (entry == 0) {
      drop(slot, isMobileNode ? DropReason.noTunnel : DropReason.noBinding);
      continue;
    }
    const mtu = load<i32>(entry, ENTRY_INNER_MTU);
    if (length > mtu) {
      drop(slot, DropReason.packetTooBig);
      const answerLength = answerTooBig(packet, length, mtu);
      if (answerLength != 0) {
        setVector(TUN_WRITE_VECTORS + answerCount * VECTOR_OCTETS, packet - HEAD_OCTETS, answerLength);
        answerCount++;
      }
      continue;
    }
    pass(slot);
    octets += length;
    const address = load<u32>(entry, ENTRY_OUTER_IPV4);
    const typeOfService = (<u32>bswap<u16>(load<u16>(packet)) >> 4) & 0xff;
    if (load<u8>(entry, ENTRY_ENCAPSULATION) == UDP_ENCAPSULATION) {
      sendUdp(udpCount++, packet, length, address, load<u16>(entry, ENTRY_PORT), typeOfService);
    } else {
      writeOuterIpv4(packet - OUTER_IPV4_OCTETS, length, address, typeOfService);
      sendRaw(rawCount++, packet - OUTER_IPV4_OCTETS, length + OUTER_IPV4_OCTETS, address);
    }
  }
  leaveTable();
  add(ENCAPSULATED_PACKETS, udpCount + rawCount);
  add(ENCAPSULATED_OCTETS, octets);
  store<i32>(UDP_SEND_COUNT, udpCount);
  store<i32>(RAW_SEND_COUNT, rawCount);
  store<i32>(TUN_WRITE_COUNT, answerCount);
}

/** Protocol 41 (RFC 4213 section 3.5): DF clear; identification 0, which the kernel replaces. */
@inline
function writeOuterIpv4(header: usize, innerOctets: i32, destination: u32, typeOfService: u32): void {
  store<u16>(header, <u16>(0x45 | (typeOfService << 8)));
  store<u16>(header, bswap<u16>(<u16>(OUTER_IPV4_OCTETS + innerOctets)), 2);
  store<u32>(header, 0, 4);
  store<u32>(header, OUTER_TIME_TO_LIVE | (PROTOCOL_IPV6 << 8), 8);
  store<u32>(header, load<u32>(OUTER_SOURCE), 12);
  store<u32>(header, destination, 16);
  store<u16>(header, finishChecksum(sumOctets(header, OUTER_IPV4_OCTETS, 0)), 10);
}
