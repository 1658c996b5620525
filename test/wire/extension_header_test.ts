import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  decodeExtensionHeader,
  decodeExtensionHeaders,
  encodeExtensionHeader,
  encodeExtensionHeaderInto,
  type ExtensionHeader,
  extensionHeaderType,
  MAXIMUM_EXTENSION_HEADERS,
} from "../../core/wire/extension_header.ts";
import { extensionHeaders } from "./arbitraries.ts";
import { faultOf, valueOf } from "./decoded.ts";
import { hexOf, octetsOf, onesBuffer } from "./octets.ts";

const HOME = "20010db8010000000000000000000100";
const vectors: Record<string, [hex: string, header: ExtensionHeader]> = {
  "destination options with a Home Address option (8n + 6)": [
    `87 02 0102 0000 c9 10 ${HOME}`,
    {
      kind: "destinationOptions",
      nextHeader: 135,
      options: [{ kind: "homeAddress", homeAddress: "2001:db8:100::100" }],
    },
  ],
  "hop-by-hop options with a router alert": [
    "3a 00 05 02 0000 0100",
    {
      kind: "hopByHopOptions",
      nextHeader: 58,
      options: [{ kind: "otherIpv6Option", type: 5, data: new Uint8Array(2) }],
    },
  ],
  "an options header without options": [
    "3b 00 01 04 00000000",
    { kind: "destinationOptions", nextHeader: 59, options: [] },
  ],
  "type 2 routing header": [
    `87 02 02 01 00000000 ${HOME}`,
    { kind: "homeAddressRouting", nextHeader: 135, segmentsLeft: 1, homeAddress: "2001:db8:100::100" },
  ],
  "another routing header": [
    "11 01 04 03 0011223344556677 8899aabb",
    {
      kind: "otherRouting",
      nextHeader: 17,
      routingType: 4,
      segmentsLeft: 3,
      data: octetsOf("00112233445566778899aabb"),
    },
  ],
  "fragment header": [
    "11 00 05a9 deadbeef",
    {
      kind: "fragment",
      nextHeader: 17,
      fragmentOffset: 1448,
      moreFragments: true,
      identification: 0xdeadbeef,
    },
  ],
};
for (const [name, [hex, header]] of Object.entries(vectors)) {
  Deno.test(`extension header: ${name}, both ways`, () => {
    const bytes = octetsOf(hex);
    const result = valueOf(decodeExtensionHeader(bytes, 0, bytes.length, extensionHeaderType(header)));
    assertEquals(result, { header, length: bytes.length });
    assertEquals(hexOf(encodeExtensionHeader(header)), hexOf(bytes));
  });
}

Deno.test("extension headers: reserved bits of a fragment header are ignored", () => {
  const { header } = valueOf(decodeExtensionHeader(octetsOf("11 ff 05af deadbeef"), 0, 8, 44));
  assertEquals(header, vectors["fragment header"][1]);
});

Deno.test("extension headers: a chain is followed to the upper layer", () => {
  const bytes = octetsOf(
    `ff ff 2b 00 05 02 0000 0100 3c 02 02 01 00000000 ${HOME} 87 02 0102 0000 c9 10 ${HOME} 3b`,
  );
  const chain = valueOf(decodeExtensionHeaders(bytes, 2, bytes.length, 0));
  assertEquals(chain.headers.map(({ kind }) => kind), [
    "hopByHopOptions",
    "homeAddressRouting",
    "destinationOptions",
  ]);
  assertEquals(chain.offsets, [2, 10, 34]);
  assertEquals([chain.nextHeader, chain.offset], [135, 58]);
});

Deno.test("extension headers: the chain ends behind a later fragment's header", () => {
  const bytes = octetsOf("3c 00 0008 00000001 3c3c3c3c3c3c3c3c");
  const chain = valueOf(decodeExtensionHeaders(bytes, 0, bytes.length, 44));
  assertEquals([chain.headers.length, chain.nextHeader, chain.offset], [1, 60, 8]);
});

Deno.test("extension headers: a chain has a limit", () => {
  const chain = (count: number) =>
    octetsOf("3c 00 01 04 00000000 ".repeat(count - 1) + "3b 00 01 04 00000000");
  const longest = chain(MAXIMUM_EXTENSION_HEADERS);
  assertEquals(
    valueOf(decodeExtensionHeaders(longest, 0, longest.length, 60)).headers.length,
    MAXIMUM_EXTENSION_HEADERS,
  );
  const longer = chain(MAXIMUM_EXTENSION_HEADERS + 1);
  assertEquals(
    faultOf(decodeExtensionHeaders(longer, 0, longer.length, 60)),
    "extension headers at offset 64: are more than 8",
  );
});

const faults: Record<string, [type: number, hex: string, fault: string]> = {
  "cut off": [60, "3b 00 01 04 000000", "extension header at offset 7: is cut off"],
  "a length past the end": [
    0,
    "3b 01 01 04 00000000",
    "extension header length at offset 1: goes past the end of the packet",
  ],
  "an option past the end": [
    60,
    "3b 00 05 05 00000000",
    "IPv6 option length at offset 3: goes past the end of the header",
  ],
  "an option without its length": [
    60,
    "3b 00 01 03 000000 05",
    "IPv6 option at offset 7: has no room for its length",
  ],
  "a Home Address option of a wrong length": [
    60,
    "3b 00 c9 04 00000000",
    "Home Address option length at offset 3: is 4, not 16",
  ],
  "a type 2 routing header of a wrong length": [
    43,
    "3b 00 02 01 00000000",
    "type 2 routing header length at offset 1: is 8 octets, not 24",
  ],
};
for (const [name, [type, hex, fault]] of Object.entries(faults)) {
  Deno.test(`extension header fault: ${name}`, () => {
    const bytes = octetsOf(hex);
    assertEquals(faultOf(decodeExtensionHeaders(bytes, 0, bytes.length, type)), fault);
  });
}

Deno.test("extension headers: the longest there can be, into a buffer that just holds it", () => {
  const header = {
    kind: "otherRouting",
    nextHeader: 17,
    routingType: 0,
    segmentsLeft: 0,
    data: new Uint8Array(2044),
  } as const;
  const buffer = onesBuffer(2048);
  assertEquals(encodeExtensionHeaderInto(header, buffer, 0), 2048);
  assertEquals(valueOf(decodeExtensionHeader(buffer, 0, 2048, 43)), { header, length: 2048 });
});

Deno.test("extension headers: what cannot be sent is refused", () => {
  const refuse = (header: ExtensionHeader, reason: string) =>
    assertThrows(() => encodeExtensionHeader(header), RangeError, reason);
  const base = {
    kind: "fragment",
    nextHeader: 17,
    fragmentOffset: 0,
    moreFragments: false,
    identification: 0,
  } as const;
  refuse({ ...base, fragmentOffset: 4 }, "fragment offset 4");
  refuse({ ...base, nextHeader: 256 }, "next header");
  refuse(
    { kind: "otherRouting", nextHeader: 17, routingType: 0, segmentsLeft: 0, data: new Uint8Array(8) },
    "8 octets",
  );
  const option = (octets: number) =>
    ({ kind: "otherIpv6Option", type: 5, data: new Uint8Array(octets) }) as const;
  refuse({ kind: "hopByHopOptions", nextHeader: 17, options: [option(256)] }, "IPv6 option length");
  const many = Array.from({ length: 9 }, () => option(255));
  refuse({ kind: "hopByHopOptions", nextHeader: 17, options: many }, "too many");
  assertThrows(() => encodeExtensionHeaderInto(base, new Uint8Array(10), 4), RangeError, "needs 8 octets");
});

Deno.test("extension headers: any header is found again, also from a buffer full of ones", () => {
  fc.assert(fc.property(extensionHeaders, (header) => {
    const bytes = encodeExtensionHeader(header);
    const buffer = onesBuffer(bytes.length + 7);
    assertEquals(encodeExtensionHeaderInto(header, buffer, 3), bytes.length);
    assertEquals(hexOf(buffer), `ffffff${hexOf(bytes)}ffffffff`);
    const end = 3 + bytes.length;
    const result = valueOf(decodeExtensionHeader(buffer, 3, end, extensionHeaderType(header)));
    assertEquals(result, { header, length: bytes.length });
  }));
});
