/** Protocol constants of RFC 6275 section 12 and 13, RFC 5555 section 6 and RFC 4285. */

/** InitialBindackTimeoutFirstReg: before there is a binding. */
export const INITIAL_BINDACK_TIMEOUT_FIRST_REGISTRATION_MS = 1500;
/** INITIAL_BINDACK_TIMEOUT: while a binding exists. */
export const INITIAL_BINDACK_TIMEOUT_MS = 1000;
export const MAX_BINDACK_TIMEOUT_MS = 32_000;
/** MAX_DELETE_BCE_TIMEOUT: how long a removed binding still remembers its sequence number. */
export const MAX_DELETE_BCE_TIMEOUT_MS = 10_000;
/** MAX_UPDATE_RATE: Binding Updates to one home agent within a second. */
export const MAX_UPDATE_RATE_PER_SECOND = 3;
/** NATKATIMEOUT: keepalive interval when the home agent suggests none. */
export const NAT_KEEPALIVE_TIMEOUT_SECONDS = 110;
/** DHAAD_RETRIES and INITIAL_DHAAD_TIMEOUT: home agent address discovery. */
export const DHAAD_RETRIES = 4;
export const INITIAL_DHAAD_TIMEOUT_MS = 3000;
/** INITIAL_SOLICIT_TIMER: the first wait for a Mobile Prefix Advertisement. */
export const INITIAL_SOLICIT_TIMER_MS = 3000;
/** Of a prefix that the configuration gives: AdvValidLifetime and AdvPreferredLifetime of RFC 4861 section 6.2.1. */
export const VALID_LIFETIME_SECONDS = 2_592_000;
export const PREFERRED_LIFETIME_SECONDS = 604_800;
/** Refresh time of the NAT detection option that asks for no keepalive. */
export const NO_KEEPALIVE = 0xffff_ffff;
/** Subtype of an MN-HA mobility message authentication option. */
export const MN_HA_SUBTYPE = 1;
/** Subtype of a network access identifier in the mobile node identifier option (RFC 4283). */
export const NAI_SUBTYPE = 1;

/**
 * How long traffic waits in a move, milliseconds: for a Binding Update, and behind it. Sent right behind it, traffic would
 * arrive before the home agent has bound the new care-of address, which drops it; an answer ends the wait. It may take
 * longer where the old care-of address is still there, and nothing else delays the traffic.
 */
export const HOLD_MS = { forUpdate: 1000, behindUpdate: 10, behindPlannedUpdate: 20 } as const;
