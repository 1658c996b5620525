import { assertEquals, assertThrows } from "@std/assert";
import {
  decodeMobilityHeader,
  encodeMobilityHeader,
  encodeMobilityHeaderInto,
} from "../../core/wire/mobility_header.ts";
import type { MobilityMessage } from "../../core/wire/mobility_message.ts";
import type { MobilityOption } from "../../core/wire/mobility_option.ts";
import {
  ACKNOWLEDGEMENT_FLAGS,
  FLAGLESS_UPDATE,
  MESSAGE_VECTORS,
  OPTION_VECTORS,
  PLAIN_ACKNOWLEDGEMENT,
  UPDATE_FLAGS,
} from "../vectors/mobility_headers.ts";
import { faultOf, valueOf } from "./decoded.ts";
import { hexOf, octetsOf, onesBuffer } from "./octets.ts";

for (const { name, hex, message } of [...MESSAGE_VECTORS, ...OPTION_VECTORS]) {
  Deno.test(`vector: ${name}`, () => {
    const bytes = octetsOf(hex);
    const header = valueOf(decodeMobilityHeader(bytes));
    assertEquals(header.message, message);
    assertEquals(header.payloadProtocol, 59);
    assertEquals(header.length, bytes.length);
    assertEquals(hexOf(encodeMobilityHeader(message)), hexOf(bytes));
  });
}

Deno.test("Binding Update: each flag in its bit", () => {
  for (const [flag, mask] of UPDATE_FLAGS) {
    const message = { ...FLAGLESS_UPDATE, [flag]: true };
    const bytes = encodeMobilityHeader(message);
    assertEquals(bytes[8] << 8 | bytes[9], mask, flag);
    assertEquals(messageOf(bytes), message);
  }
});

Deno.test("Binding Acknowledgement: each flag in its bit", () => {
  for (const [flag, mask] of ACKNOWLEDGEMENT_FLAGS) {
    const message = { ...PLAIN_ACKNOWLEDGEMENT, [flag]: true };
    const bytes = encodeMobilityHeader(message);
    assertEquals(bytes[7], mask, flag);
    assertEquals(messageOf(bytes), message);
  }
});

Deno.test("reserved bits of a Binding Update are ignored", () => {
  const bytes = encodeMobilityHeader(FLAGLESS_UPDATE);
  bytes[3] = 0xff;
  bytes[9] |= 0x3f;
  assertEquals(messageOf(bytes), FLAGLESS_UPDATE);
});

Deno.test("padding of every kind is passed over, and the options' offsets are told", () => {
  const bytes = octetsOf(
    "3b 04 05 00 0000 03e8 0000 0069 00 01 02 ffff 00 20 06 0000 c6336407 01 00 c8 00 00 00 01 06 ffffffffffff",
  );
  const header = valueOf(decodeMobilityHeader(bytes));
  assertEquals(header.optionOffsets, [18, 28]);
  assertEquals((header.message as { options: unknown }).options, [
    { kind: "ipv4CareOfAddress", careOfAddress: "198.51.100.7" },
    { kind: "unknownOption", type: 200, data: new Uint8Array() },
  ]);
});

Deno.test("the header's own length counts, not the buffer's", () => {
  const bytes = new Uint8Array(64).fill(0xee);
  bytes.set(encodeMobilityHeader(FLAGLESS_UPDATE));
  const header = valueOf(decodeMobilityHeader(bytes));
  assertEquals(header.length, 16);
  assertEquals(header.message, FLAGLESS_UPDATE);
});

const faults: Record<string, [hex: string, fault: string]> = {
  "nothing": ["", "mobility header at offset 0: is cut off"],
  "less than 8 octets": ["3b 00 00 00 0000 00", "mobility header at offset 7: is cut off"],
  "a length past the end": [
    "3b 01 00 00 0000 0000",
    "mobility header length at offset 1: goes past the end of the packet",
  ],
  "a length too small for its message": [
    "3b 00 05 00 0000 03e8",
    "mobility header length at offset 1: is too small for a Binding Update",
  ],
  "an option without its length": [
    "3b 01 05 00 0000 03e8 c000 0069 000000 20",
    "mobility option at offset 15: has no room for its length",
  ],
  "an option past the end": [
    "3b 01 05 00 0000 03e8 c000 0069 2006 0000",
    "mobility option length at offset 13: goes past the end of the header",
  ],
  "a PadN past the end": [
    "3b 01 05 00 0000 03e8 c000 0069 0103 0000",
    "mobility option length at offset 13: goes past the end of the header",
  ],
  "an option of a wrong length": [
    "3b 01 05 00 0000 03e8 c000 0069 2002 0000",
    "IPv4 Care-of Address option length at offset 13: is 2, not 6",
  ],
  "a Binding Identifier of a wrong length": [
    "3b 02 05 00 0000 03e8 c000 0069 2305 0000000000 0103000000",
    "Binding Identifier option length at offset 13: is 5, not 4 or 8 or 20",
  ],
  "an authentication option of a wrong length": [
    "3b 02 05 00 0000 03e8 c000 0069 0904 00000000 010400000000",
    "Mobility Message Authentication option length at offset 13: is 4, not at least 5",
  ],
};
for (const [name, [hex, fault]] of Object.entries(faults)) {
  Deno.test(`fault: ${name}`, () => {
    assertEquals(faultOf(decodeMobilityHeader(octetsOf(hex))), fault);
  });
}

Deno.test("encode into a buffer full of ones leaves none of them, and nothing outside is touched", () => {
  for (const { message, hex, name } of [...MESSAGE_VECTORS, ...OPTION_VECTORS]) {
    const expected = octetsOf(hex);
    const buffer = onesBuffer(expected.length + 11);
    assertEquals(encodeMobilityHeaderInto(message, buffer, 4), expected.length, name);
    assertEquals(hexOf(buffer), `ffffffff${hexOf(expected)}ffffffffffffff`, name);
  }
});

Deno.test("several options: each aligned, the authentication last and at the very end", () => {
  const authentication: MobilityOption = {
    kind: "messageAuthentication",
    subtype: 1,
    spi: 256,
    authenticationData: new Uint8Array(12).fill(0xaa),
  };
  const options: MobilityOption[] = [
    { kind: "mobileNodeIdentifier", subtype: 1, identifier: octetsOf("6d6e40") },
    { kind: "ipv4CareOfAddress", careOfAddress: "198.51.100.7" },
    { kind: "messageIdentification", timestamp: 1n },
    authentication,
  ];
  const bytes = encodeMobilityHeader({ ...FLAGLESS_UPDATE, options });
  const parts = [
    "3b 07 05 00 0000 03e8 0000 0069",
    "08 04 01 6d6e40  0100",
    "20 06 0000 c6336407",
    "010400000000",
    "0a 08 0000000000000001",
    "00",
    "09 11 01 00000100 aaaaaaaaaaaaaaaaaaaaaaaa",
  ];
  assertEquals(hexOf(bytes), hexOf(octetsOf(parts.join(" "))));
  const header = valueOf(decodeMobilityHeader(bytes));
  assertEquals(header.optionOffsets, [12, 20, 34, 45]);
});

Deno.test("authentication data for which no aligned place ends the header gets its padding behind", () => {
  const option: MobilityOption = {
    kind: "messageAuthentication",
    subtype: 1,
    spi: 256,
    authenticationData: octetsOf("aabb"),
  };
  const bytes = encodeMobilityHeader({ ...FLAGLESS_UPDATE, options: [option] });
  assertEquals(hexOf(bytes.subarray(12)), hexOf(octetsOf("00 09 07 01 00000100 aabb 0100")));
});

Deno.test("an authentication option that is not the last keeps its plain place", () => {
  const proof = (subtype: number): MobilityOption => {
    return { kind: "messageAuthentication", subtype, spi: 256, authenticationData: new Uint8Array(16) };
  };
  const bytes = encodeMobilityHeader({ ...FLAGLESS_UPDATE, options: [proof(1), proof(2)] });
  const header = valueOf(decodeMobilityHeader(bytes));
  assertEquals(header.optionOffsets, [13, 41]);
  assertEquals(header.length, 64);
});

Deno.test("the longest header there can be, into a buffer that just holds it", () => {
  const data = new Uint8Array(2042);
  const buffer = onesBuffer(2048);
  assertEquals(encodeMobilityHeaderInto({ kind: "unknownMessage", type: 9, data }, buffer, 0), 2048);
  assertEquals([buffer[1], valueOf(decodeMobilityHeader(buffer)).length], [255, 2048]);
});

Deno.test("a record that cannot be sent is refused", () => {
  const refuse = (message: MobilityMessage, reason: string) =>
    assertThrows(() => encodeMobilityHeader(message), RangeError, reason);
  const withOption = (option: MobilityOption) => ({ ...FLAGLESS_UPDATE, options: [option] });
  refuse({ ...FLAGLESS_UPDATE, sequenceNumber: 65536 }, "Sequence #: 65536 does not fit into 16 bits");
  refuse({ ...FLAGLESS_UPDATE, lifetimeSeconds: 421 }, "Lifetime");
  refuse({ ...FLAGLESS_UPDATE, lifetimeSeconds: 262144 }, "Lifetime");
  refuse({ kind: "bindingError", status: 1, homeAddress: "192.0.2.1", options: [] }, "no IPv6 address");
  refuse({ kind: "homeTestInit", homeInitCookie: new Uint8Array(7), options: [] }, "Home Init Cookie");
  refuse({ kind: "unknownMessage", type: 9, data: new Uint8Array(9) }, "15 octets");
  refuse(withOption({ kind: "ipv4CareOfAddress", careOfAddress: "::1" }), "no IPv4 address");
  refuse(withOption({ kind: "unknownOption", type: 99, data: new Uint8Array(256) }), "256 octets");
  const many = Array.from(
    { length: 8 },
    () => ({ kind: "unknownOption", type: 99, data: new Uint8Array(255) }) as const,
  );
  refuse({ ...FLAGLESS_UPDATE, options: many }, "cannot have 2072 octets");
  assertThrows(
    () => encodeMobilityHeaderInto(FLAGLESS_UPDATE, new Uint8Array(20), 8),
    RangeError,
    "16 octets",
  );
});

function messageOf(bytes: Uint8Array): MobilityMessage {
  return valueOf(decodeMobilityHeader(bytes)).message;
}
