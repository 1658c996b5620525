import { MAXIMUM_POINTS } from "./limits.ts";

/** A silence this many times as long as the usual interval is one that a picture must show. */
const SILENCE_FACTOR = 3;
/** Consecutive numbers that show that a payload begins with a sequence number. */
const STREAK = 8;
/** Packets of other flows in a row after which the flow that was looked at is given up. */
const OTHER_PACKETS = 16;

/** Points (seconds, value) in constant memory; thinning keeps the ends of every long silence. */
export class PointSeries {
  seconds = new Float64Array(256);
  values = new Float64Array(256);
  length = 0;
  #stride = 1;
  #skipped = 0;

  add(seconds: number, value: number): void {
    const last = this.length === 0 ? seconds : this.seconds[this.length - 1];
    const first = this.length === 0 ? seconds : this.seconds[0];
    const usual = (last - first) / Math.max(this.length, 1);
    if (++this.#skipped < this.#stride && seconds - last <= SILENCE_FACTOR * usual) return;
    this.#skipped = 0;
    if (this.length === MAXIMUM_POINTS) this.#thin();
    else if (this.length === this.seconds.length) this.#grow();
    this.seconds[this.length] = seconds;
    this.values[this.length++] = value;
  }

  #thin(): void {
    const limit = SILENCE_FACTOR * (this.seconds[this.length - 1] - this.seconds[0]) / this.length;
    this.#keepEverySecond(limit);
    // Where everything is silence, none of it is special.
    if (this.length > 3 / 4 * MAXIMUM_POINTS) this.#keepEverySecond(Infinity);
    this.#stride *= 2;
  }

  #keepEverySecond(silenceSeconds: number): void {
    const { seconds, values, length } = this;
    let kept = 0;
    let before = -Infinity;
    for (let index = 0; index < length; index++) {
      const now = seconds[index];
      const endsOfSilence = (index + 1 < length && seconds[index + 1] - now > silenceSeconds) ||
        now - before > silenceSeconds;
      before = now;
      if (index % 2 === 1 && !endsOfSilence) continue;
      seconds[kept] = now;
      values[kept++] = values[index];
    }
    this.length = kept;
  }

  #grow(): void {
    const seconds = new Float64Array(2 * this.seconds.length);
    const values = new Float64Array(2 * this.values.length);
    seconds.set(this.seconds);
    values.set(this.values);
    this.seconds = seconds;
    this.values = values;
  }
}

/**
 * The data of one mobile node in one direction, for a plot: how many packets so far, and, once a UDP flow is found
 * whose payload begins with a number of 32 bits that counts up, that number.
 */
export class DataSeries {
  readonly counts = new PointSeries();
  readonly sequence = new PointSeries();
  packets = 0;
  sequencePackets = 0;
  #ports = -1;
  #next = -1;
  #streak = 0;
  #otherPackets = OTHER_PACKETS;

  /** `payload` is where the payload of a UDP packet begins, or -1; `ports` tells the flow. */
  add(seconds: number, bytes: Uint8Array, payload: number, end: number, ports: number): void {
    this.counts.add(seconds, ++this.packets);
    if (payload < 0 || payload + 4 > end) return;
    const value = ((bytes[payload] << 24) | (bytes[payload + 1] << 16) | (bytes[payload + 2] << 8) |
      bytes[payload + 3]) >>> 0;
    if (this.#streak < STREAK) this.#look(ports, value);
    else if (ports === this.#ports) {
      this.sequence.add(seconds, value);
      this.sequencePackets++;
    }
  }

  #look(ports: number, value: number): void {
    if (ports !== this.#ports && ++this.#otherPackets < OTHER_PACKETS) return;
    if (ports === this.#ports && value === this.#next) this.#streak++;
    else this.#streak = 0;
    this.#otherPackets = 0;
    this.#ports = ports;
    this.#next = value + 1;
  }
}
