import type { LinkQuality } from "../link.ts";
import type { Random } from "../random.ts";
import type { LossKind } from "./access_link.ts";
import type { MovementFault } from "./movement_fault.ts";
import { LINK_KINDS, movementWorldSettings } from "./movement_settings.ts";
import type { MovementWorldSettings } from "./movement_world.ts";

/** Everything that a seed decides before its world starts. */
export interface MovementPlan {
  readonly world: MovementWorldSettings;
  /** The link that each egress is plugged in first, by index. */
  readonly startLinks: readonly number[];
  readonly faults: readonly { readonly atMs: number; readonly fault: MovementFault }[];
  /** From here on links are good, routers there, and nobody moves. */
  readonly faultsEndMs: number;
  /** Where every egress is then; by index. */
  readonly endLinks: readonly number[];
}

const LOSSES: readonly LossKind[] = [
  "routerSolicitation",
  "routerAdvertisement",
  "neighborSolicitation",
  "neighborAdvertisement",
  "arp",
  "dhcpDiscover",
  "dhcpOffer",
  "dhcpRequest",
  "dhcpAck",
  "dhcpNak",
  "bindingUpdate",
  "bindingAcknowledgement",
];

/** Fewer than the interface identifiers that are tried on a link (RFC 7217 section 6). */
const MAXIMUM_DUPLICATES = 2;

export function makeMovementPlan(random: Random): MovementPlan {
  const ports = random.integer(1, 2);
  const links = random.integer(2, 4);
  const world = movementWorldSettings(random, {
    linkKinds: Array.from({ length: links }, () => random.pick(LINK_KINDS)),
    ports,
    routerProbeMs: random.pick([0, 500, 1000, 3000]),
    timerLatenessMs: random.chance(0.5) ? 0 : random.fraction() * 20,
    prefer: random.pick(["ipv6", "ipv6", "ipv4", "keep"]),
    answerDelayMs: random.pick([0, 50, 500]),
    rapidCommit: random.chance(0.5),
  });
  const faultsEndMs = random.integer(30_000, 60_000);
  const duplicates = new Map<number, number>();
  const faults = Array.from({ length: random.integer(3, 24) }, () => ({
    atMs: random.integer(0, faultsEndMs),
    fault: makeFault(random, { ports, links, duplicates }),
  })).sort((one, other) => one.atMs - other.atMs);
  const someLinks = () => Array.from({ length: ports }, () => random.integer(0, links - 1));
  return { world, startLinks: someLinks(), faults, faultsEndMs, endLinks: someLinks() };
}

interface FaultLimits {
  readonly ports: number;
  readonly links: number;
  /** So far, by link. */
  readonly duplicates: Map<number, number>;
}

function makeFault(random: Random, { ports, links, duplicates }: FaultLimits): MovementFault {
  const port = random.integer(0, ports - 1);
  const link = random.integer(0, links - 1);
  const kind = random.fraction();
  if (kind < 0.35) {
    return {
      kind: "move",
      port,
      link: random.chance(0.15) ? undefined : link,
      silently: random.chance(0.3),
    };
  }
  if (kind < 0.4) return { kind: "switchTo", port };
  if (kind < 0.5) return { kind: "quality", link, quality: makeQuality(random) };
  if (kind < 0.7) return { kind: "lose", link, what: random.pick(LOSSES), count: random.integer(1, 4) };
  if (kind < 0.75) {
    const count = Math.min(random.integer(1, 2), MAXIMUM_DUPLICATES - (duplicates.get(link) ?? 0));
    duplicates.set(link, (duplicates.get(link) ?? 0) + count);
    return { kind: "duplicateAddress", link, count, sparesLinkLocal: random.chance(0.5) };
  }
  if (kind < 0.83) {
    return { kind: "routerDies", link, router: random.pick([0, 1, undefined, undefined]) };
  }
  if (kind < 0.88) return { kind: "routersComeBack", link };
  if (kind < 0.93) {
    return { kind: "renumber", link, router: random.integer(0, 1), carriesOldPrefix: random.chance(0.5) };
  }
  return { kind: "homeAgentRestarts" };
}

function makeQuality(random: Random): LinkQuality {
  return {
    lossProbability: random.fraction() * (random.chance(0.8) ? 0.2 : 0.6),
    duplicateProbability: random.fraction() * 0.2,
    delayMs: random.integer(0, 40),
    jitterMs: random.integer(0, 200),
  };
}
