import type { MobilitySecurityAssociation } from "../../core/control/settings.ts";
import type { WorldSettings } from "../../core/simulation/world.ts";

const HOME_AGENT = { address: "2001:db8:100::1", ipv4Address: "203.0.113.1" } as const;
const LIFETIME_SECONDS = 420;

/** Two mobile nodes, clocks right and all links good; a public network and two behind NATs, which forget after 30 s. */
export function dayWorld(): WorldSettings {
  const nodes = [1, 2].map((number) => {
    const security: MobilitySecurityAssociation = {
      spi: 1000 + number,
      algorithm: number === 1 ? "hmac-sha256-128" : "hmac-sha1-96",
      key: new Uint8Array(32).fill(number),
    };
    return { identity: `mn${number}@example.org`, homeAddress: `2001:db8:100::10${number}`, security };
  });
  const behindNat = (number: number, portChoice: "preserve" | "random") => ({
    name: `nat${number}`,
    addressPrefix: "10.1.0",
    nat: { publicAddress: `198.51.100.${number}`, portChoice, idleTimeoutMs: 30_000 },
    linkMtu: 1500,
  });
  return {
    homeAgent: {
      ipv4Address: HOME_AGENT.ipv4Address,
      timerLatenessMs: 0,
      machine: {
        address: HOME_AGENT.address,
        homePrefix: { address: "2001:db8:100::", length: 64 },
        mobileNodes: nodes.map((node) => ({ ...node, mobileNetworkPrefixes: [] })),
        requireAuthentication: true,
        maximumLifetimeSeconds: LIFETIME_SECONDS,
        natRefreshSeconds: 25,
        forceUdp: false,
        acceptForceUdp: true,
        prefixAdvertisements: true,
        clockToleranceMs: 7000,
        homeLink: false,
        preference: 0,
      },
    },
    correspondentAddress: "2001:db8:200::1",
    networks: [
      { name: "public", addressPrefix: "192.0.2", nat: undefined, linkMtu: 1500 },
      behindNat(1, "preserve"),
      behindNat(2, "random"),
    ],
    mobileNodes: nodes.map((node, index) => ({
      name: `mn${index + 1}`,
      honest: true,
      timerLatenessMs: 0,
      localPort: 4191,
      talks: true,
      machine: {
        ...node,
        homeAgentAddress: HOME_AGENT.address,
        homeAgentIpv4Address: HOME_AGENT.ipv4Address,
        homeAgentPort: 4191,
        lifetimeSeconds: LIFETIME_SECONDS,
        forceUdp: false,
        keepaliveSeconds: undefined,
        dsmip: true,
        prefer: "ipv6",
        mobileNetworkPrefixes: [],
      },
    })),
  };
}
