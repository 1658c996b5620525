import { EventQueue } from "./event_queue.ts";
import type { Watcher } from "./watcher.ts";

/** Something whose machine names the instant at which it wants to be called. */
export interface TimedHost {
  /** In virtual time, milliseconds; Infinity where there is none. */
  deadlineMs(): number;
  passDeadline(): void;
}

/** Virtual time of a world: what is scheduled and the deadlines of its hosts happen one at a time, the earliest first. */
export class VirtualTime {
  /** Everybody who looks on, invariants above all. */
  readonly watchers: Watcher[] = [];
  /** Of those due at one instant, the first goes first. */
  protected readonly timedHosts: TimedHost[] = [];
  readonly #queue = new EventQueue();
  #nowMs = 0;
  #steps = 0;

  /** Since the start of the world, milliseconds. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events so far. */
  get steps(): number {
    return this.#steps;
  }

  schedule(afterMs: number, run: () => void): void {
    this.#queue.schedule(this.#nowMs + afterMs, run);
  }

  /** Runs all events up to `untilMs` (included) of virtual time. */
  run(untilMs: number): void {
    this.runUntil(() => false, untilMs);
  }

  /** Runs until `condition` holds after an event; false where it did not up to `untilMs`. */
  runUntil(condition: () => boolean, untilMs: number): boolean {
    while (!condition()) {
      if (!this.#step(untilMs)) {
        this.#nowMs = untilMs;
        return false;
      }
    }
    return true;
  }

  /** One event; false where the next one is later than `untilMs`. */
  #step(untilMs: number): boolean {
    let atMs = this.#queue.nextAtMs();
    let late: TimedHost | undefined;
    for (const host of this.timedHosts) {
      const deadlineMs = host.deadlineMs();
      if (deadlineMs < atMs) {
        atMs = deadlineMs;
        late = host;
      }
    }
    if (atMs > untilMs) return false;
    // A deadline in the past is passed now: time never goes back.
    this.#nowMs = Math.max(this.#nowMs, atMs);
    if (late) late.passDeadline();
    else this.#queue.take()!();
    this.#steps++;
    for (const watcher of this.watchers) watcher.afterEvent?.();
    return true;
  }
}
