import { type Ipv6Address, ipv6Octets } from "../../wire/address.ts";
import { ipv6UpperLayerChecksum } from "../../wire/checksum.ts";
import { Protocol } from "../../wire/constants.ts";
import { DHCPV6_SERVER_PORT } from "../../wire/dhcpv6.ts";
import { encodeIpv6Header } from "../../wire/ipv6.ts";
import { decodeMobileIpv6Envelope, endsOf } from "../../wire/mobile_ipv6_envelope.ts";
import { writeUint16 } from "../../wire/octets.ts";
import { describeWireError } from "../../wire/result.ts";
import { decodeUdpHeader, encodeUdpHeader } from "../../wire/udp.ts";

const HOP_LIMIT = 64;
const UDP_HEADER_OCTETS = 8;
const UDP_CHECKSUM_OFFSET = 6;
/** What is sent where the checksum comes out as 0 (RFC 8200 section 8.1). */
const CHECKSUM_OF_ZERO = 0xffff;

/** DHCPv6 between the relay agent in a mobile router and its home agent. */
export interface DelegationPacket {
  /** The home address, or the home agent's address; `destination` is the other. */
  readonly source: Ipv6Address;
  readonly destination: Ipv6Address;
  /** UDP data. */
  readonly datagram: Uint8Array;
}

/** The whole IPv6 packet, as ESP protects it. Both ports are those of relay agents and servers (RFC 8415 section 7.2). */
export function encodeDelegationPacket({ source, destination, datagram }: DelegationPacket): Uint8Array {
  const length = UDP_HEADER_OCTETS + datagram.length;
  const ports = { sourcePort: DHCPV6_SERVER_PORT, destinationPort: DHCPV6_SERVER_PORT };
  const udp = new Uint8Array(length);
  udp.set(encodeUdpHeader({ ...ports, length, checksum: 0 }));
  udp.set(datagram, UDP_HEADER_OCTETS);
  const checksum = checksumOf(udp, source, destination) || CHECKSUM_OF_ZERO;
  writeUint16(udp, UDP_CHECKSUM_OFFSET, checksum, "UDP checksum");
  const header = encodeIpv6Header({
    trafficClass: 0,
    flowLabel: 0,
    payloadLength: length,
    nextHeader: Protocol.udp,
    hopLimit: HOP_LIMIT,
    source,
    destination,
  });
  const packet = new Uint8Array(header.length + length);
  packet.set(header);
  packet.set(udp, header.length);
  return packet;
}

/** What isDelegation() has let through; or why it is none. */
export function readDelegationPacket(packet: Uint8Array): DelegationPacket | string {
  const envelope = decodeMobileIpv6Envelope(packet);
  if (!envelope.ok) return describeWireError(envelope.error);
  const { source, destination } = endsOf(envelope.value);
  const udp = packet.subarray(envelope.value.offset, envelope.value.end);
  const header = decodeUdpHeader(udp, 0);
  if (!header.ok) return describeWireError(header.error);
  const { length, checksum } = header.value;
  if (length !== udp.length) return "another UDP length than the packet has";
  // RFC 8200 section 8.1: there is one with IPv6.
  if (checksum === 0 || checksumOf(udp, source, destination) !== 0) return "wrong UDP checksum";
  return { source, destination, datagram: udp.slice(UDP_HEADER_OCTETS) };
}

/** Is this upper layer DHCPv6 between a relay agent and a server? All other UDP is traffic. */
export function isDelegation(protocol: number, upperLayer: Uint8Array): boolean {
  if (protocol !== Protocol.udp) return false;
  const header = decodeUdpHeader(upperLayer, 0);
  return header.ok && header.value.sourcePort === DHCPV6_SERVER_PORT &&
    header.value.destinationPort === DHCPV6_SERVER_PORT;
}

/** Over a datagram that holds its own right checksum it is 0. */
function checksumOf(udp: Uint8Array, source: Ipv6Address, destination: Ipv6Address): number {
  return ipv6UpperLayerChecksum({
    source: ipv6Octets(source),
    destination: ipv6Octets(destination),
    bytes: udp,
    start: 0,
    end: udp.length,
    nextHeader: Protocol.udp,
  });
}
