import type { Now } from "../../core/control/now.ts";

/** A pure state machine of core: events and instants in, actions out. */
export interface Machine<Event, Action> {
  handle(event: Event, now: Now): readonly Action[];
  /** The instant of the next deadline on the monotonic clock, milliseconds; undefined for none. */
  nextDeadline(): number | undefined;
}

export interface ControlLoopOptions<Event, Action> {
  readonly machine: Machine<Event, Action>;
  /** What the machine is given when its deadline has come. */
  readonly deadlineEvent: Event;
  /** Does one action; the next waits until it is done, so that actions keep their order. */
  readonly performAction: (action: Action) => void | Promise<void>;
  /**
   * Where an action threw: what the machine is told at once, and what is performed after that in place of the rest of the
   * event's actions. Left out, or undefined: the machine is told nothing, and the rest is performed.
   */
  readonly recover?: (
    failed: Action,
    rest: readonly Action[],
  ) => { readonly event: Event; readonly rest: readonly Action[] } | undefined;
  /** Told of everything that was thrown; the loop goes on. */
  readonly onError: (
    error: unknown,
    during: { readonly event: Event; readonly action: Action | undefined },
  ) => void;
}

/** An event that has not had its turn, and who is told when it had. */
interface Waiting<Event> {
  /** Undefined for who only waits for a turn. */
  readonly event?: Event;
  readonly done?: () => void;
}

/** Events that may wait; more are refused, and the caller counts them. */
export const MAXIMUM_WAITING_EVENTS = 4096;
/** So many more may those be that are not said again. */
const RESERVED_EVENTS = 4096;
/** The longest that setTimeout can wait. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;
/** How long a machine that asks again for the deadline it just had has to wait. */
const STUCK_WAIT_MS = 1000;

/**
 * The instant of this process: a clock that never jumps, and the wall clock as it was when the process began, gone on from there.
 * Were the wall clock set back under a home agent, no timestamp would be later than those it has accepted (RFC 4285 section
 * 6) until the clock had caught up; so each end keeps to its own time, and takes corrections from the other.
 */
export function currentNow(): Now {
  const monotonicMs = performance.now();
  return { monotonicMs, unixMs: performance.timeOrigin + monotonicMs };
}

/**
 * What every clock says now: for what the configuration begins or ends at an instant. currentNow() does not follow a correction
 * of the clock, nor the time for which the machine was suspended.
 */
export function wallClockNow(): Now {
  return { monotonicMs: performance.now(), unixMs: Date.now() };
}

/**
 * Drives one state machine: a deadline that is due first, then the events in the order in which they came,
 * one at a time, each with all its actions. An error in the machine or in an action is reported and costs only
 * that event or action.
 */
export class ControlLoop<Event, Action> {
  readonly #options: ControlLoopOptions<Event, Action>;
  readonly #waiting: Waiting<Event>[] = [];
  #stopped = false;
  #wake: (() => void) | undefined;

  constructor(options: ControlLoopOptions<Event, Action>) {
    this.#options = options;
  }

  /** Queues an event from a network; false when the queue is full or the loop has stopped. */
  push(event: Event): boolean {
    return this.#queue({ event }, MAXIMUM_WAITING_EVENTS);
  }

  /** Queues an event that is not said again: a flood from a network leaves room for it. */
  pushOwn(event: Event): boolean {
    return this.#queue({ event }, MAXIMUM_WAITING_EVENTS + RESERVED_EVENTS);
  }

  /** The same. Resolves when it and its actions are done, or have been dropped. */
  pushAndWait(event: Event): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (!this.#queue({ event, done: resolve }, MAXIMUM_WAITING_EVENTS + RESERVED_EVENTS)) resolve();
    return promise;
  }

  /** Resolves when what waits now has had its turn: never, should one of the actions never end. */
  turn(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (!this.#queue({ done: resolve }, Number.POSITIVE_INFINITY)) resolve();
    return promise;
  }

  #queue(waiting: Waiting<Event>, limit: number): boolean {
    if (this.#stopped || this.#waiting.length >= limit) return false;
    this.#waiting.push(waiting);
    this.#wake?.();
    return true;
  }

  /** Ends run() after the action that is under way; waiting events and further actions are dropped. */
  stop(): void {
    this.#stopped = true;
    for (const { done } of this.#waiting.splice(0)) done?.();
    this.#wake?.();
  }

  /** Runs until stop(). */
  async run(): Promise<void> {
    const { machine, deadlineEvent } = this.#options;
    let stuckUntilMs = Number.NEGATIVE_INFINITY;
    while (!this.#stopped) {
      const deadlineMs = machine.nextDeadline();
      const dueMs = deadlineMs === undefined ? undefined : Math.max(deadlineMs, stuckUntilMs);
      if (dueMs !== undefined && dueMs <= performance.now()) {
        await this.#handle(deadlineEvent);
        if (machine.nextDeadline() === deadlineMs) {
          stuckUntilMs = performance.now() + STUCK_WAIT_MS;
          const error = new Error("the state machine kept a deadline that had come");
          this.#options.onError(error, { event: deadlineEvent, action: undefined });
        }
      } else if (this.#waiting.length > 0) {
        const { event, done } = this.#waiting.shift()!;
        if (event !== undefined) await this.#handle(event);
        done?.();
      } else {
        await this.#wait(dueMs);
      }
    }
  }

  async #handle(event: Event): Promise<void> {
    const { machine, performAction, recover, onError } = this.#options;
    let waiting: readonly Action[];
    try {
      waiting = machine.handle(event, currentNow());
    } catch (error) {
      onError(error, { event, action: undefined });
      return;
    }
    while (waiting.length > 0 && !this.#stopped) {
      const [action, ...rest] = waiting;
      waiting = rest;
      try {
        await performAction(action);
      } catch (error) {
        onError(error, { event, action });
        const recovery = recover?.(action, rest);
        if (recovery === undefined) continue;
        await this.#handle(recovery.event);
        waiting = recovery.rest;
      }
    }
  }

  /** Until an event comes, the loop is stopped, or the instant has come (a timer may be early: run() looks again). */
  async #wait(untilMs: number | undefined): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const delayMs = untilMs === undefined
      ? undefined
      : Math.min(Math.max(untilMs - performance.now(), 0), LONGEST_WAIT_MS);
    const timer = delayMs === undefined ? undefined : setTimeout(resolve, Math.ceil(delayMs));
    await promise;
    clearTimeout(timer);
    this.#wake = undefined;
  }
}
