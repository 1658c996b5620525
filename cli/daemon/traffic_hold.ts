/** Holds traffic for a bounded time. The last word counts. */
export class TrafficHold implements Disposable {
  readonly #setHeld: (isHeld: boolean) => void;
  #release: ReturnType<typeof setTimeout> | undefined;

  /** @param setHeld what holds, and lets go */
  constructor(setHeld: (isHeld: boolean) => void) {
    this.#setHeld = setHeld;
  }

  /** From now on for so many milliseconds; 0 lets go at once. */
  hold(forMs: number): void {
    const wasHeld = this.#release !== undefined;
    clearTimeout(this.#release);
    this.#release = forMs === 0 ? undefined : setTimeout(() => this.hold(0), forMs);
    const isHeld = this.#release !== undefined;
    if (isHeld !== wasHeld) this.#setHeld(isHeld);
  }

  /** Nothing changes any more. */
  [Symbol.dispose](): void {
    clearTimeout(this.#release);
  }
}
