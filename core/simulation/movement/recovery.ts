import type { Hmac } from "../../control/settings.ts";
import { REAL_MACHINES } from "../machine.ts";
import { Random } from "../random.ts";
import { Trace } from "../trace.ts";
import { CORE_DELAY_MS, GOOD_ACCESS, type LossKind } from "./access_link.ts";
import { applyMovementFault, type MovementFault } from "./movement_fault.ts";
import { isReachable } from "./movement_run.ts";
import { type LinkKind, movementWorldSettings } from "./movement_settings.ts";
import { MovementWorld } from "./movement_world.ts";

/** One kind of fault alone, at a mobile node that is registered and moves, or stays where it is. */
export interface RecoveryCase {
  readonly name: string;
  readonly from: LinkKind;
  /** Undefined: it stays. */
  readonly to: LinkKind | undefined;
  /** Link 0 is where the node was, link 1 where it goes. They happen right before the move. */
  readonly faults: readonly MovementFault[];
  /** The carrier does not tell of the move. */
  readonly silently?: true;
  /** The home agent restarts within so many milliseconds after the move. */
  readonly homeAgentRestartsWithinMs?: number;
}

/** Milliseconds of virtual time until data went both ways again. */
export interface RecoveryTimes {
  readonly medianMs: number;
  readonly percentile99Ms: number;
  /** How many did not recover in time. */
  readonly failed: number;
}

/** Then the pings come less often: a long silence needs no finer measure. */
const FIRST_PINGS_MS = 1_000;

/** Where the node has got its configuration, and how it is asked after: what a table of times should say beside it. */
export const RECOVERY_CONDITIONS = {
  accessDelayMs: GOOD_ACCESS.delayMs,
  coreDelayMs: CORE_DELAY_MS,
  answerDelayMs: 10,
  routerProbeMs: 1000,
  pingIntervalMs: { first: 5, then: 50 },
} as const;

const lose = (what: LossKind): MovementFault[] => [{ kind: "lose", link: 1, what, count: 1 }];
const DUPLICATE: readonly MovementFault[] = [
  { kind: "duplicateAddress", link: 1, count: 1, sparesLinkLocal: true },
];
const moved = (name: string, to: LinkKind, faults: readonly MovementFault[] = []): RecoveryCase => {
  return { name, from: "ipv6", to, faults };
};

export const RECOVERY_CASES: readonly RecoveryCase[] = [
  moved("none, to IPv6", "ipv6"),
  moved("none, to IPv4 behind a NAT", "nat"),
  moved("Router Solicitation lost", "ipv6", lose("routerSolicitation")),
  moved("Router Advertisement lost", "ipv6", lose("routerAdvertisement")),
  moved("DHCPDISCOVER lost", "nat", lose("dhcpDiscover")),
  moved("DHCPOFFER lost", "nat", lose("dhcpOffer")),
  moved("DHCPREQUEST lost", "nat", lose("dhcpRequest")),
  moved("DHCPACK lost", "nat", lose("dhcpAck")),
  moved("Binding Update lost", "ipv6", lose("bindingUpdate")),
  moved("Binding Acknowledgement lost", "ipv6", lose("bindingAcknowledgement")),
  moved("duplicate IPv6 care-of address", "ipv6", DUPLICATE),
  moved("duplicate IPv4 care-of address", "nat", DUPLICATE),
  { ...moved("home agent restarts in the handover", "ipv6"), homeAgentRestartsWithinMs: 40 },
  { ...moved("moved without a sign, to IPv6", "ipv6"), silently: true },
  { ...moved("moved without a sign, to IPv4", "nat"), silently: true },
  {
    name: "one of two routers dies",
    from: "twoRouters",
    to: undefined,
    faults: [{ kind: "routerDies", link: 0, router: 0 }],
  },
  {
    name: "renumbered, old prefix gone at once",
    from: "ipv6",
    to: undefined,
    faults: [{ kind: "renumber", link: 0, router: 0, carriesOldPrefix: false }],
  },
];

const READY_WITHIN_MS = 20_000;
const RECOVERED_WITHIN_MS = 60_000;

/** Plays one case with so many seeds from 1 on. */
export function recoveryTimes(recoveryCase: RecoveryCase, seeds: number, hmac: Hmac): RecoveryTimes {
  const times: number[] = [];
  for (let seed = 1; seed <= seeds; seed++) times.push(recoveryTime(recoveryCase, seed, hmac));
  times.sort((one, other) => one - other);
  const percentile = (share: number) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
  return {
    medianMs: percentile(0.5),
    percentile99Ms: percentile(0.99),
    failed: times.filter((ms) => ms === Infinity).length,
  };
}

/** From the link's coming up (or from the fault, where the node stays) to data both ways; Infinity: not in time. */
function recoveryTime(recoveryCase: RecoveryCase, seed: number, hmac: Hmac): number {
  const random = new Random(seed);
  const { from, to, faults, silently, homeAgentRestartsWithinMs } = recoveryCase;
  const settings = movementWorldSettings(random.fork(), {
    linkKinds: to === undefined ? [from] : [from, to],
    ports: 1,
    routerProbeMs: RECOVERY_CONDITIONS.routerProbeMs,
    timerLatenessMs: 0,
    prefer: "ipv6",
    answerDelayMs: RECOVERY_CONDITIONS.answerDelayMs,
    rapidCommit: false,
  });
  const trace = new Trace(1);
  const world = new MovementWorld(settings, { random, hmac, machines: REAL_MACHINES, trace });
  const [port] = world.mobileNode.ports;
  port.move(world.links[0]);
  if (!world.runUntil(() => isReachable(world), READY_WITHIN_MS)) return Infinity;
  world.run(world.nowMs + random.integer(2_000, 10_000));

  faults.forEach((fault, index) => applyMovementFault(namedByUse(fault, world), world, index + 1));
  const startMs = world.nowMs;
  if (to !== undefined) port.move(world.links[1], silently);
  let sinceMs = startMs;
  if (homeAgentRestartsWithinMs !== undefined) {
    sinceMs += random.fraction() * homeAgentRestartsWithinMs;
    world.schedule(sinceMs - startMs, () => world.homeAgent.restart());
  }
  startPings(world);
  const { correspondent, mobileNode: { homeAddress } } = world;
  const counters = correspondent.counters(homeAddress);
  const { squatter } = port.link!;
  const isBack = () => {
    const afterMs = Math.max(sinceMs, squatter.lastTakenAtMs);
    return squatter.armed === 0 && counters.downLastMs >= afterMs && counters.upLastMs >= afterMs;
  };
  return world.runUntil(isBack, startMs + RECOVERED_WITHIN_MS) ? world.nowMs - startMs : Infinity;
}

/** A router that dies is the one that the node uses. */
function namedByUse(fault: MovementFault, { mobileNode, links }: MovementWorld): MovementFault {
  if (fault.kind !== "routerDies") return fault;
  const { careOfAddress } = mobileNode;
  const { ipv6Routers } = links[fault.link];
  const used = ipv6Routers.findIndex((router) =>
    careOfAddress !== undefined && router.forwards(careOfAddress)
  );
  return { ...fault, router: used };
}

function startPings(world: MovementWorld): void {
  const { correspondent, mobileNode } = world;
  const { pingIntervalMs } = RECOVERY_CONDITIONS;
  const endMs = world.nowMs + FIRST_PINGS_MS;
  const ping = () => {
    correspondent.ping(mobileNode.homeAddress);
    correspondent.pingFrom(mobileNode, correspondent.address);
    world.schedule(world.nowMs < endMs ? pingIntervalMs.first : pingIntervalMs.then, ping);
  };
  ping();
}
