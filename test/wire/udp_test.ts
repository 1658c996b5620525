import { assertEquals, assertThrows } from "@std/assert";
import { decodeUdpHeader, encodeUdpHeader, encodeUdpHeaderInto } from "../../core/wire/udp.ts";
import { faultOf, valueOf } from "./decoded.ts";
import { hexOf, octetsOf, onesBuffer } from "./octets.ts";

const HEADER = { sourcePort: 40001, destinationPort: 4191, length: 64, checksum: 0xabcd };

Deno.test("UDP: a header by hand, both ways, at an offset", () => {
  const hex = "9c41105f0040abcd";
  assertEquals(valueOf(decodeUdpHeader(octetsOf(`ff${hex}`), 1)), HEADER);
  assertEquals(hexOf(encodeUdpHeader(HEADER)), hex);
  const buffer = onesBuffer(10);
  assertEquals(encodeUdpHeaderInto(HEADER, buffer, 1), 8);
  assertEquals(hexOf(buffer), `ff${hex}ff`);
});

Deno.test("UDP: faults", () => {
  assertEquals(faultOf(decodeUdpHeader(new Uint8Array(7), 0)), "UDP header at offset 7: is cut off");
  assertEquals(
    faultOf(decodeUdpHeader(octetsOf("0001 0002 0007 0000"), 0)),
    "UDP length at offset 4: is 7, not at least 8",
  );
});

Deno.test("UDP: what cannot be sent is refused", () => {
  assertThrows(() => encodeUdpHeader({ ...HEADER, sourcePort: 65536 }), RangeError, "source port");
  assertThrows(() => encodeUdpHeader({ ...HEADER, length: 65536 }), RangeError, "UDP length");
});
