import { parseIpv4, parseIpv6 } from "../../core/wire/address.ts";

/** Packets for tests, written octet by octet, apart from the code that is tested. */

export interface PacketFields {
  readonly source?: string;
  readonly destination?: string;
  readonly nextHeader?: number;
  readonly trafficClass?: number;
  readonly flowLabel?: number;
  readonly hopLimit?: number;
  readonly payload?: Uint8Array;
  /** Instead of the payload's length. */
  readonly payloadLength?: number;
}

export const HOME_AGENT = "2001:db8:100::1";
export const HOME_AGENT_V4 = "203.0.113.1";
export const HOME_ADDRESS = "2001:db8:100::100";
export const OTHER_HOME_ADDRESS = "2001:db8:100::200";
export const CORRESPONDENT = "2001:db8:ffff::9";
export const HOME_IPV4_ADDRESS = "192.0.2.100";
export const OTHER_HOME_IPV4_ADDRESS = "192.0.2.200";
export const CORRESPONDENT_IPV4 = "198.18.0.9";
export const CARE_OF_ADDRESS = "198.51.100.7";
export const IPV6_CARE_OF_ADDRESS = "2001:db8:7::7";
export const UDP = 17;
export const NO_NEXT_HEADER = 59;
export const ESP = 50;
export const MOBILITY = 135;

export function ipv6(fields: PacketFields = {}): Uint8Array {
  const payload = fields.payload ?? counting(32);
  const packet = new Uint8Array(40 + payload.length);
  const view = new DataView(packet.buffer);
  view.setUint32(0, (0x60000000 | (fields.trafficClass ?? 0) << 20 | (fields.flowLabel ?? 0xabcde)) >>> 0);
  view.setUint16(4, fields.payloadLength ?? payload.length);
  packet[6] = fields.nextHeader ?? UDP;
  packet[7] = fields.hopLimit ?? 61;
  packet.set(parseIpv6(fields.source ?? CORRESPONDENT)!, 8);
  packet.set(parseIpv6(fields.destination ?? HOME_ADDRESS)!, 24);
  packet.set(payload, 40);
  return packet;
}

/** An IPv4 packet: by default, as the raw socket gives it. */
export function ipv4(fields: {
  readonly source?: string;
  readonly destination?: string;
  readonly protocol?: number;
  readonly typeOfService?: number;
  readonly timeToLive?: number;
  readonly identification?: number;
  /** Flags and fragment offset, 16 bits. */
  readonly fragment?: number;
  readonly options?: Uint8Array;
  readonly totalLength?: number;
  readonly payload: Uint8Array;
}): Uint8Array {
  const options = fields.options ?? new Uint8Array();
  const headerLength = 20 + options.length;
  const packet = new Uint8Array(headerLength + fields.payload.length);
  const view = new DataView(packet.buffer);
  view.setUint8(0, 0x40 | headerLength / 4);
  view.setUint8(1, fields.typeOfService ?? 0);
  view.setUint16(2, fields.totalLength ?? packet.length);
  view.setUint16(4, fields.identification ?? 0);
  view.setUint16(6, fields.fragment ?? 0);
  view.setUint8(8, fields.timeToLive ?? 64);
  view.setUint8(9, fields.protocol ?? 41);
  packet.set(parseIpv4(fields.source ?? CARE_OF_ADDRESS)!, 12);
  packet.set(parseIpv4(fields.destination ?? HOME_AGENT_V4)!, 16);
  packet.set(options, 20);
  view.setUint16(10, checksum(packet.subarray(0, headerLength)));
  packet.set(fields.payload, headerLength);
  return packet;
}

/** A mobility header of `octets` octets (Binding Update), its checksum left alone. */
export function mobilityHeader(octets = 16): Uint8Array {
  const header = counting(octets);
  header.set([NO_NEXT_HEADER, octets / 8 - 1, 5, 0]);
  return header;
}

/** An ESP header with this SPI (RFC 4303 section 2), and something that looks encrypted behind it. */
export function esp(spi: number, octets = 48): Uint8Array {
  const header = counting(8 + octets);
  new DataView(header.buffer).setUint32(0, spi);
  return header;
}

/** Destination options (60), hop-by-hop options (0) or a routing header (43), then what follows it. */
export function extension(nextHeader: number, octets: number, rest: Uint8Array): Uint8Array {
  const header = new Uint8Array(octets + rest.length);
  header[0] = nextHeader;
  header[1] = octets / 8 - 1;
  header.set([1, octets - 4], 2);
  header.set(rest, octets);
  return header;
}

/** 0, 1, 2, ... */
export function counting(octets: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: octets }, (_, index) => index & 0xff);
}

/** RFC 1071, one octet pair after the other. Over octets that hold their own right checksum: 0. */
export function checksum(octets: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < octets.length; at += 2) {
    sum += octets[at] << 8 | (octets[at + 1] ?? 0);
    if (sum > 0xffff) sum -= 0xffff;
  }
  return ~sum & 0xffff;
}

/** 0 when the ICMPv6 checksum of a packet without extension headers is right (RFC 4443 section 2.3). */
export function icmpv6Checksum(packet: Uint8Array): number {
  const length = packet.length - 40;
  const pseudo = new Uint8Array(40 + length);
  pseudo.set(packet.subarray(8, 40));
  pseudo.set([0, 0, length >> 8, length & 0xff, 0, 0, 0, 58], 32);
  pseudo.set(packet.subarray(40), 40);
  return checksum(pseudo);
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((octets, part) => octets + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
