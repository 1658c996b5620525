/** RFC 4303 section 3.4.3: 32 at least, 64 preferred. */
export const REPLAY_WINDOW_SIZE = 64;

/** Which sequence numbers of one security association have been accepted (RFC 4303 section 3.4.3). */
export class ReplayWindow {
  #highest: number;
  /** Bit n: the number `highest - n` has been accepted. */
  #accepted: bigint;

  /** @param highest the greatest number accepted before; none up to it is taken again. 0: none */
  constructor(highest = 0) {
    this.#highest = highest;
    this.#accepted = BigInt.asUintN(REPLAY_WINDOW_SIZE, -1n);
  }

  get highest(): number {
    return this.#highest;
  }

  /** May a packet have this number? Before its integrity is checked. */
  admits(number: number): boolean {
    if (number > this.#highest) return true;
    const age = this.#highest - number;
    return number > 0 && age < REPLAY_WINDOW_SIZE && (this.#accepted >> BigInt(age) & 1n) === 0n;
  }

  /** Once its integrity is right. */
  accept(number: number): void {
    if (number <= this.#highest) {
      this.#accepted |= 1n << BigInt(this.#highest - number);
      return;
    }
    const shift = Math.min(number - this.#highest, REPLAY_WINDOW_SIZE);
    this.#accepted = BigInt.asUintN(REPLAY_WINDOW_SIZE, this.#accepted << BigInt(shift)) | 1n;
    this.#highest = number;
  }
}
