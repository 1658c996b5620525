import type { Random } from "./random.ts";
import { seconds } from "./trace.ts";
import type { World } from "./world.ts";

/** What can happen to a daemon itself, or to what it stands on. */
export type ProcessFault =
  /**
   * The home agent (`node` undefined) or a mobile node is killed between two actions of the next event that has so many, so that
   * those before are done and the others lost; started again later.
   */
  | {
    readonly kind: "kill";
    readonly node: number | undefined;
    readonly afterActions: number;
    readonly forMs: number;
  }
  /** Its administrator revokes the bindings of a mobile node by name, and loads the configuration again later (RFC 5846). */
  | { readonly kind: "revocation"; readonly node: number; readonly forMs: number }
  /** The data path and the kernel refuse new bindings. */
  | { readonly kind: "bindingsRefused"; readonly forMs: number }
  /** The wall clock of the home agent's host is set to another time: the process has it from its next start on. */
  | { readonly kind: "homeAgentClockSet"; readonly skewMs: number; readonly restarts: boolean }
  /** That of a mobile node's host: the process has it at once, which is worse than what a daemon has. */
  | { readonly kind: "mobileNodeClockSet"; readonly node: number; readonly skewMs: number };

const MOST_ACTIONS = 4;
/** A clock without a battery, or one that was wrong by a year. */
const YEAR_MS = 365 * 86_400_000;

export function describeProcessFault(fault: ProcessFault): string {
  switch (fault.kind) {
    case "kill": {
      const who = fault.node === undefined ? "the home agent" : `mobile node ${fault.node}`;
      return `${who} is to die after ${fault.afterActions} actions, for ${seconds(fault.forMs)}`;
    }
    case "revocation":
      return `mobile node ${fault.node} revoked for ${seconds(fault.forMs)}`;
    case "bindingsRefused":
      return `no new bindings in the data path for ${seconds(fault.forMs)}`;
    case "homeAgentClockSet":
      return `clock of the home agent's host set ${seconds(fault.skewMs)} off${
        fault.restarts ? ", home agent restarted" : ""
      }`;
    case "mobileNodeClockSet":
      return `mobile node ${fault.node}'s clock set ${seconds(fault.skewMs)} off`;
  }
}

/** @param later runs something after so many milliseconds, unless all faults end before */
export function applyProcessFault(
  fault: ProcessFault,
  world: World,
  later: (afterMs: number, run: () => void) => void,
): void {
  const { homeAgent } = world;
  switch (fault.kind) {
    case "kill": {
      const host = fault.node === undefined ? homeAgent : world.mobileNodes[fault.node];
      const startAgain = () => host.running || host.start();
      host.armedKill = { afterActions: fault.afterActions, done: () => later(fault.forMs, startAgain) };
      return;
    }
    case "revocation":
      homeAgent.revoke(world.mobileNodes[fault.node].settings.machine.identity);
      return later(fault.forMs, () => homeAgent.reload());
    case "bindingsRefused":
      homeAgent.refusesBindings = true;
      return later(fault.forMs, () => homeAgent.refusesBindings = false);
    case "homeAgentClockSet":
      homeAgent.clockSetMs = fault.skewMs;
      if (fault.restarts) homeAgent.restart();
      return;
    case "mobileNodeClockSet":
      world.mobileNodes[fault.node].skewMs = fault.skewMs;
      return;
  }
}

/** Nobody is dead or about to die, and nothing is refused or revoked. */
export function endProcessFaults({ homeAgent, mobileNodes }: World): void {
  for (const host of [homeAgent, ...mobileNodes]) host.armedKill = undefined;
  homeAgent.refusesBindings = false;
  if (!homeAgent.running) homeAgent.start();
  if (homeAgent.revoked.size > 0) homeAgent.reload();
}

export function makeRevocation(random: Random, nodes: number): ProcessFault {
  return { kind: "revocation", node: random.integer(0, nodes - 1), forMs: random.integer(0, 20_000) };
}

export function makeProcessFault(random: Random, nodes: number): ProcessFault {
  const kinds = [
    "kill",
    "kill",
    "kill",
    "bindingsRefused",
    "homeAgentClockSet",
    "mobileNodeClockSet",
  ] as const;
  const kind = random.pick(kinds);
  const clockSetMs = () => {
    const farthestMs = random.pick([60_000, 86_400_000, YEAR_MS]);
    return random.integer(-farthestMs, farthestMs);
  };
  switch (kind) {
    case "kill":
      return {
        kind,
        node: random.chance(0.6) ? undefined : random.integer(0, nodes - 1),
        afterActions: random.integer(0, MOST_ACTIONS),
        forMs: random.chance(0.5) ? 0 : random.integer(0, 20_000),
      };
    case "bindingsRefused":
      return { kind, forMs: random.integer(0, 10_000) };
    case "homeAgentClockSet":
      return { kind, skewMs: clockSetMs(), restarts: random.chance(0.5) };
    case "mobileNodeClockSet":
      return { kind, node: random.integer(0, nodes - 1), skewMs: clockSetMs() };
  }
}
