import { DROP_COUNTERS, PASSED, VERDICT_CAPACITY, VERDICT_COUNT, VERDICTS } from "../memory_map";

/** Inner packets of this call that have a verdict. */
export let verdictCount: i32 = 0;

export function openVerdicts(): void {
  verdictCount = 0;
}

export function closeVerdicts(): void {
  store<i32>(VERDICT_COUNT, verdictCount);
}

@inline
export function add(counter: usize, amount: u64): void {
  store<u64>(counter, load<u64>(counter) + amount);
}

/** Counts a drop that is not one of this call's packets. */
export function countDrop(reason: i32): void {
  countDrops(reason, 1);
}

export function countDrops(reason: i32, packets: u64): void {
  add(DROP_COUNTERS + (reason << 3), packets);
}

/** The verdict of the packet in hand: it goes no further. */
export function drop(reason: i32): void {
  setVerdict(reason);
  countDrop(reason);
}

@inline
export function pass(): void {
  setVerdict(PASSED);
}

@inline
function setVerdict(verdict: i32): void {
  if (verdictCount < VERDICT_CAPACITY) store<i32>(VERDICTS + (verdictCount << 2), verdict);
  verdictCount++;
}
