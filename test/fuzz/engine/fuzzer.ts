import { cpuUsage } from "node:process";
import { SeededRandom } from "../mutation.ts";
import { clearCounters, features, placeOf } from "./coverage.ts";
import { InputMutator } from "./input_mutator.ts";
import type { FuzzTarget } from "./target.ts";

/** Far more than any input takes. */
const MAXIMUM_MS = 1500;
/** Inputs tried before the clock is looked at. */
const ROUNDS_A_LOOK = 64;
/** How hard an input is made smaller, executions: one that does harm, and one for the corpus. */
const SHRINKING_EXECUTIONS = { finding: 2000, corpus: 200 };
/** Of all inputs of a corpus: it stays in the repository. */
const CORPUS_OCTETS = 32_768;

/** An input that does what no input may do. */
export interface Finding {
  readonly input: Uint8Array;
  readonly error: unknown;
}

interface QueueEntry {
  readonly input: Uint8Array;
  readonly features: readonly number[];
}

/**
 * Looks for inputs that come to places where no input before has been, or to one more often, and goes on from those; ends
 * with the first input that makes the target throw or takes too long.
 */
export class Fuzzer {
  executions = 0;
  readonly #target: FuzzTarget;
  readonly #maximumMs: number;
  readonly #random: SeededRandom;
  readonly #mutator: InputMutator;
  readonly #queue: QueueEntry[] = [];
  readonly #seen = new Set<number>();

  /**
   * @param words a dictionary for the mutations
   * @param maximumMs how long the processor may take over one input; a shorter one is for tests
   */
  constructor(target: FuzzTarget, seed: number, words: readonly Uint8Array[], maximumMs = MAXIMUM_MS) {
    this.#maximumMs = maximumMs;
    this.#target = target;
    this.#random = new SeededRandom(seed);
    this.#mutator = new InputMutator(this.#random, words, target.maximumOctets);
  }

  /** Places that some input has come to. */
  get places(): number {
    return new Set([...this.#seen].map(placeOf)).size;
  }

  /** Inputs that are gone on from. */
  get queued(): number {
    return this.#queue.length;
  }

  /** Tries these inputs as they are. */
  try(inputs: Iterable<Uint8Array>): Finding | undefined {
    for (const input of inputs) {
      const finding = this.#try(input);
      if (finding !== undefined) return finding;
    }
  }

  /** Tries new inputs while `goesOn` says so. */
  run(goesOn: () => boolean): Finding | undefined {
    if (this.#queue.length === 0) this.#queue.push({ input: new Uint8Array(), features: [] });
    while (goesOn()) {
      for (let round = 0; round < ROUNDS_A_LOOK; round++) {
        const finding = this.#try(this.#mutator.mutate(this.#pick().input, this.#pick().input));
        if (finding !== undefined) return finding;
      }
    }
  }

  /** The smallest inputs found that together come to all places, or to as many as a corpus has room for. */
  corpus(): Uint8Array[] {
    const missing = new Set(this.#queue.flatMap((entry) => entry.features.map(placeOf)));
    const kept: Uint8Array[] = [];
    let left = CORPUS_OCTETS;
    for (
      const { input, features } of this.#queue.toSorted((one, other) => one.input.length - other.input.length)
    ) {
      const own = new Set(features.map(placeOf).filter((place) => missing.has(place)));
      if (own.size === 0) continue;
      const small = this.#shrink(input, (candidate) => {
        const places = new Set(this.#execute(candidate).map(placeOf));
        return own.isSubsetOf(places);
      }, SHRINKING_EXECUTIONS.corpus);
      if (small.length > left) continue;
      left -= small.length;
      for (const place of own) missing.delete(place);
      kept.push(small);
    }
    return kept;
  }

  /** As small an input as there is that makes the target throw. */
  smaller({ input, error }: Finding): Finding {
    const message = String(error);
    const small = this.#shrink(
      input,
      (candidate) => String(this.#failure(candidate)) === message,
      SHRINKING_EXECUTIONS.finding,
    );
    return { input: small, error };
  }

  #pick(): QueueEntry {
    const queue = this.#queue;
    // What was found last leads on more often than what has been tried for long.
    const from = this.#random.below(2) === 0 ? Math.max(0, queue.length - 32) : 0;
    return queue[from + this.#random.below(queue.length - from)];
  }

  #try(input: Uint8Array): Finding | undefined {
    let found: number[];
    const began = performance.now();
    try {
      found = this.#execute(input);
    } catch (error) {
      return { input, error };
    }
    // The machine may have been busy with something else: what counts is the time of the processor, where it is slow again.
    const ms = performance.now() - began > this.#maximumMs ? this.#processorMs(input) : 0;
    if (ms > this.#maximumMs) return { input, error: new Error(`takes ${Math.round(ms)} ms`) };
    const before = this.#seen.size;
    for (const feature of found) this.#seen.add(feature);
    if (this.#seen.size > before) this.#queue.push({ input: input.slice(), features: found });
  }

  #processorMs(input: Uint8Array): number {
    const before = cpuUsage();
    this.#execute(input);
    const { user, system } = cpuUsage(before);
    return (user + system) / 1000;
  }

  #execute(input: Uint8Array): number[] {
    this.executions += 1;
    clearCounters();
    this.#target.run(input);
    return features();
  }

  #failure(input: Uint8Array): unknown {
    try {
      this.#execute(input);
    } catch (error) {
      return error;
    }
  }

  /** Takes pieces out, from halves to single octets, as long as the rest is still as wanted. */
  #shrink(
    input: Uint8Array,
    isWanted: (candidate: Uint8Array) => boolean,
    executions: number,
  ): Uint8Array {
    let best = input;
    let left = executions;
    for (let octets = best.length >> 1; octets > 0; octets >>= 1) {
      for (let at = 0; at < best.length && left > 0;) {
        const candidate = Uint8Array.from([...best.subarray(0, at), ...best.subarray(at + octets)]);
        left -= 1;
        if (this.#isWanted(candidate, isWanted)) best = candidate;
        else at += octets;
      }
    }
    return best;
  }

  #isWanted(candidate: Uint8Array, isWanted: (candidate: Uint8Array) => boolean): boolean {
    try {
      return isWanted(candidate);
    } catch {
      return false;
    }
  }
}
