import type { Ipv4Address } from "../wire/address.ts";

/** How a packet of the home address is carried over IPv4 (RFC 5555 4.4.3): protocol 41, or UDP. */
export type Encapsulation = "ipv6InIpv4" | "udp";

/** The far end of a tunnel, as this side sends to it. */
export interface TunnelEnd {
  readonly encapsulation: Encapsulation;
  /** Outer destination: the care-of address (or the NAT's), or the home agent. */
  readonly address: Ipv4Address;
  /** Outer destination port in UDP; 0 with protocol 41. */
  readonly port: number;
}

/** Octets that an encapsulation adds: outer IPv4, and UDP. */
export const ENCAPSULATION_OVERHEAD: Readonly<Record<Encapsulation, number>> = { ipv6InIpv4: 20, udp: 28 };

export function sameTunnelEnd(one: TunnelEnd | undefined, other: TunnelEnd | undefined): boolean {
  return one?.encapsulation === other?.encapsulation && one?.address === other?.address &&
    one?.port === other?.port;
}
