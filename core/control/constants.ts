/** Protocol constants of RFC 6275 section 12 and 13, RFC 5555 section 6, RFC 4285 and RFC 5846. */

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

/** InitMINDelayBRIs and MAX_BRACK_TIMEOUT (RFC 5846 section 11): how long a Binding Revocation Indication waits for its answer. */
export const INITIAL_REVOCATION_TIMEOUT_MS = 1000;
export const MAX_REVOCATION_TIMEOUT_MS = 2000;
/** BRIMaxRetriesNumber: more than the default of 1, for who moves is out of reach at times. */
export const REVOCATION_RETRANSMISSIONS = 5;

/** Why a binding is revoked, as far as it concerns mobile nodes (RFC 5846 section 5.1). */
export const RevocationTrigger = {
  unspecified: 0,
  administrative: 1,
  userInitiated: 5,
  accessNetwork: 6,
  outOfSync: 7,
} as const;
/** From here on up to 249: of many bindings at once. */
export const FIRST_GLOBAL_TRIGGER = 128;

/** How a Binding Revocation Indication is answered (RFC 5846 section 5.2). */
export const RevocationStatus = {
  success: 0,
  bindingDoesNotExist: 128,
  ipv4HomeAddressRequired: 129,
  triggerNotSupported: 133,
  functionNotSupported: 134,
  proxyBindingNotSupported: 135,
} as const;

/**
 * How long traffic waits in a move, milliseconds: for a Binding Update, and behind it. Sent right behind it, traffic would
 * arrive before the home agent has bound the new care-of address, which drops it; an answer ends the wait. It may take
 * longer where the old care-of address is still there, and nothing else delays the traffic.
 */
export const HOLD_MS = { forUpdate: 1000, behindUpdate: 10, behindPlannedUpdate: 20 } as const;
