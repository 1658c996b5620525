import { finishChecksum, onesComplementSum } from "../wire/checksum.ts";
import { ipv4HeaderLength, IPV6_HEADER_OCTETS, isIpv6 } from "./inner_packet.ts";
import { MAXIMUM_OUTER_HEADERS_OCTETS, MAXIMUM_SEGMENT_HEADERS_OCTETS, MAXIMUM_SEGMENTS } from "./limits.ts";
import type { TunHeader } from "./tun_header.ts";

const TCP_HEADER_OCTETS = 20;
const TCP_SEQUENCE_OFFSET = 4;
const TCP_FLAGS_OFFSET = 13;
const TCP_CHECKSUM_OFFSET = 16;
const FIN = 0x01;
const PSH = 0x08;
const CWR = 0x80;
const UDP_HEADER_OCTETS = 8;
const UDP_LENGTH_OFFSET = 4;
const UDP_CHECKSUM_OFFSET = 6;

/**
 * The packets that a packet of the TUN device stands for, whole and with right checksums: its segments, or itself.
 * None where its header asks for what the packet cannot have, or for more segments than our own limits.
 */
export function segment(packet: Uint8Array, header: TunHeader): Uint8Array[] {
  if (header.segmentation === "none") {
    if (header.needsChecksum && !hasChecksumField(packet, header)) return [];
    const whole = packet.slice();
    if (header.needsChecksum) completeChecksum(whole, header);
    return [whole];
  }
  const headers = segmentHeaders(packet, header);
  if (headers === undefined) return [];
  const segments: Uint8Array[] = [];
  for (let at = headers; at < packet.length; at += header.segmentOctets) {
    segments.push(cutSegment(packet, header, headers, at));
  }
  return segments;
}

/** Does the checksum field lie in the packet, behind the IP header? */
function hasChecksumField(packet: Uint8Array, { checksumStart, checksumOffset }: TunHeader): boolean {
  return checksumStart >= ipHeaderLength(packet) && checksumStart + checksumOffset + 2 <= packet.length;
}

/** Octets of headers that each segment has; undefined where the packet cannot be cut. */
function segmentHeaders(packet: Uint8Array, header: TunHeader): number | undefined {
  const { needsChecksum, segmentation, segmentOctets, checksumStart, checksumOffset } = header;
  const isTcp = segmentation !== "udp";
  if (isTcp && isIpv6(packet) !== (segmentation === "tcpv6")) return undefined;
  if (checksumOffset !== (isTcp ? TCP_CHECKSUM_OFFSET : UDP_CHECKSUM_OFFSET)) return undefined;
  if (!needsChecksum || !hasChecksumField(packet, header)) return undefined;
  // Nothing stands between the headers of IPv4 and transport.
  if (!isIpv6(packet) && checksumStart !== ipv4HeaderLength(packet)) return undefined;
  const minimum = isTcp ? TCP_HEADER_OCTETS : UDP_HEADER_OCTETS;
  if (checksumStart + minimum > packet.length) return undefined;
  const transportHeader = isTcp ? 4 * (packet[checksumStart + 12] >> 4) : UDP_HEADER_OCTETS;
  const headers = checksumStart + transportHeader;
  if (transportHeader < minimum || headers >= packet.length || segmentOctets === 0) return undefined;
  const segments = Math.ceil((packet.length - headers) / segmentOctets);
  const octetsEach = 8 * Math.ceil((headers + MAXIMUM_OUTER_HEADERS_OCTETS) / 8);
  if (segments > MAXIMUM_SEGMENTS || segments * octetsEach > MAXIMUM_SEGMENT_HEADERS_OCTETS) return undefined;
  return headers;
}

function ipHeaderLength(packet: Uint8Array): number {
  return isIpv6(packet) ? IPV6_HEADER_OCTETS : ipv4HeaderLength(packet);
}

/** The segment whose payload begins at `at` in the packet. */
function cutSegment(packet: Uint8Array, header: TunHeader, headers: number, at: number): Uint8Array {
  const { segmentation, segmentOctets, checksumStart, checksumOffset } = header;
  const payload = packet.subarray(at, at + segmentOctets);
  const bytes = new Uint8Array(headers + payload.length);
  bytes.set(packet.subarray(0, headers));
  bytes.set(payload, headers);
  const view = new DataView(bytes.buffer);
  setIpLength(view, (at - headers) / segmentOctets);
  if (segmentation === "udp") view.setUint16(checksumStart + UDP_LENGTH_OFFSET, bytes.length - checksumStart);
  else {
    const sequence = view.getUint32(checksumStart + TCP_SEQUENCE_OFFSET) + at - headers;
    view.setUint32(checksumStart + TCP_SEQUENCE_OFFSET, sequence);
    // FIN and PSH belong to the last segment, CWR to the first (RFC 9293 section 3.1, RFC 3168 section 6.1.2).
    const isFirst = at === headers;
    const isLast = at + segmentOctets >= packet.length;
    bytes[checksumStart + TCP_FLAGS_OFFSET] &= (isFirst ? 0xff : ~CWR) & (isLast ? 0xff : ~(FIN | PSH));
  }
  // The field holds the sum of the pseudo header, with the length of the whole: now with the segment's.
  const field = checksumStart + checksumOffset;
  const addresses = view.getUint16(field) + (~(packet.length - checksumStart) & 0xffff);
  view.setUint16(field, onesComplementSum(bytes, 0, 0, addresses + bytes.length - checksumStart));
  completeChecksum(bytes, header);
  return bytes;
}

/** Each IPv4 segment has an identification of its own (RFC 6864 section 4.1), counted on as the kernel does. */
function setIpLength(view: DataView<ArrayBuffer>, index: number): void {
  const packet = new Uint8Array(view.buffer);
  if (isIpv6(packet)) {
    view.setUint16(4, packet.length - IPV6_HEADER_OCTETS);
    return;
  }
  view.setUint16(2, packet.length);
  view.setUint16(4, view.getUint16(4) + index);
  setIpv4Checksum(packet);
}

/** Computes the checksum of an IPv4 header. */
export function setIpv4Checksum(packet: Uint8Array): void {
  const view = new DataView(packet.buffer, packet.byteOffset);
  view.setUint16(10, 0);
  view.setUint16(10, finishChecksum(onesComplementSum(packet, 0, ipv4HeaderLength(packet))));
}

/** The sum over all from `checksumStart` on, in which the field holds the sum of the pseudo header. */
function completeChecksum(packet: Uint8Array, { checksumStart, checksumOffset }: TunHeader): void {
  const checksum = finishChecksum(onesComplementSum(packet, checksumStart, packet.length));
  // A UDP checksum of 0 would mean that there is none (RFC 768).
  const isUdp = checksumOffset === UDP_CHECKSUM_OFFSET;
  const view = new DataView(packet.buffer, packet.byteOffset);
  view.setUint16(checksumStart + checksumOffset, checksum === 0 && isUdp ? 0xffff : checksum);
}
