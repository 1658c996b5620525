import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Buffer } from "node:buffer";
import { createCipheriv, createHmac } from "node:crypto";
import { ESP_ALGORITHMS } from "../../cli/esp/algorithms.ts";
import { espCipher } from "../../cli/esp/cipher.ts";
import { readEspKeys } from "../../cli/decode_input/esp_keys.ts";
import { UsageError } from "../../cli/output/fault.ts";
import type { EspAssociation } from "../../core/inspect/esp.ts";
import { PacketPrinter } from "../../core/inspect/packet_printer.ts";
import { TextWriter } from "../../core/inspect/text_writer.ts";
import { address, ipv4, ipv6, join, octets, udp } from "../inspect/packet_builder.ts";
import { captured } from "../inspect/show.ts";
import { askScapy, hasScapy, scapyName } from "../scapy.ts";

const A = "2001:db8::1";
const B = "2001:db8::2";
const KEY = "000102030405060708090a0b0c0d0e0f";
const HASH_KEY = "00".repeat(32);
const NULL_ALGORITHM = "null+hmac-sha256-128";

function show(
  packet: Uint8Array,
  espAssociations: readonly EspAssociation[],
  form: "line" | "tree" = "line",
) {
  const out = new TextWriter(false);
  const printer = new PacketPrinter(out, { espAssociations });
  if (form === "line") printer.writeLine(captured(packet));
  else printer.writeTree(captured(packet));
  return new TextDecoder().decode(out.bytes.subarray(0, out.length)).replaceAll(/ +/g, " ");
}

function opener(name: string, encryptionKey: string, integrityKey: string): EspAssociation["open"] {
  const keys = { encryptionKey: octets(encryptionKey), integrityKey: octets(integrityKey) };
  const cipher = espCipher({ algorithm: ESP_ALGORITHMS.get(name)!, ...keys });
  return (packet) => cipher.open(packet, undefined);
}

/** An ESP packet with integrity and without encryption around `trailed`, which ends with its trailer. */
function nullEsp(trailed: Uint8Array, spi = 0x1234): Uint8Array {
  const covered = join(octets(spi.toString(16).padStart(8, "0")), octets("00000009"), trailed);
  const value = createHmac("sha256", Buffer.from(octets(HASH_KEY))).update(covered).digest().subarray(0, 16);
  return join(covered, value);
}

const CONTENT = udp(5000, 5001, octets("01020304"));
const TRAILER = octets("010202 11");
const association = (changes: Partial<EspAssociation> = {}): EspAssociation => ({
  spi: 0x1234,
  open: opener(NULL_ALGORITHM, "", HASH_KEY),
  ...changes,
});
const PACKET = ipv6(A, B, 50, nullEsp(join(CONTENT, TRAILER)));

Deno.test("ESP: with the keys the content is dissected, without them the header only", () => {
  assertStringIncludes(show(PACKET, [association()]), "UDP 5000 > 5001 len=4 [ESP spi=0x00001234 seq=9]");
  assertStringIncludes(show(PACKET, []), "ESP spi=0x00001234 seq=9 len=32");
  assertStringIncludes(show(PACKET, [association({ spi: 1 })]), "ESP spi=0x00001234");
  const tree = show(PACKET, [association()], "tree");
  assertStringIncludes(tree, "12 bytes, decrypted");
  assertStringIncludes(tree, "Destination port: 5001");
});

Deno.test("ESP: addresses of an association, IPv6 and IPv4, count where they are given", () => {
  const right = { source: address(A), destination: address(B) };
  assertStringIncludes(show(PACKET, [association(right)]), "UDP 5000");
  assertStringIncludes(show(PACKET, [association({ source: address(B) })]), "len=32");
  assertStringIncludes(show(PACKET, [association({ destination: address("192.0.2.1") })]), "len=32");
  const overIpv4 = ipv4("192.0.2.1", "192.0.2.2", 50, nullEsp(join(CONTENT, TRAILER)));
  assertStringIncludes(show(overIpv4, [association({ source: address("192.0.2.1") })]), "UDP 5000");
});

Deno.test("ESP: a packet inside a packet (tunnel mode) goes on", () => {
  const inner = ipv6("2001:db8:9::1", "2001:db8:9::2", 17, CONTENT);
  const tunnelled = ipv6(A, B, 50, nullEsp(join(inner, octets("0102 02 29"))));
  const line = show(tunnelled, [association()]);
  assertStringIncludes(line, "2001:db8:9::1 > 2001:db8:9::2 UDP 5000");
  assertStringIncludes(line, "via 41 2001:db8::1 > 2001:db8::2");
});

Deno.test("ESP: changed octets, wrong padding, a pad length that lies, nothing but a header", () => {
  const changed = PACKET.slice();
  changed[60] ^= 1;
  assertStringIncludes(show(changed, [association()]), "[the ESP integrity check fails]");
  const padded = ipv6(A, B, 50, nullEsp(join(CONTENT, octets("0505 02 11"))));
  assertStringIncludes(show(padded, [association()]), "[the ESP padding is not 1, 2, 3...]");
  const lying = ipv6(A, B, 50, nullEsp(join(CONTENT, octets("ff 11"))));
  assertStringIncludes(show(lying, [association()]), "[wrong ESP padding]");
  const empty = ipv6(A, B, 50, nullEsp(new Uint8Array(0)));
  assertStringIncludes(show(empty, [association()]), "[wrong ESP padding]");
  for (const name of ESP_ALGORITHMS.keys()) {
    const { encryptionKeyOctets, integrityKeyOctets } = ESP_ALGORITHMS.get(name)!;
    const keys = [encryptionKeyOctets, integrityKeyOctets].map(([length = 0]) => "11".repeat(length));
    const open = opener(name, keys[0], keys[1]);
    for (let length = 0; length < 80; length++) {
      const packet = ipv6(A, B, 50, join(octets("00001234 00000001"), new Uint8Array(length)));
      assertStringIncludes(show(packet, [association({ open })]), "[the ESP integrity check fails]");
    }
  }
});

Deno.test("ESP: AES-CBC and AES-GCM open what node:crypto sealed, and nothing that was changed", () => {
  const header = octets("0000123400000001");
  const plain = join(CONTENT, octets("0102 02 11"));
  const vector = octets("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
  const cbc = createCipheriv("aes-128-cbc", Buffer.from(octets(KEY)), vector);
  cbc.setAutoPadding(false);
  const covered = join(header, vector, cbc.update(plain), cbc.final());
  const value = createHmac("sha256", Buffer.from(octets(HASH_KEY))).update(covered).digest().subarray(0, 16);
  const salt = octets("c0c1c2c3");
  const gcm = createCipheriv("aes-128-gcm", Buffer.from(octets(KEY)), join(salt, vector.subarray(0, 8)));
  gcm.setAAD(Buffer.from(header));
  const sealed = join(gcm.update(plain), gcm.final());
  const packets = [
    [join(covered, value), opener("aes-cbc+hmac-sha256-128", KEY, HASH_KEY)],
    [
      join(header, vector.subarray(0, 8), sealed, gcm.getAuthTag()),
      opener("aes-gcm-16", KEY + salt.toHex(), ""),
    ],
  ] as const;
  for (const [packet, open] of packets) {
    assertEquals([...open(packet) ?? []], [...plain]);
    for (let at = 0; at < packet.length; at++) {
      const changed = packet.slice();
      changed[at] ^= 0x80;
      assertEquals(open(changed), undefined);
    }
  }
});

function withKeys(text: string, body: (file: string) => void, mode = 0o600): void {
  const file = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(file, text);
    Deno.chmodSync(file, mode);
    body(file);
  } finally {
    Deno.removeSync(file);
  }
}

const TABLE = `[[security_association]]
spi = 0x1234
source = "${A}"
algorithm = "${NULL_ALGORITHM}"
integrity_key = "${HASH_KEY}"
`;

Deno.test("--esp-sa: a file of security associations", () => {
  withKeys(TABLE, (file) => assertStringIncludes(show(PACKET, readEspKeys(file)), "UDP 5000"));
});

Deno.test("--esp-sa: what is wrong is said, and no key is shown", () => {
  const wrong = (text: string, mode?: number) => {
    let message = "";
    withKeys(text, (file) => message = assertThrows(() => readEspKeys(file), UsageError).message, mode);
    assert(!message.includes(HASH_KEY.slice(0, 16)), message);
    return message;
  };
  assertStringIncludes(wrong(TABLE, 0o644), "can be used by others (mode 0644): chmod 600");
  assertStringIncludes(
    wrong(TABLE.replace(HASH_KEY, HASH_KEY.slice(2))),
    "must have 64 hexadecimal digits, it has 62",
  );
  assertStringIncludes(wrong(TABLE.replace(HASH_KEY, "xyz")), "must be hexadecimal digits");
  assertStringIncludes(wrong(TABLE.replace("null+", "rot13+")), "must be one of");
  assertStringIncludes(wrong(TABLE.replace(A, "home")), "must be an IPv4 or IPv6 address");
  assertStringIncludes(wrong(TABLE.replace("0x1234", "0")), "must be a whole number from 1");
  assertStringIncludes(wrong(TABLE + `encryption_key = "${KEY}"\n`), "is not used by this algorithm");
  assertStringIncludes(wrong("x = 1"), "[[security_association]] tables");
  assertStringIncludes(wrong("[[security_association]\n" + HASH_KEY), "not TOML");
  const missing = assertThrows(() => readEspKeys("/no/such/file"), UsageError).message;
  assertStringIncludes(missing, "(no such file)");
});

const SCAPY = new URL("esp_packets.py", import.meta.url);

Deno.test({
  name: scapyName("ESP: packets that scapy made hold what scapy put in"),
  ignore: !hasScapy,
  async fn() {
    for (const line of await askScapy(SCAPY, null) as string[]) {
      const [name, key, integrityKey, packet, content] = line.split(" ");
      const open = opener(name, key.replace("-", ""), integrityKey.replace("-", ""));
      const text = show(octets(packet), [association({ open })]);
      assertStringIncludes(text, `UDP 5000 > 5001 len=${content.length / 2 - 8} [ESP`);
      assert(!text.includes("padding") && !text.includes("checksum"), text);
      assert(Buffer.from(open(octets(packet).subarray(40))!).includes(Buffer.from(octets(content))), line);
    }
  },
});
