import type { Ipv4HomeAddress } from "../../core/control/settings.ts";
import {
  formatIpv4,
  formatIpv6,
  type IpAddress,
  type IpPrefix,
  type Ipv4Address,
  ipv4Octets,
  ipv6Octets,
  type Ipv6Prefix,
} from "../../core/wire/address.ts";

/** What a home agent forwards to a mobile router, for its network. */
export interface MobileNetworkGrant {
  readonly prefixes: readonly Ipv6Prefix[];
  /** One of a whole prefix is the mobile network's; one alone (32 bits) is the mobile router's own. */
  readonly ipv4HomeAddress: Ipv4HomeAddress | undefined;
}

/** An address of the mobile router in its network. */
export interface RouterAddress {
  readonly address: IpAddress;
  readonly prefixLength: number;
}

/** What hosts get IPv4 addresses from. */
export interface DhcpPlan {
  readonly router: Ipv4Address;
  readonly netmask: Ipv4Address;
  /** First and last address, both included. */
  readonly ranges: readonly (readonly [Ipv4Address, Ipv4Address])[];
}

export interface MobileNetworkPlan {
  readonly addresses: readonly RouterAddress[];
  /** Where nobody is, nothing goes: not back into the tunnel that it came from. */
  readonly unreachable: readonly IpPrefix[];
  /** The links that hosts hear of; those with 64 bits are for addresses, too (RFC 4862 section 5.5.3 d). */
  readonly onLink: readonly Ipv6Prefix[];
  readonly dhcp: DhcpPlan | undefined;
}

/** Bits of a prefix that hosts make addresses from (RFC 4291 section 2.5.1). */
export const LINK_PREFIX_LENGTH = 64;
/** The shortest IPv4 prefix without addresses for hosts, beside that of the router. */
const NO_ROOM_LENGTH = 31;

/**
 * How one interface carries what was granted. Of each IPv6 prefix its first /64 is the link, and ::1 there the router; a
 * longer prefix is the link as it is, and one address alone the router. Of an IPv4 prefix the home address is the router, and the rest is for hosts.
 */
export function planMobileNetwork({ prefixes, ipv4HomeAddress }: MobileNetworkGrant): MobileNetworkPlan {
  const onLink = prefixes.map(({ address, length }) => ({
    address,
    length: Math.max(LINK_PREFIX_LENGTH, length),
  }));
  const routers: RouterAddress[] = onLink.map(({ address, length }) => ({
    address: length === 128 ? address : firstAddress(address),
    prefixLength: length,
  }));
  if (ipv4HomeAddress === undefined || ipv4HomeAddress.prefixLength === 32) {
    return { addresses: routers, unreachable: prefixes, onLink, dhcp: undefined };
  }
  const { prefix, dhcp } = planIpv4(ipv4HomeAddress);
  return { addresses: [...routers, ipv4HomeAddress], unreachable: [...prefixes, prefix], onLink, dhcp };
}

function firstAddress(prefix: IpAddress): IpAddress {
  const octets = ipv6Octets(prefix);
  octets[15] |= 1;
  return formatIpv6(octets);
}

function planIpv4(
  { address, prefixLength }: Ipv4HomeAddress,
): { readonly prefix: IpPrefix; readonly dhcp: DhcpPlan | undefined } {
  const router = numberOf(address);
  const hosts = 2 ** (32 - prefixLength);
  const network = router - router % hosts;
  const prefix = { address: ipv4Of(network), length: prefixLength };
  if (prefixLength >= NO_ROOM_LENGTH) return { prefix, dhcp: undefined };
  // The first address is the network's, the last one its broadcast address.
  const [first, last] = [network + 1, network + hosts - 2];
  const ranges = [[first, Math.min(last, router - 1)], [Math.max(first, router + 1), last]]
    .filter(([from, to]) => from <= to)
    .map(([from, to]) => [ipv4Of(from), ipv4Of(to)] as const);
  return { prefix, dhcp: { router: address, netmask: ipv4Of(2 ** 32 - hosts), ranges } };
}

function numberOf(address: Ipv4Address): number {
  return ipv4Octets(address).reduce((number, octet) => number * 256 + octet, 0);
}

function ipv4Of(number: number): Ipv4Address {
  return formatIpv4(new Uint8Array([24, 16, 8, 0].map((shift) => number >>> shift)));
}
