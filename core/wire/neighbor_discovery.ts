import { formatIpv6, type Ipv6Address, ipv6Octets, UNSPECIFIED_IPV6 } from "./address.ts";
import { Protocol } from "./constants.ts";
import { decodeIcmpv6Message, encodeIcmpv6MessageInto } from "./icmpv6.ts";
import { decodeIpv6Header, encodeIpv6HeaderInto, IPV6_HEADER_OCTETS } from "./ipv6.ts";
import {
  decodeNeighborDiscoveryOptions,
  encodeNeighborDiscoveryOptionInto,
  type NeighborDiscoveryOption,
  neighborDiscoveryOptionOctets,
  preferenceBits,
  preferenceOfBits,
  type RoutePreference,
} from "./neighbor_discovery_option.ts";
import { readUint16, readUint32, writeUint16, writeUint32, writeUint8 } from "./octets.ts";
import { type Decoded, decoded, malformed } from "./result.ts";

/** Messages of RFC 4861 sections 4.1 to 4.4. */
export type NeighborDiscoveryMessage =
  | { readonly kind: "routerSolicitation"; readonly options: readonly NeighborDiscoveryOption[] }
  | RouterAdvertisement
  | {
    readonly kind: "neighborSolicitation";
    readonly target: Ipv6Address;
    readonly options: readonly NeighborDiscoveryOption[];
  }
  | NeighborAdvertisement;

export interface RouterAdvertisement {
  readonly kind: "routerAdvertisement";
  /** For packets that the host sends; 0: the router does not say. */
  readonly currentHopLimit: number;
  readonly managedAddresses: boolean;
  readonly otherConfiguration: boolean;
  /** RFC 6275 7.1. */
  readonly homeAgent: boolean;
  /** RFC 4191 2.2; the reserved value counts as medium. */
  readonly preference: RoutePreference;
  /** As a default router, 16 bits; 0: it is none. */
  readonly routerLifetimeSeconds: number;
  readonly reachableTimeMs: number;
  readonly retransmissionTimerMs: number;
  readonly options: readonly NeighborDiscoveryOption[];
}

export interface NeighborAdvertisement {
  readonly kind: "neighborAdvertisement";
  readonly router: boolean;
  readonly solicited: boolean;
  readonly override: boolean;
  readonly target: Ipv6Address;
  readonly options: readonly NeighborDiscoveryOption[];
}

/** A message with the addresses of its IPv6 header. */
export interface NeighborDiscoveryPacket<Message = NeighborDiscoveryMessage> {
  readonly source: Ipv6Address;
  readonly destination: Ipv6Address;
  readonly message: Message;
}

/** What no router passes on has still the hop limit that it was sent with (RFC 4861 3.1). */
const HOP_LIMIT = 255;
const TYPE_OCTETS = 4;
const ADVERTISEMENT_OCTETS = 16;
const NEIGHBOR_OCTETS = 24;
const TARGET_OFFSET = 8;

const MessageType = {
  routerSolicitation: 133,
  routerAdvertisement: 134,
  neighborSolicitation: 135,
  neighborAdvertisement: 136,
} as const;
/** Octets before the options. */
const FIXED_OCTETS = {
  routerSolicitation: 8,
  routerAdvertisement: ADVERTISEMENT_OCTETS,
  neighborSolicitation: NEIGHBOR_OCTETS,
  neighborAdvertisement: NEIGHBOR_OCTETS,
} as const;
const RouterFlag = { managed: 0x80, other: 0x40, homeAgent: 0x20 } as const;
const NeighborFlag = { router: 0x80, solicited: 0x40, override: 0x20 } as const;

/**
 * Decodes a whole IPv6 packet, octets of padding after it passed over, and refuses all that RFC 4861 6.1.1, 6.1.2,
 * 7.1.1 and 7.1.2 have dropped. A redirect is refused, too: it has no record here.
 */
export function decodeNeighborDiscoveryPacket(packet: Uint8Array): Decoded<NeighborDiscoveryPacket> {
  const header = decodeIpv6Header(packet, 0);
  if (!header.ok) return header;
  const { source, destination, nextHeader, hopLimit, payloadLength } = header.value;
  if (nextHeader !== Protocol.icmpv6) return malformed(6, "next header", `is ${nextHeader}, not ICMPv6`);
  if (hopLimit !== HOP_LIMIT) return malformed(7, "hop limit", `is ${hopLimit}, not 255`);
  const end = IPV6_HEADER_OCTETS + payloadLength;
  const icmp = decodeIcmpv6Message(packet, IPV6_HEADER_OCTETS, end, { source, destination });
  if (!icmp.ok) return icmp;
  if (!icmp.value.checksumValid) return malformed(IPV6_HEADER_OCTETS + 2, "ICMPv6 checksum", "is wrong");
  const message = decodeMessage(packet, IPV6_HEADER_OCTETS, end);
  if (!message.ok) return message;
  const fault = faultOf(source, destination, message.value);
  if (fault !== undefined) return malformed(...fault);
  return decoded({ source, destination, message: message.value });
}

function decodeMessage(bytes: Uint8Array, at: number, end: number): Decoded<NeighborDiscoveryMessage> {
  const kind = kindOf(bytes[at]);
  if (kind === undefined) {
    return malformed(at, "ICMPv6 type", `is ${bytes[at]}: no solicitation or advertisement`);
  }
  if (bytes[at + 1] !== 0) return malformed(at + 1, "ICMPv6 code", `is ${bytes[at + 1]}, not 0`);
  const optionsAt = at + FIXED_OCTETS[kind];
  if (optionsAt > end) return malformed(end, "neighbor discovery message", "is cut off");
  const options = decodeNeighborDiscoveryOptions(bytes, optionsAt, end);
  if (!options.ok) return options;
  return decoded(readMessage(kind, bytes, at, options.value));
}

function kindOf(type: number): keyof typeof MessageType | undefined {
  return (Object.keys(MessageType) as (keyof typeof MessageType)[]).find((kind) =>
    MessageType[kind] === type
  );
}

function readMessage(
  kind: keyof typeof MessageType,
  bytes: Uint8Array,
  at: number,
  options: readonly NeighborDiscoveryOption[],
): NeighborDiscoveryMessage {
  const flags = bytes[at + TYPE_OCTETS];
  switch (kind) {
    case "routerSolicitation":
      return { kind, options };
    case "neighborSolicitation":
      return { kind, target: formatIpv6(bytes, at + TARGET_OFFSET), options };
    case "neighborAdvertisement":
      return {
        kind,
        router: (flags & NeighborFlag.router) !== 0,
        solicited: (flags & NeighborFlag.solicited) !== 0,
        override: (flags & NeighborFlag.override) !== 0,
        target: formatIpv6(bytes, at + TARGET_OFFSET),
        options,
      };
    case "routerAdvertisement": {
      const routerFlags = bytes[at + 5];
      return {
        kind,
        currentHopLimit: bytes[at + 4],
        managedAddresses: (routerFlags & RouterFlag.managed) !== 0,
        otherConfiguration: (routerFlags & RouterFlag.other) !== 0,
        homeAgent: (routerFlags & RouterFlag.homeAgent) !== 0,
        preference: preferenceOfBits(routerFlags) ?? "medium",
        routerLifetimeSeconds: readUint16(bytes, at + 6),
        reachableTimeMs: readUint32(bytes, at + 8),
        retransmissionTimerMs: readUint32(bytes, at + 12),
        options,
      };
    }
  }
}

/** What the addresses may not be beside this message: offset, field, reason. */
function faultOf(
  source: Ipv6Address,
  destination: Ipv6Address,
  message: NeighborDiscoveryMessage,
): [number, string, string] | undefined {
  const anonymous = source === UNSPECIFIED_IPV6;
  const options = IPV6_HEADER_OCTETS + FIXED_OCTETS[message.kind];
  const namesSource = message.options.some(({ kind }) => kind === "sourceLinkLayerAddress");
  switch (message.kind) {
    case "routerAdvertisement":
      return isLinkLocalIpv6(source) ? undefined : [8, "source", `${source} is not link-local`];
    case "routerSolicitation":
      if (anonymous && namesSource) return [options, "source link-layer address", "comes from ::"];
      return undefined;
    case "neighborSolicitation":
      if (isMulticastIpv6(message.target)) return [IPV6_HEADER_OCTETS + 8, "target", "is multicast"];
      if (!anonymous) return undefined;
      if (namesSource) return [options, "source link-layer address", "comes from ::"];
      if (destination !== solicitedNodeAddress(message.target)) {
        return [24, "destination", "is not the solicited-node address of the target, with source ::"];
      }
      return undefined;
    case "neighborAdvertisement":
      if (isMulticastIpv6(message.target)) return [IPV6_HEADER_OCTETS + 8, "target", "is multicast"];
      if (message.solicited && isMulticastIpv6(destination)) {
        return [IPV6_HEADER_OCTETS + 4, "solicited flag", "is set in a multicast"];
      }
      return undefined;
  }
}

/** The whole IPv6 packet, hop limit 255 and checksum filled in. Throws RangeError for a record that cannot be sent. */
export function encodeNeighborDiscoveryPacket(packet: NeighborDiscoveryPacket): Uint8Array {
  const { source, destination, message } = packet;
  const body = encodeBody(message);
  const payloadLength = TYPE_OCTETS + body.length;
  const buffer = new Uint8Array(IPV6_HEADER_OCTETS + payloadLength);
  const header = { trafficClass: 0, flowLabel: 0, nextHeader: Protocol.icmpv6, hopLimit: HOP_LIMIT };
  encodeIpv6HeaderInto({ ...header, payloadLength, source, destination }, buffer, 0);
  const icmp = { kind: "otherIcmp", type: MessageType[message.kind], code: 0, data: body } as const;
  encodeIcmpv6MessageInto(icmp, { source, destination }, buffer, IPV6_HEADER_OCTETS);
  return buffer;
}

/** What follows the checksum. */
function encodeBody(message: NeighborDiscoveryMessage): Uint8Array {
  const fixed = FIXED_OCTETS[message.kind] - TYPE_OCTETS;
  const octets = message.options.reduce((sum, option) => sum + neighborDiscoveryOptionOctets(option), fixed);
  const body = new Uint8Array(octets);
  switch (message.kind) {
    case "routerSolicitation":
      break;
    case "neighborSolicitation":
      body.set(ipv6Octets(message.target), TARGET_OFFSET - TYPE_OCTETS);
      break;
    case "neighborAdvertisement":
      body[0] = (message.router ? NeighborFlag.router : 0) |
        (message.solicited ? NeighborFlag.solicited : 0) |
        (message.override ? NeighborFlag.override : 0);
      body.set(ipv6Octets(message.target), TARGET_OFFSET - TYPE_OCTETS);
      break;
    case "routerAdvertisement":
      writeUint8(body, 0, message.currentHopLimit, "current hop limit");
      body[1] = (message.managedAddresses ? RouterFlag.managed : 0) |
        (message.otherConfiguration ? RouterFlag.other : 0) |
        (message.homeAgent ? RouterFlag.homeAgent : 0) | preferenceBits(message.preference);
      writeUint16(body, 2, message.routerLifetimeSeconds, "router lifetime");
      writeUint32(body, 4, message.reachableTimeMs, "reachable time");
      writeUint32(body, 8, message.retransmissionTimerMs, "retransmission timer");
      break;
  }
  let at = fixed;
  for (const option of message.options) at += encodeNeighborDiscoveryOptionInto(option, body, at);
  return body;
}

/** ff02::1:ffXX:XXXX, with the last 24 bits of the address (RFC 4291 2.7.1). */
export function solicitedNodeAddress(address: Ipv6Address): Ipv6Address {
  const octets = ipv6Octets("ff02::1:ff00:0");
  octets.set(ipv6Octets(address).subarray(13), 13);
  return formatIpv6(octets);
}

/** The Ethernet address of an IPv6 multicast address (RFC 2464 section 7). */
export function multicastHardwareAddress(address: Ipv6Address): Uint8Array {
  return new Uint8Array([0x33, 0x33, ...ipv6Octets(address).subarray(12)]);
}

/** In fe80::/10 (RFC 4291 2.5.6). */
export function isLinkLocalIpv6(address: Ipv6Address): boolean {
  const octets = ipv6Octets(address);
  return octets[0] === 0xfe && (octets[1] & 0xc0) === 0x80;
}

/** In ff00::/8 (RFC 4291 2.7). */
export function isMulticastIpv6(address: Ipv6Address): boolean {
  return ipv6Octets(address)[0] === 0xff;
}
