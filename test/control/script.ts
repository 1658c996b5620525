import { createHmac } from "node:crypto";
import type {
  HomeAgentAction,
  MobileNodeAction,
  SendPacket,
  SendSignalling,
} from "../../core/control/action.ts";
import { sealMobilityHeader } from "../../core/control/authentication.ts";
import type { CareOfAddressCandidate } from "../../core/control/movement/candidate.ts";
import { HomeAgent } from "../../core/control/home_agent.ts";
import { MobileNode } from "../../core/control/mobile_node.ts";
import type { Now } from "../../core/control/now.ts";
import type { Hmac, HomeAgentSettings, MobileNodeSettings } from "../../core/control/settings.ts";
import { ntpTimestamp } from "../../core/control/ntp_timestamp.ts";
import type { BindingAcknowledgement, BindingUpdate } from "../../core/wire/mobility_message.ts";
import type { MobilityOption } from "../../core/wire/mobility_option.ts";
import {
  decodeMobilityPacket,
  encodeMobilityPacket,
  type MobilityPacket,
} from "../../core/wire/mobility_packet.ts";

/** Words for tests of the state machines that read as a script. */

export const HOME_AGENT = "2001:db8:100::1";
export const HOME_ADDRESS = "2001:db8:100::100";
export const HOME_AGENT_IPV4 = "203.0.113.1";
export const IDENTITY = "mn1@example.org";

export const hmac: Hmac = (hash, key, data) => new Uint8Array(createHmac(hash, key).update(data).digest());

export const security = {
  spi: 1000,
  algorithm: "hmac-sha256-128",
  key: new Uint8Array(16).fill(7),
} as const;

export function mobileNodeSettings(changes: Partial<MobileNodeSettings> = {}): MobileNodeSettings {
  return {
    identity: IDENTITY,
    homeAddress: HOME_ADDRESS,
    homeAgentAddress: HOME_AGENT,
    homeAgentIpv4Address: HOME_AGENT_IPV4,
    homeAgentPort: 4191,
    security,
    lifetimeSeconds: 420,
    forceUdp: false,
    keepaliveSeconds: undefined,
    dsmip: true,
    prefer: "ipv6",
    mobileNetworkPrefixes: [],
    ...changes,
  };
}

export function homeAgentSettings(changes: Partial<HomeAgentSettings> = {}): HomeAgentSettings {
  return {
    address: HOME_AGENT,
    homePrefix: { address: "2001:db8:100::", length: 64 },
    mobileNodes: [{ identity: IDENTITY, homeAddress: HOME_ADDRESS, security, mobileNetworkPrefixes: [] }],
    requireAuthentication: true,
    maximumLifetimeSeconds: 420,
    natRefreshSeconds: 25,
    forceUdp: false,
    acceptForceUdp: true,
    prefixAdvertisements: true,
    clockToleranceMs: 7000,
    homeLink: false,
    preference: 0,
    ...changes,
  };
}

const EPOCH_MS = 1_700_000_000_000;

export function at(monotonicMs: number, skewMs = 0): Now {
  return { monotonicMs, unixMs: EPOCH_MS + monotonicMs + skewMs };
}

export function newMobileNode(changes: Partial<MobileNodeSettings> = {}, random = () => 0.5): MobileNode {
  return new MobileNode(mobileNodeSettings(changes), { hmac, random });
}

export function newHomeAgent(
  changes: Partial<HomeAgentSettings> = {},
  startedUnixMs = 0,
  random = () => 0.5,
): HomeAgent {
  return new HomeAgent(homeAgentSettings(changes), { hmac, startedUnixMs, random });
}

export function ofKind<Action extends { readonly kind: string }, Kind extends Action["kind"]>(
  actions: readonly Action[],
  kind: Kind,
): Extract<Action, { readonly kind: Kind }>[] {
  return actions.filter((action): action is Extract<Action, { readonly kind: Kind }> => action.kind === kind);
}

/** The only mobility packet among the actions. */
export function sent(
  actions: readonly (MobileNodeAction | HomeAgentAction)[],
): SendSignalling & { message: MobilityPacket } {
  return onlyPacket(ofKind(actions, "sendSignalling"));
}

/** With what it says. */
function onlyPacket<Action extends { readonly packet: Uint8Array }>(
  actions: readonly Action[],
): Action & { message: MobilityPacket } {
  const [action, ...more] = actions;
  if (action === undefined || more.length > 0) {
    throw new Error(`expected one packet, got ${actions.length}`);
  }
  const decoded = decodeMobilityPacket(action.packet);
  if (!decoded.ok) throw new Error(JSON.stringify(decoded.error));
  return { ...action, message: decoded.value };
}

export function sentUpdate(actions: readonly MobileNodeAction[]): BindingUpdate {
  return sent(actions).message.header.message as BindingUpdate;
}

export function sentAcknowledgement(actions: readonly HomeAgentAction[]): BindingAcknowledgement {
  return sent(actions).message.header.message as BindingAcknowledgement;
}

export function candidate(
  address: string,
  changes: Partial<CareOfAddressCandidate> = {},
): CareOfAddressCandidate {
  const prefixLength = address.includes(":") ? 64 : 24;
  return { interfaceName: "eg0", address, prefixLength, gateway: undefined, linkMtu: 1500, ...changes };
}

/** The egress interface has this address, or none. */
export function careOf(address: string | undefined, linkMtu = 1500) {
  const candidates = address === undefined ? [] : [candidate(address, { linkMtu })];
  return { kind: "careOfAddresses", candidates } as const;
}

/** A path between the two that may translate the outer source. */
export function fromOuter(
  actions: readonly (MobileNodeAction | HomeAgentAction)[],
  address: string,
  port: number,
) {
  return { kind: "signalling", outer: { address, port }, packet: sent(actions).packet } as const;
}

/** Registers from `careOfAddress`, seen by the home agent as coming from `outer`; returns both sides' actions. */
export function register(
  mobileNode: MobileNode,
  homeAgent: HomeAgent,
  careOfAddress: string,
  outer: { address: string; port: number } = { address: careOfAddress, port: 4191 },
  monotonicMs = 0,
): { update: MobileNodeAction[]; answer: HomeAgentAction[]; result: MobileNodeAction[] } {
  const update = mobileNode.handle(careOf(careOfAddress), at(monotonicMs));
  const answer = homeAgent.handle(fromOuter(update, outer.address, outer.port), at(monotonicMs));
  const result = mobileNode.handle(fromOuter(answer, HOME_AGENT_IPV4, 4191), at(monotonicMs + 10));
  return { update, answer, result };
}

const PLAIN_UPDATE: BindingUpdate = {
  kind: "bindingUpdate",
  sequenceNumber: 1,
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
  options: [],
};

export interface HandMadeUpdate extends Partial<BindingUpdate> {
  careOfAddress?: string;
  homeAddress?: string;
  destination?: string;
  identity?: string | undefined;
  timestamp?: bigint | undefined;
  sealWith?: HomeAgentSettings["mobileNodes"][number]["security"];
  more?: MobilityOption[];
}

/** A Binding Update made by hand, sealed as the mobile node would, with anything changed. */
export function handMade(changes: HandMadeUpdate = {}, now: Now = at(0)): Uint8Array {
  const { careOfAddress = "198.51.100.7", homeAddress = HOME_ADDRESS, destination = HOME_AGENT } = changes;
  const options: MobilityOption[] = [...(changes.more ?? [])];
  if (careOfAddress !== "") options.push({ kind: "ipv4CareOfAddress", careOfAddress });
  const identity = "identity" in changes ? changes.identity : IDENTITY;
  if (identity !== undefined) {
    options.push({
      kind: "mobileNodeIdentifier",
      subtype: 1,
      identifier: new TextEncoder().encode(identity),
    });
  }
  const timestamp = "timestamp" in changes ? changes.timestamp : ntpTimestamp(now.unixMs, 0);
  if (timestamp !== undefined) options.push({ kind: "messageIdentification", timestamp });
  const {
    careOfAddress: _c,
    homeAddress: _h,
    destination: _d,
    identity: _i,
    timestamp: _t,
    sealWith: _s,
    more: _m,
    ...fields
  } = changes;
  const message: BindingUpdate = { ...PLAIN_UPDATE, ...fields, options };
  const key = "sealWith" in changes ? changes.sealWith : security;
  const addresses = { careOfAddress: careOfAddress === "" ? undefined : careOfAddress, homeAddress };
  const mobilityHeader = sealMobilityHeader(message, key, addresses, hmac);
  return encodeMobilityPacket({ source: homeAddress, destination, mobilityHeader });
}

/** The home agent's answer to a hand-made update that comes straight from its care-of address. */
export function receive(
  homeAgent: HomeAgent,
  changes: HandMadeUpdate = {},
  monotonicMs = 0,
): HomeAgentAction[] {
  const packet = handMade(changes, at(monotonicMs));
  const outer = { address: changes.careOfAddress || "198.51.100.7", port: 4191 };
  return homeAgent.handle({ kind: "signalling", outer, packet }, at(monotonicMs));
}

// Over IPv6

/** The only packet among the actions that goes out natively over IPv6. */
export function sentOverIpv6(
  actions: readonly (MobileNodeAction | HomeAgentAction)[],
): SendPacket & { message: MobilityPacket } {
  return onlyPacket(ofKind(actions, "sendPacket"));
}

/** The Binding Update that goes out natively. */
export function updateOverIpv6(actions: readonly MobileNodeAction[]): BindingUpdate {
  return sentOverIpv6(actions).message.header.message as BindingUpdate;
}

/** The Binding Acknowledgement that goes out natively. */
export function acknowledgementOverIpv6(actions: readonly HomeAgentAction[]): BindingAcknowledgement {
  return sentOverIpv6(actions).message.header.message as BindingAcknowledgement;
}

/** That packet, as it comes to the other end. */
export function fromIpv6(actions: readonly (MobileNodeAction | HomeAgentAction)[]) {
  return { kind: "signalling", outer: undefined, packet: sentOverIpv6(actions).packet } as const;
}

/** The egress interfaces offer these. */
export function offer(...candidates: readonly CareOfAddressCandidate[]) {
  return { kind: "careOfAddresses", candidates } as const;
}

/** Registers from an IPv6 care-of address; returns both sides' actions. */
export function registerOverIpv6(
  mobileNode: MobileNode,
  homeAgent: HomeAgent,
  careOfAddress: string,
  monotonicMs = 0,
): { update: MobileNodeAction[]; answer: HomeAgentAction[]; result: MobileNodeAction[] } {
  const update = mobileNode.handle(careOf(careOfAddress), at(monotonicMs));
  const answer = homeAgent.handle(fromIpv6(update), at(monotonicMs));
  const result = mobileNode.handle(fromIpv6(answer), at(monotonicMs + 10));
  return { update, answer, result };
}

export interface HandMadeIpv6Update extends Omit<HandMadeUpdate, "careOfAddress"> {
  /** Of the IPv6 header. */
  source?: string;
  /** The Alternate Care-of Address option. */
  alternate?: string | undefined;
  /** False: no Home Address option. */
  withHomeAddressOption?: boolean;
}

/** A Binding Update over IPv6 made by hand, sealed as the mobile node would, with anything changed. */
export function handMadeOverIpv6(changes: HandMadeIpv6Update = {}, now: Now = at(0)): Uint8Array {
  const { homeAddress = HOME_ADDRESS, destination = HOME_AGENT, source = "2001:db8:f::7" } = changes;
  const alternate = "alternate" in changes ? changes.alternate : source;
  const options: MobilityOption[] = [...(changes.more ?? [])];
  if (alternate !== undefined) options.push({ kind: "alternateCareOfAddress", careOfAddress: alternate });
  const identity = "identity" in changes ? changes.identity : IDENTITY;
  if (identity !== undefined) {
    const identifier = new TextEncoder().encode(identity);
    options.push({ kind: "mobileNodeIdentifier", subtype: 1, identifier });
  }
  const timestamp = "timestamp" in changes ? changes.timestamp : ntpTimestamp(now.unixMs, 0);
  if (timestamp !== undefined) options.push({ kind: "messageIdentification", timestamp });
  const {
    homeAddress: _h,
    destination: _d,
    identity: _i,
    timestamp: _t,
    sealWith: _s,
    more: _m,
    source: _o,
    alternate: _a,
    withHomeAddressOption = true,
    ...fields
  } = changes;
  const key = "sealWith" in changes ? changes.sealWith : security;
  const addresses = { careOfAddress: alternate ?? source, homeAddress };
  const mobilityHeader = sealMobilityHeader({ ...PLAIN_UPDATE, ...fields, options }, key, addresses, hmac);
  const homeAddressOption = withHomeAddressOption ? homeAddress : undefined;
  return encodeMobilityPacket({ source, destination, homeAddressOption, mobilityHeader });
}

/** The home agent's answer to a hand-made update over IPv6. */
export function receiveOverIpv6(
  homeAgent: HomeAgent,
  changes: HandMadeIpv6Update = {},
  monotonicMs = 0,
): HomeAgentAction[] {
  const packet = handMadeOverIpv6(changes, at(monotonicMs));
  return homeAgent.handle({ kind: "signalling", outer: undefined, packet }, at(monotonicMs));
}
