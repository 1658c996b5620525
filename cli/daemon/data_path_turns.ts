import { SCHED_BATCH, SCHED_OTHER } from "../../ffi/scheduling.ts";

/** The calling thread, as the scheduler sees it: OwnScheduling. */
export interface Scheduling {
  /** For a processor, in all. */
  waitedMs(): number;
  /** False: not allowed. */
  setPolicy(policy: number): boolean;
}

/** So many rounds at once are judged: few, because beside programs that compute each may take milliseconds. */
const ROUNDS = 16;
/** A thread is busy with 2,000 rounds a second and more. Below that there is little to save. */
const BUSY_MS = ROUNDS / 2;
/** A round that waits longer, on average, waits for programs that compute. Behind one that handles packets it is some 10 µs. */
const LONG_WAIT_MS = 0.5;
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 16_000;

/**
 * Whether the data path's thread interrupts others when packets arrive. While it is busy it does not (SCHED_BATCH): what runs
 * then is mostly who sends the packets, or who takes them, about to sleep by itself, and not to interrupt it takes a fifth
 * to a third less CPU time a packet. But beside a program that computes and computes it would wait for the end of that
 * one's slice, milliseconds; where it does, it interrupts again (SCHED_OTHER) for a pause, each twice as long as the one before.
 */
export class Turns {
  readonly #thread: Scheduling;
  readonly #nowMs: () => number;
  #rounds = 0;
  #sinceMs: number;
  #waitedMs = 0;
  #isBatch = false;
  #batchSinceMs = 0;
  #pauseMs = 0;
  #pauseEndMs = 0;

  constructor(thread: Scheduling, nowMs = () => performance.now()) {
    this.#thread = thread;
    this.#nowMs = nowMs;
    this.#sinceMs = nowMs();
  }

  afterRound(): void {
    if (++this.#rounds < ROUNDS) return;
    this.#rounds = 0;
    const now = this.#nowMs();
    const isBusy = now - this.#sinceMs <= BUSY_MS;
    this.#sinceMs = now;
    if (this.#isBatch) this.#judge(now, isBusy);
    else if (isBusy && now >= this.#pauseEndMs) this.#becomeBatch(now);
  }

  #becomeBatch(now: number): void {
    this.#isBatch = this.#thread.setPolicy(SCHED_BATCH);
    if (!this.#isBatch) this.#pauseEndMs = Infinity;
    this.#batchSinceMs = now;
    this.#waitedMs = this.#thread.waitedMs();
  }

  #judge(now: number, isBusy: boolean): void {
    const waited = this.#thread.waitedMs();
    const hasWaited = waited - this.#waitedMs > ROUNDS * LONG_WAIT_MS;
    this.#waitedMs = waited;
    // Rounds that have waited for so long have taken as long.
    if (isBusy) return;
    this.#isBatch = !this.#thread.setPolicy(SCHED_OTHER);
    if (!hasWaited) return;
    const isSoon = now - this.#batchSinceMs < this.#pauseMs;
    this.#pauseMs = isSoon ? Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS) : FIRST_PAUSE_MS;
    this.#pauseEndMs = now + this.#pauseMs;
  }
}
