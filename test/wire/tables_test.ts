import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  ALL_MOBILITY_MESSAGES,
  type AnyMobilityMessage,
  MOBILITY_MESSAGES,
  mobilityMessageEntry,
  mobilityMessageEntryAt,
  mobilityMessageEntryOfKind,
  stackMessageEntryAt,
} from "../../core/wire/mobility_message_table.ts";
import type { MobilityOption } from "../../core/wire/mobility_option.ts";
import {
  ALL_MOBILITY_OPTIONS,
  type AnyMobilityOption,
  MOBILITY_OPTIONS,
  mobilityOptionEntry,
  mobilityOptionEntryOfKind,
  stackOptionEntry,
} from "../../core/wire/mobility_option_table.ts";
import { FLAGLESS_UPDATE, PLAIN_ACKNOWLEDGEMENT } from "../vectors/mobility_headers.ts";
import { anyMobilityMessages } from "./arbitraries.ts";
import { octetsOf } from "./octets.ts";

/** What the table prints of a record, by the fields' labels. */
function printed(record: AnyMobilityMessage | AnyMobilityOption): Record<string, string> {
  const entry = mobilityMessageEntryOfKind(record.kind) ?? mobilityOptionEntryOfKind(record.kind);
  const fields = entry?.fields ?? {};
  const values = record as unknown as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(fields).map(([key, field]) => [field.label, field.print(values[key])]),
  );
}

Deno.test("tables: each entry is found by its type, and stands under its kind", () => {
  for (const [kind, entry] of Object.entries(MOBILITY_OPTIONS)) assertEquals(entry.kind, kind);
  for (const [kind, entry] of Object.entries(MOBILITY_MESSAGES)) assertEquals(entry.kind, kind);
  for (const { type, kind } of ALL_MOBILITY_OPTIONS) {
    assertEquals(mobilityOptionEntry(type)?.kind, kind);
    assertEquals(mobilityOptionEntryOfKind(kind)?.type, type);
    assertEquals(stackOptionEntry(type)?.kind, kind in MOBILITY_OPTIONS ? kind : undefined);
  }
  for (const { type, kind, variant } of ALL_MOBILITY_MESSAGES) {
    const bytes = new Uint8Array(8);
    bytes[2] = type;
    if (variant !== undefined) bytes[5 + variant.octets] = variant.value;
    assertEquals(mobilityMessageEntryAt(bytes, 0)?.kind, kind);
    assertEquals(mobilityMessageEntryOfKind(kind)?.type, type);
    assertEquals(mobilityMessageEntry(type)?.kind, variant === undefined ? kind : undefined);
    assertEquals(stackMessageEntryAt(bytes, 0)?.kind, kind in MOBILITY_MESSAGES ? kind : undefined);
  }
  assertEquals(mobilityOptionEntry(0), undefined);
  assertEquals(mobilityOptionEntry(1), undefined);
});

Deno.test("tables: numbers are those of the registry", () => {
  const upTo = (last: number) => Array.from({ length: last + 1 }, (_, type) => type);
  assertEquals(Object.values(MOBILITY_MESSAGES).map(({ type }) => type), [
    ...upTo(7),
    16,
    16,
  ]);
  assertEquals(Object.values(MOBILITY_OPTIONS).map(({ type }) => type), STACK_OPTION_TYPES);
  assertEquals(ALL_MOBILITY_OPTIONS.map(({ type }) => type), upTo(70).slice(2));
  // Experiments own type 11: it has no format.
  assertEquals(
    [...new Set(ALL_MOBILITY_MESSAGES.map(({ type }) => type))],
    upTo(23).filter((type) => type !== 11),
  );
});
const STACK_OPTION_TYPES = [2, 3, 4, 5, 6, 8, 9, 10, 29, 30, 31, 32, 35];

Deno.test("tables: any value of any field prints as one line that is not empty, but for octets that are none", () => {
  fc.assert(fc.property(anyMobilityMessages, (message) => {
    const options = message.kind === "unknownMessage" ? [] : message.options;
    for (const record of [message, ...options]) {
      for (const [label, text] of Object.entries(printed(record))) {
        const mayBeEmpty = MAY_BE_EMPTY.includes(label);
        assert(mayBeEmpty || /^[^\n]+$/.test(text), `${label}: ${JSON.stringify(text)}`);
      }
    }
  }));
});

const MAY_BE_EMPTY = [
  "Identifier",
  "Authenticator",
  "Authentication Data",
  "LLA",
  "CGA Parameters",
  "Signature",
  "Permanent Home Keygen Token",
  "Data",
  "MN identity (FQDN)",
  "DLIF Link-Layer Address",
  "Multicast Address Records",
  "Multicast Membership Context",
];

Deno.test("tables: values are printed with units and names", () => {
  const update = printed({ ...FLAGLESS_UPDATE, acknowledge: true });
  assertEquals([update["Sequence #"], update["A"], update["F"], update["Lifetime"]], [
    "1000",
    "set",
    "not set",
    "420 s",
  ]);
  assertEquals(
    printed({ ...PLAIN_ACKNOWLEDGEMENT, status: 135 })["Status"],
    "135 (Sequence number out of window)",
  );
  const print = (option: MobilityOption) => Object.values(printed(option));
  assertEquals(print({ kind: "natDetection", forceUdp: true, refreshSeconds: 110 }), ["set", "110 s"]);
  assertEquals(
    print({ kind: "natDetection", forceUdp: false, refreshSeconds: 0 })[1],
    "0 s (as the mobile node likes)",
  );
  assertEquals(
    print({ kind: "natDetection", forceUdp: false, refreshSeconds: 0xffffffff })[1],
    "4294967295 s (no keepalive)",
  );
  assertEquals(print({ kind: "ipv4CareOfAddress", careOfAddress: "192.0.2.1" }), ["192.0.2.1"]);
  assertEquals(print({ kind: "mobileNodeIdentifier", subtype: 1, identifier: octetsOf("6d6e40") }), [
    "1 (NAI)",
    "mn@",
  ]);
  assertEquals(print({ kind: "mobileNodeIdentifier", subtype: 9, identifier: octetsOf("6d00") }), [
    "9",
    "0x6d00",
  ]);
  assertEquals(
    print({ kind: "messageAuthentication", subtype: 2, spi: 256, authenticationData: octetsOf("0abc") }),
    ["2 (MN-AAA)", "256", "0abc"],
  );
  assertEquals(print({ kind: "messageIdentification", timestamp: 0x83aa7e80_80000000n }), [
    "2208988800.500000 s since 1900",
  ]);
  const bindingIdentifier = { kind: "bindingIdentifier", bindingId: 7, status: 0, priority: 3 } as const;
  assertEquals(
    print({ ...bindingIdentifier, simultaneousHomeAndForeign: false, careOfAddress: undefined }),
    ["7", "0", "not set", "3", "none"],
  );
  assertEquals(
    print({ kind: "ipv4AddressAcknowledgement", status: 129, prefixLength: 0, homeAddress: "0.0.0.0" })[0],
    "129 (Administratively prohibited)",
  );
});
