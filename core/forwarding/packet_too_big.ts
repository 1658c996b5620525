import { ipv6UpperLayerChecksum } from "../wire/checksum.ts";
import { Protocol } from "../wire/constants.ts";
import { DESTINATION_OFFSET, IPV6_HEADER_OCTETS, SOURCE_OFFSET } from "./inner_packet.ts";
import { MINIMUM_IPV6_MTU } from "./limits.ts";

const ICMPV6_HEADER_OCTETS = 8;
const PACKET_TOO_BIG_TYPE = 2;
const HOP_LIMIT = 64;

/**
 * An ICMPv6 Packet Too Big (RFC 4443 section 3.2) about `packet`, from `source` (16 octets) to the packet's
 * source, quoting as much of it as fits into 1280 octets.
 */
export function packetTooBig(packet: Uint8Array, source: Uint8Array, mtu: number): Uint8Array {
  const head = IPV6_HEADER_OCTETS + ICMPV6_HEADER_OCTETS;
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
