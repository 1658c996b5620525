import {
  formatIpv6,
  type Ipv6Address,
  ipv6Octets,
  type Ipv6Prefix,
  isRoutableUnicastIpv6,
} from "../wire/address.ts";
import { Protocol } from "../wire/constants.ts";
import {
  decodeExtensionHeaders,
  encodeExtensionHeader,
  type ExtensionHeader,
} from "../wire/extension_header.ts";
import { decodeIcmpv6Message, encodeIcmpv6Message, type Icmpv6Message } from "../wire/icmpv6.ts";
import {
  addressDiscoveryReply,
  type AdvertisedPrefix,
  homeAgentRequestIn,
  mobilePrefixAdvertisement,
} from "../wire/icmpv6_home_agent.ts";
import { decodeIpv6Header, encodeIpv6Header, IPV6_HEADER_OCTETS } from "../wire/ipv6.ts";

/** Addresses that fit a packet of the minimum IPv6 MTU (RFC 6275 section 10.5.1): (1280 - 40 - 8) / 16. */
const MAXIMUM_HOME_AGENTS = 77;
const HOP_LIMIT = 64;

/** What a home agent says of its home link. */
export interface HomeLinkFacts {
  /** Of this home agent. */
  readonly address: Ipv6Address;
  readonly homePrefix: Ipv6Prefix;
  /** All home agents of the link, the most preferred first; those of equal preference in random order. */
  readonly homeAgents: readonly Ipv6Address[];
  /** Do they serve mobile routers (RFC 3963 section 7.2)? */
  readonly mobileRouters: boolean;
  readonly prefixes: readonly AdvertisedPrefix[];
  /** Has this home address a binding to this care-of address? */
  readonly isBound: (homeAddress: Ipv6Address, careOfAddress: Ipv6Address) => boolean;
}

/**
 * The whole IPv6 packet that answers a Home Agent Address Discovery Request (RFC 6275 section 10.5.1) or a Mobile Prefix
 * Solicitation (section 10.6.2); undefined for whatever is not to be answered. Who calls it limits the rate.
 */
export function answerDiscovery(packet: Uint8Array, facts: HomeLinkFacts): Uint8Array | undefined {
  const asked = readRequest(packet);
  if (asked === undefined || !isRoutableUnicastIpv6(asked.source)) return undefined;
  const { source, destination, homeAddress, request } = asked;
  const { identifier } = request;
  if (request.kind === "addressDiscoveryRequest") {
    if (homeAddress !== undefined || destination !== homeAgentsAnycast(facts.homePrefix)) return undefined;
    const served = !request.mobileRouter || facts.mobileRouters;
    const homeAgents = served ? facts.homeAgents.slice(0, MAXIMUM_HOME_AGENTS) : [];
    const reply = addressDiscoveryReply(identifier, request.mobileRouter && facts.mobileRouters, homeAgents);
    return encodeAnswer(facts.address, source, undefined, reply);
  }
  // Only to a mobile node of ours that is where it says.
  if (destination !== facts.address || homeAddress === undefined) return undefined;
  if (!facts.isBound(homeAddress, source)) return undefined;
  return encodeAnswer(
    facts.address,
    source,
    homeAddress,
    mobilePrefixAdvertisement(identifier, facts.prefixes),
  );
}

/** The Mobile IPv6 home agents anycast address of a prefix (RFC 2526: anycast identifier 126). */
export function homeAgentsAnycast({ address, length }: Ipv6Prefix): Ipv6Address {
  const octets = ipv6Octets(address);
  for (let bit = length; bit < 128; bit++) octets[bit >> 3] |= 0x80 >> (bit & 7);
  // An interface identifier in EUI-64 format has the universal/local bit clear.
  if (length === 64) octets[8] = 0xfd;
  octets[15] = 0xfe;
  return formatIpv6(octets);
}

function readRequest(packet: Uint8Array) {
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
  const addresses = { source: homeAddress ?? source, destination };
  const decoded = decodeIcmpv6Message(packet, chain.value.offset, end, addresses);
  if (!decoded.ok || !decoded.value.checksumValid) return undefined;
  const request = homeAgentRequestIn(decoded.value.message);
  return request && { source, destination, homeAddress, request };
}

/** The Home Address option; "refused" where other headers stand there, or more than one option. */
function homeAddressIn(headers: readonly ExtensionHeader[]): Ipv6Address | undefined | "refused" {
  if (headers.length === 0) return undefined;
  const [header, ...more] = headers;
  if (more.length > 0 || header.kind !== "destinationOptions" || header.options.length !== 1) {
    return "refused";
  }
  const [option] = header.options;
  return option.kind === "homeAddress" ? option.homeAddress : "refused";
}

/** With a type 2 routing header where the mobile node is known by its home address (section 10.6.3). */
function encodeAnswer(
  source: Ipv6Address,
  destination: Ipv6Address,
  homeAddress: Ipv6Address | undefined,
  message: Icmpv6Message,
): Uint8Array {
  const icmp = encodeIcmpv6Message(message, { source, destination: homeAddress ?? destination });
  const routing = homeAddress === undefined ? new Uint8Array(0) : encodeExtensionHeader({
    kind: "homeAddressRouting",
    nextHeader: Protocol.icmpv6,
    segmentsLeft: 1,
    homeAddress,
  });
  const header = encodeIpv6Header({
    trafficClass: 0,
    flowLabel: 0,
    payloadLength: routing.length + icmp.length,
    nextHeader: homeAddress === undefined ? Protocol.icmpv6 : Protocol.routing,
    hopLimit: HOP_LIMIT,
    source,
    destination,
  });
  const packet = new Uint8Array(header.length + routing.length + icmp.length);
  packet.set(header);
  packet.set(routing, header.length);
  packet.set(icmp, header.length + routing.length);
  return packet;
}
