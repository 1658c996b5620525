import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  finishChecksum,
  ipv4UpperLayerChecksum,
  ipv6UpperLayerChecksum,
  onesComplementSum,
} from "../../core/wire/checksum.ts";
import { octetsOf } from "./octets.ts";

Deno.test("RFC 1071 3: the sum of its example", () => {
  const bytes = octetsOf("0001 f203 f4f5 f6f7");
  assertEquals(onesComplementSum(bytes, 0, 8), 0xddf2);
  assertEquals(finishChecksum(0xddf2), 0x220d);
});

Deno.test("RFC 1071 2: an odd octet counts as the upper half of a word", () => {
  assertEquals(onesComplementSum(octetsOf("0001 f2"), 0, 3), 0xf201);
  assertEquals(onesComplementSum(octetsOf("ff 0001 f2 ff"), 1, 4), 0xf201);
});

Deno.test("a sum goes on from an earlier one", () => {
  const bytes = octetsOf("0001 f203 f4f5 f6f7");
  assertEquals(onesComplementSum(bytes, 4, 8, onesComplementSum(bytes, 0, 4)), 0xddf2);
});

Deno.test("a sum over 64 KiB of ones does not overflow", () => {
  assertEquals(onesComplementSum(new Uint8Array(65536).fill(0xff), 0, 65536), 0xffff);
});

Deno.test("a sum is the one of the plainest arithmetic", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
    let sum = 0n;
    const even = [...bytes, ...(bytes.length % 2 === 1 ? [0] : [])];
    for (let i = 0; i < even.length; i += 2) sum += BigInt(even[i] * 256 + even[i + 1]);
    const folded = sum === 0n ? 0 : Number((sum - 1n) % 0xffffn) + 1;
    assertEquals(onesComplementSum(bytes, 0, bytes.length), folded);
  }));
});

const foldedOnce = (words: number[]) => {
  const sum = words.reduce((total, word) => total + word, 0);
  return (sum & 0xffff) + (sum >> 16);
};

Deno.test("RFC 8200 8.1: addresses, length and next header are in the sum", () => {
  const bytes = octetsOf("ff 3b00 0000 0000 0000 ff");
  const checksum = ipv6UpperLayerChecksum({
    source: octetsOf("20010db8000000000000000000000001"),
    destination: octetsOf("20010db8000000000000000000000002"),
    nextHeader: 135,
    bytes,
    start: 1,
    end: 9,
  });
  assertEquals(checksum, 0xffff - foldedOnce([0x2001, 0x0db8, 1, 0x2001, 0x0db8, 2, 8, 135, 0x3b00]));
});

Deno.test("RFC 768: addresses, protocol and length are in the sum", () => {
  const bytes = octetsOf("105f 105f 0009 0000 61");
  const checksum = ipv4UpperLayerChecksum({
    source: octetsOf("c0000201"),
    destination: octetsOf("cb007101"),
    protocol: 17,
    bytes,
    start: 0,
    end: 9,
  });
  const words = [0xc000, 0x0201, 0xcb00, 0x7101, 17, 9, 0x105f, 0x105f, 9, 0, 0x6100];
  assertEquals(checksum, 0xffff - foldedOnce(words));
});

Deno.test("over a message with its own checksum the checksum is 0, and no longer after a change of one bit", () => {
  const address = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const message = fc.uint8Array({ minLength: 8, maxLength: 60 });
  fc.assert(fc.property(address, address, message, fc.nat(), (source, destination, bytes, bit) => {
    const layer = { source, destination, nextHeader: 58, bytes, start: 0, end: bytes.length };
    bytes.fill(0, 2, 4);
    const checksum = ipv6UpperLayerChecksum(layer);
    bytes[2] = checksum >> 8;
    bytes[3] = checksum;
    assertEquals(ipv6UpperLayerChecksum(layer), 0);
    bytes[(bit >> 3) % bytes.length] ^= 1 << (bit & 7);
    assertEquals(ipv6UpperLayerChecksum(layer) === 0, false);
  }));
});
