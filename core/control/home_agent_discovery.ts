import {
  formatIpv6,
  type Ipv6Address,
  ipv6Octets,
  type Ipv6Prefix,
  isRoutableUnicastIpv6,
} from "../wire/address.ts";
import {
  addressDiscoveryReply,
  type AdvertisedPrefix,
  homeAgentRequestIn,
  mobilePrefixAdvertisement,
} from "../wire/icmpv6_home_agent.ts";
import { encodeDiscoveryPacket, readDiscoveryPacket } from "./discovery_packet.ts";

/** Addresses that fit a packet of the minimum IPv6 MTU (RFC 6275 section 10.5.1): (1280 - 40 - 8) / 16. */
export const MAXIMUM_HOME_AGENTS = 77;

/** What a home agent says of its home link. */
export interface HomeLinkFacts {
  /** Of this home agent. */
  readonly address: Ipv6Address;
  readonly homePrefix: Ipv6Prefix;
  /**
   * All home agents of the link, the most preferred first; those of equal preference in random order. `mobileRouters`: only
   * those that serve mobile routers (RFC 3963 section 7.2).
   */
  readonly homeAgents: (mobileRouters: boolean) => readonly Ipv6Address[];
  readonly prefixes: readonly AdvertisedPrefix[];
  /** Has this home address a binding to this care-of address, and no advertisement of the last second? Asked when all else is right. */
  readonly mayAdvertiseTo: (homeAddress: Ipv6Address, careOfAddress: Ipv6Address) => boolean;
}

/**
 * The whole IPv6 packet that answers a Home Agent Address Discovery Request (RFC 6275 section 10.5.1) or a Mobile Prefix
 * Solicitation (section 10.6.2); undefined for whatever is not to be answered. Who calls it limits the rate.
 */
export function answerDiscovery(request: Uint8Array, facts: HomeLinkFacts): Uint8Array | undefined {
  const read = readDiscoveryPacket(request);
  if (read === undefined || read.routingHomeAddress !== undefined) return undefined;
  const { source, destination, homeAddressOption: homeAddress } = read;
  const asked = homeAgentRequestIn(read.message);
  if (asked === undefined || !isRoutableUnicastIpv6(source)) return undefined;
  const answer = { source: facts.address, destination: source };
  if (asked.kind === "addressDiscoveryRequest") {
    if (homeAddress !== undefined || destination !== homeAgentsAnycast(facts.homePrefix)) return undefined;
    const homeAgents = facts.homeAgents(asked.mobileRouter).slice(0, MAXIMUM_HOME_AGENTS);
    const mobileRouter = asked.mobileRouter && homeAgents.length > 0;
    const message = addressDiscoveryReply(asked.identifier, mobileRouter, homeAgents);
    return encodeDiscoveryPacket({ ...answer, message });
  }
  // Only to a mobile node of ours that is where it says.
  if (destination !== facts.address || homeAddress === undefined) return undefined;
  if (!facts.mayAdvertiseTo(homeAddress, source)) return undefined;
  const message = mobilePrefixAdvertisement(asked.identifier, facts.prefixes);
  return encodeDiscoveryPacket({ ...answer, routingHomeAddress: homeAddress, message });
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
