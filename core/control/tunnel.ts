import type { IpAddress } from "../wire/address.ts";

/**
 * How a packet of the home address is carried: in IPv4 as protocol 41 or in UDP (RFC 5555 4.4.3), or in IPv6
 * (RFC 6275 11.3.1). An inner IPv4 packet goes the same way, as protocol 4.
 */
export type Encapsulation = "ipv6InIpv4" | "udp" | "ipv6InIpv6";

/** The far end of a tunnel, as this side sends to it. */
export interface TunnelEnd {
  readonly encapsulation: Encapsulation;
  /** Outer destination: the care-of address (or the NAT's), or the home agent. */
  readonly address: IpAddress;
  /** Outer destination port in UDP; 0 otherwise. */
  readonly port: number;
}

/** Octets that an encapsulation adds: the outer IP header, and UDP. */
export const ENCAPSULATION_OVERHEAD: Readonly<Record<Encapsulation, number>> = {
  ipv6InIpv4: 20,
  udp: 28,
  ipv6InIpv6: 40,
};

export function sameTunnelEnd(one: TunnelEnd | undefined, other: TunnelEnd | undefined): boolean {
  return one?.encapsulation === other?.encapsulation && one?.address === other?.address &&
    one?.port === other?.port;
}
