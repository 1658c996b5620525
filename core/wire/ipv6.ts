import { formatIpv6, type Ipv6Address, ipv6Octets } from "./address.ts";
import { readUint16, readUint32, writeUint16, writeUint32, writeUint8 } from "./octets.ts";
import { type Decoded, decoded, malformed } from "./result.ts";

export const IPV6_HEADER_OCTETS = 40;
const IPV6_VERSION = 6;
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
  if (version !== IPV6_VERSION) return malformed(offset, "IP version", `is ${version}, not 6`);
  return decoded({
    trafficClass: readUint32(bytes, offset) >>> FLOW_LABEL_BITS & 0xff,
    flowLabel: readUint32(bytes, offset) % 2 ** FLOW_LABEL_BITS,
    payloadLength: readUint16(bytes, offset + 4),
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
  const { trafficClass, flowLabel } = header;
  if (trafficClass > 0xff) throw new RangeError(`Cannot encode traffic class ${trafficClass}`);
  if (flowLabel >= 2 ** FLOW_LABEL_BITS) throw new RangeError(`Cannot encode flow label ${flowLabel}`);
  const first = IPV6_VERSION * 2 ** 28 + trafficClass * 2 ** FLOW_LABEL_BITS + flowLabel;
  writeUint32(buffer, offset, first, "traffic class and flow label");
  writeUint16(buffer, offset + 4, header.payloadLength, "IPv6 payload length");
  writeUint8(buffer, offset + 6, header.nextHeader, "next header");
  writeUint8(buffer, offset + 7, header.hopLimit, "hop limit");
  buffer.set(ipv6Octets(header.source), offset + 8);
  buffer.set(ipv6Octets(header.destination), offset + 24);
  return IPV6_HEADER_OCTETS;
}
