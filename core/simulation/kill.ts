import type { Surroundings } from "./surroundings.ts";

/** A process that is to die between two actions of the next event that has so many. */
export interface Kill {
  readonly afterActions: number;
  /** Called when it is dead. */
  readonly done: () => void;
}

/** A process that can be told to be killed in the middle of an event. */
interface Mortal {
  readonly name: string;
  /** Told, and not yet dead. */
  armedKill: Kill | undefined;
  kill(): void;
}

/** Kills the process where this many actions of an event are its last; false: it goes on. */
export function isKilledAfter(actions: number, process: Mortal, surroundings: Surroundings): boolean {
  const { armedKill, name } = process;
  if (armedKill === undefined || armedKill.afterActions > actions) return false;
  process.armedKill = undefined;
  surroundings.note(name, { kind: "remark", text: `killed after ${actions} actions of an event` });
  process.kill();
  armedKill.done();
  return true;
}
