import type { Ipv4HomeAddress, PrefixPool } from "../../core/control/settings.ts";
import type { IpPrefix } from "../../core/wire/address.ts";

/* Addresses and prefixes for people. */

/** "192.0.2.100", or "10.1.0.1/24" with the network around it. */
export function describeIpv4HomeAddress({ address, prefixLength }: Ipv4HomeAddress): string {
  return prefixLength === 32 ? address : `${address}/${prefixLength}`;
}

/** "2001:db8:200::/64, 2001:db8:201::/64"; "-" for none. */
export function describePrefixes(prefixes: readonly IpPrefix[]): string {
  return prefixes.map(({ address, length }) => `${address}/${length}`).join(", ") || "-";
}

/** "10.64.0.0/16, networks of 28 bits". */
export function describePool({ prefix, networkLength }: PrefixPool<IpPrefix>): string {
  return `${describePrefixes([prefix])}, networks of ${networkLength} bits`;
}
