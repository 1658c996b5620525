import type { CapturedPacket, CaptureTime } from "../capture/captured_packet.ts";
import type { TextWriter } from "./text_writer.ts";
import { formatUtcTime } from "./utc_time.ts";

/**
 * When a packet was seen, in tshark's letters: r seconds since the first packet, d since the packet before, dd since
 * the packet before that was shown, e since 1970, ud the date and time in UTC.
 */
export const TIME_FORMS = ["r", "d", "dd", "e", "ud"] as const;
export type TimeForm = typeof TIME_FORMS[number];

const SECONDS_COLUMNS = 4;

/** The time that stands in each line of one capture. */
export class TimeColumn {
  readonly #form: TimeForm;
  #first: CaptureTime | undefined;
  #before: CaptureTime | undefined;
  #latest: CaptureTime | undefined;
  #shownBefore: CaptureTime | undefined;

  constructor(form: TimeForm) {
    this.#form = form;
  }

  /** A packet of the capture, in order, shown or not. */
  note({ time }: CapturedPacket): void {
    if (time === undefined) return;
    this.#first ??= time;
    this.#before = this.#latest;
    this.#latest = time;
  }

  sinceFirst(time: CaptureTime): Difference {
    return difference(this.#first ??= time, time);
  }

  write(out: TextWriter, { time, timeDigits }: CapturedPacket): void {
    if (time === undefined) {
      out.spaces(SECONDS_COLUMNS + timeDigits);
      out.text("-");
      return;
    }
    switch (this.#form) {
      case "r":
        writeSeconds(out, this.sinceFirst(time), timeDigits, SECONDS_COLUMNS);
        break;
      case "d":
        writeSeconds(out, difference(this.#before ?? time, time), timeDigits, SECONDS_COLUMNS);
        break;
      case "dd":
        writeSeconds(out, difference(this.#shownBefore ?? time, time), timeDigits, SECONDS_COLUMNS);
        break;
      case "e":
        writeSeconds(out, { isNegative: false, ...time }, timeDigits, SECONDS_COLUMNS);
        break;
      case "ud":
        out.text(formatUtcTime(time, timeDigits));
        break;
    }
    this.#shownBefore = time;
  }
}

interface Difference {
  readonly isNegative: boolean;
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** From one time to another; a capture's packets need not be in order. */
function difference(from: CaptureTime, to: CaptureTime): Difference {
  const isNegative = to.seconds < from.seconds ||
    (to.seconds === from.seconds && to.nanoseconds < from.nanoseconds);
  const [early, late] = isNegative ? [to, from] : [from, to];
  const borrow = late.nanoseconds < early.nanoseconds ? 1 : 0;
  return {
    isNegative,
    seconds: late.seconds - early.seconds - borrow,
    nanoseconds: late.nanoseconds - early.nanoseconds + borrow * 1e9,
  };
}

/** Seconds right-aligned in their columns, a point, and as many digits as the capture has. */
export function writeSeconds(out: TextWriter, time: Difference, timeDigits: 6 | 9, columns: number): void {
  const digits = time.isNegative ? `-${time.seconds}` : `${time.seconds}`;
  out.spaces(columns - digits.length);
  out.text(digits);
  out.text(".");
  out.decimal(timeDigits === 9 ? time.nanoseconds : Math.floor(time.nanoseconds / 1000), timeDigits);
}
