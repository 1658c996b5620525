import type { Ipv6Address } from "./address.ts";
import { ipv6Octets } from "./address.ts";
import { ipv6UpperLayerChecksum } from "./checksum.ts";
import { Protocol } from "./constants.ts";
import { encodeExtensionHeader } from "./extension_header.ts";
import { encodeIpv6HeaderInto, IPV6_HEADER_OCTETS } from "./ipv6.ts";
import { decodeMobileIpv6Envelope } from "./mobile_ipv6_envelope.ts";
import { decodeMobilityHeader, type MobilityHeader } from "./mobility_header.ts";
import { type Decoded, decoded, malformed } from "./result.ts";

/** A mobility message in its IPv6 packet, with the addresses that its sender and its receiver go by. */
export interface MobilityPacket {
  /** Of the IPv6 header. */
  readonly source: Ipv6Address;
  /** Of the IPv6 header. */
  readonly destination: Ipv6Address;
  /** Of the Home Address destination option: the sender, when it is away from home. */
  readonly homeAddressOption: Ipv6Address | undefined;
  /** Of the type 2 routing header: the receiver, when it is away from home. */
  readonly routingHomeAddress: Ipv6Address | undefined;
  /** The mobility header's octets: a view into the packet. */
  readonly mobilityHeader: Uint8Array;
  readonly header: MobilityHeader;
  /** With the home addresses in the pseudo header where they are given (RFC 6275 section 6.1.1). */
  readonly checksumValid: boolean;
}

const HOP_LIMIT = 64;
const CHECKSUM_OFFSET = 4;

/** Decodes a whole IPv6 packet that carries a mobility header. Octets after its payload length are not looked at. */
export function decodeMobilityPacket(packet: Uint8Array): Decoded<MobilityPacket> {
  const envelope = decodeMobileIpv6Envelope(packet);
  if (!envelope.ok) return envelope;
  const { source, destination, homeAddressOption, routingHomeAddress, protocol, offset, end } =
    envelope.value;
  if (protocol !== Protocol.mobilityHeader) {
    return malformed(offset, "next header", `is ${protocol}, not ${Protocol.mobilityHeader}`);
  }
  const header = decodeMobilityHeader(packet.subarray(offset, end));
  if (!header.ok) return { ok: false, error: { ...header.error, offset: header.error.offset + offset } };
  const headerEnd = offset + header.value.length;
  const checksum = ipv6UpperLayerChecksum({
    source: homeAddressOption === undefined ? packet.subarray(8, 24) : ipv6Octets(homeAddressOption),
    destination: routingHomeAddress === undefined ? packet.subarray(24, 40) : ipv6Octets(routingHomeAddress),
    nextHeader: Protocol.mobilityHeader,
    bytes: packet,
    start: offset,
    end: headerEnd,
  });
  return decoded({
    source,
    destination,
    homeAddressOption,
    routingHomeAddress,
    mobilityHeader: packet.subarray(offset, headerEnd),
    header: header.value,
    checksumValid: checksum === 0,
  });
}

/** What encodeMobilityPacket() makes a packet of. */
export interface MobilityPacketParts {
  /** Of the IPv6 header: the care-of address where a Home Address option goes with it. */
  readonly source: Ipv6Address;
  /** Of the IPv6 header: the care-of address where a type 2 routing header goes with it. */
  readonly destination: Ipv6Address;
  /** The sender's, in a Home Address destination option (RFC 6275 section 6.3): it is away from home. */
  readonly homeAddressOption?: Ipv6Address;
  /** The receiver's, in a type 2 routing header (section 6.4): it is away from home. */
  readonly routingHomeAddress?: Ipv6Address;
  readonly mobilityHeader: Uint8Array;
}

/** An IPv6 packet with this mobility header, its checksum filled in over the home addresses (section 6.1.1). */
export function encodeMobilityPacket(parts: MobilityPacketParts): Uint8Array {
  const { source, destination, homeAddressOption, routingHomeAddress, mobilityHeader } = parts;
  // In the order of RFC 8200 section 4.1: the Home Address option follows a routing header (section 6.3).
  const extensions: Uint8Array[] = [];
  let nextHeader: number = Protocol.mobilityHeader;
  if (homeAddressOption !== undefined) {
    const options = [{ kind: "homeAddress", homeAddress: homeAddressOption } as const];
    extensions.unshift(encodeExtensionHeader({ kind: "destinationOptions", nextHeader, options }));
    nextHeader = Protocol.destinationOptions;
  }
  if (routingHomeAddress !== undefined) {
    const routing = { nextHeader, segmentsLeft: 1, homeAddress: routingHomeAddress };
    extensions.unshift(encodeExtensionHeader({ kind: "homeAddressRouting", ...routing }));
    nextHeader = Protocol.routing;
  }
  const start = IPV6_HEADER_OCTETS + extensions.reduce((octets, { length }) => octets + length, 0);
  const packet = new Uint8Array(start + mobilityHeader.length);
  const payloadLength = packet.length - IPV6_HEADER_OCTETS;
  const ipv6 = { trafficClass: 0, flowLabel: 0, payloadLength, nextHeader, hopLimit: HOP_LIMIT };
  encodeIpv6HeaderInto({ ...ipv6, source, destination }, packet, 0);
  let offset = IPV6_HEADER_OCTETS;
  for (const extension of extensions) {
    packet.set(extension, offset);
    offset += extension.length;
  }
  packet.set(mobilityHeader, start);
  packet.fill(0, start + CHECKSUM_OFFSET, start + CHECKSUM_OFFSET + 2);
  const checksum = ipv6UpperLayerChecksum({
    source: ipv6Octets(homeAddressOption ?? source),
    destination: ipv6Octets(routingHomeAddress ?? destination),
    nextHeader: Protocol.mobilityHeader,
    bytes: packet,
    start,
    end: packet.length,
  });
  packet[start + CHECKSUM_OFFSET] = checksum >> 8;
  packet[start + CHECKSUM_OFFSET + 1] = checksum;
  return packet;
}
