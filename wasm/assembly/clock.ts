/** Puts the kernel's monotonic clock into CLOCK. */
@external("env", "readClock")
declare function readClock(): void;

let isRead: bool = false;

/** Each call of the forwarder has one instant, and most need none. */
export function openClock(): void {
  isRead = false;
}

/** CLOCK is good for the rest of this call. */
export function seeClock(): void {
  if (isRead) return;
  isRead = true;
  readClock();
}
