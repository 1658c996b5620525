import { formatIpv6, IPV6_OCTETS, type Ipv6Address, ipv6Octets, type Ipv6Prefix } from "./address.ts";
import type { Icmpv6Message } from "./icmpv6.ts";
import { decodeNeighborDiscoveryOptions, type PrefixInformation } from "./neighbor_discovery_option.ts";
import { readUint16, writeUint16, writeUint32 } from "./octets.ts";

/**
 * Home agent address discovery and mobile prefix discovery (RFC 6275 sections 6.5 to 6.8, RFC 3963 section 7):
 * what stands behind the checksum of ICMPv6 types 144 to 147.
 */
export const HomeAgentIcmpType = {
  /** RFC 6275 6.5 */ addressDiscoveryRequest: 144,
  /** RFC 6275 6.6 */ addressDiscoveryReply: 145,
  /** RFC 6275 6.7 */ mobilePrefixSolicitation: 146,
  /** RFC 6275 6.8 */ mobilePrefixAdvertisement: 147,
} as const;

/** Types 144 and 146: an identifier and, in type 144, the R flag. */
export interface HomeAgentRequest {
  readonly kind: "addressDiscoveryRequest" | "mobilePrefixSolicitation";
  readonly identifier: number;
  /** R: only home agents that serve mobile routers are asked for (RFC 3963 7.1). */
  readonly mobileRouter: boolean;
}

/** A prefix of the home link as a Prefix Information option says it (RFC 4861 4.6.2). */
export interface AdvertisedPrefix {
  readonly prefix: Ipv6Prefix;
  /** 0xffffffff: for ever. */
  readonly validSeconds: number;
  readonly preferredSeconds: number;
}

const MOBILE_ROUTER_FLAG = 0x8000;
const FIXED_OCTETS = 4;
const PREFIX_INFORMATION = { type: 3, octets: 32, onLink: 0x80, autonomous: 0x40 } as const;

/** A request in an ICMPv6 message; undefined where it is none, or too short for one. */
export function homeAgentRequestIn(message: Icmpv6Message): HomeAgentRequest | undefined {
  if (message.kind !== "otherIcmp" || message.code !== 0 || message.data.length < FIXED_OCTETS) {
    return undefined;
  }
  const identifier = readUint16(message.data, 0);
  switch (message.type) {
    case HomeAgentIcmpType.addressDiscoveryRequest: {
      const mobileRouter = (readUint16(message.data, 2) & MOBILE_ROUTER_FLAG) !== 0;
      return { kind: "addressDiscoveryRequest", identifier, mobileRouter };
    }
    case HomeAgentIcmpType.mobilePrefixSolicitation:
      return { kind: "mobilePrefixSolicitation", identifier, mobileRouter: false };
    default:
      return undefined;
  }
}

/** Type 145: the most preferred home agent first. */
export function addressDiscoveryReply(
  identifier: number,
  mobileRouter: boolean,
  homeAgents: readonly Ipv6Address[],
): Icmpv6Message {
  const data = new Uint8Array(FIXED_OCTETS + homeAgents.length * IPV6_OCTETS);
  writeUint16(data, 0, identifier, "identifier");
  writeUint16(data, 2, mobileRouter ? MOBILE_ROUTER_FLAG : 0, "flags");
  homeAgents.forEach((address, i) => data.set(ipv6Octets(address), FIXED_OCTETS + i * IPV6_OCTETS));
  return { kind: "otherIcmp", type: HomeAgentIcmpType.addressDiscoveryReply, code: 0, data };
}

/** Type 144 or 146. */
export function homeAgentRequest({ kind, identifier, mobileRouter }: HomeAgentRequest): Icmpv6Message {
  const data = new Uint8Array(FIXED_OCTETS);
  writeUint16(data, 0, identifier, "identifier");
  writeUint16(data, 2, mobileRouter ? MOBILE_ROUTER_FLAG : 0, "flags");
  return { kind: "otherIcmp", type: HomeAgentIcmpType[kind], code: 0, data };
}

/** What a type 145 message says; undefined where it is none, or too short for one. */
export function addressDiscoveryReplyIn(
  message: Icmpv6Message,
): { readonly identifier: number; readonly homeAgents: readonly Ipv6Address[] } | undefined {
  const data = dataOf(message, HomeAgentIcmpType.addressDiscoveryReply);
  return data && { identifier: readUint16(data, 0), homeAgents: homeAgentsIn(data) };
}

/** What a type 147 message says of prefixes; undefined where it is none, or malformed. */
export function mobilePrefixAdvertisementIn(
  message: Icmpv6Message,
): { readonly identifier: number; readonly prefixes: readonly PrefixInformation[] } | undefined {
  const data = dataOf(message, HomeAgentIcmpType.mobilePrefixAdvertisement);
  const options = data && decodeNeighborDiscoveryOptions(data, FIXED_OCTETS, data.length);
  if (data === undefined || !options?.ok) return undefined;
  const prefixes = options.value.filter((option) => option.kind === "prefixInformation");
  return { identifier: readUint16(data, 0), prefixes };
}

function dataOf(message: Icmpv6Message, type: number): Uint8Array | undefined {
  const isIt = message.kind === "otherIcmp" && message.type === type && message.code === 0 &&
    message.data.length >= FIXED_OCTETS;
  return isIt ? message.data : undefined;
}

/** The addresses of a type 145 message's data. */
export function homeAgentsIn(data: Uint8Array): Ipv6Address[] {
  const homeAgents: Ipv6Address[] = [];
  for (let offset = FIXED_OCTETS; offset + IPV6_OCTETS <= data.length; offset += IPV6_OCTETS) {
    homeAgents.push(formatIpv6(data, offset));
  }
  return homeAgents;
}

/** Type 147, with stateless autoconfiguration (flags M and O clear). */
export function mobilePrefixAdvertisement(
  identifier: number,
  prefixes: readonly AdvertisedPrefix[],
): Icmpv6Message {
  const data = new Uint8Array(FIXED_OCTETS + prefixes.length * PREFIX_INFORMATION.octets);
  writeUint16(data, 0, identifier, "identifier");
  prefixes.forEach(({ prefix, validSeconds, preferredSeconds }, i) => {
    const offset = FIXED_OCTETS + i * PREFIX_INFORMATION.octets;
    data[offset] = PREFIX_INFORMATION.type;
    data[offset + 1] = PREFIX_INFORMATION.octets / 8;
    data[offset + 2] = prefix.length;
    data[offset + 3] = PREFIX_INFORMATION.onLink | PREFIX_INFORMATION.autonomous;
    writeUint32(data, offset + 4, validSeconds, "valid lifetime");
    writeUint32(data, offset + 8, preferredSeconds, "preferred lifetime");
    data.set(ipv6Octets(prefix.address), offset + 16);
  });
  return { kind: "otherIcmp", type: HomeAgentIcmpType.mobilePrefixAdvertisement, code: 0, data };
}
