/** Numbers of the IPv6 half of an egress interface: first those of RFCs, then our own. */

/** The least MTU of a link that carries IPv6 (RFC 8200 section 5). */
export const MINIMUM_IPV6_MTU = 1280;
/** An interface identifier has 64 bits, so autoconfiguration wants a prefix of 64 (RFC 4291 2.5.1, RFC 4862 5.5.3 d). */
export const AUTONOMOUS_PREFIX_LENGTH = 64;
/** RetransTimer: how long an answer to duplicate address detection may take (RFC 4861 section 10). */
export const RETRANS_TIMER_MS = 1000;
/** Unsolicited Neighbor Advertisements of an address, RetransTimer apart (RFC 4861 section 10). */
export const MAX_NEIGHBOR_ADVERTISEMENT = 3;
/** IDGEN_RETRIES: interface identifiers tried after a duplicate (RFC 7217 section 6). */
export const MAXIMUM_IDENTIFIER_RETRIES = 3;
/** A valid lifetime is not shortened below this by who is not authenticated (RFC 4862 5.5.3 e). */
export const MINIMUM_SHORTENED_LIFETIME_MS = 2 * 3600 * 1000;
/** TEMP_PREFERRED_LIFETIME and TEMP_VALID_LIFETIME (RFC 8981 section 3.8). */
export const TEMPORARY_PREFERRED_MS = 24 * 3600 * 1000;
export const TEMPORARY_VALID_MS = 2 * TEMPORARY_PREFERRED_MS;
/** MAX_DESYNC_FACTOR as a part of the preferred lifetime: new addresses do not come at the same hour (RFC 8981 3.8). */
export const TEMPORARY_DESYNCHRONIZATION = 0.4;

export const MAXIMUM_ROUTERS = 8;
export const MAXIMUM_PREFIXES = 16;
/** No link is larger: a shorter on-link prefix would only draw packets away from the router. */
export const MINIMUM_ON_LINK_PREFIX_LENGTH = 32;
/**
 * Waits after each Router Solicitation: a router that just came up, or whose answer is lost, is asked again soon. The
 * 4 s of RFC 4861 6.3.7 come after that, and it goes on rarely for as long as there is no router (RFC 7559).
 */
export const SOLICITATION_WAITS_MS: readonly number[] = [100, 300, 1000, 4000, 4000];
export const RARE_SOLICITATION_MS = 30_000;
/** Waits after each Neighbor Solicitation that asks whether a router is there; after the last one it is gone. */
export const PROBE_WAITS_MS: readonly number[] = [100, 200, 300];
/** A router is not asked more often, whatever advertisements say. */
export const MINIMUM_PROBE_GAP_MS = 100;
/** An Advertisement Interval is not believed to be shorter (RFC 6275 7.5 lets routers go down to 30 ms). */
export const MINIMUM_ADVERTISEMENT_INTERVAL_MS = 100;
