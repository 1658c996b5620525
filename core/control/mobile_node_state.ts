import type { Ipv4Address } from "../wire/address.ts";
import type { TunnelEnd } from "./tunnel.ts";

/** What the home agent granted: an entry of the Binding Update List (RFC 6275 section 11.1). */
export interface Binding {
  readonly careOfAddress: Ipv4Address;
  readonly tunnel: TunnelEnd;
  /** What the tunnel carries over this link, octets. */
  readonly innerMtu: number;
  readonly natDetected: boolean;
  /** How often to keep the NAT's state alive; undefined where nothing needs it. */
  readonly keepaliveSeconds: number | undefined;
  readonly lifetimeSeconds: number;
  /** Counted from when the Binding Update was sent (section 11.7.3). */
  readonly expiresAtMs: number;
  readonly refreshAtMs: number;
  /** From the Binding Update to its acknowledgement. */
  readonly registrationMs: number;
}

/** One Binding Update that may still be answered. */
export interface SentUpdate {
  readonly sequenceNumber: number;
  readonly timestamp: bigint;
  readonly careOfAddress: Ipv4Address;
  readonly forceUdp: boolean;
  readonly sentAtMs: number;
}

/** Binding Updates sent until one is answered, with the back-off of RFC 6275 section 11.8. */
export interface Exchange {
  /** The latest last; bounded. Empty while the first is held back. */
  readonly sent: readonly SentUpdate[];
  readonly timeoutMs: number;
  readonly retransmitAtMs: number;
  /** MAX_UPDATE_RATE did not let the next one go yet: it goes at `retransmitAtMs`, and is no retransmission. */
  readonly heldBack: boolean;
  /** How often an answer made us send again at once, since the timer last did. */
  readonly corrections: number;
}

/** Why the home agent would not register us. */
export interface Refusal {
  readonly status: number;
  /** False where the answer could not be proven to come from the home agent. */
  readonly proven: boolean;
}

export type MobileNodeState =
  /** No care-of address. A binding may still stand at the home agent. */
  | { readonly kind: "detached"; readonly binding: Binding | undefined }
  /** An exchange is on its way: the first, a refresh, or one for a new care-of address. */
  | {
    readonly kind: "registering";
    readonly careOfAddress: Ipv4Address;
    readonly exchange: Exchange;
    readonly binding: Binding | undefined;
  }
  | { readonly kind: "registered"; readonly careOfAddress: Ipv4Address; readonly binding: Binding }
  /** Refused; tried again slowly, because an administrator may mend it. */
  | {
    readonly kind: "refused";
    readonly careOfAddress: Ipv4Address;
    readonly refusal: Refusal;
    readonly retryAtMs: number;
  }
  | {
    readonly kind: "deregistering";
    readonly careOfAddress: Ipv4Address;
    readonly exchange: Exchange;
    readonly giveUpAtMs: number;
  }
  | { readonly kind: "finished" };

/** Every timer of a mobile node, by name, derived from its state here and nowhere else. */
export interface Timers {
  readonly retransmit?: number;
  readonly refresh?: number;
  readonly expire?: number;
  readonly retry?: number;
  readonly giveUp?: number;
}

export function timersOf(state: MobileNodeState): Timers {
  switch (state.kind) {
    case "detached":
      return { expire: state.binding?.expiresAtMs };
    case "registering":
      return { retransmit: state.exchange.retransmitAtMs, expire: state.binding?.expiresAtMs };
    case "registered":
      return { refresh: state.binding.refreshAtMs, expire: state.binding.expiresAtMs };
    case "refused":
      return { retry: state.retryAtMs };
    case "deregistering":
      return { retransmit: state.exchange.retransmitAtMs, giveUp: state.giveUpAtMs };
    case "finished":
      return {};
  }
}

export function earliest(timers: Timers): number | undefined {
  let first: number | undefined;
  for (const atMs of Object.values(timers) as (number | undefined)[]) {
    if (atMs !== undefined && (first === undefined || atMs < first)) first = atMs;
  }
  return first;
}
