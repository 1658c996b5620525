/**
 * The forwarder's inner part. The packet's way:
 *   TUN read -> outbound: classify, look the binding up, encapsulate in place -> socket send
 *   socket receive -> inboundUdp, inboundRaw: check, strip -> TUN write | ring to control | counted drop
 *
 * No allocation and no static data: control and Worker have an instance each, over one shared memory.
 */
import {
  PACKET_TOO_BIG_BURST,
  UNBOUND_REPORT_BURST,
} from "../../core/forwarding/limits";
import {
  MEMORY_BASE,
  PACKET_TOO_BIG_BUCKET,
  RAW_SEND_VECTORS,
  REFUSED_INBOUND_OCTETS,
  REFUSED_INBOUND_PACKETS,
  REFUSED_OUTBOUND_OCTETS,
  REFUSED_OUTBOUND_PACKETS,
  SOCKET_ERRORS,
  TUN_WRITE_VECTORS,
  UDP_SEND_VECTORS,
  UNBOUND_REPORT_BUCKET,
  VECTOR_LENGTH,
  VECTOR_OCTETS,
} from "../memory_map";
import { openTable } from "./binding_table";
import { finishChecksum, sumOctets } from "./checksum";
import { add, countDrop } from "./count";
import { openMessages } from "./messages";
import { fillBucket } from "./token_bucket";

export { enterTable, leaveTable, lookup, removeBinding, setBinding } from "./binding_table";
export { countDrop } from "./count";
export { inboundRaw, inboundUdp } from "./inbound";
export { outbound } from "./outbound";

const OUTER_IPV4_OCTETS = 20;

/** Prepares memory that is still zero. The base is the address of this memory in the process. */
export function open(
  baseHigh: u32,
  baseLow: u32,
  maximumBindings: u32,
  slotCount: u32,
  seedHigh: u32,
  seedLow: u32,
): void {
  store<u64>(MEMORY_BASE, <u64>baseHigh << 32 | baseLow);
  openMessages();
  openTable(maximumBindings, slotCount, seedHigh, seedLow);
  fillBucket(PACKET_TOO_BIG_BUCKET, PACKET_TOO_BIG_BURST);
  fillBucket(UNBOUND_REPORT_BUCKET, UNBOUND_REPORT_BURST);
}

/** The kernel did not take datagram `index` of the last outbound batch. */
export function refuseUdpSend(index: i32, reason: i32): void {
  refuse(UDP_SEND_VECTORS + index * VECTOR_OCTETS, 0, REFUSED_OUTBOUND_PACKETS, REFUSED_OUTBOUND_OCTETS, reason);
}

/** The kernel did not take raw packet `index` of the last outbound batch. */
export function refuseRawSend(index: i32, reason: i32): void {
  const vector = RAW_SEND_VECTORS + index * VECTOR_OCTETS;
  refuse(vector, OUTER_IPV4_OCTETS, REFUSED_OUTBOUND_PACKETS, REFUSED_OUTBOUND_OCTETS, reason);
}

/** The TUN device did not take packet `index` of the last inbound batch. */
export function refuseTunWrite(index: i32, reason: i32): void {
  refuse(TUN_WRITE_VECTORS + index * VECTOR_OCTETS, 0, REFUSED_INBOUND_PACKETS, REFUSED_INBOUND_OCTETS, reason);
}

/** A socket reported an error that belongs to no packet of this batch. */
export function countSocketError(): void {
  add(SOCKET_ERRORS, 1);
}

function refuse(vector: usize, outerOctets: u64, packets: usize, octets: usize, reason: i32): void {
  countDrop(reason);
  add(packets, 1);
  add(octets, load<u64>(vector, VECTOR_LENGTH) - outerOctets);
}

/** The Internet checksum of these octets, as a number in network order. */
export function checksum(start: usize, octets: i32): u32 {
  return bswap<u16>(finishChecksum(sumOctets(start, octets, 0)));
}
