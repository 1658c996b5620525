import type { IpAddress, Ipv6Prefix } from "../wire/address.ts";
import type { CareOfAddressCandidate } from "./movement/candidate.ts";
import type { Ipv4HomeAddress } from "./settings.ts";
import type { TunnelEnd } from "./tunnel.ts";

/** What the home agent granted: an entry of the Binding Update List (RFC 6275 section 11.1). */
export interface Binding {
  readonly careOfAddress: IpAddress;
  /** Of the Binding Update that it comes from. */
  readonly timestamp: bigint;
  readonly tunnel: TunnelEnd;
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
  /** The home address where it de-registers from the home link. */
  readonly careOfAddress: IpAddress;
  readonly forceUdp: boolean;
  /** R flag (RFC 3963 section 4.1). */
  readonly mobileRouter: boolean;
  /** Mobile network prefixes that it names (section 4.3). */
  readonly prefixes: readonly Ipv6Prefix[];
  /** Asked for (RFC 5555 section 3.1.1). */
  readonly ipv4HomeAddress: Ipv4HomeAddress | undefined;
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
  /** How many updates in a row the home agent did not answer in time. */
  readonly unanswered: number;
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
    readonly candidate: CareOfAddressCandidate;
    readonly exchange: Exchange;
    readonly binding: Binding | undefined;
    /** A binding that was in the way has been removed for it. */
    readonly isReplacement?: boolean;
  }
  /** A binding of another type is in the way: removing it, to register then. */
  | {
    readonly kind: "replacing";
    readonly candidate: CareOfAddressCandidate;
    readonly exchange: Exchange;
  }
  | { readonly kind: "registered"; readonly candidate: CareOfAddressCandidate; readonly binding: Binding }
  /** Refused; tried again slowly, because an administrator may mend it. */
  | {
    readonly kind: "refused";
    readonly candidate: CareOfAddressCandidate;
    readonly refusal: Refusal;
    readonly retryAtMs: number;
  }
  /** The home agent has revoked the binding (RFC 5846 section 10). Registered again later, or when something changes. */
  | { readonly kind: "revoked"; readonly candidate: CareOfAddressCandidate; readonly retryAtMs: number }
  /** On the home link, de-registering from there (RFC 6275 section 11.5.5); the tunnel stands until the answer. */
  | {
    readonly kind: "returning";
    readonly candidate: CareOfAddressCandidate;
    readonly exchange: Exchange;
    readonly binding: Binding | undefined;
  }
  /** On the home link, with the home address as an address like others. */
  | { readonly kind: "home"; readonly candidate: CareOfAddressCandidate }
  | {
    readonly kind: "deregistering";
    readonly candidate: CareOfAddressCandidate;
    readonly exchange: Exchange;
    readonly giveUpAtMs: number;
  }
  | { readonly kind: "finished" };

/** States in which Binding Updates are on their way. */
export type ExchangeState = MobileNodeState & {
  readonly kind: "registering" | "replacing" | "returning" | "deregistering";
};

export function isExchangeState(state: MobileNodeState): state is ExchangeState {
  return state.kind === "registering" || state.kind === "replacing" || state.kind === "returning" ||
    state.kind === "deregistering";
}

/** The care-of address that a state is about. */
export function candidateOf(state: MobileNodeState): CareOfAddressCandidate | undefined {
  return "candidate" in state ? state.candidate : undefined;
}

/** What the home agent has granted and may still keep. */
export function bindingOf(state: MobileNodeState): Binding | undefined {
  return "binding" in state ? state.binding : undefined;
}

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
    case "returning":
      return { retransmit: state.exchange.retransmitAtMs, expire: state.binding?.expiresAtMs };
    case "replacing":
      return { retransmit: state.exchange.retransmitAtMs };
    case "registered":
      return { refresh: state.binding.refreshAtMs, expire: state.binding.expiresAtMs };
    case "refused":
    case "revoked":
      return { retry: state.retryAtMs };
    case "deregistering":
      return { retransmit: state.exchange.retransmitAtMs, giveUp: state.giveUpAtMs };
    case "home":
    case "finished":
      return {};
  }
}
