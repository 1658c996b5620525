import type { Ipv6Address } from "../../wire/address.ts";
import type { EspCipher } from "./esp_cipher.ts";

/** One direction of what two nodes say to each other under ESP (RFC 4301 section 4.1). */
export interface SecurityAssociation {
  /** Security parameters index: 256..2^32-1. */
  readonly spi: number;
  /**
   * Selectors: the home address of the mobile node and the address of its home agent, never a care-of address, so that the
   * association outlives every move (RFC 3776 section 4.4).
   */
  readonly source: Ipv6Address;
  readonly destination: Ipv6Address;
  readonly cipher: EspCipher;
  /** Extended sequence numbers (RFC 4303 section 2.2.1). */
  readonly extendedNumbers: boolean;
  /** It protects from here on; left out: always. Milliseconds of the wall clock. */
  readonly validFromMs?: number;
  /** It protects before this. */
  readonly validUntilMs?: number;
}

/**
 * What one association seals at most. AES-GCM gives everything away where a key meets an initialization vector twice, and
 * RFC 4106 section 2 forbids keys by hand because the usual vector, a counter, starts again with its program. Ours are 64
 * random bits: among 2^24 of them two are alike once in 2^17 (131,072) associations that are used up; two packets a minute
 * use one up in 16 years. Other algorithms stand more, and have the same limit.
 */
export const PACKET_LIMIT = 2 ** 24;
/** Of two ends; what the other one protects is taken so long before and after an association is valid. */
export const CLOCK_TOLERANCE_MS = 60_000;

/** Which security association protected a packet: who sent it, and to whom. */
export type EspProtection = Pick<SecurityAssociation, "spi" | "source" | "destination">;

/** The same of a packet that came in. */
export interface ReceivedProtection extends EspProtection {
  /** No packet that was protected later has come before it. */
  readonly isLatest: boolean;
}

/** Names an association among all of this node. */
export function associationName({ spi, source, destination }: EspProtection): string {
  return `${spi} ${source} ${destination}`;
}

/** @param toleranceMs how far the clock may be off */
export function isValidAt(
  { validFromMs = -Infinity, validUntilMs = Infinity }: SecurityAssociation,
  unixMs: number,
  toleranceMs = 0,
): boolean {
  return unixMs >= validFromMs - toleranceMs && unixMs < validUntilMs + toleranceMs;
}
