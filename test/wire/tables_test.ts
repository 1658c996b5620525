import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Field } from "../../core/wire/field.ts";
import type { MobilityMessage } from "../../core/wire/mobility_message.ts";
import { MOBILITY_MESSAGES, mobilityMessageEntry } from "../../core/wire/mobility_message_table.ts";
import type { MobilityOption } from "../../core/wire/mobility_option.ts";
import { MOBILITY_OPTIONS, mobilityOptionEntry } from "../../core/wire/mobility_option_table.ts";
import { FLAGLESS_UPDATE, PLAIN_ACKNOWLEDGEMENT } from "../vectors/mobility_headers.ts";
import { mobilityMessages } from "./arbitraries.ts";
import { octetsOf } from "./octets.ts";

/** What the table prints of a record, by the fields' labels. */
function printed(record: MobilityMessage | MobilityOption): Record<string, string> {
  const tables = { ...MOBILITY_MESSAGES, ...MOBILITY_OPTIONS } as Record<
    string,
    { fields: object } | undefined
  >;
  const fields = (tables[record.kind]?.fields ?? {}) as Record<string, Field<unknown>>;
  const values = record as unknown as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(fields).map(([key, field]) => [field.label, field.print(values[key])]),
  );
}

Deno.test("tables: each entry is found by its type, and stands under its kind", () => {
  for (const [kind, entry] of Object.entries(MOBILITY_OPTIONS)) {
    assertEquals(entry.kind, kind);
    assertEquals(mobilityOptionEntry(entry.type)?.kind, kind);
  }
  for (const [kind, entry] of Object.entries(MOBILITY_MESSAGES)) {
    assertEquals(entry.kind, kind);
    assertEquals(mobilityMessageEntry(entry.type)?.kind, kind);
  }
  assertEquals(mobilityOptionEntry(0), undefined);
  assertEquals(mobilityOptionEntry(1), undefined);
  assertEquals(mobilityMessageEntry(8), undefined);
});

Deno.test("tables: numbers are those of the registry", () => {
  assertEquals(Object.values(MOBILITY_MESSAGES).map(({ type }) => type), [0, 1, 2, 3, 4, 5, 6, 7]);
  assertEquals(Object.values(MOBILITY_OPTIONS).map(({ type }) => type), [
    2,
    3,
    4,
    5,
    6,
    8,
    9,
    10,
    29,
    30,
    31,
    32,
    35,
  ]);
});

Deno.test("tables: any value of any field prints as one line that is not empty, but for octets that are none", () => {
  fc.assert(fc.property(mobilityMessages, (message) => {
    const options = message.kind === "unknownMessage" ? [] : message.options;
    for (const record of [message, ...options]) {
      for (const [label, text] of Object.entries(printed(record))) {
        const mayBeEmpty = ["Identifier", "Authenticator", "Authentication Data"].includes(label);
        assert(mayBeEmpty || /^[^\n]+$/.test(text), `${label}: ${JSON.stringify(text)}`);
      }
    }
  }));
});

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
  assertEquals(print({ kind: "mobileNodeIdentifier", subtype: 2, identifier: octetsOf("6d00") }), [
    "2",
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
