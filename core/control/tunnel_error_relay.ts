import { type Ipv6Address, prefixContains } from "../wire/address.ts";
import { AnswerLimiter } from "./answer_limiter.ts";
import type { BindingStatus } from "./binding_cache.ts";
import { readTunnelError, relayedError } from "./tunnel_error.ts";

/** What the home agent knows of a binding that an error may be about. */
type TunnelOf = Pick<BindingStatus, "homeAddress" | "careOfAddress" | "mobileNetworkPrefixes">;

/**
 * Tells correspondents of what went wrong in the tunnel of a mobile node (RFC 6275 section 9.3.4, RFC 2473 section 8). An
 * error proves nothing, but it has to quote a packet to a mobile node that is bound where it says; it changes nothing here,
 * and who gets it looks for the packet among its own.
 */
export class TunnelErrorRelay {
  readonly #address: Ipv6Address;
  readonly #bindings: () => readonly TunnelOf[];
  readonly #limiter = new AnswerLimiter();

  /** @param address the home agent's */
  constructor(address: Ipv6Address, bindings: () => readonly TunnelOf[]) {
    this.#address = address;
    this.#bindings = bindings;
  }

  /**
   * @param message ICMPv6, from its type on, with a checksum that is right
   * @returns the whole IPv6 packet to be sent
   */
  relay(message: Uint8Array, nowMs: number): Uint8Array | undefined {
    const error = readTunnelError(message, this.#address);
    const packet = error && relayedError(error, this.#address);
    if (packet === undefined || !this.#limiter.allow(error!.source, nowMs)) return undefined;
    const { tunnelEnd, destination } = error!;
    const isBound = this.#bindings().some(({ careOfAddress, homeAddress, mobileNetworkPrefixes }) =>
      careOfAddress === tunnelEnd &&
      (homeAddress === destination ||
        mobileNetworkPrefixes.some((prefix) => prefixContains(prefix, destination)))
    );
    return isBound ? packet : undefined;
  }
}
