import type { Ipv4Address, Ipv6Address } from "./address.ts";

/**
 * Mobility options as plain records (RFC 6275 6.2, RFC 3963, RFC 4283, RFC 4285, RFC 5555, RFC 5648).
 * Padding (Pad1, PadN) is not a record: encode makes it from each option's alignment, decode passes over it.
 * Reserved fields are sent as zero and ignored on receipt.
 */
export type MobilityOption =
  | {
    /** type 2, RFC 6275 6.2.4 */ readonly kind: "bindingRefreshAdvice"; /** multiple of 4 */
    readonly refreshIntervalSeconds: number;
  }
  | {
    /** type 3, RFC 6275 6.2.5 */ readonly kind: "alternateCareOfAddress";
    readonly careOfAddress: Ipv6Address;
  }
  | {
    /** type 4, RFC 6275 6.2.6 */ readonly kind: "nonceIndices";
    readonly homeNonceIndex: number;
    readonly careOfNonceIndex: number;
  }
  | {
    /** type 5, RFC 6275 6.2.7 */ readonly kind: "bindingAuthorizationData";
    readonly authenticator: Uint8Array;
  }
  | {
    /** type 6, RFC 3963 4.3 */ readonly kind: "mobileNetworkPrefix";
    readonly prefixLength: number;
    readonly prefix: Ipv6Address;
  }
  | {
    /** type 8, RFC 4283; subtype 1 is a NAI */ readonly kind: "mobileNodeIdentifier";
    readonly subtype: number;
    readonly identifier: Uint8Array;
  }
  | {
    /** type 9, RFC 4285 5; subtype 1 is MN-HA, 2 is MN-AAA */ readonly kind: "messageAuthentication";
    readonly subtype: number; /** 0..2^32-1 */
    readonly spi: number;
    readonly authenticationData: Uint8Array;
  }
  | {
    /** type 10, RFC 4285 6: NTP, seconds since 1900 and fraction in 64 bits */ readonly kind:
      "messageIdentification";
    readonly timestamp: bigint;
  }
  | {
    /** type 29, RFC 5555 3.1.1 */ readonly kind: "ipv4HomeAddress";
    readonly prefixLength: number; /** P */
    readonly requestPrefix: boolean;
    readonly homeAddress: Ipv4Address;
  }
  | {
    /** type 30, RFC 5555 3.2.1 */ readonly kind: "ipv4AddressAcknowledgement";
    readonly status: number;
    readonly prefixLength: number;
    readonly homeAddress: Ipv4Address;
  }
  | {
    /** type 31, RFC 5555 3.2.2 */ readonly kind: "natDetection"; /** F */
    readonly forceUdp: boolean; /** 0 means the default, 0xFFFFFFFF no keepalive */
    readonly refreshSeconds: number;
  }
  | { /** type 32, RFC 5555 3.1.2 */ readonly kind: "ipv4CareOfAddress"; readonly careOfAddress: Ipv4Address }
  | {
    /** type 35, RFC 5648 4.1 */ readonly kind: "bindingIdentifier";
    readonly bindingId: number;
    readonly status: number; /** H */
    readonly simultaneousHomeAndForeign: boolean; /** 0..127, RFC 6089 4.1 */
    readonly priority: number;
    readonly careOfAddress: Ipv4Address | Ipv6Address | undefined;
  }
  | {
    /** any other type, kept whole */ readonly kind: "unknownOption";
    readonly type: number;
    readonly data: Uint8Array;
  };

export type MobilityOptionKind = MobilityOption["kind"];

/** The record of one kind: `OptionOf<"natDetection">`. */
export type OptionOf<Kind extends MobilityOptionKind> = Extract<MobilityOption, { readonly kind: Kind }>;

/** The first option of a kind, or undefined. */
export function findOption<Kind extends MobilityOptionKind>(
  options: readonly MobilityOption[],
  kind: Kind,
): OptionOf<Kind> | undefined {
  return options.find((option): option is OptionOf<Kind> => option.kind === kind);
}
