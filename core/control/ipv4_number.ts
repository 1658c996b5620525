import { formatIpv4, type Ipv4Address, ipv4Octets } from "../wire/address.ts";

/* IPv4 addresses as whole numbers, for counting. */

export function ipv4Number(address: Ipv4Address): number {
  return new DataView(ipv4Octets(address).buffer).getUint32(0);
}

export function ipv4OfNumber(number: number): Ipv4Address {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, number);
  return formatIpv4(octets);
}

/** How many addresses a prefix of this length holds. */
export function ipv4Count(prefixLength: number): number {
  return 2 ** (32 - prefixLength);
}
