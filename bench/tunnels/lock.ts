import { join } from "node:path";
import { temporaryFolder } from "../../cli/lab/lab.ts";
import { pause } from "../../cli/lab/process.ts";
import { machineTimes } from "./machine.ts";

/** While anyone else measures on this machine, nobody is undisturbed: so one lock file for all who take part. */
export function lockPath(): string {
  return Deno.env.get("BENCH_LOCK") || join(temporaryFolder(), "dsmip-bench.lock");
}

/** Share of the machine that may be busy before a measurement begins. */
const QUIET_SHARE = 0.12;
const LOOK_MS = 300;
const PATIENCE_MS = 3000;
const MOST_TRIES = 40;

/** The lock while it is held. No child gets its descriptor: Deno opens files close-on-exec. */
export class Lock {
  private constructor(readonly file: Deno.FsFile) {}

  /**
   * Waits for the lock and then for a machine that does nothing else, giving the lock back in between. After two
   * minutes it goes on all the same: the samples tell by themselves that they were disturbed.
   */
  static async takeWhenQuiet(signal: AbortSignal): Promise<Lock> {
    for (let tries = 1;; tries++) {
      signal.throwIfAborted();
      const lock = await Lock.take(signal);
      if (tries >= MOST_TRIES || await isQuiet()) return lock;
      lock.free();
      await pause(PATIENCE_MS);
    }
  }

  /** Waits for the lock. After an abort the wait goes on by itself until this program ends: it cannot be called off. */
  static async take(signal: AbortSignal): Promise<Lock> {
    const file = await Deno.open(lockPath(), { create: true, write: true });
    await orAborted(file.lock(true), signal);
    return new Lock(file);
  }

  /** Gives the lock back. */
  free(): void {
    this.file.close();
  }
}

/** What the promise gives, unless the signal comes first. */
function orAborted<Result>(promise: Promise<Result>, signal: AbortSignal): Promise<Result> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort);
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", onAbort));
}

async function isQuiet(): Promise<boolean> {
  const before = machineTimes();
  await pause(LOOK_MS);
  const after = machineTimes();
  const busy = after.busy - before.busy;
  return busy <= QUIET_SHARE * (busy + after.idle - before.idle);
}
