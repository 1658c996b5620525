import type { Lease } from "./lease.ts";

/** One message sent until it is answered. */
export interface DhcpExchange {
  readonly transactionId: number;
  readonly startedAtMs: number;
  readonly lastSentAtMs: number;
  /** How often it went out. */
  readonly sent: number;
  readonly retransmitAtMs: number;
}

/** The client's states (RFC 2131 section 4.4, figure 5). */
export type DhcpState =
  /** No link. */
  | { readonly kind: "idle" }
  /** INIT, put off: the last address was another host's, or servers went back on their word. */
  | { readonly kind: "waiting"; readonly startAtMs: number }
  /** SELECTING: a DISCOVER is out. */
  | { readonly kind: "selecting"; readonly exchange: DhcpExchange }
  /** REQUESTING: the offer is asked for. `seconds` is the DISCOVER's, as relays want (section 4.1). */
  | {
    readonly kind: "requesting";
    readonly offer: Lease;
    readonly seconds: number;
    readonly exchange: DhcpExchange;
  }
  /** REBOOTING: a lease of a network seen before is asked for. */
  | { readonly kind: "rebooting"; readonly lease: Lease; readonly exchange: DhcpExchange }
  /** BOUND. `exchange`: the router confirmed the lease before the server did, whose answer may still come (RFC 4436). */
  | { readonly kind: "bound"; readonly lease: Lease; readonly exchange: DhcpExchange | undefined }
  /** RENEWING: the server is asked. */
  | { readonly kind: "renewing"; readonly lease: Lease; readonly exchange: DhcpExchange }
  /** REBINDING: all servers are asked. */
  | { readonly kind: "rebinding"; readonly lease: Lease; readonly exchange: DhcpExchange };

/** The lease that may be used now. */
export function usableLease(state: DhcpState): Lease | undefined {
  switch (state.kind) {
    case "bound":
    case "renewing":
    case "rebinding":
      return state.lease;
    default:
      return undefined;
  }
}

/** When the client has to do something; undefined where it waits for nothing. */
export function dhcpDeadline(state: DhcpState): number | undefined {
  switch (state.kind) {
    case "idle":
      return undefined;
    case "waiting":
      return state.startAtMs;
    case "selecting":
    case "requesting":
    case "rebooting":
      return state.exchange.retransmitAtMs;
    case "bound":
      return Number.isFinite(state.lease.renewAtMs) ? state.lease.renewAtMs : undefined;
    case "renewing":
      return Math.min(state.exchange.retransmitAtMs, state.lease.rebindAtMs);
    case "rebinding":
      return Math.min(state.exchange.retransmitAtMs, state.lease.expiresAtMs);
  }
}
