/**
 * The forwarder's inner part. The packet's way:
 *   TUN read -> outbound: classify, look the binding up, encapsulate in place or in segments -> socket send
 *   socket receive -> inboundUdp, inboundRawIpv4, inboundRawIpv6: check, strip, merge -> TUN write | ring to control | counted drop
 *
 * No allocation and no static data: control and each Worker have an instance of their own over the shared memory.
 */
import { PACKET_TOO_BIG_BURST, UNBOUND_REPORT_BURST } from "../../core/forwarding/limits";
import {
  MEMORY_BASE,
  NOTE_INNER_OCTETS,
  NOTE_PACKETS,
  PACKET_TOO_BIG_BUCKET,
  RAW_IPV4_SEND_NOTES,
  RAW_IPV6_SEND_NOTES,
  REFUSED_INBOUND_OCTETS,
  REFUSED_INBOUND_PACKETS,
  REFUSED_OUTBOUND_OCTETS,
  REFUSED_OUTBOUND_PACKETS,
  SOCKET_ERRORS,
  UDP_SEND_NOTES,
  UNBOUND_REPORT_BUCKET,
} from "../memory_map";
import { openTable } from "./binding_table";
import { finishChecksum, sumOctets } from "./checksum";
import { add, countDrops } from "./count";
import { openMessages } from "./messages";
import { fillBucket } from "./token_bucket";
import { writeNotes } from "./tun_writes";

export { enterTable, leaveTable, lookup, removeBinding, setBinding } from "./binding_table";
export { countDrop } from "./count";
export { splitMessage } from "./datagrams";
export { inboundRawIpv4, inboundRawIpv6, inboundUdp } from "./inbound";
export { splitWrite } from "./merging";
export { outbound } from "./outbound";

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

/** The kernel did not take message `index` to the UDP socket. */
export function refuseUdpSend(index: i32, reason: i32): void {
  refuseSend(UDP_SEND_NOTES + (index << 3), reason);
}

/** The kernel did not take packet `index` to a raw socket. */
export function refuseRawIpv4Send(index: i32, reason: i32): void {
  refuseSend(RAW_IPV4_SEND_NOTES + (index << 3), reason);
}

export function refuseRawIpv6Send(index: i32, reason: i32): void {
  refuseSend(RAW_IPV6_SEND_NOTES + (index << 3), reason);
}

function refuseSend(note: usize, reason: i32): void {
  const packets = load<u32>(note);
  countDrops(reason, packets);
  add(REFUSED_OUTBOUND_PACKETS, packets);
  add(REFUSED_OUTBOUND_OCTETS, load<u32>(note, 4));
}

/** The TUN device did not take write `index` of the last inbound call. */
export function refuseTunWrite(index: i32, reason: i32): void {
  const notes = writeNotes(index);
  const packets = load<u32>(notes, NOTE_PACKETS);
  countDrops(reason, packets);
  add(REFUSED_INBOUND_PACKETS, packets);
  add(REFUSED_INBOUND_OCTETS, load<u32>(notes, NOTE_INNER_OCTETS));
}

/** A socket reported an error that belongs to no packet of this batch. */
export function countSocketError(): void {
  add(SOCKET_ERRORS, 1);
}

/** The Internet checksum of these octets, as a number in network order. */
export function checksum(start: usize, octets: i32): u32 {
  return bswap<u16>(finishChecksum(sumOctets(start, octets, 0)));
}
