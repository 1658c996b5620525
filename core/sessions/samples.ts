import { MAXIMUM_SAMPLES } from "./limits.ts";

/** Smallest, median and largest of some measured values. */
export interface Summary {
  readonly count: number;
  readonly minimum: number;
  readonly median: number;
  readonly maximum: number;
}

/** Measured values in constant memory: when it is full, every second value goes, and of the next ones every second. */
export class Samples {
  readonly #kept: number[] = [];
  #stride = 1;
  #count = 0;
  #minimum = Infinity;
  #maximum = -Infinity;

  add(value: number): void {
    if (this.#count++ % this.#stride === 0) this.#keep(value);
    this.#minimum = Math.min(this.#minimum, value);
    this.#maximum = Math.max(this.#maximum, value);
  }

  /** Undefined without any value. The median of more than MAXIMUM_SAMPLES values is that of an even selection. */
  summary(): Summary | undefined {
    if (this.#count === 0) return undefined;
    const sorted = this.#kept.toSorted((one, other) => one - other);
    const middle = sorted.length >> 1;
    const median = sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return { count: this.#count, minimum: this.#minimum, median, maximum: this.#maximum };
  }

  #keep(value: number): void {
    if (this.#kept.length === MAXIMUM_SAMPLES) {
      for (let index = 0; index < MAXIMUM_SAMPLES / 2; index++) this.#kept[index] = this.#kept[2 * index];
      this.#kept.length = MAXIMUM_SAMPLES / 2;
      this.#stride *= 2;
    }
    this.#kept.push(value);
  }
}
