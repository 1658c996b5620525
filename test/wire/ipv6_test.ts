import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decodeIpv6Header, encodeIpv6Header, encodeIpv6HeaderInto } from "../../core/wire/ipv6.ts";
import { ipv6Headers } from "./arbitraries.ts";
import { faultOf, valueOf } from "./decoded.ts";
import { hexOf, octetsOf, onesBuffer } from "./octets.ts";

const HEX = "6b912345 0010 87 40 20010db8000000000000000000000001 20010db8000000000000000000000002";
const HEADER = {
  trafficClass: 0xb9,
  flowLabel: 0x12345,
  payloadLength: 16,
  nextHeader: 135,
  hopLimit: 64,
  source: "2001:db8::1",
  destination: "2001:db8::2",
};

Deno.test("IPv6: a header by hand, both ways", () => {
  assertEquals(valueOf(decodeIpv6Header(octetsOf(HEX), 0)), HEADER);
  assertEquals(hexOf(encodeIpv6Header(HEADER)), hexOf(octetsOf(HEX)));
});

Deno.test("IPv6: faults", () => {
  assertEquals(faultOf(decodeIpv6Header(octetsOf(HEX), 1)), "IPv6 header at offset 40: is cut off");
  assertEquals(faultOf(decodeIpv6Header(new Uint8Array(3), 7)), "IPv6 header at offset 3: is cut off");
  assertEquals(
    faultOf(decodeIpv6Header(octetsOf(`4${HEX.slice(1)}`), 0)),
    "IP version at offset 0: is 4, not 6",
  );
});

Deno.test("IPv6: what cannot be sent is refused", () => {
  assertThrows(() => encodeIpv6Header({ ...HEADER, trafficClass: 256 }), RangeError, "traffic class");
  assertThrows(() => encodeIpv6Header({ ...HEADER, flowLabel: 1 << 20 }), RangeError, "flow label");
  assertThrows(() => encodeIpv6Header({ ...HEADER, payloadLength: 65536 }), RangeError, "payload length");
  assertThrows(() => encodeIpv6Header({ ...HEADER, hopLimit: -1 }), RangeError, "hop limit");
  assertThrows(
    () => encodeIpv6Header({ ...HEADER, destination: "192.0.2.1" }),
    RangeError,
    "no IPv6 address",
  );
});

Deno.test("IPv6: any header is found again, also from a buffer full of ones", () => {
  fc.assert(fc.property(ipv6Headers, (header) => {
    const buffer = onesBuffer(50);
    assertEquals(encodeIpv6HeaderInto(header, buffer, 5), 40);
    assertEquals(hexOf(buffer), `ffffffffff${hexOf(encodeIpv6Header(header))}ffffffffff`);
    assertEquals(valueOf(decodeIpv6Header(buffer, 5)), header);
  }));
});
