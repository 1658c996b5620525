import { Lock } from "./lock.ts";
import { machineTimes, TICKS_PER_SECOND } from "./machine.ts";
import type { Sample } from "./results.ts";
import type { Site } from "./site.ts";

/** How far a measurement was disturbed by what was not part of it. */
export type Disturbance = Pick<Sample, "noisy" | "foreignPercent" | "stealPercent">;

/** CPU time that passed meanwhile. */
export interface Usage {
  /** Of the tunnel's daemons at both ends, in seconds. */
  readonly daemonSeconds: number;
  /** Of the whole machine, in seconds. */
  readonly machineSeconds: number;
}

/** More than this of one processor for other processes is too much, ... */
const MOST_FOREIGN_PERCENT = 8;
/** ... and more than this of the wanted time for the hypervisor, unless it is next to nothing of the machine's time. */
const MOST_STEAL_PERCENT = 15;
const SMALL_STEAL_SHARE = 0.02;

/**
 * Measures under the lock of the machine, from a quiet moment on unless the site is hasty, and says what CPU time it took and how far it was
 * disturbed. `daemons` are the tunnel's processes.
 */
export async function metered<Result>(
  site: Site,
  daemons: readonly number[],
  measure: () => Promise<Result>,
): Promise<{ readonly result: Result; readonly usage: Usage; readonly disturbance: Disturbance }> {
  const lock = site.isHasty ? await Lock.take(site.signal) : await Lock.takeWhenQuiet(site.signal);
  try {
    const before = look(site, daemons);
    const result = await measure();
    const after = look(site, daemons);
    const busy = after.machine.busy - before.machine.busy;
    return {
      result,
      usage: {
        daemonSeconds: (after.daemonTicks - before.daemonTicks) / TICKS_PER_SECOND,
        machineSeconds: busy / TICKS_PER_SECOND,
      },
      disturbance: disturbance({
        foreignTicks: foreignTicks(before.outside, after.outside),
        stealTicks: after.machine.steal - before.machine.steal,
        busyTicks: busy,
        seconds: (after.atMs - before.atMs) / 1000,
        processors: navigator.hardwareConcurrency,
      }),
    };
  } finally {
    lock.free();
  }
}

interface Look {
  readonly atMs: number;
  readonly machine: ReturnType<typeof machineTimes>;
  readonly daemonTicks: number;
  /** Clock ticks of every process that is not in the site's network. */
  readonly outside: ReadonlyMap<number, number>;
}

function look(site: Site, daemons: readonly number[]): Look {
  const { inside, outside } = site.network.processes();
  return {
    atMs: performance.now(),
    machine: machineTimes(),
    daemonTicks: inside.filter(({ pid }) => daemons.includes(pid)).reduce((sum, { ticks }) => sum + ticks, 0),
    outside: new Map(outside.map(({ pid, ticks }) => [pid, ticks])),
  };
}

/** What processes used that were there at the end; one that has started meanwhile counts whole. */
export function foreignTicks(
  before: ReadonlyMap<number, number>,
  after: ReadonlyMap<number, number>,
): number {
  return [...after].reduce((sum, [pid, ticks]) => {
    const earlier = before.get(pid) ?? 0;
    // Fewer than before: the number of a process that has ended was given to another one.
    return sum + (ticks >= earlier ? ticks - earlier : ticks);
  }, 0);
}

export function disturbance(
  { foreignTicks, stealTicks, busyTicks, seconds, processors }: {
    readonly foreignTicks: number;
    readonly stealTicks: number;
    readonly busyTicks: number;
    readonly seconds: number;
    readonly processors: number;
  },
): Disturbance {
  const foreignPercent = rounded(100 * foreignTicks / TICKS_PER_SECOND / seconds);
  const stealPercent = rounded(100 * stealTicks / (stealTicks + busyTicks + 1));
  const allTicks = seconds * TICKS_PER_SECOND * processors;
  const tooMuchSteal = stealPercent > MOST_STEAL_PERCENT && stealTicks > SMALL_STEAL_SHARE * allTicks;
  const noisy = foreignPercent > MOST_FOREIGN_PERCENT || tooMuchSteal;
  return { noisy, foreignPercent, stealPercent };
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
