import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ESP_ALGORITHMS } from "../../cli/esp/algorithms.ts";
import { espCipher } from "../../cli/esp/cipher.ts";
import type { EspCipher } from "../../core/control/esp/esp_cipher.ts";
import { hexOf, octetsOf } from "../wire/octets.ts";

/** Every algorithm with every length of its keys. */
const CIPHERS = [...ESP_ALGORITHMS].flatMap(([name, algorithm]) => {
  const lengths = algorithm.encryptionKeyOctets.length === 0 ? [0] : algorithm.encryptionKeyOctets;
  return lengths.map((octets) => {
    const encryptionKey = Uint8Array.from({ length: octets }, (_, index) => index * 7);
    const integrityKey = new Uint8Array(algorithm.integrityKeyOctets[0] ?? 0).fill(3);
    return { name: `${name} ${octets}`, cipher: espCipher({ algorithm, encryptionKey, integrityKey }) };
  });
});
const HEADER = octetsOf("00001234 00000009");

function contentOf(cipher: EspCipher, blocks: number): Uint8Array {
  return Uint8Array.from({ length: blocks * cipher.blockOctets }, (_, index) => index);
}

for (const { name, cipher } of CIPHERS) {
  Deno.test(`ESP ${name}: opens what it sealed, and nothing that was changed, cut or made longer`, () => {
    for (const high of [undefined, 0, 7]) {
      const content = contentOf(cipher, 3);
      const sealed = cipher.seal(HEADER, content, high);
      assertEquals(hexOf(sealed.subarray(0, 8)), hexOf(HEADER));
      assertEquals(sealed.length % 4, 0);
      assertEquals(hexOf(cipher.open(sealed, high)!), hexOf(content));
      assertEquals(cipher.open(sealed, high === undefined ? 0 : high + 1), undefined);
      for (let at = 0; at < sealed.length; at++) {
        const changed = Uint8Array.from(sealed);
        changed[at] ^= 1 << at % 8;
        assertEquals(cipher.open(changed, high), undefined, `octet ${at}`);
        assertEquals(cipher.open(sealed.subarray(0, at), high), undefined, `${at} octets`);
      }
      assertEquals(cipher.open(Uint8Array.from([...sealed, 0]), high), undefined);
    }
  });
}

Deno.test("ESP: content of every length, and no two packets alike where it is encrypted", () => {
  fc.assert(fc.property(fc.constantFrom(...CIPHERS), fc.integer({ min: 1, max: 90 }), (one, blocks) => {
    const content = contentOf(one.cipher, blocks);
    const packets = [1, 2].map(() => one.cipher.seal(HEADER, content, undefined));
    for (const packet of packets) assertEquals(hexOf(one.cipher.open(packet, undefined)!), hexOf(content));
    const isAlike = hexOf(packets[0]) === hexOf(packets[1]);
    assertEquals(isAlike, one.name.startsWith("null"), one.name);
  }));
});

Deno.test("ESP AES-GCM: McGrew's first test case for ESP, with an extended sequence number", () => {
  const cipher = espCipher({
    algorithm: ESP_ALGORITHMS.get("aes-gcm-16")!,
    encryptionKey: octetsOf("4c80cdefbb5d10da906ac73c3613a634 2e443b68"),
    integrityKey: new Uint8Array(0),
  });
  const packet = octetsOf(
    "00004321 00000000 4956ed7e3b244cfe" +
      "fecf537e729d5b07dc30df528dd22b768d1b98736696a6fd348509fa13ceac34cfa2436f14a3f3cf65925bf1f4a13c5d" +
      "15b21e1884f5ff6247aeabb786b93bce61bc17d768fd9732 459018148f6cbe722fd04796562dfdb4",
  );
  assertEquals(
    hexOf(cipher.open(packet, 0x8765_4321)!),
    "45000048699a000080114db7c0a80102c0a801010a9bf15638d301000001000000000000045f736970045f7564700373" +
      "69700963796265726369747902646b000021000101020201",
  );
  assertEquals(cipher.open(packet, undefined), undefined);
});

Deno.test("ESP HMAC-SHA-256-128: RFC 4868 test case AUTH256-1, whose data are as long as an ESP header", () => {
  const cipher = espCipher({
    algorithm: ESP_ALGORITHMS.get("null+hmac-sha256-128")!,
    encryptionKey: new Uint8Array(0),
    integrityKey: new Uint8Array(32).fill(0x0b),
  });
  const header = octetsOf("4869205468657265");
  const sealed = cipher.seal(header, new Uint8Array(0), undefined);
  assertEquals(hexOf(sealed.subarray(8)), "198a607eb44bfbc69903a0f1cf2bbdc5");
  assert(cipher.open(sealed, undefined) !== undefined);
});
