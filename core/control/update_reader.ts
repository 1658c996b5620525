import { type IpAddress, type Ipv6Address, isRoutableUnicastIpv6, isUnicastIpv4 } from "../wire/address.ts";
import type { BindingUpdate } from "../wire/mobility_message.ts";
import { findOption } from "../wire/mobility_option.ts";
import type { MobilityPacket } from "../wire/mobility_packet.ts";
import type { ReceivedProtection } from "./esp/security_association.ts";
import type { SignallingEvent } from "./event.ts";
import { pathTo, type SignallingPath } from "./signalling_path.ts";

/** A Binding Update as it came. */
export interface ClaimedUpdate {
  /** The way back. */
  readonly path: SignallingPath;
  readonly packet: MobilityPacket;
  readonly update: BindingUpdate;
  readonly homeAddress: Ipv6Address;
  /**
   * Over IPv6 the Alternate Care-of Address option or the source; over IPv4 the IPv4 care-of address option: what
   * the mobile node knows of its address. Undefined where an update over IPv4 has none.
   */
  readonly careOfAddress: IpAddress | undefined;
  /** Of the ESP header that the update came under; undefined: none. */
  readonly protection: ReceivedProtection | undefined;
}

export type ReadUpdate =
  | { readonly kind: "claim"; readonly claim: ClaimedUpdate }
  /** To be discarded silently. */
  | { readonly kind: "dropped"; readonly reason: string };

/**
 * The home address and the care-of address of a Binding Update (RFC 6275 sections 9.5.1 and 10.3.1, RFC 5555
 * section 4.5).
 */
export function readUpdate(
  { outer, protection }: SignallingEvent,
  packet: MobilityPacket,
  update: BindingUpdate,
): ReadUpdate {
  const { source, homeAddressOption } = packet;
  const homeAddress = homeAddressOption ?? source;
  if (!isRoutableUnicastIpv6(homeAddress)) return dropped("home address is not unicast");
  if (findOption(update.options, "nonceIndices")) return dropped("nonce indices in a home registration");
  // The window of ESP takes what came late, and nothing tells how late: whoever holds an update back must not choose when it counts.
  if (protection?.isLatest === false) return dropped("an update that came after a later message under ESP");
  const path = pathTo(outer, source);
  if (path.kind === "ipv6") {
    const alternate = findOption(update.options, "alternateCareOfAddress")?.careOfAddress;
    // ESP does not cover the IPv6 header (RFC 6275 section 11.7.1).
    if (protection !== undefined && alternate === undefined && homeAddressOption !== undefined) {
      return dropped("ESP without an Alternate Care-of Address option");
    }
    // Somebody has brought it here from IPv4, where it was no update from home.
    if (protection !== undefined && findOption(update.options, "ipv4CareOfAddress")) {
      return dropped("ESP over IPv6 around an IPv4 Care-of Address option");
    }
    const claim = { path, packet, update, homeAddress, careOfAddress: alternate ?? source, protection };
    // Without the option a node speaks from its home address: at home, where it can only de-register.
    if (homeAddressOption === undefined && !isDeregistration(claim)) return dropped("no Home Address option");
    return { kind: "claim", claim };
  }
  if (homeAddress !== source) return dropped("home address is not the inner source");
  const careOfAddress = findOption(update.options, "ipv4CareOfAddress")?.careOfAddress;
  if (careOfAddress !== undefined && !isUnicastIpv4(careOfAddress)) {
    return dropped("care-of address is not unicast");
  }
  return { kind: "claim", claim: { path, packet, update, homeAddress, careOfAddress, protection } };
}

/** Does this ask for the removal of the binding (RFC 6275 section 9.5.1)? */
export function isDeregistration({ update, homeAddress, careOfAddress }: ClaimedUpdate): boolean {
  return update.lifetimeSeconds === 0 || careOfAddress === homeAddress;
}

function dropped(reason: string): ReadUpdate {
  return { kind: "dropped", reason };
}
