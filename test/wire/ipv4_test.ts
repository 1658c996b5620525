import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decodeIpv4Header, encodeIpv4Header, encodeIpv4HeaderInto } from "../../core/wire/ipv4.ts";
import { ipv4Headers } from "./arbitraries.ts";
import { faultOf, valueOf } from "./decoded.ts";
import { hexOf, octetsOf, onesBuffer } from "./octets.ts";

// The header whose checksum is worked out in many textbooks: b861.
const TEXTBOOK = "45 00 0073 0000 4000 40 11 b861 c0a80001 c0a800c7";
const HEADER = {
  typeOfService: 0,
  totalLength: 115,
  identification: 0,
  dontFragment: true,
  moreFragments: false,
  fragmentOffset: 0,
  timeToLive: 64,
  protocol: 17,
  source: "192.168.0.1",
  destination: "192.168.0.199",
  options: new Uint8Array(),
};

Deno.test("IPv4: the textbook header, both ways", () => {
  assertEquals(valueOf(decodeIpv4Header(octetsOf(TEXTBOOK), 0)), {
    ...HEADER,
    headerLength: 20,
    checksumValid: true,
  });
  assertEquals(hexOf(encodeIpv4Header(HEADER)), hexOf(octetsOf(TEXTBOOK)));
});

Deno.test("IPv4: options, fragment fields and type of service, at an offset", () => {
  const header = {
    ...HEADER,
    typeOfService: 0xb9,
    identification: 0x1234,
    dontFragment: false,
    moreFragments: true,
    fragmentOffset: 1480,
    options: octetsOf("94040000"),
  };
  const buffer = onesBuffer(28);
  assertEquals(encodeIpv4HeaderInto(header, buffer, 2), 24);
  assertEquals(hexOf(buffer.subarray(0, 12)), "ffff46b90073123420b94011");
  assertEquals(hexOf(buffer.subarray(22)), "94040000ffff");
  assertEquals(valueOf(decodeIpv4Header(buffer, 2)), { ...header, headerLength: 24, checksumValid: true });
});

Deno.test("IPv4: a wrong checksum is told, not refused", () => {
  const bytes = octetsOf(TEXTBOOK);
  bytes[8] = 63;
  assertEquals(valueOf(decodeIpv4Header(bytes, 0)).checksumValid, false);
});

Deno.test("IPv4: faults", () => {
  const fault = (hex: string) => faultOf(decodeIpv4Header(octetsOf(hex), 0));
  assertEquals(fault(""), "IPv4 header at offset 0: is cut off");
  assertEquals(fault(TEXTBOOK.slice(0, -2)), "IPv4 header at offset 19: is cut off");
  assertEquals(fault(TEXTBOOK.replace("45", "65")), "IP version at offset 0: is 6, not 4");
  assertEquals(fault(TEXTBOOK.replace("45", "44")), "IPv4 header length at offset 0: is 16, not at least 20");
  assertEquals(
    fault(TEXTBOOK.replace("45", "46")),
    "IPv4 header length at offset 0: goes past the end of the packet",
  );
  assertEquals(
    fault(TEXTBOOK.replace("0073", "0013")),
    "IPv4 total length at offset 2: is less than the header's",
  );
});

Deno.test("IPv4: what cannot be sent is refused", () => {
  assertThrows(() => encodeIpv4Header({ ...HEADER, totalLength: 65536 }), RangeError, "IPv4 total length");
  assertThrows(() => encodeIpv4Header({ ...HEADER, timeToLive: 256 }), RangeError, "time to live");
  assertThrows(() => encodeIpv4Header({ ...HEADER, fragmentOffset: 12 }), RangeError, "fragment offset");
  assertThrows(() => encodeIpv4Header({ ...HEADER, fragmentOffset: 65536 }), RangeError);
  assertThrows(() => encodeIpv4Header({ ...HEADER, options: new Uint8Array(3) }), RangeError, "options");
  assertThrows(() => encodeIpv4Header({ ...HEADER, options: new Uint8Array(44) }), RangeError, "options");
  assertThrows(() => encodeIpv4Header({ ...HEADER, source: "nowhere" }), RangeError, "no IPv4 address");
});

Deno.test("IPv4: any header is found again, also from a buffer full of ones", () => {
  fc.assert(fc.property(ipv4Headers, (header) => {
    const buffer = onesBuffer(80);
    const octets = encodeIpv4HeaderInto(header, buffer, 3);
    assertEquals(hexOf(buffer.subarray(3, 3 + octets)), hexOf(encodeIpv4Header(header)));
    assertEquals(valueOf(decodeIpv4Header(buffer, 3)), {
      ...header,
      headerLength: octets,
      checksumValid: true,
    });
  }));
});
