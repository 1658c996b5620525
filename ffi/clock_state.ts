import { check } from "./errno.ts";
import { loadLibc } from "./load_libc.ts";

const calls = loadLibc({
  // int adjtimex(struct timex *buf);
  adjtimex: { parameters: ["buffer"], result: "i32" },
});

// <sys/timex.h>: u32 modes, 4 octets of padding, then 8 octets each: offset, freq, maxerror, esterror; s32 status
const TIMEX_OCTETS = 208;
const MAXERROR_OFFSET = 24;
const STATUS_OFFSET = 40;
const STA_UNSYNC = 0x0040;

/** What the kernel knows of its clock. */
export interface ClockState {
  /** A program such as chrony or systemd-timesyncd keeps it right. */
  readonly synchronized: boolean;
  /** How far it is off at most, milliseconds; the kernel counts up to 16 s. */
  readonly maximumErrorMs: number;
}

/** Asks the kernel, and changes nothing (adjtimex(2) with no modes). @throws SystemError */
export function readClockState(): ClockState {
  const timex = new Uint8Array(TIMEX_OCTETS);
  check(calls.adjtimex(timex), "adjtimex", "read the state of the clock");
  const view = new DataView(timex.buffer);
  return {
    synchronized: (view.getInt32(STATUS_OFFSET, true) & STA_UNSYNC) === 0,
    maximumErrorMs: Number(view.getBigInt64(MAXERROR_OFFSET, true)) / 1000,
  };
}
