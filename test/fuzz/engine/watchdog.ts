import type { FuzzTarget } from "./target.ts";

/** In the shared memory, as 32-bit words: executions so far, the length of the input under way, then the input. */
const EXECUTIONS = 0;
const LENGTH = 1;
const INPUT_OFFSET = 8;

/** What the worker is told. */
export interface WatchdogOrder {
  readonly memory: SharedArrayBuffer;
  /** Where an input is kept that never ends. */
  readonly file: string;
  readonly limitMs: number;
}

/**
 * Looks from another thread whether the input under way ever ends. One that takes more of the processor than the limit is
 * appended to the file, and the process is killed: nothing else ends a loop.
 */
export class Watchdog implements Disposable {
  readonly #memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #input: Uint8Array;
  readonly #worker: Worker;

  constructor(maximumOctets: number, file: URL, limitMs: number) {
    this.#memory = new SharedArrayBuffer(INPUT_OFFSET + 4 * Math.ceil(maximumOctets / 4));
    this.#words = new Int32Array(this.#memory);
    this.#input = new Uint8Array(this.#memory, INPUT_OFFSET);
    this.#worker = new Worker(new URL("./watchdog_worker.ts", import.meta.url), { type: "module" });
    this.#worker.postMessage({ memory: this.#memory, file: file.href, limitMs } satisfies WatchdogOrder);
  }

  /** The target, with an eye on it. */
  watching(target: FuzzTarget): FuzzTarget {
    return {
      ...target,
      run: (input) => {
        this.#input.set(input.subarray(0, this.#input.length));
        Atomics.store(this.#words, LENGTH, Math.min(input.length, this.#input.length));
        Atomics.add(this.#words, EXECUTIONS, 1);
        target.run(input);
      },
    };
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }
}

/** What the worker sees. */
export class WatchedMemory {
  readonly #words: Int32Array;
  readonly #octets: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory);
    this.#octets = new Uint8Array(memory);
  }

  get executions(): number {
    return Atomics.load(this.#words, EXECUTIONS);
  }

  input(): Uint8Array {
    return this.#octets.slice(INPUT_OFFSET, INPUT_OFFSET + Atomics.load(this.#words, LENGTH));
  }
}
