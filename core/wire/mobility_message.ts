import type { Ipv6Address } from "./address.ts";
import type { MobilityOption } from "./mobility_option.ts";

/**
 * The eight messages of RFC 6275 section 6.1 and the two of RFC 5846, as plain records; flags of RFC 3963 (R), RFC 5213 (P),
 * RFC 5555 (F), RFC 5845 (T) and RFC 5648 / RFC 6602 (0x0040, O or B) included.
 * Lifetimes are in seconds; on the wire they count units of 4 seconds (section 6.1.7).
 */
export type MobilityMessage =
  | BindingRefreshRequest
  | HomeTestInit
  | CareOfTestInit
  | HomeTest
  | CareOfTest
  | BindingUpdate
  | BindingAcknowledgement
  | BindingError
  | BindingRevocationIndication
  | BindingRevocationAcknowledgement
  | UnknownMobilityMessage;

interface WithOptions {
  readonly options: readonly MobilityOption[];
}

/** RFC 6275 6.1.2, type 0. */
export interface BindingRefreshRequest extends WithOptions {
  readonly kind: "bindingRefreshRequest";
}

/** RFC 6275 6.1.3, type 1. Cookies and tokens are 8 octets. */
export interface HomeTestInit extends WithOptions {
  readonly kind: "homeTestInit";
  readonly homeInitCookie: Uint8Array;
}

/** RFC 6275 6.1.4, type 2. */
export interface CareOfTestInit extends WithOptions {
  readonly kind: "careOfTestInit";
  readonly careOfInitCookie: Uint8Array;
}

/** RFC 6275 6.1.5, type 3. */
export interface HomeTest extends WithOptions {
  readonly kind: "homeTest";
  readonly homeNonceIndex: number;
  readonly homeInitCookie: Uint8Array;
  readonly homeKeygenToken: Uint8Array;
}

/** RFC 6275 6.1.6, type 4. */
export interface CareOfTest extends WithOptions {
  readonly kind: "careOfTest";
  readonly careOfNonceIndex: number;
  readonly careOfInitCookie: Uint8Array;
  readonly careOfKeygenToken: Uint8Array;
}

/** RFC 6275 6.1.7, type 5. */
export interface BindingUpdate extends WithOptions {
  readonly kind: "bindingUpdate";
  /** 0..65535, compared modulo 2^16 (section 9.5.1). */
  readonly sequenceNumber: number;
  /** A */ readonly acknowledge: boolean;
  /** H */ readonly homeRegistration: boolean;
  /** L */ readonly linkLocalCompatibility: boolean;
  /** K */ readonly keyManagementMobility: boolean;
  /** M, RFC 4140 */ readonly mapRegistration: boolean;
  /** R, RFC 3963 */ readonly mobileRouter: boolean;
  /** P, RFC 5213 */ readonly proxyRegistration: boolean;
  /** F, RFC 5555 */ readonly forceUdp: boolean;
  /** T, RFC 5845 */ readonly tlvHeader: boolean;
  /** 0x0040: O of RFC 5648 when P is clear, B of RFC 6602 when P is set. */
  readonly overwriteOrBulk: boolean;
  /** 0..262140 seconds, a multiple of 4; 0 asks for the binding's removal. */
  readonly lifetimeSeconds: number;
}

/** RFC 6275 6.1.8, type 6. */
export interface BindingAcknowledgement extends WithOptions {
  readonly kind: "bindingAcknowledgement";
  /** 0..127 accepted, 128..255 refused: see binding_status.ts. */
  readonly status: number;
  /** K */ readonly keyManagementMobility: boolean;
  /** R, RFC 3963 */ readonly mobileRouter: boolean;
  /** P, RFC 5213 */ readonly proxyRegistration: boolean;
  /** T, RFC 5845 */ readonly tlvHeader: boolean;
  /** B, RFC 6602 */ readonly bulk: boolean;
  readonly sequenceNumber: number;
  readonly lifetimeSeconds: number;
}

/** RFC 6275 6.1.9, type 7. */
export interface BindingError extends WithOptions {
  readonly kind: "bindingError";
  /** 1 unknown binding for the Home Address destination option, 2 unrecognized mobility header type. */
  readonly status: number;
  readonly homeAddress: Ipv6Address;
}

interface Revocation extends WithOptions {
  /** 0..65535: matches acknowledgement and indication. */
  readonly sequenceNumber: number;
  /** P: the binding is one of Proxy Mobile IPv6. */ readonly proxyBinding: boolean;
  /** V: of the binding the IPv4 home address only. */ readonly ipv4HomeAddressOnly: boolean;
  /** G: many bindings at once. */ readonly global: boolean;
}

/** RFC 5846 5.1, type 16. */
export interface BindingRevocationIndication extends Revocation {
  readonly kind: "bindingRevocationIndication";
  /** 1 */ readonly revocationType: number;
  /** Why: see revocationTriggerName. */
  readonly trigger: number;
}

/** RFC 5846 5.2, type 16. */
export interface BindingRevocationAcknowledgement extends Revocation {
  readonly kind: "bindingRevocationAcknowledgement";
  /** 2 */ readonly revocationType: number;
  /** 0..127 done, 128..255 refused: see revocationStatusName. */
  readonly status: number;
}

/** A type that this table does not know: answered with a Binding Error of status 2, shown, never lost. */
export interface UnknownMobilityMessage {
  readonly kind: "unknownMessage";
  readonly type: number;
  /** What follows the checksum, up to the end of the header. */
  readonly data: Uint8Array;
}
