import type { Now } from "../control/now.ts";
import type { Hmac } from "../control/settings.ts";
import type { Machines } from "./machine.ts";
import type { Random } from "./random.ts";
import type { Happening } from "./trace.ts";
import type { Watcher } from "./watcher.ts";

/** What a simulated host has around it. */
export interface Surroundings {
  /** Virtual time since the start of the world, milliseconds. */
  readonly nowMs: number;
  readonly random: Random;
  readonly hmac: Hmac;
  readonly machines: Machines;
  /** Everybody who looks on, invariants above all. */
  readonly watchers: readonly Watcher[];
  schedule(afterMs: number, run: () => void): void;
  note(who: string, happening: Happening): void;
}

/** The wall clock at the start of every world: 2026-01-01. */
export const EPOCH_UNIX_MS = 1_767_225_600_000;

/** The clocks of one process: a monotonic one with an origin of its own, and a wall clock that may be wrong. */
export class ProcessClock {
  readonly #surroundings: Surroundings;
  readonly #monotonicOriginMs: number;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.#monotonicOriginMs = surroundings.random.integer(0, 1_000_000) - surroundings.nowMs;
  }

  now(skewMs: number): Now {
    const { nowMs } = this.#surroundings;
    return { monotonicMs: nowMs + this.#monotonicOriginMs, unixMs: EPOCH_UNIX_MS + nowMs + skewMs };
  }

  /** A deadline of the process in virtual time; Infinity where there is none. */
  virtualMs(deadlineMs: number | undefined): number {
    return deadlineMs === undefined ? Infinity : deadlineMs - this.#monotonicOriginMs;
  }
}
