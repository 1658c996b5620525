import { bindingErrorStatusName, bindingStatusName } from "./binding_status.ts";
import { LIFETIME_UNIT_SECONDS } from "./constants.ts";
import {
  constantField,
  type Field,
  type FieldsOf,
  flagField,
  ipv6Field,
  numberField,
  octetsField,
} from "./field.ts";
import type { FamilyMessage, RecordOf } from "./inventory/family.ts";
import {
  BINDING_ACKNOWLEDGEMENT_FLAGS,
  BINDING_UPDATE_FLAGS,
  FAMILY_MESSAGES,
} from "./inventory/messages.ts";
import type { MobilityMessage } from "./mobility_message.ts";
import type { AnyMobilityOption } from "./mobility_option_table.ts";
import { revocationStatusName, revocationTriggerName } from "./registry_names.ts";

export type MobilityMessageKind = MobilityMessage["kind"];
export type KnownMobilityMessageKind = Exclude<MobilityMessageKind, "unknownMessage">;

/** The record of one kind: `MessageOf<"bindingUpdate">`. */
export type MessageOf<Kind extends MobilityMessageKind> = Extract<MobilityMessage, { readonly kind: Kind }>;

export interface MobilityMessageEntry<Kind extends KnownMobilityMessageKind> {
  /** Number of the IANA registry: MH Type. */
  readonly type: number;
  /** What tells it from others of its type; left out where it is alone. */
  readonly variant?: FamilyMessage["variant"];
  readonly kind: Kind;
  readonly name: string;
  readonly section: string;
  /** Octets between the checksum and the first option. */
  readonly fixedOctets: number;
  readonly fields: FieldsOf<MessageOf<Kind>>;
}

const COOKIE_OCTETS = 8;
const REVOCATION_FIELDS = {
  sequenceNumber: numberField("Sequence #", 16, 16),
  proxyBinding: flagField("P", 32),
  ipv4HomeAddressOnly: flagField("V", 33),
  global: flagField("G", 34),
};

/** Every message that the stack acts on; see MOBILITY_OPTIONS. */
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
    bindingRevocationIndication: {
      type: 16,
      variant: { octets: 1, value: 1 },
      kind: "bindingRevocationIndication",
      name: "Binding Revocation Indication",
      section: "RFC 5846 5.1",
      fixedOctets: 6,
      fields: {
        revocationType: constantField("B.R. Type", 0, 8, 1),
        trigger: numberField("R. Trigger", 8, 8, { name: revocationTriggerName }),
        ...REVOCATION_FIELDS,
      },
    },
    bindingRevocationAcknowledgement: {
      type: 16,
      variant: { octets: 1, value: 2 },
      kind: "bindingRevocationAcknowledgement",
      name: "Binding Revocation Acknowledgement",
      section: "RFC 5846 5.2",
      fixedOctets: 6,
      fields: {
        revocationType: constantField("B.R. Type", 0, 8, 2),
        status: numberField("Status", 8, 8, { name: revocationStatusName }),
        ...REVOCATION_FIELDS,
      },
    },
  };

type FamilyMessages = typeof FAMILY_MESSAGES;

/** Options of the whole table in place of those that the stack acts on. */
type WithAnyOptions<Message> = Message extends { readonly options: unknown }
  ? Omit<Message, "options"> & { readonly options: readonly AnyMobilityOption[] }
  : Message;

/** The record of any message of the whole table. */
export type AnyMobilityMessage =
  | WithAnyOptions<MobilityMessage>
  | {
    [Kind in keyof FamilyMessages]:
      & RecordOf<Kind, FamilyMessages[Kind]["fields"]>
      & { readonly options: readonly AnyMobilityOption[] };
  }[keyof FamilyMessages];

/** The entry without its kind in the type: for code that goes over the whole table. */
export type AnyMobilityMessageEntry =
  & Omit<MobilityMessageEntry<KnownMobilityMessageKind>, "kind" | "fields" | "variant">
  & Pick<FamilyMessage, "variant" | "octetsAt">
  & {
    readonly kind: string;
    readonly fields: Readonly<Record<string, Field<unknown>>>;
    /** The fields, and those of which the record does not tell. */
    readonly shown: Readonly<Record<string, Field<unknown>>>;
  };

/** Flags that the records of the stack's messages leave out. */
const SHOWN_ONLY: Readonly<Record<string, object>> = {
  bindingUpdate: BINDING_UPDATE_FLAGS,
  bindingAcknowledgement: BINDING_ACKNOWLEDGEMENT_FLAGS,
};

/** Every message of the registry that has a format, in the order of their types; see FAMILY_MESSAGES for the rest. */
export const ALL_MOBILITY_MESSAGES: readonly AnyMobilityMessageEntry[] = [
  ...Object.values(MOBILITY_MESSAGES),
  ...Object.entries(FAMILY_MESSAGES).map(([kind, entry]) => ({ ...entry, kind })),
].map((entry) =>
  ({ ...entry, shown: { ...entry.fields, ...SHOWN_ONLY[entry.kind] } }) as unknown as AnyMobilityMessageEntry
).sort((a, b) => a.type - b.type);

const STACK_KINDS: ReadonlySet<string> = new Set(Object.keys(MOBILITY_MESSAGES));
const BY_KIND: ReadonlyMap<string, AnyMobilityMessageEntry> = new Map(
  ALL_MOBILITY_MESSAGES.map((entry) => [entry.kind, entry]),
);
const BY_TYPE: ReadonlyMap<number, AnyMobilityMessageEntry> = new Map(
  ALL_MOBILITY_MESSAGES.filter(({ variant }) => variant === undefined).map((entry) => [entry.type, entry]),
);
/** Messages that share a type, all with the same octets to tell them apart. */
const VARIANTS: ReadonlyMap<number, readonly AnyMobilityMessageEntry[]> = Map.groupBy(
  ALL_MOBILITY_MESSAGES.filter(({ variant }) => variant !== undefined),
  ({ type }) => type,
);
const TYPE_AT = 2;
const DATA_AT = 6;

/** The entry of an MH type; undefined for a type without a record of its own, or with several (16 and 21). */
export function mobilityMessageEntry(type: number): AnyMobilityMessageEntry | undefined {
  return BY_TYPE.get(type);
}

/** The entry of the mobility header that begins at `offset`; undefined for a type or variant that nobody knows. */
export function mobilityMessageEntryAt(
  bytes: Uint8Array,
  offset: number,
): AnyMobilityMessageEntry | undefined {
  const entry = BY_TYPE.get(bytes[offset + TYPE_AT]);
  if (entry !== undefined) return entry;
  const data = offset + DATA_AT;
  return VARIANTS.get(bytes[offset + TYPE_AT])?.find(({ variant }) =>
    (variant?.octets === 1 ? bytes[data] : bytes[data] << 8 | bytes[data + 1]) === variant?.value
  );
}

/** As mobilityMessageEntryAt, for what the stack acts on: all other messages are unknown to it. */
export function stackMessageEntryAt(bytes: Uint8Array, offset: number): AnyMobilityMessageEntry | undefined {
  const entry = mobilityMessageEntryAt(bytes, offset);
  return entry !== undefined && STACK_KINDS.has(entry.kind) ? entry : undefined;
}

/** The entry of a record's kind; undefined for an unknown message. */
export function mobilityMessageEntryOfKind(kind: string): AnyMobilityMessageEntry | undefined {
  return BY_KIND.get(kind);
}

/** Octets from the checksum to the first option of the message whose data begin at `data`. */
export function fixedOctetsAt(entry: AnyMobilityMessageEntry, bytes: Uint8Array, data: number): number {
  return entry.octetsAt?.(bytes, data) ?? entry.fixedOctets;
}
