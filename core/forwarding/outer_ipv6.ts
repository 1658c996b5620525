import { OUTER_HOP_LIMIT } from "./limits.ts";

export const OUTER_IPV6_OCTETS = 40;

/**
 * The IPv6 header in front of an inner packet with next header 41 or 4 (RFC 2473 section 5.1). The flow label is 0: the
 * tunnel says nothing about flows.
 */
export function outerIpv6Header({ source, destination, nextHeader, trafficClass, innerOctets }: {
  /** 16 octets. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly nextHeader: number;
  readonly trafficClass: number;
  readonly innerOctets: number;
}): Uint8Array {
  const header = new Uint8Array(OUTER_IPV6_OCTETS);
  const view = new DataView(header.buffer);
  view.setUint32(0, (0x60000000 | trafficClass << 20) >>> 0);
  view.setUint16(4, innerOctets);
  view.setUint8(6, nextHeader);
  view.setUint8(7, OUTER_HOP_LIMIT);
  header.set(source, 8);
  header.set(destination, 24);
  return header;
}
