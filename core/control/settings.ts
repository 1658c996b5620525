import {
  type Ipv4Address,
  type Ipv4Prefix,
  type Ipv6Address,
  type Ipv6Prefix,
  prefixAround,
  prefixContains,
} from "../wire/address.ts";
import type { ChoiceSettings } from "./movement/care_of_address_choice.ts";

/** HMAC-SHA1 with 96 bits as in RFC 4285 5.1, or HMAC-SHA-256 with 128 bits where both ends agree. */
export type AuthenticationAlgorithm = "hmac-sha1-96" | "hmac-sha256-128";

/** A shared-key-based mobility security association (RFC 4285 section 3.1). */
export interface MobilitySecurityAssociation {
  /** 256..2^32-1; 0..255 are reserved. */
  readonly spi: number;
  readonly algorithm: AuthenticationAlgorithm;
  /** The shared key, 16 octets or more. Never printed. */
  readonly key: Uint8Array;
}

/** Computes a whole HMAC. Given to core from outside, because core calls no runtime API. */
export type Hmac = (hash: "sha1" | "sha256", key: Uint8Array, data: Uint8Array) => Uint8Array;

export interface MobileNodeSettings {
  /** A network access identifier (RFC 4283): "mn1@example.org". */
  readonly identity: string;
  readonly homeAddress: Ipv6Address;
  /** The home agent's IPv6 address: inner destination of every Binding Update. */
  readonly homeAgentAddress: Ipv6Address;
  /** Where the home agent is reached over IPv4; undefined: nowhere. */
  readonly homeAgentIpv4Address: Ipv4Address | undefined;
  /** 4191, unless the home agent stands behind a port mapping. */
  readonly homeAgentPort: number;
  /** Undefined: ESP alone proves the origin, or the node runs open, which the configuration has to ask for by name. */
  readonly security: MobilitySecurityAssociation | undefined;
  /** What the home agent says counts only under ESP (RFC 3776 section 4.1), Binding Errors aside; left out: false. */
  readonly requiresEsp?: boolean;
  /** The lifetime to ask for, a multiple of 4 up to 262140. */
  readonly lifetimeSeconds: number;
  /**
   * How long the first answer is waited for before the Binding Update is sent again: InitialBindackTimeoutFirstReg (RFC 6275
   * section 13); left out: 1500.
   */
  readonly firstTimeoutMs?: number;
  /** Ask for UDP encapsulation whatever the NAT (F flag, RFC 5555 3.1.3). */
  readonly forceUdp: boolean;
  /** Keepalive interval behind a NAT; undefined takes the home agent's advice (RFC 5555 4.3). */
  readonly keepaliveSeconds: number | undefined;
  /** False makes a plain RFC 6275 node: IPv4 networks are of no use to it. */
  readonly dsmip: boolean;
  /** The family of the care-of address, where there is a choice. */
  readonly prefer: ChoiceSettings["prefer"];
  /** Not empty makes a mobile router in explicit mode (RFC 3963 section 5.2). */
  readonly mobileNetworkPrefixes: readonly Ipv6Prefix[];
  /** More prefixes are asked for by DHCPv6 once the home agent has registered us as a mobile router (RFC 6276). */
  readonly requestsPrefixes?: boolean;
  /** Asked for beside the IPv6 home address; left out: no IPv4. */
  readonly ipv4HomeAddress?: Ipv4HomeAddress;
}

/** What a mobile node can take over while its binding stands. */
export type ChangeableSettings = Pick<
  MobileNodeSettings,
  "security" | "lifetimeSeconds" | "firstTimeoutMs" | "forceUdp" | "keepaliveSeconds" | "prefer"
>;

/** An IPv4 home address, and the network that it stands for (RFC 5555 sections 3.1.1 and 3.2.1). */
export interface Ipv4HomeAddress {
  /** Of the mobile node: 0.0.0.0 asks for any (section 4.4.1). */
  readonly address: Ipv4Address;
  /** 32: the address alone. Less: the whole prefix around it (P flag of the option). */
  readonly prefixLength: number;
}

/** The whole network around an IPv4 home address. */
export function ipv4NetworkOf({ address, prefixLength }: Ipv4HomeAddress): Ipv4Prefix {
  return prefixAround(address, prefixLength);
}

/** Does it ask for forwarding to networks behind it (RFC 3963 section 5.1)? */
export function isMobileRouter({ mobileNetworkPrefixes, requestsPrefixes }: MobileRouterSettings): boolean {
  return mobileNetworkPrefixes.length > 0 || requestsPrefixes === true;
}

type MobileRouterSettings = Pick<MobileNodeSettings, "mobileNetworkPrefixes" | "requestsPrefixes">;

/** What the home agent knows of one mobile node. */
export interface MobileNodeEntry {
  readonly identity: string;
  readonly homeAddress: Ipv6Address;
  readonly security: MobilitySecurityAssociation | undefined;
  /** What it says counts only under ESP, and nothing else proves its origin where `security` is undefined; left out: false. */
  readonly requiresEsp?: boolean;
  /** Still taken while the mobile node is on its way from one key to the next. Of another SPI. */
  readonly previousSecurity?: MobilitySecurityAssociation;
  /** The Prefix Table of RFC 3963 section 6.1.2: what a mobile router may claim, or a part of it. */
  readonly mobileNetworkPrefixes: readonly Ipv6Prefix[];
  /** The one that belongs to the IPv6 home address; left out: one of the pool, if any. */
  readonly ipv4HomeAddress?: Ipv4HomeAddress;
}

/** What a mobile node may prove itself with, the latest first. */
export function associationsOf(
  { security, previousSecurity }: Pick<MobileNodeEntry, "security" | "previousSecurity">,
): MobilitySecurityAssociation[] {
  return [security, previousSecurity].filter((association) => association !== undefined);
}

export function nodesByHomeAddress(
  { mobileNodes }: Pick<HomeAgentSettings, "mobileNodes">,
): ReadonlyMap<Ipv6Address, MobileNodeEntry> {
  return new Map(mobileNodes.map((node) => [node.homeAddress, node]));
}

/** Networks of one length that are given to whoever asks, one each. */
export interface PrefixPool<Prefix> {
  readonly prefix: Prefix;
  /** Of each network, bits. */
  readonly networkLength: number;
}

export interface HomeAgentSettings {
  readonly address: Ipv6Address;
  readonly homePrefix: Ipv6Prefix;
  readonly mobileNodes: readonly MobileNodeEntry[];
  /** False accepts Binding Updates without proof of origin: asked for by name, warned of. */
  readonly requireAuthentication: boolean;
  /** The longest lifetime granted, a multiple of 4. */
  readonly maximumLifetimeSeconds: number;
  /** Refresh time of the NAT detection option where a NAT is found (RFC 5555 3.2.2); 0 lets the mobile node choose. */
  readonly natRefreshSeconds: number;
  /** Require UDP encapsulation of every mobile node (F flag of the NAT detection option). */
  readonly forceUdp: boolean;
  /** Grant a mobile node's F flag; otherwise it is refused with status 144. */
  readonly acceptForceUdp: boolean;
  /** Answer Mobile Prefix Solicitations (RFC 6275 section 8.4). */
  readonly prefixAdvertisements: boolean;
  /** How far clocks may differ (RFC 4285 section 6): 7000. */
  readonly clockToleranceMs: number;
  /** Over IPv4, a mobile node has to show that it is where its updates come from; left out: false. See CareOfAddressProbe. */
  readonly probeCareOfAddress?: boolean;
  /** The home network is a link: home addresses are probed and intercepted there. False: it is virtual. */
  readonly homeLink: boolean;
  /** Among the home agents of the home link, 16 bits: the higher one is preferred (RFC 6275 section 10.5.1). */
  readonly preference: number;
  /** The IPv4 side of the home network: single IPv4 home addresses are in it. */
  readonly ipv4HomePrefix?: Ipv4Prefix;
  /** Addresses for mobile nodes without one of their own, inside the IPv4 home prefix. */
  readonly ipv4Pool?: Ipv4Prefix;
  /** IPv4 networks for mobile routers without one of their own that ask for a prefix. */
  readonly ipv4NetworkPool?: PrefixPool<Ipv4Prefix>;
  /** Mobile network prefixes that are delegated on request (RFC 6276). */
  readonly mobileNetworkPool?: PrefixPool<Ipv6Prefix>;
}

/** May this address be a mobile node's, as far as the home network goes? */
export function isHomeAddress(settings: HomeAgentSettings, address: Ipv6Address): boolean {
  return prefixContains(settings.homePrefix, address) && address !== settings.address;
}
