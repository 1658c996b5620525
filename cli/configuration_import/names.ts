import { type Ipv6Address, ipv6Octets } from "../../core/wire/address.ts";

/*
 * UMIP knows mobile nodes by their home addresses only. What we need beside them is made of the home address, so that the
 * home agent's file and the mobile node's agree when both are imported.
 */

/** A network access identifier: "mn-2001-db8-100--100". */
export function identityOf(homeAddress: Ipv6Address): string {
  return `mn-${homeAddress.replaceAll(":", "-")}`;
}

/** The name of a file for the shared key; there is none yet, and `config check` says how to make it. */
export function keyFileOf(homeAddress: Ipv6Address): string {
  return `${identityOf(homeAddress)}.key`;
}

/** A security parameter index: the last 32 bits of the home address, and 65536 more where those are reserved. */
export function spiOf(homeAddress: Ipv6Address): number {
  const number = new DataView(ipv6Octets(homeAddress).buffer).getUint32(12);
  return number < 256 ? number + 65_536 : number;
}

export const MADE_OF_HOME_ADDRESS = "made of the home address; the same at both ends";
export const KEY_TO_MAKE = "TO DO: the shared key, the same file at both ends";
