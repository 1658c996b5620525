import { hmac } from "../cli/daemon/hmac.ts";
import { sealMobilityHeader } from "../core/control/authentication.ts";
import { HomeAgent } from "../core/control/home_agent.ts";
import { ntpTimestamp } from "../core/control/ntp_timestamp.ts";
import type { HomeAgentSettings, MobileNodeEntry } from "../core/control/settings.ts";
import type { MobilityOption } from "../core/wire/mobility_option.ts";
import { encodeMobilityPacket } from "../core/wire/mobility_packet.ts";
import { ipv6Octets } from "../core/wire/address.ts";

/** What a Binding Update costs a home agent with 10,000 mobile nodes: one that it accepts, and those that it refuses, by kind. */

const NODES = 10_000;
const HOME_AGENT = "2001:db8:100::1";
const NOW_MS = 1_700_000_000_000;
const OUTER = { address: "198.51.100.7", port: 40_000 };

const mobileNodes = Array.from({ length: NODES }, (_, index): MobileNodeEntry => ({
  identity: `mn${index}@example.org`,
  homeAddress: `2001:db8:100::1:${index.toString(16)}`,
  security: { spi: 1000 + index, algorithm: "hmac-sha256-128", key: new Uint8Array(32).fill(7) },
  mobileNetworkPrefixes: [],
}));

const settings: HomeAgentSettings = {
  address: HOME_AGENT,
  homePrefix: { address: "2001:db8:100::", length: 64 },
  mobileNodes,
  requireAuthentication: true,
  maximumLifetimeSeconds: 420,
  natRefreshSeconds: 25,
  forceUdp: false,
  acceptForceUdp: true,
  prefixAdvertisements: true,
  clockToleranceMs: 7000,
  homeLink: false,
  preference: 0,
};

interface Changes {
  readonly identity?: string;
  readonly key?: Uint8Array;
  readonly isSealed?: boolean;
  readonly unixMs?: number;
  readonly sequenceNumber?: number;
}

function update(node: MobileNodeEntry, changes: Changes = {}): Uint8Array {
  const { identity = node.identity, key = node.security!.key, isSealed = true, unixMs = NOW_MS } = changes;
  const careOfAddress = "192.168.1.2";
  const options: MobilityOption[] = [
    { kind: "ipv4CareOfAddress", careOfAddress },
    { kind: "mobileNodeIdentifier", subtype: 1, identifier: new TextEncoder().encode(identity) },
    { kind: "messageIdentification", timestamp: ntpTimestamp(unixMs, 0) },
  ];
  const mobilityHeader = sealMobilityHeader(
    {
      kind: "bindingUpdate",
      sequenceNumber: changes.sequenceNumber ?? 1,
      acknowledge: true,
      homeRegistration: true,
      linkLocalCompatibility: false,
      keyManagementMobility: false,
      mapRegistration: false,
      mobileRouter: false,
      proxyRegistration: false,
      forceUdp: false,
      tlvHeader: false,
      overwriteOrBulk: false,
      lifetimeSeconds: 420,
      options,
    },
    isSealed ? { ...node.security!, key } : undefined,
    { careOfAddress, homeAddress: node.homeAddress },
    hmac,
  );
  return encodeMobilityPacket({ source: node.homeAddress, destination: HOME_AGENT, mobilityHeader });
}

const homeAgent = new HomeAgent(settings, { hmac, startedUnixMs: 0, random: Math.random });
const [victim] = mobileNodes;
const noise = crypto.getRandomValues(update(victim));
noise.set([0x60, 0, 0, 0, 0, noise.length - 40, 135, 64]);
noise.set(ipv6Octets(HOME_AGENT), 24);

const REFUSED: Readonly<Record<string, Uint8Array>> = {
  "wrong proof": update(victim, { key: new Uint8Array(32).fill(8) }),
  "sent again, a minute old": update(victim, { unixMs: NOW_MS - 60_000 }),
  "no proof": update(victim, { isSealed: false }),
  "unknown identity": update(victim, { identity: "nobody@example.org" }),
  "noise behind an IPv6 header": noise,
};

for (const [name, packet] of Object.entries(REFUSED)) {
  // As under a flood: nothing is answered any more.
  const now = { monotonicMs: 0, unixMs: NOW_MS };
  const event = { kind: "signalling", outer: OUTER, packet } as const;
  Deno.bench(`refused: ${name}`, () => void homeAgent.handle(event, now));
}

let accepted = 0;
Deno.bench("accepted: a refresh, answered", { n: 20_000, warmup: 2000 }, (bench) => {
  const node = mobileNodes[1 + accepted++ % (NODES - 1)];
  const unixMs = NOW_MS + accepted;
  const sequenceNumber = accepted & 0xffff;
  const packet = update(node, { unixMs, sequenceNumber });
  bench.start();
  homeAgent.handle({ kind: "signalling", outer: OUTER, packet }, { monotonicMs: accepted, unixMs });
  bench.end();
});
