import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { ExtensionHeader } from "../../core/wire/extension_header.ts";
import { encodeMobilityHeader } from "../../core/wire/mobility_header.ts";
import { decodeMobilityPacket, encodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import { FLAGLESS_UPDATE } from "../vectors/mobility_headers.ts";
import { ipv6Addresses, mobilityMessages } from "./arbitraries.ts";
import { faultOf, valueOf } from "./decoded.ts";
import { hexOf, octetsOf } from "./octets.ts";
import { ipv6Packet } from "./packets.ts";

const CARE_OF = "2001:db8:f::abcd";
const HOME = "2001:db8:100::100";
const AGENT = "2001:db8:100::1";
/** A Binding Update from 2001:db8:100::100 to 2001:db8:100::1; its checksum worked out by hand below. */
const UPDATE = [
  "60000000 0010 87 40 20010db8010000000000000000000100 20010db8010000000000000000000001",
  "3b 01 05 00 5ba1 03e8 0000 0069 01020000",
].join(" ");

function packetOf(
  headers: readonly ExtensionHeader[],
  body: Uint8Array,
  ends = { source: HOME, destination: AGENT },
) {
  return ipv6Packet(ends, headers, 135, body);
}

/** A mobility header whose checksum is right for these addresses. */
function sealed(source: string, destination: string): Uint8Array {
  return encodeMobilityPacket({ source, destination, mobilityHeader: encodeMobilityHeader(FLAGLESS_UPDATE) })
    .slice(40);
}

const homeAddressOption: ExtensionHeader = {
  kind: "destinationOptions",
  nextHeader: 0,
  options: [{ kind: "homeAddress", homeAddress: HOME }],
};

Deno.test("mobility packet: a vector, both ways", () => {
  // 2001 + 0db8 + 0100 + 0100, twice the prefix; + 0001; length 10, next header 87; then the header.
  const words = [
    0x2001,
    0xdb8,
    0x100,
    0x100,
    0x2001,
    0xdb8,
    0x100,
    1,
    0x10,
    0x87,
    0x3b01,
    0x500,
    0x3e8,
    0x69,
    0x102,
  ];
  const sum = words.reduce((total, word) => total + word, 0);
  assertEquals((~((sum & 0xffff) + (sum >> 16)) & 0xffff).toString(16), "5ba1");
  const packet = octetsOf(UPDATE);
  const decoded = valueOf(decodeMobilityPacket(packet));
  assertEquals(decoded.header.message, FLAGLESS_UPDATE);
  assertEquals({ ...decoded, header: undefined }, {
    source: HOME,
    destination: AGENT,
    homeAddressOption: undefined,
    routingHomeAddress: undefined,
    mobilityHeader: packet.subarray(40),
    header: undefined,
    checksumValid: true,
  });
  const mobilityHeader = encodeMobilityHeader(FLAGLESS_UPDATE);
  mobilityHeader.fill(0x12, 4, 6);
  assertEquals(
    hexOf(encodeMobilityPacket({ source: HOME, destination: AGENT, mobilityHeader })),
    hexOf(packet),
  );
});

Deno.test("mobility packet: a changed bit makes the checksum wrong, and is told", () => {
  const packet = octetsOf(UPDATE);
  packet[50] ^= 1;
  assertEquals(valueOf(decodeMobilityPacket(packet)).checksumValid, false);
});

Deno.test("mobility packet: octets behind the payload do not matter", () => {
  const packet = new Uint8Array([...octetsOf(UPDATE), 0xde, 0xad]);
  const decoded = valueOf(decodeMobilityPacket(packet));
  assertEquals([decoded.checksumValid, decoded.mobilityHeader.length], [true, 16]);
});

Deno.test("RFC 6275 11.3.1: the checksum is over the home address of a Home Address option", () => {
  const packet = packetOf([homeAddressOption], sealed(HOME, AGENT), {
    source: CARE_OF,
    destination: AGENT,
  });
  const decoded = valueOf(decodeMobilityPacket(packet));
  assertEquals([decoded.source, decoded.homeAddressOption, decoded.checksumValid], [CARE_OF, HOME, true]);
  const wrong = packetOf([homeAddressOption], sealed(CARE_OF, AGENT), {
    source: CARE_OF,
    destination: AGENT,
  });
  assertEquals(valueOf(decodeMobilityPacket(wrong)).checksumValid, false);
});

Deno.test("RFC 8200 8.1: the checksum is over the home address of a type 2 routing header", () => {
  const routing: ExtensionHeader = {
    kind: "homeAddressRouting",
    nextHeader: 0,
    segmentsLeft: 1,
    homeAddress: HOME,
  };
  const addresses = { source: AGENT, destination: CARE_OF };
  const decoded = valueOf(decodeMobilityPacket(packetOf([routing], sealed(AGENT, HOME), addresses)));
  assertEquals([decoded.destination, decoded.routingHomeAddress, decoded.checksumValid], [
    CARE_OF,
    HOME,
    true,
  ]);
  const wrong = packetOf([routing], sealed(AGENT, CARE_OF), addresses);
  assertEquals(valueOf(decodeMobilityPacket(wrong)).checksumValid, false);
});

Deno.test("mobility packet: what a receiver passes over", () => {
  const body = sealed(HOME, AGENT);
  const fine: ExtensionHeader[] = [
    {
      kind: "hopByHopOptions",
      nextHeader: 0,
      options: [{ kind: "otherIpv6Option", type: 5, data: new Uint8Array(2) }],
    },
    { kind: "otherRouting", nextHeader: 0, routingType: 4, segmentsLeft: 0, data: new Uint8Array(4) },
    { kind: "fragment", nextHeader: 0, fragmentOffset: 0, moreFragments: false, identification: 7 },
    { kind: "destinationOptions", nextHeader: 0, options: [] },
  ];
  assertEquals(valueOf(decodeMobilityPacket(packetOf(fine, body))).checksumValid, true);
});

const options = (type: number): ExtensionHeader => ({
  kind: "destinationOptions",
  nextHeader: 0,
  options: [{ kind: "otherIpv6Option", type, data: new Uint8Array(4) }],
});
const routing = (segmentsLeft: number): ExtensionHeader => {
  return { kind: "homeAddressRouting", nextHeader: 0, segmentsLeft, homeAddress: HOME };
};
const fragment = (fragmentOffset: number, moreFragments: boolean): ExtensionHeader => {
  return { kind: "fragment", nextHeader: 0, fragmentOffset, moreFragments, identification: 7 };
};
const refused: Record<string, [headers: ExtensionHeader[], fault: string]> = {
  "an option that asks for a discard": [
    [options(0x45)],
    "IPv6 option at offset 40: is unknown and asks for a discard",
  ],
  "an option that asks for an ICMP error": [
    [options(0xc5)],
    "IPv6 option at offset 40: is unknown and asks for a discard",
  ],
  "two Home Address options": [
    [homeAddressOption, homeAddressOption],
    "Home Address option at offset 64: stands there twice",
  ],
  "a type 2 routing header with 0 segments left": [[routing(0)], "segments left at offset 43: is 0, not 1"],
  "a type 2 routing header with 2 segments left": [[routing(2)], "segments left at offset 43: is 2, not 1"],
  "two type 2 routing headers": [
    [routing(1), routing(1)],
    "type 2 routing header at offset 64: stands there twice",
  ],
  "another routing header with segments left": [
    [{ kind: "otherRouting", nextHeader: 0, routingType: 0, segmentsLeft: 1, data: new Uint8Array(4) }],
    "routing type at offset 42: is unknown, with segments left",
  ],
  "a first fragment": [[fragment(0, true)], "IPv6 packet at offset 40: is a fragment"],
  "a last fragment": [[fragment(8, false)], "IPv6 packet at offset 40: is a fragment"],
};
for (const [name, [headers, fault]] of Object.entries(refused)) {
  Deno.test(`mobility packet refused: ${name}`, () => {
    assertEquals(faultOf(decodeMobilityPacket(packetOf(headers, sealed(HOME, AGENT)))), fault);
  });
}

Deno.test("mobility packet refused: no mobility header", () => {
  const packet = ipv6Packet(
    { source: HOME, destination: AGENT },
    [homeAddressOption],
    17,
    new Uint8Array(16),
  );
  assertEquals(faultOf(decodeMobilityPacket(packet)), "next header at offset 64: is 17, not 135");
});

Deno.test("mobility packet: offsets of faults count from the start of the packet", () => {
  const packet = octetsOf(UPDATE);
  assertEquals(
    faultOf(decodeMobilityPacket(packet.subarray(0, 55))),
    "IPv6 payload length at offset 4: goes past the end of the packet",
  );
  assertEquals(faultOf(decodeMobilityPacket(packet.subarray(0, 30))), "IPv6 header at offset 30: is cut off");
  packet[53] = 9;
  assertEquals(
    faultOf(decodeMobilityPacket(packet)),
    "mobility option length at offset 53: goes past the end of the header",
  );
  packet[41] = 2;
  assertEquals(
    faultOf(decodeMobilityPacket(packet)),
    "mobility header length at offset 41: goes past the end of the packet",
  );
});

Deno.test("mobility packet: any message between any addresses is found again with a valid checksum", () => {
  fc.assert(fc.property(ipv6Addresses, ipv6Addresses, mobilityMessages, (source, destination, message) => {
    const packet = encodeMobilityPacket({
      source,
      destination,
      mobilityHeader: encodeMobilityHeader(message),
    });
    const decoded = valueOf(decodeMobilityPacket(packet));
    assertEquals(decoded.checksumValid, true);
    assertEquals([decoded.source, decoded.destination], [source, destination]);
    assertEquals(decoded.header.message, message);
  }));
});

Deno.test("RFC 6275 6.3, 6.4: our Home Address option and type 2 routing header, both ways", () => {
  const mobilityHeader = encodeMobilityHeader(FLAGLESS_UPDATE);
  const cases = [
    { source: CARE_OF, destination: AGENT, homeAddressOption: HOME },
    { source: AGENT, destination: CARE_OF, routingHomeAddress: HOME },
    { source: CARE_OF, destination: "2001:db8:e::1", homeAddressOption: HOME, routingHomeAddress: AGENT },
  ];
  for (const parts of cases) {
    const packet = encodeMobilityPacket({ ...parts, mobilityHeader });
    const { source, destination, homeAddressOption, routingHomeAddress, checksumValid, header } = valueOf(
      decodeMobilityPacket(packet),
    );
    assertEquals({ homeAddressOption, routingHomeAddress, source, destination }, {
      homeAddressOption: undefined,
      routingHomeAddress: undefined,
      ...parts,
    });
    assertEquals([checksumValid, header.message], [true, FLAGLESS_UPDATE]);
  }
});

Deno.test("RFC 6275 6.3: vector of a Home Address option, aligned at 8n+6", () => {
  const parts = { source: CARE_OF, destination: AGENT, homeAddressOption: HOME };
  const packet = encodeMobilityPacket({ ...parts, mobilityHeader: encodeMobilityHeader(FLAGLESS_UPDATE) });
  assertEquals(
    hexOf(packet),
    hexOf(octetsOf([
      "60000000 0028 3c 40 20010db8000f0000000000000000abcd 20010db8010000000000000000000001",
      "87 02 0102 0000 c910 20010db8010000000000000000000100",
      "3b 01 05 00 5ba1 03e8 0000 0069 01020000",
    ].join(" "))),
  );
});

Deno.test("RFC 6275 6.4: vector of a type 2 routing header", () => {
  const parts = { source: AGENT, destination: CARE_OF, routingHomeAddress: HOME };
  const packet = encodeMobilityPacket({ ...parts, mobilityHeader: encodeMobilityHeader(FLAGLESS_UPDATE) });
  assertEquals(
    hexOf(packet),
    hexOf(octetsOf([
      "60000000 0028 2b 40 20010db8010000000000000000000001 20010db8000f0000000000000000abcd",
      "87 02 02 01 00000000 20010db8010000000000000000000100",
      "3b 01 05 00 5ba1 03e8 0000 0069 01020000",
    ].join(" "))),
  );
});
