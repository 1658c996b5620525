import {
  NOTE_INNER_OCTETS,
  NOTE_IS_PUSHED,
  NOTE_OCTETS,
  NOTE_PACKETS,
  NOTE_VECTOR_COUNT,
  TUN_HEADER,
  TUN_HEADER_OCTETS,
  TUN_WRITE_COUNT,
  TUN_WRITE_HEADER_OCTETS,
  TUN_WRITE_HEADERS,
  TUN_WRITE_NOTES,
  TUN_WRITE_VECTORS,
  TUN_WRITE_VECTORS_OCTETS,
  TUN_WRITES,
  VECTOR_OCTETS,
} from "../memory_map";
import { setVector } from "./messages";

/** The list of what is to be written to the TUN device. */

let writeCount: i32 = 0;

export function openWrites(): void {
  writeCount = 0;
}

export function closeWrites(): void {
  store<i32>(TUN_WRITE_COUNT, writeCount);
}

@inline
export function isRoomForWrite(): bool {
  return writeCount < TUN_WRITES;
}

@inline
export function writeNotes(write: i32): usize {
  return TUN_WRITE_NOTES + write * NOTE_OCTETS;
}

/** struct virtio_net_hdr of a write. */
@inline
export function writeHeader(write: i32): usize {
  return TUN_WRITE_HEADERS + write * TUN_WRITE_HEADER_OCTETS;
}

@inline
export function writeVectors(write: i32): usize {
  return TUN_WRITE_VECTORS + write * TUN_WRITE_VECTORS_OCTETS;
}

/** Adds a whole packet that needs nothing done, and says which write it is. There must be room. */
export function writePacket(packet: usize, length: i32): i32 {
  setWrite(writeCount, packet, length);
  return writeCount++;
}

export function setWrite(write: i32, packet: usize, length: i32): void {
  const notes = writeNotes(write);
  const header = writeHeader(write);
  const hasHeader = load<u32>(TUN_HEADER_OCTETS) != 0;
  let vector = writeVectors(write);
  if (hasHeader) {
    store<u64>(header, 0);
    store<u16>(header, 0, 8);
    setVector(vector, header, TUN_HEADER);
    vector += VECTOR_OCTETS;
  }
  setVector(vector, packet, length);
  store<u32>(notes, hasHeader ? 2 : 1, NOTE_VECTOR_COUNT);
  store<u32>(notes, 1, NOTE_PACKETS);
  store<u32>(notes, length, NOTE_INNER_OCTETS);
  store<u32>(notes, 0, NOTE_IS_PUSHED);
}
