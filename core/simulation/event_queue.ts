interface Place {
  readonly atMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** What is to happen in virtual time: the earliest first, and of one instant the first scheduled first. */
export class EventQueue {
  readonly #heap: Place[] = [];
  #order = 0;

  schedule(atMs: number, run: () => void): void {
    const heap = this.#heap;
    const place = { atMs, order: this.#order++, run };
    let index = heap.length;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (before(heap[parent], place)) break;
      heap[index] = heap[parent];
      index = parent;
    }
    heap[index] = place;
  }

  /** The instant of the next event, milliseconds; Infinity where there is none. */
  nextAtMs(): number {
    return this.#heap.length > 0 ? this.#heap[0].atMs : Infinity;
  }

  /** Takes the next event; undefined where there is none. */
  take(): (() => void) | undefined {
    const heap = this.#heap;
    const first = heap[0];
    if (first === undefined) return undefined;
    const last = heap.pop()!;
    if (heap.length > 0) this.#sink(last);
    return first.run;
  }

  #sink(place: Place): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1], heap[child])) child++;
      if (before(place, heap[child])) break;
      heap[index] = heap[child];
      index = child;
    }
    heap[index] = place;
  }
}

function before(one: Place, other: Place): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}
