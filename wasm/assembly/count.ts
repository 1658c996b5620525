import { DROP_COUNTERS, PASSED, SLOT_VERDICTS } from "../memory_map";

@inline
export function add(counter: usize, amount: u64): void {
  store<u64>(counter, load<u64>(counter) + amount);
}

/** Counts a drop that is not one of a slot's. */
export function countDrop(reason: i32): void {
  add(DROP_COUNTERS + (reason << 3), 1);
}

/** The verdict of a slot: its packet goes no further. */
export function drop(slot: i32, reason: i32): void {
  store<i32>(SLOT_VERDICTS + (slot << 2), reason);
  countDrop(reason);
}

@inline
export function pass(slot: i32): void {
  store<i32>(SLOT_VERDICTS + (slot << 2), PASSED);
}
