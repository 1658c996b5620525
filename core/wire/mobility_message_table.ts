import { bindingErrorStatusName, bindingStatusName } from "./binding_status.ts";
import { LIFETIME_UNIT_SECONDS } from "./constants.ts";
import { type Field, type FieldsOf, flagField, ipv6Field, numberField, octetsField } from "./field.ts";
import type { MobilityMessage } from "./mobility_message.ts";

export type MobilityMessageKind = MobilityMessage["kind"];
export type KnownMobilityMessageKind = Exclude<MobilityMessageKind, "unknownMessage">;

/** The record of one kind: `MessageOf<"bindingUpdate">`. */
export type MessageOf<Kind extends MobilityMessageKind> = Extract<MobilityMessage, { readonly kind: Kind }>;

export interface MobilityMessageEntry<Kind extends KnownMobilityMessageKind> {
  /** Number of the IANA registry: MH Type. */
  readonly type: number;
  readonly kind: Kind;
  readonly name: string;
  readonly section: string;
  /** Octets between the checksum and the first option. */
  readonly fixedOctets: number;
  readonly fields: FieldsOf<MessageOf<Kind>>;
}

const COOKIE_OCTETS = 8;

/** Every message with a record of its own; see MOBILITY_OPTIONS. */
export const MOBILITY_MESSAGES: { readonly [Kind in KnownMobilityMessageKind]: MobilityMessageEntry<Kind> } =
  {
    bindingRefreshRequest: {
      type: 0,
      kind: "bindingRefreshRequest",
      name: "Binding Refresh Request",
      section: "RFC 6275 6.1.2",
      fixedOctets: 2,
      fields: {},
    },
    homeTestInit: {
      type: 1,
      kind: "homeTestInit",
      name: "Home Test Init",
      section: "RFC 6275 6.1.3",
      fixedOctets: 10,
      fields: { homeInitCookie: octetsField("Home Init Cookie", 2, COOKIE_OCTETS) },
    },
    careOfTestInit: {
      type: 2,
      kind: "careOfTestInit",
      name: "Care-of Test Init",
      section: "RFC 6275 6.1.4",
      fixedOctets: 10,
      fields: { careOfInitCookie: octetsField("Care-of Init Cookie", 2, COOKIE_OCTETS) },
    },
    homeTest: {
      type: 3,
      kind: "homeTest",
      name: "Home Test",
      section: "RFC 6275 6.1.5",
      fixedOctets: 18,
      fields: {
        homeNonceIndex: numberField("Home Nonce Index", 0, 16),
        homeInitCookie: octetsField("Home Init Cookie", 2, COOKIE_OCTETS),
        homeKeygenToken: octetsField("Home Keygen Token", 10, COOKIE_OCTETS),
      },
    },
    careOfTest: {
      type: 4,
      kind: "careOfTest",
      name: "Care-of Test",
      section: "RFC 6275 6.1.6",
      fixedOctets: 18,
      fields: {
        careOfNonceIndex: numberField("Care-of Nonce Index", 0, 16),
        careOfInitCookie: octetsField("Care-of Init Cookie", 2, COOKIE_OCTETS),
        careOfKeygenToken: octetsField("Care-of Keygen Token", 10, COOKIE_OCTETS),
      },
    },
    bindingUpdate: {
      type: 5,
      kind: "bindingUpdate",
      name: "Binding Update",
      section: "RFC 6275 6.1.7",
      fixedOctets: 6,
      fields: {
        sequenceNumber: numberField("Sequence #", 0, 16),
        acknowledge: flagField("A", 16),
        homeRegistration: flagField("H", 17),
        linkLocalCompatibility: flagField("L", 18),
        keyManagementMobility: flagField("K", 19),
        mapRegistration: flagField("M", 20),
        mobileRouter: flagField("R", 21),
        proxyRegistration: flagField("P", 22),
        forceUdp: flagField("F", 23),
        tlvHeader: flagField("T", 24),
        overwriteOrBulk: flagField("O/B", 25),
        lifetimeSeconds: numberField("Lifetime", 32, 16, { scale: LIFETIME_UNIT_SECONDS, unit: "s" }),
      },
    },
    bindingAcknowledgement: {
      type: 6,
      kind: "bindingAcknowledgement",
      name: "Binding Acknowledgement",
      section: "RFC 6275 6.1.8",
      fixedOctets: 6,
      fields: {
        status: numberField("Status", 0, 8, { name: bindingStatusName }),
        keyManagementMobility: flagField("K", 8),
        mobileRouter: flagField("R", 9),
        proxyRegistration: flagField("P", 10),
        tlvHeader: flagField("T", 11),
        bulk: flagField("B", 12),
        sequenceNumber: numberField("Sequence #", 16, 16),
        lifetimeSeconds: numberField("Lifetime", 32, 16, { scale: LIFETIME_UNIT_SECONDS, unit: "s" }),
      },
    },
    bindingError: {
      type: 7,
      kind: "bindingError",
      name: "Binding Error",
      section: "RFC 6275 6.1.9",
      fixedOctets: 18,
      fields: {
        status: numberField("Status", 0, 8, { name: bindingErrorStatusName }),
        homeAddress: ipv6Field("Home Address", 2),
      },
    },
  };

/** The entry without its kind in the type: for code that goes over the whole table. */
export type AnyMobilityMessageEntry = Omit<MobilityMessageEntry<KnownMobilityMessageKind>, "fields"> & {
  readonly fields: Readonly<Record<string, Field<unknown>>>;
};

const BY_TYPE: ReadonlyMap<number, AnyMobilityMessageEntry> = new Map(
  Object.values(MOBILITY_MESSAGES).map((entry) => [entry.type, entry as unknown as AnyMobilityMessageEntry]),
);

/** The entry of an MH type; undefined for a type without a record of its own. */
export function mobilityMessageEntry(type: number): AnyMobilityMessageEntry | undefined {
  return BY_TYPE.get(type);
}
