import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { decodeEspContent, decodeEspHeader, encodeEspContent, encodeEspHeader } from "../../core/wire/esp.ts";
import { hexOf, octetsOf } from "./octets.ts";

const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

Deno.test("ESP: a header survives the round trip (RFC 4303 section 2)", () => {
  fc.assert(fc.property(uint32, uint32, (spi, sequenceNumber) => {
    const decoded = decodeEspHeader(encodeEspHeader({ spi, sequenceNumber }));
    assert(decoded.ok);
    assertEquals(decoded.value, { spi, sequenceNumber });
  }));
  assertEquals(hexOf(encodeEspHeader({ spi: 0x1234, sequenceNumber: 9 })), "0000123400000009");
  assert(!decodeEspHeader(new Uint8Array(7)).ok);
  assertThrows(() => encodeEspHeader({ spi: 2 ** 32, sequenceNumber: 0 }), RangeError);
});

Deno.test("ESP: content is padded with 1, 2, 3... up to the block (RFC 4303 section 2.4)", () => {
  const payload = octetsOf("aabbcc");
  assertEquals(hexOf(encodeEspContent({ payload, nextHeader: 135 }, 4)), "aabbcc010203" + "0387");
  assertEquals(hexOf(encodeEspContent({ payload: payload.subarray(1), nextHeader: 41 }, 4)), "bbcc0029");
  assertEquals(encodeEspContent({ payload, nextHeader: 135 }, 16).length, 16);
});

Deno.test("ESP: content survives the round trip, whatever the block", () => {
  const blocks = fc.constantFrom(4, 8, 16, 256);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(255), blocks, (payload, nextHeader, block) => {
      const content = encodeEspContent({ payload, nextHeader }, block);
      assertEquals(content.length % block, 0);
      assert(content.length < payload.length + 2 + block);
      const decoded = decodeEspContent(content);
      assert(decoded.ok);
      assertEquals(decoded.value.nextHeader, nextHeader);
      assertEquals(hexOf(decoded.value.payload), hexOf(payload));
    }),
  );
});

Deno.test("ESP: other padding, a pad length that lies, no trailer at all", () => {
  const fault = (hex: string) => {
    const decoded = decodeEspContent(octetsOf(hex));
    return decoded.ok ? undefined : decoded.error.field;
  };
  assertEquals(fault("aa 01 02 02 11"), undefined);
  assertEquals(fault("aa 01 03 02 11"), "ESP padding");
  assertEquals(fault("aa 00 00 02 11"), "ESP padding");
  assertEquals(fault("aa 01 02 04 11"), "ESP pad length");
  assertEquals(fault("11"), "ESP pad length");
  assertEquals(fault(""), "ESP pad length");
  assertEquals(fault("00 11"), undefined);
});
