import { type IpAddress, isIpv4 } from "../wire/address.ts";
import { encodeMobilityPacket } from "../wire/mobility_packet.ts";
import type { SendPacket, SendSignalling } from "./action.ts";
import type { MobileNodeSettings } from "./settings.ts";

/**
 * Sends a mobility header of a mobile node. From an IPv6 care-of address: IPv6 (care-of -> home agent) / Home Address option /
 * mobility header (RFC 6275 section 11.7.1), at home without that option. From an IPv4 one: IPv4 (care-of -> home agent) /
 * UDP / IPv6 (home address -> home agent) / mobility header (RFC 5555 section 4.4.2).
 */
export function toHomeAgent(
  mobilityHeader: Uint8Array,
  careOfAddress: IpAddress,
  { homeAddress, homeAgentAddress: destination, homeAgentIpv4Address, homeAgentPort }: MobileNodeSettings,
): SendSignalling | SendPacket {
  if (!isIpv4(careOfAddress)) {
    const homeAddressOption = careOfAddress === homeAddress ? undefined : homeAddress;
    const parts = { source: careOfAddress, destination, homeAddressOption, mobilityHeader };
    return { kind: "sendPacket", source: careOfAddress, packet: encodeMobilityPacket(parts) };
  }
  if (homeAgentIpv4Address === undefined) {
    throw new Error("An IPv4 care-of address without a way to use it");
  }
  return {
    kind: "sendSignalling",
    source: careOfAddress,
    destination: homeAgentIpv4Address,
    destinationPort: homeAgentPort,
    packet: encodeMobilityPacket({ source: homeAddress, destination, mobilityHeader }),
  };
}
