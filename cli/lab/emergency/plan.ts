import { Random } from "../../../core/simulation/random.ts";
import type { AccessNetwork } from "../access/access_network.ts";
import type { Family } from "../families.ts";
import { ACCESS_NETWORKS, ALL_NODES, ALL_ROUTERS, type NodePlace } from "./topology.ts";

/** Between two moves of a router. Some moves come before the one before is done. */
const STAY_MS = [500, 9000] as const;
/** So many of the moves come without a link event. */
const SILENT_SHARE = 0.3;
/** So many of the nodes, about, talk to a node of another router; the others to the correspondent. */
const BETWEEN_NODES_SHARE = 1 / 3;

/** One move of one router. */
export interface PlannedMove {
  /** Since the movement began. */
  readonly atMs: number;
  readonly to: AccessNetwork;
  /** The cable is in the other network all at once, and nothing tells the mobile router. */
  readonly isSilent: boolean;
}

/** What one router does. */
export interface RouterPlan {
  readonly first: AccessNetwork;
  readonly moves: readonly PlannedMove[];
}

/** A two-way flow of a node. */
export interface Conversation {
  readonly family: Family;
  readonly one: NodePlace;
  /** A node of another router; undefined: the correspondent. */
  readonly other: NodePlace | undefined;
}

export interface EmergencyPlan {
  readonly routers: readonly RouterPlan[];
  /** Each node has a part in exactly one. */
  readonly conversations: readonly Conversation[];
}

/** All that is random in a run: the same for the same arguments. */
export function planEmergency(
  { seed, seconds, families }: {
    readonly seed: number;
    /** Of movement. */
    readonly seconds: number;
    /** The conversations take turns. */
    readonly families: readonly Family[];
  },
): EmergencyPlan {
  const random = new Random(seed);
  const routers = ALL_ROUTERS.map(() => planRouter(random, seconds * 1000));
  const pairs: [NodePlace, NodePlace | undefined][] = [];
  const free = shuffled(ALL_NODES, random);
  const wanted = Math.round(ALL_NODES.length * BETWEEN_NODES_SHARE / 2);
  while (pairs.length < wanted) {
    const one = free.pop()!;
    const at = free.findIndex(({ router }) => router !== one.router);
    const [other] = free.splice(at, 1);
    pairs.push([one, other]);
  }
  pairs.push(...free.map((one): [NodePlace, undefined] => [one, undefined]));
  return {
    routers,
    conversations: pairs.map(([one, other], index) => ({
      family: families[index % families.length],
      one,
      other,
    })),
  };
}

function planRouter(random: Random, durationMs: number): RouterPlan {
  const first = random.pick(ACCESS_NETWORKS);
  const moves: PlannedMove[] = [];
  let here = first;
  for (let atMs = random.integer(...STAY_MS); atMs < durationMs; atMs += random.integer(...STAY_MS)) {
    here = random.pick(ACCESS_NETWORKS.filter(({ name }) => name !== here.name));
    moves.push({ atMs, to: here, isSilent: random.chance(SILENT_SHARE) });
  }
  return { first, moves };
}

function shuffled<T>(values: readonly T[], random: Random): T[] {
  const rest = [...values];
  return values.map(() => rest.splice(random.integer(0, rest.length - 1), 1)[0]);
}
