/** Limits a rate: `burst` at once, `perSecond` in the long run. Time is given, in whole milliseconds. */
export class TokenBucket {
  readonly #fullThousandths: number;
  readonly #perSecond: number;
  /** In thousandths of a token, so that all arithmetic is in whole numbers. */
  #thousandths: number;
  #filledAtMs = 0;

  constructor({ burst, perSecond }: { readonly burst: number; readonly perSecond: number }) {
    this.#fullThousandths = burst * 1000;
    this.#perSecond = perSecond;
    this.#thousandths = this.#fullThousandths;
  }

  /** Takes one token; false when there is none. */
  take(nowMs: number): boolean {
    if (nowMs > this.#filledAtMs) {
      const gained = (nowMs - this.#filledAtMs) * this.#perSecond;
      this.#thousandths = Math.min(this.#fullThousandths, this.#thousandths + gained);
      this.#filledAtMs = nowMs;
    }
    if (this.#thousandths < 1000) return false;
    this.#thousandths -= 1000;
    return true;
  }
}
