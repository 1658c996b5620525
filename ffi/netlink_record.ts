/**
 * Links, addresses, routes and rules as rtnetlink(7) carries them, to and from octets. A message that makes
 * no sense decodes to undefined. Nothing in this file makes a call.
 */
import type { IpAddress } from "../core/wire/address.ts";
import { cString, fromCString } from "./c_string.ts";
import {
  AF_INET,
  AF_INET6,
  decodeFamily,
  decodeIpAddress,
  encodeIpAddress,
  encodeIpAddressOf,
  type IpFamily,
  type NetlinkBody,
  viewOf,
} from "./netlink_ip.ts";
import { decodeAttributes, type NetlinkAttribute, readUint32, uint32Attribute } from "./netlink_message.ts";

/** The routing protocol number by which dsmip knows its own routes, rules and addresses again. */
export const DSMIP_PROTOCOL = 155;

/** RT_TABLE_MAIN of <linux/rtnetlink.h>. */
export const MAIN_TABLE = 254;

export interface Link {
  readonly index: number;
  readonly name: string;
  /** Octets. */
  readonly mtu: number;
  /** Switched on by the administrator (IFF_UP). */
  readonly up: boolean;
  /** The link below works: a cable is in, a radio has joined, a process holds the TUN device (IFF_LOWER_UP). */
  readonly carrier: boolean;
  /** How often the carrier has gone or come: the kernel may tell of both in one event. */
  readonly carrierChanges: number;
  /** Six octets on Ethernet; none on a link without such addresses. */
  readonly hardwareAddress: Uint8Array;
  /** The driver: "veth", "tun"; undefined for hardware and the loopback interface. */
  readonly kind?: string;
}

// struct ifinfomsg: u8 family, u8 pad, u16 type, s32 index, u32 flags, u32 change
const IFINFOMSG_OCTETS = 16;
const IFF_UP = 0x1;
const IFF_LOWER_UP = 0x10000;
const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINKINFO = 18;
const IFLA_CARRIER_CHANGES = 35;
const IFLA_GSO_MAX_SIZE = 41;
const IFLA_INFO_KIND = 1;

/** RTM_NEWLINK, RTM_DELLINK. Undefined also for what a bridge says about its ports, and wireless news. */
export function decodeLink(payload: Uint8Array): Link | undefined {
  if (payload.length < IFINFOMSG_OCTETS || payload[0] !== 0) return undefined;
  const view = viewOf(payload);
  const attributes = decodeAttributes(payload, IFINFOMSG_OCTETS);
  const name = attributes.get(IFLA_IFNAME);
  const mtu = readUint32(attributes.get(IFLA_MTU));
  if (name === undefined || mtu === undefined) return undefined;
  const kind = decodeAttributes(attributes.get(IFLA_LINKINFO) ?? new Uint8Array(), 0).get(IFLA_INFO_KIND);
  const flags = view.getUint32(8, true);
  return {
    index: view.getInt32(4, true),
    name: fromCString(name),
    mtu,
    up: (flags & IFF_UP) !== 0,
    carrier: (flags & IFF_LOWER_UP) !== 0,
    carrierChanges: readUint32(attributes.get(IFLA_CARRIER_CHANGES)) ?? 0,
    hardwareAddress: attributes.get(IFLA_ADDRESS)?.slice() ?? new Uint8Array(),
    kind: kind === undefined ? undefined : fromCString(kind),
  };
}

/** What may be changed of a link; both sizes in octets. */
export interface LinkChange {
  readonly up?: boolean;
  readonly mtu?: number;
  /** The most that the kernel hands over at once, for the device to cut. */
  readonly gsoMaxSize?: number;
}

/** RTM_NEWLINK that changes a link. */
export function encodeLink(index: number, { mtu, gsoMaxSize, up }: LinkChange): NetlinkBody {
  const body = new Uint8Array(IFINFOMSG_OCTETS);
  const view = viewOf(body);
  view.setInt32(4, index, true);
  if (up !== undefined) {
    view.setUint32(8, up ? IFF_UP : 0, true);
    view.setUint32(12, IFF_UP, true);
  }
  const sizes = [[IFLA_MTU, mtu], [IFLA_GSO_MAX_SIZE, gsoMaxSize]] as const;
  return {
    body,
    attributes: sizes.flatMap(([type, size]) => size === undefined ? [] : [uint32Attribute(type, size)]),
  };
}

export type AddressScope = "global" | "site" | "link" | "host" | "other";

export interface InterfaceAddress {
  readonly family: IpFamily;
  readonly interfaceIndex: number;
  readonly address: IpAddress;
  /** Bits. */
  readonly prefixLength: number;
  readonly scope: AddressScope;
  /** IPv4: not the first of its subnet. IPv6: a temporary address. (The kernel has one flag for both.) */
  readonly secondary: boolean;
  readonly deprecated: boolean;
  /** Duplicate address detection goes on, or has failed: not to be used. */
  readonly tentative: boolean;
  /** Duplicate address detection has failed: another node has the address. */
  readonly isDuplicate: boolean;
  /** Has no end: put there by hand, or by a program that means it to stay. Those of DHCP and routers' prefixes end. */
  readonly permanent: boolean;
  /** Who set it: 155 is dsmip. 0 also where the kernel (before 5.18) keeps no such number. */
  readonly protocol: number;
}

export interface NewAddress {
  readonly interfaceIndex: number;
  readonly address: IpAddress;
  readonly prefixLength: number;
  /** IPv6: usable at once, without duplicate address detection. */
  readonly noDad?: boolean;
  /** No route to the prefix comes with it. */
  readonly noPrefixRoute?: boolean;
  /** DSMIP_PROTOCOL marks it as ours, where the kernel keeps that. */
  readonly protocol?: number;
}

// struct ifaddrmsg: u8 family, u8 prefixlen, u8 flags, u8 scope, u32 index
const IFADDRMSG_OCTETS = 8;
const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_FLAGS = 8;
const IFA_PROTO = 11;
const IFA_F_SECONDARY = 0x01;
const IFA_F_NODAD = 0x02;
const IFA_F_DADFAILED = 0x08;
const IFA_F_DEPRECATED = 0x20;
const IFA_F_TENTATIVE = 0x40;
const IFA_F_PERMANENT = 0x80;
const IFA_F_NOPREFIXROUTE = 0x200;
const SCOPES: ReadonlyMap<number, AddressScope> = new Map([
  [0, "global"],
  [200, "site"],
  [253, "link"],
  [254, "host"],
]);

/** RTM_NEWADDR, RTM_DELADDR. */
export function decodeAddress(payload: Uint8Array): InterfaceAddress | undefined {
  if (payload.length < IFADDRMSG_OCTETS) return undefined;
  const family = decodeFamily(payload[0]);
  const attributes = decodeAttributes(payload, IFADDRMSG_OCTETS);
  // On a point-to-point link IFA_ADDRESS is the peer, and IFA_LOCAL is ours.
  const address = decodeIpAddress(family, attributes.get(IFA_LOCAL) ?? attributes.get(IFA_ADDRESS));
  if (family === undefined || address === undefined) return undefined;
  const flags = readUint32(attributes.get(IFA_FLAGS)) ?? payload[2];
  return {
    family,
    interfaceIndex: viewOf(payload).getUint32(4, true),
    address,
    prefixLength: payload[1],
    scope: SCOPES.get(payload[3]) ?? "other",
    secondary: (flags & IFA_F_SECONDARY) !== 0,
    deprecated: (flags & IFA_F_DEPRECATED) !== 0,
    tentative: (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) !== 0,
    isDuplicate: (flags & IFA_F_DADFAILED) !== 0,
    permanent: (flags & IFA_F_PERMANENT) !== 0,
    protocol: attributes.get(IFA_PROTO)?.[0] ?? 0,
  };
}

/** RTM_NEWADDR, RTM_DELADDR. @throws RangeError when the text is no address */
export function encodeAddress(
  { interfaceIndex, address, prefixLength, noDad, noPrefixRoute, protocol }: NewAddress,
): NetlinkBody {
  const { family, octets } = encodeIpAddress(address);
  const body = new Uint8Array(IFADDRMSG_OCTETS);
  body[0] = family;
  body[1] = prefixLength;
  viewOf(body).setUint32(4, interfaceIndex, true);
  const flags = (noDad ? IFA_F_NODAD : 0) | (noPrefixRoute ? IFA_F_NOPREFIXROUTE : 0);
  const attributes: NetlinkAttribute[] = [[IFA_LOCAL, octets], [IFA_ADDRESS, octets]];
  if (flags !== 0) attributes.push(uint32Attribute(IFA_FLAGS, flags));
  if (protocol !== undefined) attributes.push([IFA_PROTO, new Uint8Array([protocol])]);
  return { body, attributes };
}

export interface Route {
  readonly family: IpFamily;
  /** "::" or "0.0.0.0" with length 0 for a default route. */
  readonly destination: IpAddress;
  readonly prefixLength: number;
  readonly gateway?: IpAddress;
  readonly interfaceIndex?: number;
  /** The kernel's priority: less is preferred. */
  readonly metric?: number;
  readonly preferredSource?: IpAddress;
  readonly table: number;
  /** Who set it: 155 is dsmip, 2 the kernel, 4 "static". */
  readonly protocol: number;
  /** "other": local, multicast, cached and so on, which dsmip never sets. */
  readonly type: "unicast" | "unreachable" | "other";
}

export type NewRoute =
  & Omit<Route, "family" | "table" | "protocol" | "type">
  & Partial<Pick<Route, "table" | "protocol" | "type">>
  & {
    /** The gateway is a neighbour on this interface, whatever other routes say. */
    readonly isGatewayOnLink?: boolean;
  };

// struct rtmsg: u8 family, dst_len, src_len, tos, table, protocol, scope, type; u32 flags
const RTMSG_OCTETS = 12;
const RTNH_F_ONLINK = 0x4;
const RTM_F_CLONED = 0x200;
const RTM_F_FIB_MATCH = 0x2000;
const RTN_UNICAST = 1;
const RTN_UNREACHABLE = 7;
const RT_SCOPE_LINK = 253;
const RTA_DST = 1;
const RTA_SRC = 2;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_TABLE = 15;

/** RTM_NEWROUTE, RTM_DELROUTE. */
export function decodeRoute(payload: Uint8Array): Route | undefined {
  if (payload.length < RTMSG_OCTETS) return undefined;
  const family = decodeFamily(payload[0]);
  if (family === undefined) return undefined;
  const attributes = decodeAttributes(payload, RTMSG_OCTETS);
  const destination = attributes.get(RTA_DST);
  const destinationText = destination === undefined
    ? (family === 4 ? "0.0.0.0" : "::")
    : decodeIpAddress(family, destination);
  if (destinationText === undefined) return undefined;
  const cloned = (viewOf(payload).getUint32(8, true) & RTM_F_CLONED) !== 0;
  return {
    family,
    destination: destinationText,
    prefixLength: payload[1],
    gateway: decodeIpAddress(family, attributes.get(RTA_GATEWAY)),
    interfaceIndex: readUint32(attributes.get(RTA_OIF)),
    metric: readUint32(attributes.get(RTA_PRIORITY)),
    preferredSource: decodeIpAddress(family, attributes.get(RTA_PREFSRC)),
    table: readUint32(attributes.get(RTA_TABLE)) ?? payload[4],
    protocol: payload[5],
    type: cloned ? "other" : typeOf(payload[7]),
  };
}

function typeOf(number: number): Route["type"] {
  if (number === RTN_UNICAST) return "unicast";
  return number === RTN_UNREACHABLE ? "unreachable" : "other";
}

/** RTM_NEWROUTE, RTM_DELROUTE. @throws RangeError when a text is no address, or the families differ */
export function encodeRoute(route: NewRoute): NetlinkBody {
  const { family, octets: destination } = encodeIpAddress(route.destination);
  const body = new Uint8Array(RTMSG_OCTETS);
  const table = route.table ?? MAIN_TABLE;
  body[0] = family;
  body[1] = route.prefixLength;
  body[4] = table < 256 ? table : 0;
  body[5] = route.protocol ?? DSMIP_PROTOCOL;
  // An IPv4 route without a gateway has to say that its destination is on the link; IPv6 takes no scope.
  body[6] = family === AF_INET && route.gateway === undefined ? RT_SCOPE_LINK : 0;
  body[7] = route.type === "unreachable" ? RTN_UNREACHABLE : RTN_UNICAST;
  if (route.isGatewayOnLink) viewOf(body).setUint32(8, RTNH_F_ONLINK, true);
  const attributes: NetlinkAttribute[] = [uint32Attribute(RTA_TABLE, table)];
  if (route.prefixLength > 0) attributes.push([RTA_DST, destination]);
  if (route.gateway !== undefined) attributes.push([RTA_GATEWAY, encodeIpAddressOf(family, route.gateway)]);
  if (route.interfaceIndex !== undefined) attributes.push(uint32Attribute(RTA_OIF, route.interfaceIndex));
  if (route.metric !== undefined) attributes.push(uint32Attribute(RTA_PRIORITY, route.metric));
  if (route.preferredSource !== undefined) {
    attributes.push([RTA_PREFSRC, encodeIpAddressOf(family, route.preferredSource)]);
  }
  return { body, attributes };
}

/**
 * RTM_GETROUTE: which route would a packet take that leaves by this interface? RTM_F_FIB_MATCH asks for the
 * route itself: without it, the kernel takes everything for on-link when the interface is given.
 */
export function encodeRouteQuery(
  { destination, source, interfaceIndex }: {
    destination: IpAddress;
    source: IpAddress;
    interfaceIndex: number;
  },
): NetlinkBody {
  const { family, octets } = encodeIpAddress(destination);
  const body = new Uint8Array(RTMSG_OCTETS);
  body[0] = family;
  body[1] = body[2] = octets.length * 8;
  viewOf(body).setUint32(8, RTM_F_FIB_MATCH, true);
  return {
    body,
    attributes: [
      [RTA_DST, octets],
      [RTA_SRC, encodeIpAddressOf(family, source)],
      uint32Attribute(RTA_OIF, interfaceIndex),
    ],
  };
}

/** A rule of the routing policy database: which table to look in. */
export interface Rule {
  readonly family: IpFamily;
  /** Rules are tried in this order, the least first. */
  readonly priority: number;
  readonly source?: { readonly address: IpAddress; readonly prefixLength: number };
  readonly outputInterface?: string;
  readonly table: number;
  readonly protocol: number;
}

export type NewRule = Omit<Rule, "protocol"> & Partial<Pick<Rule, "protocol">>;

// struct fib_rule_hdr: u8 family, dst_len, src_len, tos, table, res1, res2, action; u32 flags
const FIB_RULE_HDR_OCTETS = 12;
const FR_ACT_TO_TBL = 1;
const FRA_SRC = 2;
const FRA_PRIORITY = 6;
const FRA_TABLE = 15;
const FRA_OIFNAME = 17;
const FRA_PROTOCOL = 21;

/** RTM_NEWRULE, RTM_DELRULE. Undefined also for rules that do not look in a table. */
export function decodeRule(payload: Uint8Array): Rule | undefined {
  if (payload.length < FIB_RULE_HDR_OCTETS || payload[7] !== FR_ACT_TO_TBL) return undefined;
  const family = decodeFamily(payload[0]);
  if (family === undefined) return undefined;
  const attributes = decodeAttributes(payload, FIB_RULE_HDR_OCTETS);
  const source = decodeIpAddress(family, attributes.get(FRA_SRC));
  const outputInterface = attributes.get(FRA_OIFNAME);
  return {
    family,
    priority: readUint32(attributes.get(FRA_PRIORITY)) ?? 0,
    source: source === undefined ? undefined : { address: source, prefixLength: payload[2] },
    outputInterface: outputInterface === undefined ? undefined : fromCString(outputInterface),
    table: readUint32(attributes.get(FRA_TABLE)) ?? payload[4],
    protocol: attributes.get(FRA_PROTOCOL)?.[0] ?? 0,
  };
}

/** RTM_NEWRULE, RTM_DELRULE. @throws RangeError when the source is no address of the family */
export function encodeRule(
  { family, priority, source, outputInterface, table, protocol }: NewRule,
): NetlinkBody {
  const addressFamily = family === 4 ? AF_INET : AF_INET6;
  const body = new Uint8Array(FIB_RULE_HDR_OCTETS);
  body[0] = addressFamily;
  body[2] = source?.prefixLength ?? 0;
  body[4] = table < 256 ? table : 0;
  body[7] = FR_ACT_TO_TBL;
  const attributes: NetlinkAttribute[] = [
    uint32Attribute(FRA_PRIORITY, priority),
    uint32Attribute(FRA_TABLE, table),
    [FRA_PROTOCOL, new Uint8Array([protocol ?? DSMIP_PROTOCOL])],
  ];
  if (source !== undefined) attributes.push([FRA_SRC, encodeIpAddressOf(addressFamily, source.address)]);
  if (outputInterface !== undefined) attributes.push([FRA_OIFNAME, cString(outputInterface)]);
  return { body, attributes };
}
