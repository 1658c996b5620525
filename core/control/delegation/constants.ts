/** How a message is sent again (RFC 8415 section 15). */
export interface Retransmission {
  /** IRT, milliseconds. */
  readonly initialMs: number;
  /** MRT, milliseconds. */
  readonly maximumMs: number;
  /** MRC; 0: no end. */
  readonly maximumCount: number;
}

/** RFC 8415 section 7.6; how often the home agent is asked at all, RFC 6276 section 3.3. */
export const SOLICIT: Retransmission = { initialMs: 1000, maximumMs: 3_600_000, maximumCount: 6 };
export const REQUEST: Retransmission = { initialMs: 1000, maximumMs: 30_000, maximumCount: 10 };
export const RENEW: Retransmission = { initialMs: 10_000, maximumMs: 600_000, maximumCount: 0 };
export const REBIND: Retransmission = { initialMs: 10_000, maximumMs: 600_000, maximumCount: 0 };
export const RELEASE: Retransmission = { initialMs: 1000, maximumMs: 0, maximumCount: 4 };

/** Values of the SOL_MAX_RT option that count (RFC 8415 section 21.24). */
export const SOL_MAX_RT_SECONDS = { least: 60, most: 86_400 } as const;

/** T1 and T2, as parts of the preferred lifetime (RFC 8415 section 21.21). */
export const RENEW_SHARE = 0.5;
export const REBIND_SHARE = 0.8;

/** A lifetime or time that never ends (RFC 8415 section 7.7). */
export const INFINITE_SECONDS = 0xffff_ffff;

/** Prefixes that one mobile router can have, one in each identity association; our own limit. */
export const MAXIMUM_ASSOCIATIONS = 4;

/** Hop count of the Relay-forward message of the relay agent in the mobile router (RFC 6276 section 3.1.2). */
export const RELAY_HOP_COUNT = 1;
