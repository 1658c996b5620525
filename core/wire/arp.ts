import { formatIpv4, type Ipv4Address, ipv4Octets } from "./address.ts";
import { readUint16, writeUint16 } from "./octets.ts";
import { type Decoded, decoded, malformed } from "./result.ts";

const ARP_OCTETS = 28;
const HARDWARE_OCTETS = 6;
const ETHERNET = 1;
const IPV4_PROTOCOL = 0x0800;

export const ArpOperation = { request: 1, reply: 2 } as const;

/**
 * An ARP packet of IPv4 over Ethernet (RFC 826), the only form that is met:
 *
 *     0 hardware type 1 | 2 protocol type 0x0800 | 4 hardware length 6 | 5 protocol length 4 | 6 operation
 *     8 sender hardware address | 14 sender address | 18 target hardware address | 24 target address
 */
export interface ArpPacket {
  /** See ArpOperation; anything else may stand there. */
  readonly operation: number;
  /** Six octets, like the target's. */
  readonly senderHardwareAddress: Uint8Array;
  /** 0.0.0.0 in a probe (RFC 5227 section 2.1.1). */
  readonly senderAddress: Ipv4Address;
  readonly targetHardwareAddress: Uint8Array;
  readonly targetAddress: Ipv4Address;
}

/** Decodes a packet of its own; what follows it is the padding of the link. */
export function decodeArp(bytes: Uint8Array): Decoded<ArpPacket> {
  if (bytes.length < ARP_OCTETS) return malformed(bytes.length, "ARP packet", "is cut off");
  const hardwareType = readUint16(bytes, 0);
  if (hardwareType !== ETHERNET) return malformed(0, "hardware type", `is ${hardwareType}, not Ethernet`);
  const protocolType = readUint16(bytes, 2);
  if (protocolType !== IPV4_PROTOCOL) return malformed(2, "protocol type", `is ${protocolType}, not IPv4`);
  if (bytes[4] !== HARDWARE_OCTETS) return malformed(4, "hardware address length", `is ${bytes[4]}, not 6`);
  if (bytes[5] !== 4) return malformed(5, "protocol address length", `is ${bytes[5]}, not 4`);
  return decoded({
    operation: readUint16(bytes, 6),
    senderHardwareAddress: bytes.slice(8, 14),
    senderAddress: formatIpv4(bytes, 14),
    targetHardwareAddress: bytes.slice(18, 24),
    targetAddress: formatIpv4(bytes, 24),
  });
}

/** Throws RangeError for a record that cannot be sent. */
export function encodeArp(packet: ArpPacket): Uint8Array {
  const { senderHardwareAddress, targetHardwareAddress } = packet;
  if (senderHardwareAddress.length !== HARDWARE_OCTETS || targetHardwareAddress.length !== HARDWARE_OCTETS) {
    throw new RangeError("Cannot encode ARP packet: a hardware address has not six octets");
  }
  const buffer = new Uint8Array(ARP_OCTETS);
  writeUint16(buffer, 0, ETHERNET, "hardware type");
  writeUint16(buffer, 2, IPV4_PROTOCOL, "protocol type");
  buffer[4] = HARDWARE_OCTETS;
  buffer[5] = 4;
  writeUint16(buffer, 6, packet.operation, "operation");
  buffer.set(senderHardwareAddress, 8);
  buffer.set(ipv4Octets(packet.senderAddress), 14);
  buffer.set(targetHardwareAddress, 18);
  buffer.set(ipv4Octets(packet.targetAddress), 24);
  return buffer;
}
