import { createHmac } from "node:crypto";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { hmac } from "../../cli/daemon/hmac.ts";

Deno.test("HMAC: that of node:crypto, for keys and messages of every length", () => {
  const octets = (maxLength: number) => fc.uint8Array({ maxLength });
  const hash = fc.constantFrom("sha1" as const, "sha256" as const);
  fc.assert(fc.property(hash, octets(200), octets(300), (hash, key, data) => {
    assertEquals(hmac(hash, key, data), new Uint8Array(createHmac(hash, key).update(data).digest()));
  }));
});

Deno.test("HMAC: test case 2 of RFC 2202 section 3 and of RFC 4231 section 4.3", () => {
  const [key, data] = ["Jefe", "what do ya want for nothing?"].map((text) => new TextEncoder().encode(text));
  assertEquals(hmac("sha1", key, data).toHex(), "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79");
  assertEquals(
    hmac("sha256", key, data).toHex(),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  );
});
