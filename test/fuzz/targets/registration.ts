/** What the fuzz targets of home agent and mobile node have in common. */
import type { Hmac, HomeAgentSettings, MobileNodeSettings } from "../../../core/control/settings.ts";
import { parseIpv6Prefix } from "../../../core/wire/address.ts";
import { decodeMobilityPacket } from "../../../core/wire/mobility_packet.ts";
import {
  HOME_ADDRESS,
  HOME_AGENT_IPV4,
  homeAgentSettings,
  IDENTITY,
  mobileNodeSettings,
} from "../../control/script.ts";
import { withLength } from "../engine/target.ts";

/** Every message is authentic: what is behind the proof is to be reached. */
export const noHmac: Hmac = (hash) => new Uint8Array(hash === "sha1" ? 20 : 32);

export const ROUTER_ADDRESS = "2001:db8:100::200";
export const PREFIXES = ["2001:db8:200::/64", "2001:db8:201::/64"].map((text) => parseIpv6Prefix(text)!);
const ROUTER_IDENTITY = "mr@example.org";
const IPV4_HOME_ADDRESS = { address: "192.0.2.100", prefixLength: 32 };
/** Timestamps of any time are fresh, where they grow. */
const ANY_CLOCK_MS = 1e15;

export function openHomeAgent(changes: Partial<HomeAgentSettings> = {}): HomeAgentSettings {
  const settings = homeAgentSettings(changes);
  const [node] = settings.mobileNodes;
  return {
    ...settings,
    clockToleranceMs: ANY_CLOCK_MS,
    mobileNodes: [
      { ...node, ipv4HomeAddress: IPV4_HOME_ADDRESS },
      {
        ...node,
        identity: ROUTER_IDENTITY,
        homeAddress: ROUTER_ADDRESS,
        mobileNetworkPrefixes: PREFIXES,
        ipv4HomeAddress: { address: "10.1.0.1", prefixLength: 24 },
      },
    ],
  };
}

/** A mobile node of that home agent: a host, or a router. */
export function nodeOf(kind: "host" | "router"): MobileNodeSettings {
  return kind === "host"
    ? mobileNodeSettings({
      identity: IDENTITY,
      homeAddress: HOME_ADDRESS,
      ipv4HomeAddress: IPV4_HOME_ADDRESS,
    })
    : mobileNodeSettings({
      identity: ROUTER_IDENTITY,
      homeAddress: ROUTER_ADDRESS,
      mobileNetworkPrefixes: PREFIXES,
      requestsPrefixes: true,
      ipv4HomeAddress: { address: "0.0.0.0", prefixLength: 24 },
    });
}

/** Where packets come from: over IPv6 without an outer source. */
export const OUTER_SOURCES = [
  { address: HOME_AGENT_IPV4, port: 4191 },
  undefined,
  { address: "198.51.100.7", port: 4191 },
  { address: "198.51.100.99", port: 40_001 },
];

/** An event of a program: a mobility packet from this outer source. */
export function signalling(outer: (typeof OUTER_SOURCES)[number], packet: Uint8Array): Uint8Array {
  const source = OUTER_SOURCES.findIndex((each) => each?.address === outer?.address);
  return Uint8Array.of(0, source, ...withLength(packet));
}

/** @throws Error where what a machine sends is no mobility packet with a right checksum */
export function checkSent(action: { readonly kind: string; readonly packet?: Uint8Array }): void {
  if (action.kind !== "sendSignalling" && action.kind !== "sendPacket" || action.packet === undefined) return;
  // Over IPv6, discovery goes out, too: ICMPv6, with or without an extension header.
  if (action.kind === "sendPacket" && !isMobility(action.packet)) return;
  const decoded = decodeMobilityPacket(action.packet);
  if (!decoded.ok) {
    throw new Error(`sends what it would not take: ${decoded.error.field} ${decoded.error.reason}`);
  }
  if (!decoded.value.checksumValid) throw new Error("sends a wrong checksum");
}

function isMobility(packet: Uint8Array): boolean {
  const MOBILITY = 135;
  return packet[6] === MOBILITY || packet[6] !== 58 && packet[40] === MOBILITY;
}
