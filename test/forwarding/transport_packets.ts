import type { TunPacket } from "../../core/forwarding/forwarder.ts";
import type { TunHeader } from "../../core/forwarding/tun_header.ts";
import {
  checksum,
  concat,
  CORRESPONDENT,
  CORRESPONDENT_IPV4,
  counting,
  HOME_ADDRESS,
  HOME_IPV4_ADDRESS,
  ipv4,
  ipv6,
} from "./packets.ts";

/** TCP, UDP and ICMP for tests, with checksums that are computed here. */

export const TCP = 6;
export const UDP = 17;
export const ICMP = 1;
export const ICMPV6 = 58;
export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;
export const URG = 0x20;
export const ECE = 0x40;
export const CWR = 0x80;
export const DONT_FRAGMENT = 0x4000;

export type Version = 4 | 6;
export const VERSIONS: readonly Version[] = [6, 4];

export interface IpFields {
  readonly version: Version;
  readonly source?: string;
  readonly destination?: string;
  readonly typeOfService?: number;
  readonly timeToLive?: number;
  /** IPv4. */
  readonly identification?: number;
  readonly fragment?: number;
  readonly options?: Uint8Array;
  /** IPv6. */
  readonly flowLabel?: number;
  /** IPv6: whole extension headers before the upper layer, and the type of the first. */
  readonly extensions?: { readonly type: number; readonly bytes: Uint8Array };
}

export interface Ports {
  readonly sourcePort?: number;
  readonly destinationPort?: number;
}

export interface TcpFields extends Ports {
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly flags?: number;
  readonly window?: number;
  readonly urgent?: number;
  /** A multiple of 4 octets. */
  readonly options?: Uint8Array;
  /** 32-bit units; by default, what the header has. */
  readonly dataOffset?: number;
  /** The 4 bits behind the data offset. */
  readonly reserved?: number;
  readonly payload?: Uint8Array;
}

export interface UdpFields extends Ports {
  readonly payload?: Uint8Array;
  /** Instead of the right one. */
  readonly length?: number;
}

/** From the correspondent node to the mobile node: outbound at the home agent. */
export function toNode(version: Version): IpFields {
  return version === 6
    ? { version, source: CORRESPONDENT, destination: HOME_ADDRESS }
    : { version, source: CORRESPONDENT_IPV4, destination: HOME_IPV4_ADDRESS, fragment: DONT_FRAGMENT };
}

/** The other way: inbound at the home agent. */
export function fromNode(version: Version): IpFields {
  const { source, destination, ...rest } = toNode(version);
  return { ...rest, source: destination, destination: source };
}

export function tcp(ip: IpFields, fields: TcpFields = {}): Uint8Array {
  return withChecksum(ip, TCP, 16, tcpOctets(fields));
}

export function udp(ip: IpFields, fields: UdpFields = {}): Uint8Array {
  return withChecksum(ip, UDP, 6, udpOctets(fields));
}

/** An echo request. */
export function icmp(ip: IpFields, payload: Uint8Array = counting(32)): Uint8Array {
  const message = concat(Uint8Array.of(ip.version === 6 ? 128 : 8, 0, 0, 0, 1, 2, 3, 4), payload);
  return withChecksum(ip, ip.version === 6 ? ICMPV6 : ICMP, 2, message);
}

/** What is behind the IP header, or behind extension headers of so many octets. */
interface UpperLayer {
  readonly protocol: number;
  readonly start: number;
}

function upperLayerOf(packet: Uint8Array): UpperLayer {
  const isVersion6 = packet[0] >> 4 === 6;
  return {
    protocol: isVersion6 ? packet[6] : packet[9],
    start: isVersion6 ? 40 : 4 * (packet[0] & 0x0f),
  };
}

/** A packet whose checksum field holds what the kernel leaves there: the sum of the pseudo header. */
export function partial(
  packet: Uint8Array,
  header: Partial<TunHeader> = {},
  { protocol, start }: UpperLayer = upperLayerOf(packet),
): Required<TunPacket> {
  const checksumOffset = protocol === TCP ? 16 : protocol === UDP ? 6 : 2;
  const bytes = packet.slice();
  const sum = ~checksum(pseudoHeader(packet, protocol, start)) & 0xffff;
  bytes.set([sum >> 8, sum & 0xff], start + checksumOffset);
  return {
    bytes,
    header: {
      needsChecksum: true,
      segmentation: "none",
      headersLength: 0,
      segmentOctets: 0,
      checksumStart: start,
      checksumOffset,
      ...header,
    },
  };
}

/** The kernel's packet of many segments of so many octets. */
export function superPacket(
  packet: Uint8Array,
  segmentOctets: number,
  upperLayer: UpperLayer = upperLayerOf(packet),
): Required<TunPacket> {
  const { protocol, start } = upperLayer;
  const isTcp = protocol === TCP;
  const headersLength = start + (isTcp ? 4 * (packet[start + 12] >> 4) : 8);
  const segmentation = !isTcp ? "udp" : packet[0] >> 4 === 6 ? "tcpv6" : "tcpv4";
  return partial(packet, { segmentation, segmentOctets, headersLength }, upperLayer);
}

/** What a sender without offloads sends in place of one TCP packet. */
export function tcpSegments(ip: IpFields, fields: TcpFields, segmentOctets: number): Uint8Array[] {
  const { payload = counting(100), sequence = 0, flags = ACK } = fields;
  const count = Math.ceil(payload.length / segmentOctets);
  return Array.from({ length: count }, (_, index) => {
    const inFirst = index === 0 ? 0 : CWR;
    const inLast = index === count - 1 ? 0 : FIN | PSH;
    return tcp({ ...ip, identification: (ip.identification ?? 0) + index & 0xffff }, {
      ...fields,
      sequence: (sequence + index * segmentOctets) % 2 ** 32,
      flags: flags & ~inFirst & ~inLast,
      payload: payload.subarray(index * segmentOctets, (index + 1) * segmentOctets),
    });
  });
}

export function udpSegments(ip: IpFields, fields: UdpFields, segmentOctets: number): Uint8Array[] {
  const { payload = counting(100) } = fields;
  const count = Math.ceil(payload.length / segmentOctets);
  return Array.from(
    { length: count },
    (_, index) =>
      udp({ ...ip, identification: (ip.identification ?? 0) + index & 0xffff }, {
        ...fields,
        payload: payload.subarray(index * segmentOctets, (index + 1) * segmentOctets),
      }),
  );
}

/** 0 when the checksum of the upper layer at `start` is right. */
export function upperLayerChecksum(packet: Uint8Array, protocol: number, start: number): number {
  const isIcmp = protocol === ICMP;
  return checksum(
    concat(isIcmp ? counting(0) : pseudoHeader(packet, protocol, start), packet.subarray(start)),
  );
}

/** The same packet with a checksum that is wrong: of the upper layer, or of the IPv4 header. */
export function damaged(packet: Uint8Array, at: number): Uint8Array {
  const bytes = packet.slice();
  bytes[at] ^= 0x55;
  return bytes;
}

/** RFC 8200 section 8.1, RFC 9293 section 3.1. */
function pseudoHeader(packet: Uint8Array, protocol: number, start: number): Uint8Array {
  const isVersion6 = packet[0] >> 4 === 6;
  const length = packet.length - start;
  const addresses = isVersion6 ? packet.subarray(8, 40) : packet.subarray(12, 20);
  return concat(addresses, Uint8Array.of(0, protocol, length >> 8, length & 0xff));
}

function withChecksum(ip: IpFields, protocol: number, offset: number, upper: Uint8Array): Uint8Array {
  const packet = ipPacket(ip, protocol, upper);
  const start = packet.length - upper.length;
  const sum = upperLayerChecksum(packet, protocol, start);
  const value = sum === 0 && protocol === UDP ? 0xffff : sum;
  packet.set([value >> 8, value & 0xff], start + offset);
  return packet;
}

/** An IP packet around these octets. */
export function ipPacket(ip: IpFields, protocol: number, payload: Uint8Array): Uint8Array {
  if (ip.version === 4) return ipv4({ ...ip, protocol, payload });
  const { type, bytes } = ip.extensions ?? { type: protocol, bytes: counting(0) };
  return ipv6({
    source: ip.source,
    destination: ip.destination,
    trafficClass: ip.typeOfService,
    flowLabel: ip.flowLabel,
    hopLimit: ip.timeToLive,
    nextHeader: type,
    payload: concat(bytes, payload),
  });
}

function tcpOctets(fields: TcpFields): Uint8Array {
  const { options = counting(0), payload = counting(100) } = fields;
  const header = new Uint8Array(20);
  const view = new DataView(header.buffer);
  view.setUint16(0, fields.sourcePort ?? 4000);
  view.setUint16(2, fields.destinationPort ?? 80);
  view.setUint32(4, fields.sequence ?? 0);
  view.setUint32(8, fields.acknowledgement ?? 0x01020304);
  view.setUint8(12, (fields.dataOffset ?? 5 + options.length / 4) << 4 | (fields.reserved ?? 0));
  view.setUint8(13, fields.flags ?? ACK);
  view.setUint16(14, fields.window ?? 501);
  view.setUint16(18, fields.urgent ?? 0);
  return concat(header, options, payload);
}

function udpOctets({ sourcePort = 4000, destinationPort = 53, payload = counting(100), length }: UdpFields) {
  const header = new Uint8Array(8);
  const view = new DataView(header.buffer);
  view.setUint16(0, sourcePort);
  view.setUint16(2, destinationPort);
  view.setUint16(4, length ?? 8 + payload.length);
  return concat(header, payload);
}
