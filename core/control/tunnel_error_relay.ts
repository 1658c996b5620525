import type { Ipv6Address } from "../wire/address.ts";
import { AnswerLimiter } from "./answer_limiter.ts";
import { readTunnelError, relayedError } from "./tunnel_error.ts";

/** May a packet to the inner destination go by a tunnel to this care-of address? */
type IsFor = (careOfAddress: Ipv6Address, innerDestination: Ipv6Address) => boolean;

/**
 * Tells correspondents of what went wrong in the tunnel of a mobile node (RFC 6275 section 9.3.4, RFC 2473 section 8). An
 * error proves nothing, but it has to quote a packet to a mobile node that is bound where it says; it changes nothing here,
 * and who gets it looks for the packet among its own.
 */
export class TunnelErrorRelay {
  readonly #address: Ipv6Address;
  readonly #isFor: IsFor;
  readonly #limiter = new AnswerLimiter();

  /** @param address the home agent's */
  constructor(address: Ipv6Address, isFor: IsFor) {
    this.#address = address;
    this.#isFor = isFor;
  }

  /**
   * @param message ICMPv6, from its type on, with a checksum that is right
   * @returns the whole IPv6 packet to be sent
   */
  relay(message: Uint8Array, nowMs: number): Uint8Array | undefined {
    const error = readTunnelError(message, this.#address);
    if (error === undefined || !this.#isFor(error.tunnelEnd, error.destination)) return undefined;
    const packet = relayedError(error, this.#address);
    return packet !== undefined && this.#limiter.allow(error.source, nowMs) ? packet : undefined;
  }
}
