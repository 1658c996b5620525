import type { Ipv6Address } from "./address.ts";
import { decodeExtensionHeaders, type ExtensionHeaderChain, type Ipv6Option } from "./extension_header.ts";
import { decodeIpv6Header, IPV6_HEADER_OCTETS } from "./ipv6.ts";
import { writeUint16 } from "./octets.ts";
import { type Decoded, decoded, malformed } from "./result.ts";

/** The headers in front of the upper layer of an IPv6 packet, as Mobile IPv6 reads them. */
export interface MobileIpv6Envelope {
  /** Of the IPv6 header. */
  readonly source: Ipv6Address;
  /** Of the IPv6 header. */
  readonly destination: Ipv6Address;
  /** Of the Home Address destination option: the sender, when it is away from home. */
  readonly homeAddressOption: Ipv6Address | undefined;
  /** Of the type 2 routing header: the receiver, when it is away from home. */
  readonly routingHomeAddress: Ipv6Address | undefined;
  /** Of what follows all extension headers. */
  readonly protocol: number;
  /** Where the protocol number stands in the packet. */
  readonly protocolOffset: number;
  /** Where the upper layer begins. */
  readonly offset: number;
  /** Where the payload of the IPv6 header ends. */
  readonly end: number;
}

/** Decodes what is in front of the upper layer. Octets after the payload length are not looked at. */
export function decodeMobileIpv6Envelope(packet: Uint8Array): Decoded<MobileIpv6Envelope> {
  const ipv6 = decodeIpv6Header(packet, 0);
  if (!ipv6.ok) return ipv6;
  const { source, destination, payloadLength, nextHeader } = ipv6.value;
  const end = IPV6_HEADER_OCTETS + payloadLength;
  if (end > packet.length) return malformed(4, "IPv6 payload length", "goes past the end of the packet");
  const chain = decodeExtensionHeaders(packet, IPV6_HEADER_OCTETS, end, nextHeader);
  if (!chain.ok) return chain;
  const addresses = homeAddresses(chain.value);
  if (!addresses.ok) return addresses;
  const { offset, nextHeader: protocol, offsets } = chain.value;
  const protocolOffset = offsets.at(-1) ?? IPV6_NEXT_HEADER_OFFSET;
  return decoded({ source, destination, ...addresses.value, protocol, protocolOffset, offset, end });
}

/** Who sent the packet and who is to have it, by their home addresses where they are given (RFC 6275 section 11.3.2). */
export function endsOf(
  { source, destination, homeAddressOption, routingHomeAddress }: MobileIpv6Envelope,
): { readonly source: Ipv6Address; readonly destination: Ipv6Address } {
  return { source: homeAddressOption ?? source, destination: routingHomeAddress ?? destination };
}

/** The same packet with another upper layer. */
export function withUpperLayer(
  packet: Uint8Array,
  { protocolOffset, offset }: MobileIpv6Envelope,
  protocol: number,
  upperLayer: Uint8Array,
): Uint8Array {
  const changed = new Uint8Array(offset + upperLayer.length);
  changed.set(packet.subarray(0, offset));
  changed.set(upperLayer, offset);
  changed[protocolOffset] = protocol;
  writeUint16(
    changed,
    IPV6_PAYLOAD_LENGTH_OFFSET,
    changed.length - IPV6_HEADER_OCTETS,
    "IPv6 payload length",
  );
  return changed;
}

const IPV6_PAYLOAD_LENGTH_OFFSET = 4;
const IPV6_NEXT_HEADER_OFFSET = 6;

type HomeAddresses = Pick<MobileIpv6Envelope, "homeAddressOption" | "routingHomeAddress">;

/** Goes over the extension headers as a receiver has to (RFC 8200 section 4, RFC 6275 sections 6.3, 6.4). */
function homeAddresses(chain: ExtensionHeaderChain): Decoded<HomeAddresses> {
  let homeAddressOption: Ipv6Address | undefined;
  let routingHomeAddress: Ipv6Address | undefined;
  for (const [i, header] of chain.headers.entries()) {
    const offset = chain.offsets[i];
    switch (header.kind) {
      case "hopByHopOptions":
      case "destinationOptions":
        for (const option of header.options) {
          if (asksToDiscard(option)) {
            return malformed(offset, "IPv6 option", "is unknown and asks for a discard");
          }
          if (option.kind !== "homeAddress") continue;
          if (homeAddressOption !== undefined) {
            return malformed(offset, "Home Address option", "stands there twice");
          }
          homeAddressOption = option.homeAddress;
        }
        break;
      case "homeAddressRouting":
        if (header.segmentsLeft !== 1) {
          return malformed(offset + 3, "segments left", `is ${header.segmentsLeft}, not 1`);
        }
        if (routingHomeAddress !== undefined) {
          return malformed(offset, "type 2 routing header", "stands there twice");
        }
        routingHomeAddress = header.homeAddress;
        break;
      case "otherRouting":
        if (header.segmentsLeft !== 0) {
          return malformed(offset + 2, "routing type", "is unknown, with segments left");
        }
        break;
      case "fragment":
        if (header.fragmentOffset > 0 || header.moreFragments) {
          return malformed(offset, "IPv6 packet", "is a fragment");
        }
        break;
    }
  }
  return decoded({ homeAddressOption, routingHomeAddress });
}

/** The two upper bits of an option type say what to do with an unknown option: 00 is to skip it. */
function asksToDiscard(option: Ipv6Option): boolean {
  return option.kind === "otherIpv6Option" && option.type >> 6 !== 0;
}
