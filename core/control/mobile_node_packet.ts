import type { IpAddress } from "../wire/address.ts";
import { Protocol } from "../wire/constants.ts";
import { decodeMobilityPacket, type MobilityPacket } from "../wire/mobility_packet.ts";
import { describeWireError } from "../wire/result.ts";
import type { SignallingEvent } from "./event.ts";
import type { MobileNodeSettings } from "./settings.ts";

export type MobileNodePacket =
  | {
    readonly kind: "packet";
    readonly packet: MobilityPacket;
    /** False: for the care-of address alone, as a Binding Error is (RFC 6275 section 9.3.3). */
    readonly forHomeAddress: boolean;
  }
  | { readonly kind: "dropped"; readonly reason: string; readonly fault?: string };

/**
 * Reads a mobility message of the home agent (RFC 6275 section 9.2). Over IPv4 it is for the home address (RFC 5555
 * section 4.2); over IPv6 for the care-of address, with the home address in a type 2 routing header (section
 * 6.4), or at home for the home address.
 */
export function readMobileNodePacket(
  { packet: bytes, outer, protection }: SignallingEvent,
  careOfAddress: IpAddress | undefined,
  { homeAddress, homeAgentAddress, requiresEsp }: MobileNodeSettings,
): MobileNodePacket {
  const decoded = decodeMobilityPacket(bytes);
  if (!decoded.ok) return dropped("malformed mobility packet", describeWireError(decoded.error));
  const packet = decoded.value;
  if (!packet.checksumValid) return dropped("wrong mobility header checksum");
  if (packet.header.payloadProtocol !== Protocol.noNextHeader) {
    return dropped("a payload in a mobility header");
  }
  if (packet.source !== homeAgentAddress) return dropped("not from the home agent");
  if (packet.homeAddressOption !== undefined) return dropped("a home agent with a Home Address option");
  if (requiresEsp && protection === undefined && packet.header.message.kind !== "bindingError") {
    return dropped("not protected by ESP");
  }
  // It is about the registration that stood when it was sent; under ESP alone nothing else says which.
  if (protection?.isLatest === false && packet.header.message.kind === "bindingRevocationIndication") {
    return dropped("a revocation that came after a later message under ESP");
  }
  const { destination, routingHomeAddress } = packet;
  const direct = routingHomeAddress === undefined && destination === homeAddress;
  const routed = outer === undefined && routingHomeAddress === homeAddress;
  if (direct || routed) return { kind: "packet", packet, forHomeAddress: true };
  const forCareOfAddress = outer === undefined && routingHomeAddress === undefined &&
    destination === careOfAddress;
  if (!forCareOfAddress) return dropped("not for the home address");
  return { kind: "packet", packet, forHomeAddress: false };
}

function dropped(reason: string, fault?: string): MobileNodePacket {
  return { kind: "dropped", reason, fault };
}
