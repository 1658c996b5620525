/**
 * IP addresses. The control path, the configuration and every printout use the canonical text
 * (RFC 5952 for IPv6, dotted quad for IPv4), so that equality is `===` and an address is a Map key.
 * Only the codecs and the data path look at the octets.
 */
export type Ipv4Address = string;
export type Ipv6Address = string;
export type IpAddress = Ipv4Address | Ipv6Address;

export const UNSPECIFIED_IPV6: Ipv6Address = "::";
export const UNSPECIFIED_IPV4: Ipv4Address = "0.0.0.0";

/** A prefix in canonical form: no bits set after `length`. */
export interface Ipv6Prefix {
  readonly address: Ipv6Address;
  /** 0..128 bits. */
  readonly length: number;
}
