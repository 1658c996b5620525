import type { CapturedPacket, CaptureTime } from "../../capture/captured_packet.ts";

/** How a packet stands in time to the capture's first packet and to the one before it. */
export class CaptureClock {
  #now: CaptureTime | undefined;
  #first: CaptureTime | undefined;
  #previous: CaptureTime | undefined;

  /** Must see every packet of the capture, in order. */
  note({ time }: CapturedPacket): void {
    if (time === undefined) return;
    this.#first ??= time;
    this.#previous = this.#now ?? time;
    this.#now = time;
  }

  /** Since the first packet. */
  get relative(): CaptureTime {
    return difference(this.#now, this.#first);
  }

  /** Since the packet before. */
  get delta(): CaptureTime {
    return difference(this.#now, this.#previous);
  }
}

/** Both have the sign of the whole: -1.5 s is { seconds: -1, nanoseconds: -500_000_000 }. */
function difference(time: CaptureTime | undefined, from: CaptureTime | undefined): CaptureTime {
  if (time === undefined || from === undefined) return { seconds: 0, nanoseconds: 0 };
  let seconds = time.seconds - from.seconds;
  let nanoseconds = time.nanoseconds - from.nanoseconds;
  if (seconds > 0 && nanoseconds < 0) {
    seconds--;
    nanoseconds += 1e9;
  } else if (seconds < 0 && nanoseconds > 0) {
    seconds++;
    nanoseconds -= 1e9;
  }
  return { seconds, nanoseconds };
}
