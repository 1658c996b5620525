import {
  CLOCK,
  RECORD_ARRIVED_MS,
  RECORD_DATA,
  RECORD_ENCAPSULATION,
  RECORD_KIND,
  RECORD_LENGTH,
  RECORD_OCTETS,
  RECORD_OUTER_ADDRESS,
  RECORD_PORT,
  RECORD_SLOT,
  RING,
  RING_HEAD,
  RING_RECORDS,
  RING_TAIL,
} from "../memory_map";
import { seeClock } from "./clock";

/** Records written; control sees those before the published RING_HEAD. Both count on and wrap at 2^32. */
let head: u32 = 0;

export function openRing(): void {
  head = atomic.load<u32>(RING_HEAD);
}

/** Shows control what was written since openRing(), and wakes it. */
export function publishRing(): void {
  if (head == load<u32>(RING_HEAD)) return;
  atomic.store<u32>(RING_HEAD, head);
  atomic.notify(RING_HEAD, 1);
}

export function isRingFull(): bool {
  return head - atomic.load<u32>(RING_TAIL) >= <u32>RING_RECORDS;
}

/** Above this, only mobility messages of those who are bound go up. */
export function isRingCrowded(): bool {
  return head - atomic.load<u32>(RING_TAIL) >= <u32>RING_RECORDS / 4 * 3;
}

/** Above this, only mobility messages go up. */
export function isRingHalfFull(): bool {
  return head - atomic.load<u32>(RING_TAIL) >= <u32>RING_RECORDS / 2;
}

/** Adds a record. There must be room for it. The two halves of the outer address, and the port, are in network order. */
export function pushRecord(
  kind: u32,
  encapsulation: u32,
  outerHigh: u64,
  outerLow: u64,
  port: u32,
  slot: i32,
  packet: usize,
  length: i32,
): void {
  seeClock();
  const record = RING + (head & (RING_RECORDS - 1)) * RECORD_OCTETS;
  store<u32>(record, kind, RECORD_KIND);
  store<u32>(record, encapsulation, RECORD_ENCAPSULATION);
  store<u64>(record, outerHigh, RECORD_OUTER_ADDRESS);
  store<u64>(record, outerLow, RECORD_OUTER_ADDRESS + 8);
  store<u16>(record, <u16>port, RECORD_PORT);
  store<i32>(record, length, RECORD_LENGTH);
  store<i32>(record, slot, RECORD_SLOT);
  store<f64>(record, <f64>load<i64>(CLOCK) * 1000 + <f64>load<i64>(CLOCK, 8) / 1000000, RECORD_ARRIVED_MS);
  memory.copy(record + RECORD_DATA, packet, length);
  head++;
}
