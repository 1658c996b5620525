import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  decodeIcmpv4Message,
  encodeIcmpv4Message,
  encodeIcmpv4MessageInto,
  type Icmpv4Message,
} from "../../core/wire/icmpv4.ts";
import {
  decodeIcmpv6Message,
  encodeIcmpv6Message,
  encodeIcmpv6MessageInto,
  type Icmpv6Message,
} from "../../core/wire/icmpv6.ts";
import { icmpv4Messages, icmpv6Messages } from "./arbitraries.ts";
import { faultOf, valueOf } from "./decoded.ts";
import { hexOf, octetsOf, onesBuffer } from "./octets.ts";

const ADDRESSES = { source: "2001:db8::1", destination: "2001:db8::2" };
const packet = octetsOf("45000014 deadbeef");

/** Checksums left out: they are checked by sum. */
const icmpv4Vectors: readonly [hex: string, message: Icmpv4Message][] = [
  ["03 01 0000 0000 45000014 deadbeef", {
    kind: "destinationUnreachable",
    code: 1,
    nextHopMtu: 0,
    invokingPacket: packet,
  }],
  ["03 04 0000 05c8 45000014 deadbeef", {
    kind: "destinationUnreachable",
    code: 4,
    nextHopMtu: 1480,
    invokingPacket: packet,
  }],
  ["0b 00 0000 0000 45000014 deadbeef", { kind: "timeExceeded", code: 0, invokingPacket: packet }],
  ["0c 00 0900 0000 45000014 deadbeef", {
    kind: "parameterProblem",
    code: 0,
    pointer: 9,
    invokingPacket: packet,
  }],
  ["08 00 1234 0005 6162", {
    kind: "echoRequest",
    identifier: 0x1234,
    sequenceNumber: 5,
    data: octetsOf("6162"),
  }],
  ["00 00 1234 0005", { kind: "echoReply", identifier: 0x1234, sequenceNumber: 5, data: new Uint8Array() }],
  ["05 01 c0000201 45", { kind: "otherIcmp", type: 5, code: 1, data: octetsOf("c000020145") }],
];

const icmpv6Vectors: readonly [hex: string, message: Icmpv6Message][] = [
  ["01 04 00000000 45000014 deadbeef", { kind: "destinationUnreachable", code: 4, invokingPacket: packet }],
  ["02 00 00010500 45000014 deadbeef", { kind: "packetTooBig", code: 0, mtu: 66816, invokingPacket: packet }],
  ["03 01 00000000 45000014 deadbeef", { kind: "timeExceeded", code: 1, invokingPacket: packet }],
  ["04 02 ffffffff 45000014 deadbeef", {
    kind: "parameterProblem",
    code: 2,
    pointer: 0xffffffff,
    invokingPacket: packet,
  }],
  ["80 00 1234 0005 6162", {
    kind: "echoRequest",
    identifier: 0x1234,
    sequenceNumber: 5,
    data: octetsOf("6162"),
  }],
  ["81 00 1234 0005", { kind: "echoReply", identifier: 0x1234, sequenceNumber: 5, data: new Uint8Array() }],
  ["86 00 40000708 00", { kind: "otherIcmp", type: 134, code: 0, data: octetsOf("4000070800") }],
];

/** The two octets of the checksum go between the code and the rest. */
function withoutChecksum(bytes: Uint8Array): string {
  return hexOf(bytes.subarray(0, 2)) + hexOf(bytes.subarray(4));
}

Deno.test("ICMP: vectors by hand, both ways", () => {
  for (const [hex, message] of icmpv4Vectors) {
    const bytes = encodeIcmpv4Message(message);
    assertEquals(withoutChecksum(bytes), hexOf(octetsOf(hex)));
    assertEquals(valueOf(decodeIcmpv4Message(bytes, 0, bytes.length)), { message, checksumValid: true });
  }
});

Deno.test("ICMPv6: vectors by hand, both ways", () => {
  for (const [hex, message] of icmpv6Vectors) {
    const bytes = encodeIcmpv6Message(message, ADDRESSES);
    assertEquals(withoutChecksum(bytes), hexOf(octetsOf(hex)));
    assertEquals(valueOf(decodeIcmpv6Message(bytes, 0, bytes.length, ADDRESSES)), {
      message,
      checksumValid: true,
    });
  }
});

Deno.test("ICMP: an echo request with its known checksum", () => {
  const message = { kind: "echoRequest", identifier: 1, sequenceNumber: 1, data: new Uint8Array() } as const;
  assertEquals(hexOf(encodeIcmpv4Message(message)), "0800f7fd00010001");
});

Deno.test("ICMPv6: the checksum is over the addresses too", () => {
  const bytes = encodeIcmpv6Message(icmpv6Vectors[4][1], ADDRESSES);
  const others = { ...ADDRESSES, source: "2001:db8::3" };
  assertEquals(valueOf(decodeIcmpv6Message(bytes, 0, bytes.length, others)).checksumValid, false);
});

Deno.test("ICMP and ICMPv6: faults", () => {
  const bytes = new Uint8Array(10);
  assertEquals(faultOf(decodeIcmpv4Message(bytes, 3, 10)), "ICMP message at offset 10: is cut off");
  assertEquals(faultOf(decodeIcmpv4Message(bytes, 0, 11)), "ICMP message at offset 10: is cut off");
  assertEquals(
    faultOf(decodeIcmpv6Message(bytes, 0, 7, ADDRESSES)),
    "ICMPv6 message at offset 7: is cut off",
  );
});

Deno.test("ICMP and ICMPv6: what cannot be sent is refused", () => {
  const short = { kind: "otherIcmp", type: 5, code: 0, data: new Uint8Array(3) } as const;
  assertThrows(() => encodeIcmpv4Message(short), RangeError, "less than 8 octets");
  const problem = { kind: "parameterProblem", code: 0, pointer: 256, invokingPacket: packet } as const;
  assertThrows(() => encodeIcmpv4Message(problem), RangeError, "pointer");
  const tooBig = { kind: "packetTooBig", code: 0, mtu: 2 ** 32, invokingPacket: packet } as const;
  assertThrows(() => encodeIcmpv6Message(tooBig, ADDRESSES), RangeError, "MTU");
});

Deno.test("ICMP: any message is found again, also from a buffer full of ones", () => {
  fc.assert(fc.property(icmpv4Messages, (message) => {
    const buffer = onesBuffer(100);
    const end = 7 + encodeIcmpv4MessageInto(message, buffer, 7);
    assertEquals(hexOf(buffer.subarray(7, end)), hexOf(encodeIcmpv4Message(message)));
    assertEquals(valueOf(decodeIcmpv4Message(buffer, 7, end)), { message, checksumValid: true });
  }));
});

Deno.test("ICMPv6: any message is found again, also from a buffer full of ones", () => {
  fc.assert(fc.property(icmpv6Messages, (message) => {
    const buffer = onesBuffer(100);
    const end = 7 + encodeIcmpv6MessageInto(message, ADDRESSES, buffer, 7);
    assertEquals(hexOf(buffer.subarray(7, end)), hexOf(encodeIcmpv6Message(message, ADDRESSES)));
    assertEquals(valueOf(decodeIcmpv6Message(buffer, 7, end, ADDRESSES)), { message, checksumValid: true });
  }));
});
