import { formatIpv6, type Ipv6Address, ipv6Octets } from "../../wire/address.ts";
import type { Hmac } from "../settings.ts";
import { MAXIMUM_IDENTIFIER_RETRIES } from "./ipv6_limits.ts";

/** How the last 64 bits of an address are made: RFC 7217, RFC 4291 appendix A, or RFC 8981. */
export type InterfaceIdentifierMethod = "stable" | "hardware" | "temporary";

/** What identifiers are made of. */
export interface IdentifierSource {
  readonly interfaceName: string;
  /** The secret key of RFC 7217 section 5, 16 octets or more. */
  readonly secret: Uint8Array;
  /** 6 octets. */
  readonly hardwareAddress: Uint8Array;
  readonly hmac: Hmac;
  /** 0 up to 1, as Math.random. */
  readonly random: () => number;
}

/** An address, and the DAD counter with which it was made. */
export interface MadeAddress {
  readonly address: Ipv6Address;
  readonly attempt: number;
}

const IDENTIFIER_OCTETS = 8;
const UNIVERSAL_BIT = 0x02;

/**
 * An address in a prefix of 64 bits. `attempt` is the DAD counter: 0 at first, one more after each duplicate.
 * Undefined when all attempts are spent; an identifier from the hardware address has one only.
 */
export function makeAddress(
  method: InterfaceIdentifierMethod,
  prefix: Ipv6Address,
  firstAttempt: number,
  source: IdentifierSource,
): MadeAddress | undefined {
  const last = method === "hardware" ? 0 : MAXIMUM_IDENTIFIER_RETRIES;
  for (let attempt = firstAttempt; attempt <= last; attempt++) {
    const identifier = makeIdentifier(method, prefix, attempt, source);
    if (isReservedIdentifier(identifier)) continue;
    const octets = ipv6Octets(prefix);
    octets.set(identifier, IDENTIFIER_OCTETS);
    return { address: formatIpv6(octets), attempt };
  }
  return undefined;
}

function makeIdentifier(
  method: InterfaceIdentifierMethod,
  prefix: Ipv6Address,
  attempt: number,
  source: IdentifierSource,
): Uint8Array {
  switch (method) {
    case "stable":
      return stableIdentifier(prefix, attempt, source);
    case "hardware":
      return hardwareIdentifier(source.hardwareAddress);
    case "temporary":
      return Uint8Array.from({ length: IDENTIFIER_OCTETS }, () => Math.floor(source.random() * 256));
  }
}

/** F(Prefix, Net_Iface, DAD_Counter, secret_key) of RFC 7217 section 5, with HMAC-SHA-256 for F. */
function stableIdentifier(prefix: Ipv6Address, attempt: number, source: IdentifierSource): Uint8Array {
  const name = new TextEncoder().encode(source.interfaceName);
  const data = new Uint8Array([...ipv6Octets(prefix).subarray(0, 8), ...name, attempt]);
  return source.hmac("sha256", source.secret, data).slice(0, IDENTIFIER_OCTETS);
}

/** The modified EUI-64 of an Ethernet address (RFC 4291 appendix A). */
export function hardwareIdentifier(hardwareAddress: Uint8Array): Uint8Array {
  const [first, second, third, ...rest] = hardwareAddress;
  return new Uint8Array([first ^ UNIVERSAL_BIT, second, third, 0xff, 0xfe, ...rest]);
}

/** Those of routers' anycast, of RFC 2526 anycast and of IANA's own block (RFC 5453). */
function isReservedIdentifier(identifier: Uint8Array): boolean {
  if (identifier.every((octet) => octet === 0)) return true;
  const anycast = [0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
  if (anycast.every((octet, i) => identifier[i] === octet)) return identifier[7] >= 0x80;
  return [0x02, 0x00, 0x5e, 0xff, 0xfe].every((octet, i) => identifier[i] === octet);
}
