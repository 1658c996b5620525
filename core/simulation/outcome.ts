import type { Hmac } from "../control/settings.ts";
import type { Machines } from "./machine.ts";
import type { Trace } from "./trace.ts";
import type { VirtualTime } from "./virtual_time.ts";
import { InvariantBroken } from "./watcher.ts";

export interface RunOptions {
  readonly hmac: Hmac;
  /** The real ones unless a test puts broken ones in their place. */
  readonly machines?: Machines;
  /** Gets every happening as a line. */
  readonly listener?: (line: string) => void;
}

/** What became of one seed. */
export interface Outcome {
  readonly seed: number;
  /** Undefined where every invariant held. */
  readonly failure: Failure | undefined;
  readonly events: number;
  /** How long the world lasted, virtual milliseconds. */
  readonly virtualMs: number;
  /** From the end of the faults until every honest mobile node was registered and reachable, milliseconds. */
  readonly recoveredMs: number | undefined;
}

export interface Failure {
  readonly invariant: string;
  readonly detail: string;
  readonly atMs: number;
  /** The last happenings before it. */
  readonly trace: readonly string[];
}

/**
 * Plays a seed's story in its world and says what became of it.
 * @param play returns how long recovery took, milliseconds; throws where an invariant does not hold, or a machine throws
 */
export function outcomeOf(seed: number, world: VirtualTime, trace: Trace, play: () => number): Outcome {
  const outcome = (failure: Failure | undefined, recoveredMs: number | undefined): Outcome => ({
    seed,
    failure,
    events: world.steps,
    virtualMs: world.nowMs,
    recoveredMs,
  });
  try {
    return outcome(undefined, play());
  } catch (error) {
    const invariant = error instanceof InvariantBroken ? error.invariant : "the machines throw nothing";
    const detail = error instanceof InvariantBroken ? error.message : String((error as Error).stack ?? error);
    return outcome({ invariant, detail, atMs: world.nowMs, trace: trace.lines() }, undefined);
  }
}
