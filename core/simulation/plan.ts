import { REFUSED_RETRY_MS } from "../control/binding_update_list.ts";
import type { MobileNodeEntry, MobilitySecurityAssociation } from "../control/settings.ts";
import { DEEDS } from "./attacker.ts";
import type { Fault } from "./fault.ts";
import { BROKEN_LINK, GOOD_LINK, type LinkQuality } from "./link.ts";
import type { MobileHostSettings } from "./mobile_host.ts";
import type { AccessNetworkSettings } from "./network.ts";
import { withIpv4 } from "./ipv4_plan.ts";
import { makeProcessFault, makeRevocation } from "./process_fault.ts";
import type { Random } from "./random.ts";
import type { WorldSettings } from "./world.ts";

/** Everything that a seed decides before its world starts. */
export interface Plan {
  readonly world: WorldSettings;
  /** The network that each mobile node starts in, by index. */
  readonly startNetworks: readonly number[];
  /** Each mobile node's wall clock at the start, milliseconds off. */
  readonly skewsMs: readonly number[];
  /** How the links are while faults last. */
  readonly quality: LinkQuality;
  readonly faults: readonly { readonly atMs: number; readonly fault: Fault }[];
  /** From here on links are good and nothing goes wrong. */
  readonly faultsEndMs: number;
  /** How long every honest mobile node may take then to be registered and reachable, milliseconds. */
  readonly recoveryMs: number;
}

const HOME_AGENT_ADDRESS = "2001:db8:100::1";
const HOME_AGENT_IPV4_ADDRESS = "203.0.113.1";
const CLOCK_TOLERANCE_MS = 7000;

/**
 * A mobile node that still registers when faults end waits for MAX_BINDACK_TIMEOUT at most; one that believes
 * that it is registered finds out at its next refresh, after three quarters of its lifetime. Then a few round trips.
 */
const LONGEST_BACK_OFF_MS = 32_000;
const REFRESH_AT = 3 / 4;
const ROUND_TRIPS_MS = 8_000;
/** A flood lasts for a while. */
const LAST_FAULT_BEFORE_END_MS = 2_000;

/** The same, with faults of the daemons themselves on top. */
export function makeKillPlan(random: Random): Plan {
  const plan = makePlan(random);
  const more = Array.from({ length: random.integer(2, 10) }, () => ({
    atMs: random.integer(0, plan.faultsEndMs - LAST_FAULT_BEFORE_END_MS),
    fault: makeProcessFault(random, plan.world.mobileNodes.length),
  }));
  const revocations = Array.from({ length: random.integer(0, 2) }, () => ({
    atMs: random.integer(0, plan.faultsEndMs - LAST_FAULT_BEFORE_END_MS),
    fault: makeRevocation(random, plan.world.mobileNodes.length),
  }));
  return {
    ...plan,
    faults: [...plan.faults, ...more, ...revocations].sort((one, other) => one.atMs - other.atMs),
    recoveryMs: Math.max(plan.recoveryMs, REFUSED_RETRY_MS + ROUND_TRIPS_MS),
  };
}

export function makePlan(random: Random): Plan {
  const open = random.chance(0.05);
  const lifetimeSeconds = 4 * random.integer(10, 15);
  const networks = makeNetworks(random);
  const mobileNodes = makeMobileNodes(random, open, lifetimeSeconds);
  const faultsEndMs = random.integer(40_000, 80_000);
  const quality = makeQuality(random);
  const tolerated = () => random.integer(-CLOCK_TOLERANCE_MS + 1500, CLOCK_TOLERANCE_MS - 1500);
  const world = {
    homeAgent: {
      ipv4Address: HOME_AGENT_IPV4_ADDRESS,
      timerLatenessMs: timerLateness(random),
      machine: {
        address: HOME_AGENT_ADDRESS,
        homePrefix: { address: "2001:db8:100::", length: 64 },
        mobileNodes: mobileNodes.map(entryOf),
        requireAuthentication: !open,
        maximumLifetimeSeconds: 4 * random.integer(10, 15),
        natRefreshSeconds: random.integer(10, 20),
        forceUdp: random.chance(0.1),
        acceptForceUdp: random.chance(0.8),
        prefixAdvertisements: true,
        clockToleranceMs: CLOCK_TOLERANCE_MS,
        homeLink: false,
        preference: 0,
      },
    },
    correspondentAddress: "2001:db8:200::1",
    networks,
    mobileNodes: mobileNodes.map(({ host }) => host),
  };
  const plan = {
    startNetworks: mobileNodes.map(() => random.integer(0, networks.length - 1)),
    skewsMs: mobileNodes.map(() => random.chance(0.7) ? tolerated() : random.integer(-100_000, 100_000)),
    quality,
    faults: makeFaults(random, {
      faultsEndMs,
      quality,
      networks: networks.length,
      nodes: mobileNodes.length,
      open,
    }),
    faultsEndMs,
    recoveryMs: Math.max(LONGEST_BACK_OFF_MS, lifetimeSeconds * REFRESH_AT * 1000) + ROUND_TRIPS_MS,
  };
  // Last, so that what was decided before IPv4 came stays as it was.
  return { ...plan, world: withIpv4(world, random) };
}

/** A public network, a NAT that keeps ports and one that does not; both hand out the same private addresses. */
function makeNetworks(random: Random): AccessNetworkSettings[] {
  const nat = (publicAddress: string, portChoice: "preserve" | "random") => {
    return { publicAddress, portChoice, idleTimeoutMs: 1000 * random.integer(25, 45) };
  };
  return [
    { name: "public", addressPrefix: "192.0.2", nat: undefined, linkMtu: 1500 },
    { name: "nat1", addressPrefix: "10.1.0", nat: nat("198.51.100.1", "preserve"), linkMtu: 1500 },
    { name: "nat2", addressPrefix: "10.1.0", nat: nat("198.51.100.2", "random"), linkMtu: 1400 },
  ];
}

interface PlannedNode {
  readonly host: MobileHostSettings;
  /** What the home agent's configuration says: other than the node's own where it is not honest. */
  readonly entry: {
    readonly homeAddress: string;
    readonly security: MobilitySecurityAssociation | undefined;
  };
}

function entryOf({ host, entry }: PlannedNode): MobileNodeEntry {
  return { identity: host.machine.identity, mobileNetworkPrefixes: [], ...entry };
}

function makeMobileNodes(random: Random, open: boolean, lifetimeSeconds: number): PlannedNode[] {
  const nodes: PlannedNode[] = [];
  const add = (name: string, dishonesty: "none" | "wrongKey" | "thief") => {
    const number = nodes.length + 1;
    const homeAddress = `2001:db8:100::${(0x100 + number).toString(16)}`;
    const security: MobilitySecurityAssociation | undefined = open ? undefined : {
      spi: 1000 + number,
      algorithm: random.pick(["hmac-sha256-128", "hmac-sha1-96"] as const),
      key: random.octets(32),
    };
    nodes.push({
      entry: { homeAddress, security },
      host: {
        name,
        honest: dishonesty === "none",
        timerLatenessMs: timerLateness(random),
        localPort: random.chance(0.5) ? 4191 : 0,
        talks: random.chance(0.7),
        machine: {
          identity: `${name}@example.org`,
          homeAddress: dishonesty === "thief" ? nodes[0].host.machine.homeAddress : homeAddress,
          homeAgentAddress: HOME_AGENT_ADDRESS,
          homeAgentIpv4Address: HOME_AGENT_IPV4_ADDRESS,
          homeAgentPort: 4191,
          security: dishonesty === "wrongKey" && security
            ? { ...security, key: random.octets(32) }
            : security,
          lifetimeSeconds,
          forceUdp: random.chance(0.15),
          keepaliveSeconds: random.chance(0.2) ? random.integer(8, 20) : undefined,
          dsmip: true,
          prefer: "ipv6",
          mobileNetworkPrefixes: [],
        },
      },
    });
  };
  const honest = random.integer(1, 3);
  for (let number = 1; number <= honest; number++) add(`mn${number}`, "none");
  if (!open && random.chance(0.2)) add("wrong-key", "wrongKey");
  if (!open && random.chance(0.2)) add("thief", "thief");
  return nodes;
}

function timerLateness(random: Random): number {
  return random.chance(0.5) ? 0 : random.fraction() * 20;
}

function makeQuality(random: Random): LinkQuality {
  const kind = random.fraction();
  if (kind < 0.4) return GOOD_LINK;
  return {
    lossProbability: random.fraction() * (kind < 0.85 ? 0.15 : 0.5),
    duplicateProbability: random.fraction() * 0.1,
    delayMs: random.integer(1, 150),
    jitterMs: random.integer(0, 300),
  };
}

interface FaultLimits {
  readonly faultsEndMs: number;
  readonly quality: LinkQuality;
  readonly networks: number;
  readonly nodes: number;
  readonly open: boolean;
}

function makeFaults(random: Random, limits: FaultLimits): Plan["faults"] {
  const faults = Array.from({ length: random.integer(3, 14) }, () => ({
    atMs: random.integer(0, limits.faultsEndMs - LAST_FAULT_BEFORE_END_MS),
    fault: makeFault(random, limits),
  }));
  return faults.sort((one, other) => one.atMs - other.atMs);
}

function makeFault(random: Random, { quality, networks, nodes, open }: FaultLimits): Fault {
  const network = random.integer(0, networks - 1);
  const node = random.integer(0, nodes - 1);
  const forMs = random.chance(0.7) ? random.integer(0, 10_000) : random.integer(10_000, 90_000);
  const kinds = [
    "natFlush",
    "link",
    "homeAgentRestart",
    "clock",
    "homeAgentClock",
    "crash",
    "move",
    "stop",
  ] as const;
  const kind = random.chance(open ? 0 : 0.4) ? "attack" : random.pick(kinds);
  switch (kind) {
    case "natFlush":
      return { kind, network: random.integer(1, networks - 1), otherPorts: random.chance(0.7) };
    case "link":
      return {
        kind,
        network,
        part: random.pick(["access", "core"] as const),
        quality: random.chance(0.5) ? BROKEN_LINK : { ...makeQuality(random) },
        usual: quality,
        forMs,
      };
    case "homeAgentRestart":
      return { kind };
    case "homeAgentClock":
      return { kind, skewMs: random.integer(-5_000, 5_000) };
    case "clock": {
      const farthestMs = random.chance(0.5) ? CLOCK_TOLERANCE_MS : 100_000;
      return { kind, node, skewMs: random.integer(-farthestMs, farthestMs) };
    }
    case "crash":
    case "stop":
      return { kind, node, forMs };
    case "move":
      return { kind, node, network, gapMs: random.chance(0.5) ? 0 : random.integer(0, 5_000) };
    case "attack":
      return { kind, deed: random.pick(DEEDS) };
  }
}
