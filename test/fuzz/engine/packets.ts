import { Protocol } from "../../../core/wire/constants.ts";
import { finishChecksum, ipv6UpperLayerChecksum, onesComplementSum } from "../../../core/wire/checksum.ts";
import { decodeExtensionHeaders, type ExtensionHeader } from "../../../core/wire/extension_header.ts";
import { ipv6Octets } from "../../../core/wire/address.ts";
import { IPV6_HEADER_OCTETS } from "../../../core/wire/ipv6.ts";
import { writeUint16 } from "../../../core/wire/octets.ts";

const CHECKSUM_OFFSETS: Readonly<Record<number, number>> = {
  [Protocol.mobilityHeader]: 4,
  [Protocol.icmpv6]: 2,
  [Protocol.udp]: 6,
};

/**
 * Makes the lengths and checksums of a packet right, where it is whole enough to have them: a mutation that breaks them would
 * keep all others from what is behind. Changes the octets given.
 */
export function repair(packet: Uint8Array): Uint8Array {
  const version = packet[0] >> 4;
  if (version === 6 && packet.length >= IPV6_HEADER_OCTETS) repairIpv6(packet);
  if (version === 4 && packet.length >= 20) repairIpv4(packet);
  return packet;
}

function repairIpv6(packet: Uint8Array): void {
  writeUint16(packet, 4, packet.length - IPV6_HEADER_OCTETS, "payload length");
  const chain = decodeExtensionHeaders(packet, IPV6_HEADER_OCTETS, packet.length, packet[6]);
  if (!chain.ok) return;
  const { headers, nextHeader, offset: start } = chain.value;
  const at = start + CHECKSUM_OFFSETS[nextHeader];
  if (!(at + 2 <= packet.length)) return;
  packet.fill(0, at, at + 2);
  const { source, destination } = pseudoAddresses(packet, headers);
  // A mobility header says itself how long it is.
  const said = nextHeader === Protocol.mobilityHeader ? start + 8 * (packet[start + 1] + 1) : packet.length;
  const end = Math.min(said, packet.length);
  const layer = { source, destination, nextHeader, bytes: packet, start, end };
  writeUint16(packet, at, ipv6UpperLayerChecksum(layer), "checksum");
}

/** The home addresses stand for those of the header (RFC 6275 section 6.1.1). */
function pseudoAddresses(packet: Uint8Array, headers: readonly ExtensionHeader[]) {
  let source = packet.subarray(8, 24);
  let destination = packet.subarray(24, 40);
  for (const header of headers) {
    if (header.kind === "homeAddressRouting") destination = ipv6Octets(header.homeAddress);
    if (header.kind !== "destinationOptions") continue;
    for (const option of header.options) {
      if (option.kind === "homeAddress") source = ipv6Octets(option.homeAddress);
    }
  }
  return { source, destination };
}

function repairIpv4(packet: Uint8Array): void {
  const headerOctets = Math.min(4 * (packet[0] & 15), packet.length);
  if (headerOctets < 20) return;
  writeUint16(packet, 2, packet.length, "total length");
  packet.fill(0, 10, 12);
  writeUint16(packet, 10, finishChecksum(onesComplementSum(packet, 0, headerOctets)), "checksum");
}
