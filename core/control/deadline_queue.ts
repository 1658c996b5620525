/**
 * Named deadlines, the earliest first: a binary heap. A deadline that was moved or cancelled leaves its old
 * place in the heap, which is passed over when it comes to the top.
 */
interface Place {
  readonly key: string;
  readonly atMs: number;
}

export class DeadlineQueue {
  readonly #deadlines = new Map<string, number>();
  #heap: Place[] = [];

  /** Sets or moves the deadline of `key`. */
  schedule(key: string, atMs: number): void {
    if (this.#deadlines.get(key) === atMs) return;
    this.#deadlines.set(key, atMs);
    this.#push({ key, atMs });
    if (this.#heap.length > 2 * this.#deadlines.size + 64) this.#rebuild();
  }

  cancel(key: string): void {
    this.#deadlines.delete(key);
  }

  /** The earliest deadline, or undefined where there is none. */
  next(): number | undefined {
    this.#dropStale();
    return this.#heap[0]?.atMs;
  }

  /** Takes one key whose deadline has come; undefined when none is left. */
  takeDue(monotonicMs: number): string | undefined {
    this.#dropStale();
    const first = this.#heap[0];
    if (first === undefined || first.atMs > monotonicMs) return undefined;
    this.#deadlines.delete(first.key);
    this.#pop();
    return first.key;
  }

  #dropStale(): void {
    while (this.#heap.length > 0 && this.#deadlines.get(this.#heap[0].key) !== this.#heap[0].atMs) {
      this.#pop();
    }
  }

  #rebuild(): void {
    this.#heap = [];
    for (const [key, atMs] of this.#deadlines) this.#push({ key, atMs });
  }

  #push(place: Place): void {
    const heap = this.#heap;
    let index = heap.length;
    heap.push(place);
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (heap[parent].atMs <= place.atMs) break;
      heap[index] = heap[parent];
      index = parent;
    }
    heap[index] = place;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1].atMs < heap[child].atMs) child++;
      if (heap[child].atMs >= last.atMs) break;
      heap[index] = heap[child];
      index = child;
    }
    heap[index] = last;
  }
}

/** The first of these instants; undefined where there is none. */
export function earliest(instantsMs: readonly (number | undefined)[]): number | undefined {
  let first: number | undefined;
  for (const atMs of instantsMs) {
    if (atMs !== undefined && (first === undefined || atMs < first)) first = atMs;
  }
  return first;
}
