import { ipv4Count, ipv4Number } from "../../core/control/ipv4_number.ts";
import type { Ipv4HomeAddress } from "../../core/control/settings.ts";
import {
  canonicalIpv4,
  type Ipv4Address,
  type Ipv4Prefix,
  isRoutableUnicastIpv4,
  UNSPECIFIED_IPV4,
} from "../../core/wire/address.ts";

/* IPv4 home addresses as they are written in a configuration file. */

/** Longer than any block that somebody has been given. */
export const SHORTEST_IPV4_PREFIX = 8;
/** A network for the mobile router and at least one node behind it. */
export const LONGEST_IPV4_NETWORK = 30;
export const SINGLE_IPV4_ADDRESS = 32;

/** "192.0.2.100", or "10.1.0.1/24" with the network around it. */
export function parseIpv4HomeAddress(text: string): Ipv4HomeAddress | undefined {
  const { head, prefixLength } = splitAtLength(text);
  const address = canonicalIpv4(head);
  if (address === undefined || !isRoutableUnicastIpv4(address)) return undefined;
  return prefixLength === undefined ? undefined : { address, prefixLength };
}

/** The same, or "any" and "any/28": 0.0.0.0 asks the home agent for one (RFC 5555 section 4.4.1). */
export function parseWantedIpv4HomeAddress(text: string): Ipv4HomeAddress | undefined {
  const { head, prefixLength } = splitAtLength(text);
  if (head !== "any") return parseIpv4HomeAddress(text);
  return prefixLength === undefined ? undefined : { address: UNSPECIFIED_IPV4, prefixLength };
}

function splitAtLength(text: string): { readonly head: string; readonly prefixLength: number | undefined } {
  const [head, digits, ...more] = text.split("/");
  if (digits === undefined) return { head, prefixLength: SINGLE_IPV4_ADDRESS };
  const length = Number(digits);
  const isRight = more.length === 0 && /^[1-9]\d?$/.test(digits) && length >= SHORTEST_IPV4_PREFIX &&
    (length <= LONGEST_IPV4_NETWORK || length === SINGLE_IPV4_ADDRESS);
  return { head, prefixLength: isRight ? length : undefined };
}

/**
 * What no host of a network may have: its own address and that for everybody in it (RFC 1122 section 3.2.1.3); networks of
 * 31 and 32 bits have neither (RFC 3021).
 * @returns the end of "is ..."; undefined for a host's address
 */
export function reservedIn({ address: first, length }: Ipv4Prefix, address: Ipv4Address): string | undefined {
  if (length > LONGEST_IPV4_NETWORK) return undefined;
  const position = ipv4Number(address) - ipv4Number(first);
  if (position === 0) return `the address of the network ${first}/${length} itself`;
  if (position === ipv4Count(length) - 1) return `the broadcast address of ${first}/${length}`;
}
