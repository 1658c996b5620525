import type { MobilitySecurityAssociation } from "../../control/settings.ts";
import type { Random } from "../random.ts";
import type { AccessLinkSettings } from "./access_link.ts";
import type { Ipv4RouterSettings } from "./ipv4_router.ts";
import type { Ipv6RouterSettings } from "./ipv6_router.ts";
import type { MovementWorldSettings } from "./movement_world.ts";

/** What an access link offers. */
export type LinkKind = "ipv6" | "twoRouters" | "ipv4" | "nat" | "dual" | "dualNat";
export const LINK_KINDS: readonly LinkKind[] = ["ipv6", "twoRouters", "ipv4", "nat", "dual", "dualNat"];

const HOME_ADDRESS = "2001:db8:100::100";
const HOME_AGENT_ADDRESS = "2001:db8:100::1";
const HOME_AGENT_IPV4_ADDRESS = "203.0.113.1";
const LIFETIME_SECONDS = 40;

export interface MovementWorldChoices {
  readonly linkKinds: readonly LinkKind[];
  /** How many egress interfaces the mobile node has. */
  readonly ports: number;
  /** How often the default router is asked whether it is there, milliseconds; 0: only in doubt. */
  readonly routerProbeMs: number;
  readonly timerLatenessMs: number;
  readonly prefer: "ipv6" | "ipv4" | "keep";
  /** Longest wait of a router before it answers, milliseconds. */
  readonly answerDelayMs: number;
  /** DHCP servers grant at once (RFC 4039). */
  readonly rapidCommit: boolean;
}

/** A world of one mobile node and these links. */
export function movementWorldSettings(random: Random, choices: MovementWorldChoices): MovementWorldSettings {
  const { timerLatenessMs, routerProbeMs } = choices;
  const security: MobilitySecurityAssociation = {
    spi: 1000,
    algorithm: "hmac-sha1-96",
    key: random.octets(32),
  };
  const identity = "mn1@example.org";
  const stableSecret = random.octets(32);
  return {
    correspondentAddress: "2001:db8:200::1",
    links: choices.linkKinds.map((kind, number) => linkSettings(kind, number, choices, random)),
    mobileNode: {
      name: "mn1",
      timerLatenessMs,
      ports: Array.from({ length: choices.ports }, (_, number) => ({
        machine: {
          interfaceName: `eg${number}`,
          interfaceIdentifier: "stable",
          stableSecret,
          routerProbeMs,
        },
        hardwareAddress: Uint8Array.of(2, 0, 0, 0, 0, number + 1),
        timerLatenessMs,
      })),
      machine: {
        identity,
        homeAddress: HOME_ADDRESS,
        homeAgentAddress: HOME_AGENT_ADDRESS,
        homeAgentIpv4Address: HOME_AGENT_IPV4_ADDRESS,
        homeAgentPort: 4191,
        security,
        lifetimeSeconds: LIFETIME_SECONDS,
        forceUdp: false,
        keepaliveSeconds: undefined,
        dsmip: true,
        prefer: choices.prefer,
        mobileNetworkPrefixes: [],
      },
    },
    homeAgent: {
      ipv4Address: HOME_AGENT_IPV4_ADDRESS,
      timerLatenessMs,
      machine: {
        address: HOME_AGENT_ADDRESS,
        homePrefix: { address: "2001:db8:100::", length: 64 },
        mobileNodes: [{ identity, homeAddress: HOME_ADDRESS, security, mobileNetworkPrefixes: [] }],
        requireAuthentication: true,
        maximumLifetimeSeconds: LIFETIME_SECONDS,
        natRefreshSeconds: 15,
        forceUdp: false,
        acceptForceUdp: true,
        prefixAdvertisements: true,
        clockToleranceMs: 7000,
        homeLink: false,
        preference: 0,
      },
    },
  };
}

function linkSettings(
  kind: LinkKind,
  number: number,
  { answerDelayMs, rapidCommit }: MovementWorldChoices,
  random: Random,
): AccessLinkSettings {
  const ipv6Router = (router: number): Ipv6RouterSettings => ({
    hardwareAddress: Uint8Array.of(2, 6, 0, 0, number, router),
    // The first routers of all links look the same but for their hardware addresses.
    linkLocal: `fe80::${router}`,
    prefix: `2001:db8:a${number}:${router}::`,
    answerDelayMs,
    intervalMs: random.integer(3_000, 10_000),
  });
  const hasIpv4 = kind !== "ipv6" && kind !== "twoRouters";
  const hasIpv6 = kind !== "ipv4" && kind !== "nat";
  const routers = kind === "twoRouters" ? [1, 2] : [1];
  return {
    name: `${kind}${number}`,
    linkMtu: random.pick([1400, 1500]),
    ipv6Routers: hasIpv6 ? routers.map(ipv6Router) : [],
    ipv4Router: hasIpv4
      ? { ...ipv4RouterSettings(kind === "nat" || kind === "dualNat", number, random), rapidCommit }
      : undefined,
  };
}

/** All NATs have the same network inside. */
function ipv4RouterSettings(
  isNat: boolean,
  number: number,
  random: Random,
): Omit<Ipv4RouterSettings, "rapidCommit"> {
  const network = isNat ? "10.1.0" : `192.0.${number + 2}`;
  const publicAddress = `198.51.100.${number + 1}`;
  return {
    hardwareAddress: Uint8Array.of(2, 4, 0, 0, number, 1),
    network,
    address: `${network}.1`,
    nat: isNat ? { publicAddress, portChoice: "preserve", idleTimeoutMs: 30_000 } : undefined,
    leaseSeconds: random.integer(30, 120),
  };
}
