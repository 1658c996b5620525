import { finishChecksum, ipv6UpperLayerChecksum, onesComplementSum } from "../wire/checksum.ts";
import { Protocol } from "../wire/constants.ts";
import {
  DESTINATION_OFFSET,
  IPV4_DESTINATION_OFFSET,
  IPV4_HEADER_OCTETS,
  IPV4_SOURCE_OFFSET,
  IPV6_HEADER_OCTETS,
  SOURCE_OFFSET,
} from "./inner_packet.ts";
import { MINIMUM_IPV4_DATAGRAM, MINIMUM_IPV6_MTU } from "./limits.ts";
import { setIpv4Checksum } from "./segmentation.ts";

const ICMP_HEADER_OCTETS = 8;
const PACKET_TOO_BIG_TYPE = 2;
const DESTINATION_UNREACHABLE_TYPE = 3;
const FRAGMENTATION_NEEDED_CODE = 4;
const HOP_LIMIT = 64;

/**
 * An ICMPv6 Packet Too Big (RFC 4443 section 3.2) about `packet`, from `source` (16 octets) to the packet's
 * source, quoting as much of it as fits into 1280 octets.
 */
export function packetTooBig(packet: Uint8Array, source: Uint8Array, mtu: number): Uint8Array {
  const head = IPV6_HEADER_OCTETS + ICMP_HEADER_OCTETS;
  const quoted = packet.subarray(0, MINIMUM_IPV6_MTU - head);
  const message = new Uint8Array(head + quoted.length);
  const view = new DataView(message.buffer);
  view.setUint8(0, 0x60);
  view.setUint16(4, message.length - IPV6_HEADER_OCTETS);
  view.setUint8(6, Protocol.icmpv6);
  view.setUint8(7, HOP_LIMIT);
  message.set(source, SOURCE_OFFSET);
  message.set(packet.subarray(SOURCE_OFFSET, SOURCE_OFFSET + 16), DESTINATION_OFFSET);
  view.setUint8(40, PACKET_TOO_BIG_TYPE);
  view.setUint32(44, mtu);
  message.set(quoted, head);
  const checksum = ipv6UpperLayerChecksum({
    source: message.subarray(SOURCE_OFFSET, SOURCE_OFFSET + 16),
    destination: message.subarray(DESTINATION_OFFSET, DESTINATION_OFFSET + 16),
    nextHeader: Protocol.icmpv6,
    bytes: message,
    start: IPV6_HEADER_OCTETS,
    end: message.length,
  });
  view.setUint16(42, checksum);
  return message;
}

/**
 * An ICMP "fragmentation needed and DF set" (RFC 792, RFC 1191 section 4) about `packet`, from `source` (4 octets) to
 * the packet's source, quoting as much of it as fits into 576 octets (RFC 1812 section 4.3.2.3).
 */
export function fragmentationNeeded(packet: Uint8Array, source: Uint8Array, mtu: number): Uint8Array {
  const head = IPV4_HEADER_OCTETS + ICMP_HEADER_OCTETS;
  const quoted = packet.subarray(0, MINIMUM_IPV4_DATAGRAM - head);
  const message = new Uint8Array(head + quoted.length);
  const view = new DataView(message.buffer);
  view.setUint8(0, 0x45);
  view.setUint16(2, message.length);
  view.setUint8(8, HOP_LIMIT);
  view.setUint8(9, Protocol.icmpv4);
  message.set(source, IPV4_SOURCE_OFFSET);
  message.set(packet.subarray(IPV4_SOURCE_OFFSET, IPV4_SOURCE_OFFSET + 4), IPV4_DESTINATION_OFFSET);
  setIpv4Checksum(message);
  view.setUint8(20, DESTINATION_UNREACHABLE_TYPE);
  view.setUint8(21, FRAGMENTATION_NEEDED_CODE);
  view.setUint16(26, mtu);
  message.set(quoted, head);
  view.setUint16(22, finishChecksum(onesComplementSum(message, IPV4_HEADER_OCTETS, message.length)));
  return message;
}
