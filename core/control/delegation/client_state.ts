import type { Duid, IaPd } from "../../wire/dhcpv6_option.ts";
import type { ClientLease } from "./client_lease.ts";
import type { Exchange } from "./exchange.ts";

/** A server that has prefixes for us. */
export interface Offer {
  readonly server: Duid;
  readonly preference: number;
  readonly associations: readonly IaPd[];
}

/** The requesting router's states (RFC 8415 section 18.2). */
export type DelegationState =
  /** Nothing is wanted, or there is no way to the home agent, or it does not delegate prefixes. */
  | { readonly kind: "idle" }
  /** A Solicit is out. */
  | { readonly kind: "soliciting"; readonly exchange: Exchange; readonly offer: Offer | undefined }
  /** A Request is out: for what was offered, or (with a lease) for what the server knows nothing of. */
  | { readonly kind: "requesting"; readonly exchange: Exchange; readonly offer: Offer }
  | { readonly kind: "bound" }
  /** A Renew is out. */
  | { readonly kind: "renewing"; readonly exchange: Exchange }
  /** A Rebind is out. */
  | { readonly kind: "rebinding"; readonly exchange: Exchange }
  /** A Release is out, of this lease. */
  | {
    readonly kind: "releasing";
    readonly exchange: Exchange;
    readonly lease: ClientLease;
    readonly giveUpAtMs: number;
  }
  | { readonly kind: "finished" };

/** The exchange that is under way. */
export function exchangeOf(state: DelegationState): Exchange | undefined {
  return "exchange" in state ? state.exchange : undefined;
}
