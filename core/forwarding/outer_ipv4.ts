import { finishChecksum, onesComplementSum } from "../wire/checksum.ts";
import { Protocol } from "../wire/constants.ts";
import { OUTER_TIME_TO_LIVE } from "./limits.ts";

export const OUTER_IPV4_OCTETS = 20;

/**
 * The IPv4 header in front of an inner packet with protocol 41 (RFC 4213 section 3.5), or 4 (RFC 2003 section 3.1).
 * DF is clear, because the tunnel's MTU is static (RFC 4213 section 3.2.1); identification 0 lets the kernel choose it.
 */
export function outerIpv4Header({ source, destination, protocol, typeOfService, innerOctets }: {
  /** 4 octets. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly protocol: number;
  readonly typeOfService: number;
  readonly innerOctets: number;
}): Uint8Array {
  const header = new Uint8Array(OUTER_IPV4_OCTETS);
  const view = new DataView(header.buffer);
  view.setUint8(0, 0x45);
  view.setUint8(1, typeOfService);
  view.setUint16(2, OUTER_IPV4_OCTETS + innerOctets);
  view.setUint8(8, OUTER_TIME_TO_LIVE);
  view.setUint8(9, protocol);
  header.set(source, 12);
  header.set(destination, 16);
  view.setUint16(10, finishChecksum(onesComplementSum(header, 0, OUTER_IPV4_OCTETS)));
  return header;
}

/**
 * The inner packet in what a raw socket gave, and its version; undefined for a header that contradicts itself, or
 * another protocol.
 */
export function innerOfRaw(
  packet: Uint8Array,
): { readonly bytes: Uint8Array; readonly version: 4 | 6 } | undefined {
  if (packet.length < OUTER_IPV4_OCTETS || packet[0] >> 4 !== 4) return undefined;
  const start = 4 * (packet[0] & 0x0f);
  const end = packet[2] << 8 | packet[3];
  if (start < OUTER_IPV4_OCTETS || start > end || end > packet.length) return undefined;
  const protocol = packet[9];
  if (protocol !== Protocol.ipv6 && protocol !== Protocol.ipv4) return undefined;
  return { bytes: packet.subarray(start, end), version: protocol === Protocol.ipv6 ? 6 : 4 };
}
