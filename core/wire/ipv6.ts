import { formatIpv6, type Ipv6Address, ipv6Octets } from "./address.ts";
import { type Decoded, decoded, malformed } from "./result.ts";

export const IPV6_HEADER_OCTETS = 40;
const FLOW_LABEL_BITS = 20;

/**
 * The IPv6 header (RFC 8200 section 3):
 *
 *     0 version 4 bits, traffic class 8, flow label 20 | 4 payload length | 6 next header | 7 hop limit
 *     8 source | 24 destination
 */
export interface Ipv6Header {
  /** DSCP in the upper 6 bits, ECN in the lower 2. */
  readonly trafficClass: number;
  /** 20 bits. */
  readonly flowLabel: number;
  /** Octets behind this header, extension headers included. */
  readonly payloadLength: number;
  readonly nextHeader: number;
  readonly hopLimit: number;
  readonly source: Ipv6Address;
  readonly destination: Ipv6Address;
}

/** Decodes the header alone: the payload may be cut off, as in a capture or an ICMP error. */
export function decodeIpv6Header(bytes: Uint8Array, offset: number): Decoded<Ipv6Header> {
  if (bytes.length - offset < IPV6_HEADER_OCTETS) return malformed(bytes.length, "IPv6 header", "is cut off");
  const version = bytes[offset] >> 4;
  if (version !== 6) return malformed(offset, "IP version", `is ${version}, not 6`);
  return decoded({
    trafficClass: (bytes[offset] & 0x0f) << 4 | bytes[offset + 1] >> 4,
    flowLabel: (bytes[offset + 1] & 0x0f) << 16 | bytes[offset + 2] << 8 | bytes[offset + 3],
    payloadLength: bytes[offset + 4] << 8 | bytes[offset + 5],
    nextHeader: bytes[offset + 6],
    hopLimit: bytes[offset + 7],
    source: formatIpv6(bytes, offset + 8),
    destination: formatIpv6(bytes, offset + 24),
  });
}

export function encodeIpv6Header(header: Ipv6Header): Uint8Array {
  const buffer = new Uint8Array(IPV6_HEADER_OCTETS);
  encodeIpv6HeaderInto(header, buffer, 0);
  return buffer;
}

/** Writes over whatever `buffer` holds from `offset` on. Returns the header's octets. */
export function encodeIpv6HeaderInto(header: Ipv6Header, buffer: Uint8Array, offset: number): number {
  const { trafficClass, flowLabel, payloadLength } = header;
  if (flowLabel >>> FLOW_LABEL_BITS !== 0) throw new RangeError(`Cannot encode flow label ${flowLabel}`);
  if (payloadLength > 0xffff) throw new RangeError(`Cannot encode IPv6 payload length ${payloadLength}`);
  buffer[offset] = 0x60 | trafficClass >> 4;
  buffer[offset + 1] = (trafficClass & 0x0f) << 4 | flowLabel >> 16;
  buffer[offset + 2] = flowLabel >> 8;
  buffer[offset + 3] = flowLabel;
  buffer[offset + 4] = payloadLength >> 8;
  buffer[offset + 5] = payloadLength;
  buffer[offset + 6] = header.nextHeader;
  buffer[offset + 7] = header.hopLimit;
  buffer.set(ipv6Octets(header.source), offset + 8);
  buffer.set(ipv6Octets(header.destination), offset + 24);
  return IPV6_HEADER_OCTETS;
}
