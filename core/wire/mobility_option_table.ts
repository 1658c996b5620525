import { ipv4AddressStatusName } from "./binding_status.ts";
import { LIFETIME_UNIT_SECONDS, NO_KEEPALIVE_REFRESH_SECONDS } from "./constants.ts";
import {
  type Field,
  type FieldsOf,
  flagField,
  formatText,
  ipv4Field,
  ipv6Field,
  numberField,
  optionalAddressField,
  restField,
  timestampField,
} from "./field.ts";
import type { RecordOf } from "./inventory/family.ts";
import {
  ENHANCED_ROUTE_OPTIMIZATION_OPTIONS,
  FAST_HANDOVER_OPTIONS,
  GENERAL_OPTIONS,
} from "./inventory/fast_handover_options.ts";
import { FLOW_OPTIONS, MULTICAST_OPTIONS } from "./inventory/flow_options.ts";
import { DISTRIBUTED_OPTIONS, PROXY_EXTENSION_OPTIONS, PROXY_OPTIONS } from "./inventory/proxy_options.ts";
import type { MobilityOption, MobilityOptionKind, OptionOf } from "./mobility_option.ts";

import { mobileNodeIdentifierSubtypeName } from "./registry_names.ts";

/** An option starts at n times `n` plus `offset` octets from the start of the mobility header. */
export interface Alignment {
  readonly n: 1 | 2 | 4 | 8;
  readonly offset: number;
}

export type KnownMobilityOptionKind = Exclude<MobilityOptionKind, "unknownOption">;

export interface MobilityOptionEntry<Kind extends KnownMobilityOptionKind> {
  /** Number of the IANA registry. */
  readonly type: number;
  readonly kind: Kind;
  readonly name: string;
  readonly section: string;
  /** Lengths that the option's data can have, in octets: these, or all from a least one up. */
  readonly lengths: readonly number[] | { readonly atLeast: number };
  /** Where the option may start, for data of this many octets. */
  readonly alignment: (octets: number) => Alignment;
  /** May stand more than once in a message. */
  readonly repeatable: boolean;
  /** Stands last in the message where it stands in it, with no padding after it. */
  readonly last: boolean;
  readonly fields: FieldsOf<OptionOf<Kind>>;
}

const at = (n: Alignment["n"], offset = 0) => (): Alignment => ({ n, offset });

/**
 * Every mobility option that the stack acts on; the rest of the table is in inventory/. Decoding, encoding, alignment, printing and generated tests
 * all read this table; a new option is a new entry, and a new member of MobilityOption.
 */
export const MOBILITY_OPTIONS: { readonly [Kind in KnownMobilityOptionKind]: MobilityOptionEntry<Kind> } = {
  bindingRefreshAdvice: {
    type: 2,
    kind: "bindingRefreshAdvice",
    name: "Binding Refresh Advice",
    section: "RFC 6275 6.2.4",
    lengths: [2],
    alignment: at(2),
    repeatable: false,
    last: false,
    fields: {
      refreshIntervalSeconds: numberField("Refresh Interval", 0, 16, {
        scale: LIFETIME_UNIT_SECONDS,
        unit: "s",
      }),
    },
  },
  alternateCareOfAddress: {
    type: 3,
    kind: "alternateCareOfAddress",
    name: "Alternate Care-of Address",
    section: "RFC 6275 6.2.5",
    lengths: [16],
    alignment: at(8, 6),
    repeatable: false,
    last: false,
    fields: { careOfAddress: ipv6Field("Alternate Care-of Address", 0) },
  },
  nonceIndices: {
    type: 4,
    kind: "nonceIndices",
    name: "Nonce Indices",
    section: "RFC 6275 6.2.6",
    lengths: [4],
    alignment: at(2),
    repeatable: false,
    last: false,
    fields: {
      homeNonceIndex: numberField("Home Nonce Index", 0, 16),
      careOfNonceIndex: numberField("Care-of Nonce Index", 16, 16),
    },
  },
  bindingAuthorizationData: {
    type: 5,
    kind: "bindingAuthorizationData",
    name: "Binding Authorization Data",
    section: "RFC 6275 6.2.7",
    lengths: { atLeast: 0 },
    alignment: at(8, 2),
    repeatable: false,
    last: true,
    fields: { authenticator: restField("Authenticator", 0) },
  },
  mobileNetworkPrefix: {
    type: 6,
    kind: "mobileNetworkPrefix",
    name: "Mobile Network Prefix",
    section: "RFC 3963 4.3",
    lengths: [18],
    alignment: at(8, 4),
    repeatable: true,
    last: false,
    fields: {
      prefixLength: numberField("Prefix Length", 8, 8),
      prefix: ipv6Field("Mobile Network Prefix", 2),
    },
  },
  mobileNodeIdentifier: {
    type: 8,
    kind: "mobileNodeIdentifier",
    name: "Mobile Node Identifier",
    section: "RFC 4283 3",
    lengths: { atLeast: 1 },
    alignment: at(1),
    repeatable: true,
    last: false,
    fields: {
      subtype: numberField("Subtype", 0, 8, { name: mobileNodeIdentifierSubtypeName }),
      identifier: restField("Identifier", 1, formatText),
    },
  },
  messageAuthentication: {
    type: 9,
    kind: "messageAuthentication",
    name: "Mobility Message Authentication",
    section: "RFC 4285 5",
    lengths: { atLeast: 5 },
    alignment: at(4, 1),
    repeatable: true,
    last: true,
    fields: {
      subtype: numberField("Subtype", 0, 8, { name: (value) => ["", "MN-HA", "MN-AAA"][value] || undefined }),
      spi: numberField("Mobility SPI", 8, 32),
      authenticationData: restField("Authentication Data", 5),
    },
  },
  messageIdentification: {
    type: 10,
    kind: "messageIdentification",
    name: "Mobility Message Replay Protection",
    section: "RFC 4285 6",
    lengths: [8],
    alignment: at(8, 2),
    repeatable: false,
    last: false,
    fields: { timestamp: timestampField("Timestamp", 0) },
  },
  ipv4HomeAddress: {
    type: 29,
    kind: "ipv4HomeAddress",
    name: "IPv4 Home Address",
    section: "RFC 5555 3.1.1",
    lengths: [6],
    alignment: at(4),
    repeatable: true,
    last: false,
    fields: {
      prefixLength: numberField("Prefix-len", 0, 6),
      requestPrefix: flagField("P", 6),
      homeAddress: ipv4Field("IPv4 home address", 2),
    },
  },
  ipv4AddressAcknowledgement: {
    type: 30,
    kind: "ipv4AddressAcknowledgement",
    name: "IPv4 Address Acknowledgement",
    section: "RFC 5555 3.2.1",
    lengths: [6],
    alignment: at(4),
    repeatable: true,
    last: false,
    fields: {
      status: numberField("Status", 0, 8, { name: ipv4AddressStatusName }),
      prefixLength: numberField("Pref-len", 8, 6),
      homeAddress: ipv4Field("IPv4 home address", 2),
    },
  },
  natDetection: {
    type: 31,
    kind: "natDetection",
    name: "NAT Detection",
    section: "RFC 5555 3.2.2",
    lengths: [6],
    alignment: at(4),
    repeatable: false,
    last: false,
    fields: {
      forceUdp: flagField("F", 0),
      refreshSeconds: numberField("Refresh time", 16, 32, { unit: "s", name: refreshTimeName }),
    },
  },
  ipv4CareOfAddress: {
    type: 32,
    kind: "ipv4CareOfAddress",
    name: "IPv4 Care-of Address",
    section: "RFC 5555 3.1.2",
    lengths: [6],
    alignment: at(4),
    repeatable: false,
    last: false,
    fields: { careOfAddress: ipv4Field("IPv4 Care-of address", 2) },
  },
  bindingIdentifier: {
    type: 35,
    kind: "bindingIdentifier",
    name: "Binding Identifier",
    section: "RFC 5648 4.3",
    lengths: [4, 8, 20],
    alignment: (octets) => octets === 4 ? { n: 2, offset: 0 } : { n: 8, offset: 2 },
    repeatable: true,
    last: false,
    fields: {
      bindingId: numberField("Binding ID", 0, 16),
      status: numberField("Status", 16, 8),
      simultaneousHomeAndForeign: flagField("H", 24),
      priority: numberField("BID-PRI", 25, 7),
      careOfAddress: optionalAddressField("Care-of Address", 4),
    },
  },
};

function refreshTimeName(seconds: number): string | undefined {
  if (seconds === 0) return "as the mobile node likes";
  return seconds === NO_KEEPALIVE_REFRESH_SECONDS ? "no keepalive" : undefined;
}

/** Options that the inspector knows and the stack passes over. */
const FAMILY_OPTIONS = {
  ...FAST_HANDOVER_OPTIONS,
  ...ENHANCED_ROUTE_OPTIMIZATION_OPTIONS,
  ...GENERAL_OPTIONS,
  ...PROXY_OPTIONS,
  ...PROXY_EXTENSION_OPTIONS,
  ...DISTRIBUTED_OPTIONS,
  ...FLOW_OPTIONS,
  ...MULTICAST_OPTIONS,
};

type FamilyOptions = typeof FAMILY_OPTIONS;

/** The record of any option of the whole table. */
export type AnyMobilityOption =
  | MobilityOption
  | { [Kind in keyof FamilyOptions]: RecordOf<Kind, FamilyOptions[Kind]["fields"]> }[keyof FamilyOptions];

/** The entry without its kind in the type: for code that goes over the whole table. */
export type AnyMobilityOptionEntry =
  & Omit<MobilityOptionEntry<KnownMobilityOptionKind>, "kind" | "fields">
  & { readonly kind: string; readonly fields: Readonly<Record<string, Field<unknown>>> };

/** Every option of the registry, but for padding, in the order of its types. */
export const ALL_MOBILITY_OPTIONS: readonly AnyMobilityOptionEntry[] = [
  ...Object.values(MOBILITY_OPTIONS),
  ...Object.entries(FAMILY_OPTIONS).map(([kind, entry]) => ({ ...entry, kind })),
].map((entry) => entry as unknown as AnyMobilityOptionEntry).sort((a, b) => a.type - b.type);

const STACK_KINDS: ReadonlySet<string> = new Set(Object.keys(MOBILITY_OPTIONS));
const BY_TYPE: ReadonlyMap<number, AnyMobilityOptionEntry> = new Map(
  ALL_MOBILITY_OPTIONS.map((entry) => [entry.type, entry]),
);
const STACK_BY_TYPE: ReadonlyMap<number, AnyMobilityOptionEntry> = new Map(
  ALL_MOBILITY_OPTIONS.filter(({ kind }) => STACK_KINDS.has(kind)).map((entry) => [entry.type, entry]),
);
const BY_KIND: ReadonlyMap<string, AnyMobilityOptionEntry> = new Map(
  ALL_MOBILITY_OPTIONS.map((entry) => [entry.kind, entry]),
);

/** The entry of an option type; undefined for padding and for what has no record of its own. */
export function mobilityOptionEntry(type: number): AnyMobilityOptionEntry | undefined {
  return BY_TYPE.get(type);
}

/** As mobilityOptionEntry, for what the stack acts on: all other options are unknown to it, and skipped. */
export function stackOptionEntry(type: number): AnyMobilityOptionEntry | undefined {
  return STACK_BY_TYPE.get(type);
}

/** The entry of a record's kind; undefined for an unknown option. */
export function mobilityOptionEntryOfKind(kind: string): AnyMobilityOptionEntry | undefined {
  return BY_KIND.get(kind);
}
