import type { EgressEvent } from "./egress_event.ts";
import { MINIMUM_IPV6_MTU } from "./ipv6_limits.ts";

/** An interface as the kernel has it. */
export type LinkEvent = Extract<EgressEvent, { readonly kind: "link" }>;

const HARDWARE_ADDRESS_OCTETS = 6;
/** Of the first octet of an Ethernet address: it is one of many nodes. */
const GROUP_BIT = 0x01;

/** Does it carry IPv6 packets? */
export function isUsable(link: LinkEvent | undefined): link is LinkEvent {
  return link !== undefined && link.up && link.carrier && link.mtu >= MINIMUM_IPV6_MTU &&
    link.hardwareAddress.length === HARDWARE_ADDRESS_OCTETS;
}

/** The address in a link-layer address option where it can be one node's, or else that of the frame. */
export function hardwareAddressOf(
  option: { readonly hardwareAddress: Uint8Array } | undefined,
  frameSource: Uint8Array,
): Uint8Array {
  return option !== undefined && (option.hardwareAddress[0] & GROUP_BIT) === 0
    ? option.hardwareAddress
    : frameSource;
}
