import { MINIMUM_IPV6_MTU } from "../forwarding/limits.ts";
import { formatIpv6, type Ipv6Address, isRoutableUnicastIpv6 } from "../wire/address.ts";
import { Protocol } from "../wire/constants.ts";
import { decodeExtensionHeaders } from "../wire/extension_header.ts";
import { encodeIcmpv6Message, type Icmpv6Message } from "../wire/icmpv6.ts";
import { decodeIpv6Header, encodeIpv6Header, IPV6_HEADER_OCTETS } from "../wire/ipv6.ts";
import { readUint32 } from "../wire/octets.ts";

/** An ICMPv6 error about a packet that a home agent sent through a tunnel over IPv6 (RFC 2473 section 8). */
export interface TunnelError {
  /** Where the tunnel leads: a care-of address, if it is true. */
  readonly tunnelEnd: Ipv6Address;
  readonly source: Ipv6Address;
  readonly destination: Ipv6Address;
  /** The start of the packet in the tunnel, which these addresses are of. */
  readonly original: Uint8Array;
  /** Octets that the tunnel's packets may have; undefined: nothing arrives. */
  readonly pathMtu: number | undefined;
}

const DESTINATION_UNREACHABLE = 1;
const PACKET_TOO_BIG = 2;
const TIME_EXCEEDED = 3;
/** ICMPv6 types from here on are no errors (RFC 4443 section 2.1). */
const FIRST_INFORMATIONAL_TYPE = 128;
const ERROR_HEAD_OCTETS = 8;
const ADDRESS_UNREACHABLE_CODE = 3;
const HOP_LIMIT = 64;

/**
 * Reads an ICMPv6 message, from its type on, with a checksum that is right.
 * @param ownAddress that of the home agent, where its tunnels begin
 * @returns undefined for what is about no tunnel packet, or quotes too little of it
 */
export function readTunnelError(message: Uint8Array, ownAddress: Ipv6Address): TunnelError | undefined {
  const type = message[0];
  if (type !== DESTINATION_UNREACHABLE && type !== PACKET_TOO_BIG && type !== TIME_EXCEEDED) return undefined;
  const outer = decodeIpv6Header(message, ERROR_HEAD_OCTETS);
  if (!outer.ok || outer.value.source !== ownAddress || outer.value.nextHeader !== Protocol.ipv6) {
    return undefined;
  }
  const original = message.subarray(ERROR_HEAD_OCTETS + IPV6_HEADER_OCTETS);
  const inner = decodeIpv6Header(original, 0);
  if (!inner.ok || outer.value.payloadLength !== IPV6_HEADER_OCTETS + inner.value.payloadLength) {
    return undefined;
  }
  const { source, destination } = inner.value;
  const pathMtu = type === PACKET_TOO_BIG ? readUint32(message, 4) : undefined;
  return { tunnelEnd: outer.value.destination, source, destination, original, pathMtu };
}

/**
 * The whole IPv6 packet that tells the sender of the original packet (RFC 2473 section 8.2).
 * @param source the home agent's address
 * @returns undefined where nobody may be told (RFC 4443 section 2.4 e), or what is too big is no larger than any link carries
 */
export function relayedError(error: TunnelError, source: Ipv6Address): Uint8Array | undefined {
  const { original, source: destination } = error;
  if (!isRoutableUnicastIpv6(destination) || !mayBeAnswered(original)) return undefined;
  const invokingPacket = original.subarray(0, MINIMUM_IPV6_MTU - IPV6_HEADER_OCTETS - ERROR_HEAD_OCTETS);
  const message = messageAbout(error, invokingPacket);
  if (message === undefined) return undefined;
  const icmp = encodeIcmpv6Message(message, { source, destination });
  const header = encodeIpv6Header({
    trafficClass: 0,
    flowLabel: 0,
    payloadLength: icmp.length,
    nextHeader: Protocol.icmpv6,
    hopLimit: HOP_LIMIT,
    source,
    destination,
  });
  const packet = new Uint8Array(header.length + icmp.length);
  packet.set(header);
  packet.set(icmp, header.length);
  return packet;
}

function messageAbout(
  { original, pathMtu }: TunnelError,
  invokingPacket: Uint8Array,
): Icmpv6Message | undefined {
  if (pathMtu === undefined) {
    return { kind: "destinationUnreachable", code: ADDRESS_UNREACHABLE_CODE, invokingPacket };
  }
  const octets = IPV6_HEADER_OCTETS + (original[4] << 8 | original[5]);
  const mtu = Math.max(MINIMUM_IPV6_MTU, pathMtu - IPV6_HEADER_OCTETS);
  return octets <= mtu ? undefined : { kind: "packetTooBig", code: 0, mtu, invokingPacket };
}

/** Not an error, and not to many nodes. */
function mayBeAnswered(original: Uint8Array): boolean {
  if (!isRoutableUnicastIpv6(formatIpv6(original, 24))) return false;
  const chain = decodeExtensionHeaders(original, IPV6_HEADER_OCTETS, original.length, original[6]);
  if (!chain.ok) return false;
  const { nextHeader, offset } = chain.value;
  return nextHeader !== Protocol.icmpv6 ||
    (offset < original.length && original[offset] >= FIRST_INFORMATIONAL_TYPE);
}
