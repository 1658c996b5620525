import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Scheduling, Turns } from "../../cli/daemon/data_path_turns.ts";
import { SCHED_BATCH, SCHED_OTHER } from "../../ffi/scheduling.ts";

/** A thread whose time the test lets pass, with all policies that it was given. */
class Thread implements Scheduling {
  now = 1000;
  waited = 70;
  readonly policies: number[] = [];
  readonly #turns = new Turns(this, () => this.now);

  waitedMs(): number {
    return this.waited;
  }

  setPolicy(policy: number): boolean {
    this.policies.push(policy);
    return true;
  }

  get isBatch(): boolean {
    return this.policies.at(-1) === SCHED_BATCH;
  }

  /** So many rounds, each of `roundMs`, of which the thread waits `waitMs` for a processor. */
  rounds(count: number, { roundMs, waitMs = 0.01 }: { readonly roundMs: number; readonly waitMs?: number }) {
    for (let round = 0; round < count; round++) {
      this.now += roundMs;
      this.waited += waitMs;
      this.#turns.afterRound();
    }
  }

  /** Busy rounds until it is SCHED_BATCH; how many milliseconds that takes. */
  untilBatch(): number {
    const start = this.now;
    while (!this.isBatch && this.now - start < 1e6) this.rounds(16, { roundMs: 0.1 });
    return this.now - start;
  }
}

Deno.test("turns: a busy thread interrupts no other, a quiet one does", () => {
  const thread = new Thread();
  thread.rounds(1000, { roundMs: 5 });
  assertEquals(thread.policies, []);
  thread.rounds(1000, { roundMs: 0.05 });
  assertEquals(thread.policies, [SCHED_BATCH]);
  thread.rounds(16, { roundMs: 5 });
  assertEquals(thread.policies, [SCHED_BATCH, SCHED_OTHER]);
  // No program was in the way: it may at once again.
  thread.rounds(32, { roundMs: 0.05 });
  assertEquals(thread.policies, [SCHED_BATCH, SCHED_OTHER, SCHED_BATCH]);
});

Deno.test("turns: beside programs that compute it interrupts them, for longer and longer, until there are none", () => {
  const thread = new Thread();
  thread.rounds(16, { roundMs: 0.1 });
  const pauses = Array.from({ length: 9 }, () => {
    // 3 ms behind another program in three of these rounds.
    thread.rounds(13, { roundMs: 0.1 });
    thread.rounds(3, { roundMs: 3.5, waitMs: 3.3 });
    assertEquals(thread.isBatch, false);
    return thread.untilBatch();
  });
  // One such round in a while is none of that.
  thread.rounds(15, { roundMs: 0.1 });
  thread.rounds(1, { roundMs: 3.5, waitMs: 3.3 });
  assertEquals(thread.isBatch, true);
  for (const [index, seconds] of [1, 2, 4, 8, 16, 16, 16, 16, 16].entries()) {
    assertEquals(Math.round(pauses[index] / 1000), seconds);
  }
  // For longer than the last pause nothing was in the way: what comes now is something new.
  thread.rounds(200_000, { roundMs: 0.1 });
  assertEquals(thread.isBatch, true);
  thread.rounds(16, { roundMs: 0.7, waitMs: 0.6 });
  assertEquals(thread.isBatch, false);
  assertEquals(Math.round(thread.untilBatch() / 1000), 1);
});

Deno.test("turns: where the policy must not be changed, that is tried once", () => {
  const thread = new Thread();
  let tries = 0;
  thread.setPolicy = () => (tries++, false);
  thread.rounds(10_000, { roundMs: 0.1 });
  assertEquals(tries, 1);
});

Deno.test("turns: whatever happens, a quiet thread is back to SCHED_OTHER after 32 rounds", () => {
  const stretch = fc.record({
    count: fc.integer({ min: 1, max: 200 }),
    roundMs: fc.double({ min: 0, max: 20, noNaN: true }),
    waitMs: fc.double({ min: 0, max: 20, noNaN: true }),
  });
  fc.assert(fc.property(fc.array(stretch), (stretches) => {
    const thread = new Thread();
    for (const { count, roundMs, waitMs } of stretches) {
      thread.rounds(count, { roundMs: roundMs + waitMs, waitMs });
    }
    thread.rounds(32, { roundMs: 1 });
    assertEquals(thread.isBatch, false);
    thread.policies.reduce((last, policy) => (assertEquals(last === policy, false), policy), SCHED_OTHER);
  }));
});
