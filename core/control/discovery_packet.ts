import type { Ipv6Address } from "../wire/address.ts";
import { Protocol } from "../wire/constants.ts";
import {
  decodeExtensionHeaders,
  encodeExtensionHeader,
  type ExtensionHeader,
} from "../wire/extension_header.ts";
import { decodeIcmpv6Message, encodeIcmpv6Message, type Icmpv6Message } from "../wire/icmpv6.ts";
import { decodeIpv6Header, encodeIpv6Header, IPV6_HEADER_OCTETS } from "../wire/ipv6.ts";

/**
 * A message of home agent or prefix discovery (RFC 6275 sections 6.5 to 6.8) in its IPv6 packet. A mobile node that is away
 * is known by its home address: in a Home Address option when it sends, in a type 2 routing header when it receives.
 */
export interface DiscoveryPacket {
  /** Of the IPv6 header. */
  readonly source: Ipv6Address;
  /** Of the IPv6 header. */
  readonly destination: Ipv6Address;
  readonly homeAddressOption?: Ipv6Address;
  readonly routingHomeAddress?: Ipv6Address;
  readonly message: Icmpv6Message;
}

const HOP_LIMIT = 64;

/** Undefined where the packet is malformed, its checksum is wrong, or other headers stand there. */
export function readDiscoveryPacket(packet: Uint8Array): DiscoveryPacket | undefined {
  const ipv6 = decodeIpv6Header(packet, 0);
  if (!ipv6.ok) return undefined;
  const { source, destination, payloadLength, nextHeader } = ipv6.value;
  const end = IPV6_HEADER_OCTETS + payloadLength;
  if (end > packet.length) return undefined;
  const chain = decodeExtensionHeaders(packet, IPV6_HEADER_OCTETS, end, nextHeader);
  if (!chain.ok || chain.value.nextHeader !== Protocol.icmpv6) return undefined;
  const homeAddress = homeAddressIn(chain.value.headers);
  if (homeAddress === "refused") return undefined;
  // The checksum is over the home address where there is one (RFC 6275 section 11.3.1).
  const addresses = {
    source: homeAddress.homeAddressOption ?? source,
    destination: homeAddress.routingHomeAddress ?? destination,
  };
  const decoded = decodeIcmpv6Message(packet, chain.value.offset, end, addresses);
  if (!decoded.ok || !decoded.value.checksumValid) return undefined;
  return { source, destination, ...homeAddress, message: decoded.value.message };
}

/** One header at most: a Home Address option, or a type 2 routing header. */
function homeAddressIn(
  headers: readonly ExtensionHeader[],
): Pick<DiscoveryPacket, "homeAddressOption" | "routingHomeAddress"> | "refused" {
  if (headers.length === 0) return {};
  const [header, ...more] = headers;
  if (more.length > 0) return "refused";
  if (header.kind === "homeAddressRouting" && header.segmentsLeft === 1) {
    return { routingHomeAddress: header.homeAddress };
  }
  if (header.kind !== "destinationOptions" || header.options.length !== 1) return "refused";
  const [option] = header.options;
  return option.kind === "homeAddress" ? { homeAddressOption: option.homeAddress } : "refused";
}

/** The whole IPv6 packet, its checksum filled in. */
export function encodeDiscoveryPacket(
  { source, destination, homeAddressOption, routingHomeAddress, message }: DiscoveryPacket,
): Uint8Array {
  const icmp = encodeIcmpv6Message(message, {
    source: homeAddressOption ?? source,
    destination: routingHomeAddress ?? destination,
  });
  const [nextHeader, extension] = extensionHeader(homeAddressOption, routingHomeAddress);
  const header = encodeIpv6Header({
    trafficClass: 0,
    flowLabel: 0,
    payloadLength: extension.length + icmp.length,
    nextHeader,
    hopLimit: HOP_LIMIT,
    source,
    destination,
  });
  const packet = new Uint8Array(header.length + extension.length + icmp.length);
  packet.set(header);
  packet.set(extension, header.length);
  packet.set(icmp, header.length + extension.length);
  return packet;
}

/** With the number that names it in the header before; none where no home address goes with the packet. */
function extensionHeader(
  homeAddressOption: Ipv6Address | undefined,
  routingHomeAddress: Ipv6Address | undefined,
): [protocol: number, octets: Uint8Array] {
  const nextHeader = Protocol.icmpv6;
  if (routingHomeAddress !== undefined) {
    const header = { nextHeader, segmentsLeft: 1, homeAddress: routingHomeAddress };
    return [Protocol.routing, encodeExtensionHeader({ kind: "homeAddressRouting", ...header })];
  }
  if (homeAddressOption === undefined) return [nextHeader, new Uint8Array(0)];
  const options = [{ kind: "homeAddress" as const, homeAddress: homeAddressOption }];
  const octets = encodeExtensionHeader({ kind: "destinationOptions", nextHeader, options });
  return [Protocol.destinationOptions, octets];
}
