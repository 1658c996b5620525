import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { isIPv4, isIPv6 } from "node:net";
import {
  canonicalIpv4,
  canonicalIpv6,
  formatIpv4,
  formatIpv6,
  isRoutableUnicastIpv6,
  isUnicastIpv4,
  parseIpv4,
  parseIpv6,
  parseIpv6Prefix,
  prefixContains,
  prefixCovers,
  UNSPECIFIED_IPV4,
  UNSPECIFIED_IPV6,
} from "../../core/wire/address.ts";
import { hexOf } from "./octets.ts";

Deno.test("IPv6 text: RFC 5952 examples in their canonical form", () => {
  const examples = {
    "2001:0db8::0001": "2001:db8::1",
    "2001:db8:0:0:0:0:2:1": "2001:db8::2:1",
    "2001:db8:0:1:1:1:1:1": "2001:db8:0:1:1:1:1:1",
    "2001:0:0:1:0:0:0:1": "2001:0:0:1::1",
    "2001:db8:0:0:1:0:0:1": "2001:db8::1:0:0:1",
    "2001:DB8::AAAA": "2001:db8::aaaa",
    "0:0:0:0:0:0:0:0": "::",
    "0:0:0:0:0:0:0:1": "::1",
    "1::": "1::",
    "::ffff:192.0.2.1": "::ffff:192.0.2.1",
    "::FFFF:C000:0201": "::ffff:192.0.2.1",
    "64:ff9b::192.0.2.33": "64:ff9b::c000:221",
    "::192.0.2.1": "::c000:201",
    "1:2:3:4:5:6:7::": "1:2:3:4:5:6:7:0",
    "::2:3:4:5:6:7:8": "0:2:3:4:5:6:7:8",
  };
  for (const [text, canonical] of Object.entries(examples)) {
    assertEquals(canonicalIpv6(text), canonical, text);
  }
});

Deno.test("IPv6 text: what is no address is refused", () => {
  const texts = [
    "",
    ":",
    ":::",
    "1",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1::2::3",
    "::12345",
    "::g",
    "fe80::1%eth0",
  ];
  texts.push(
    "1:2:3:4:5:6:7:8::",
    "::1:2:3:4:5:6:7:8",
    "1.2.3.4",
    "1.2.3.4::",
    "::1.2.3.4:5",
    "::256.1.1.1",
    " ::1",
  );
  texts.push(":1:2:3:4:5:6:7", "1:2:3:4:5:6:7:", "::1.2.3", "1:".repeat(1_000_000));
  for (const text of texts) assertEquals(parseIpv6(text), undefined, text.slice(0, 60));
});

Deno.test("IPv4 text: what is no address is refused, and what is ambiguous too", () => {
  for (
    const text of [
      "",
      "1.2.3",
      "1.2.3.4.5",
      "256.1.1.1",
      "01.2.3.4",
      "0x1.2.3.4",
      "1.2.3.4 ",
      "-1.2.3.4",
      "1..2.3",
    ]
  ) {
    assertEquals(parseIpv4(text), undefined, text);
  }
  assertEquals(canonicalIpv4("0.0.0.0"), "0.0.0.0");
  assertEquals(canonicalIpv4("255.10.9.0"), "255.10.9.0");
});

const groups = fc.array(fc.oneof(fc.constantFrom(0, 0, 1, 0xffff), fc.nat(0xffff)), {
  minLength: 8,
  maxLength: 8,
});
const ipv6Octets = groups.map((values) =>
  Uint8Array.from(values.flatMap((value) => [value >> 8, value & 0xff]))
);

Deno.test("IPv6 text: every address is found again, and written as a URL writes it", () => {
  fc.assert(fc.property(ipv6Octets, (octets) => {
    const text = formatIpv6(octets);
    assertEquals(hexOf(parseIpv6(text)!), hexOf(octets));
    assertEquals(canonicalIpv6(text), text);
    assertEquals(new URL(`http://[${text}]/`).hostname, text.includes(".") ? urlForm(octets) : `[${text}]`);
  }));
});

function urlForm(octets: Uint8Array): string {
  const group = (i: number) => (octets[i] << 8 | octets[i + 1]).toString(16);
  return `[::ffff:${group(12)}:${group(14)}]`;
}

Deno.test("address text: any text is an address here where it is one elsewhere", () => {
  const likely = fc.string({ unit: fc.constantFrom(..."0123:::.af9"), maxLength: 24 });
  fc.assert(
    fc.property(likely, (text) => {
      assertEquals(parseIpv6(text) !== undefined, isIPv6(text), text);
      assertEquals(parseIpv4(text) !== undefined, isIPv4(text), text);
    }),
    { numRuns: 5000 },
  );
});

Deno.test("addresses are read from the octets at an offset", () => {
  const bytes = new Uint8Array(24);
  assertEquals([formatIpv4(bytes), formatIpv6(bytes)], [UNSPECIFIED_IPV4, UNSPECIFIED_IPV6]);
  bytes.set([192, 0, 2, 1], 3);
  assertEquals(formatIpv4(bytes, 3), "192.0.2.1");
  bytes.set(parseIpv6("2001:db8::1")!, 8);
  assertEquals(formatIpv6(bytes, 8), "2001:db8::1");
});

Deno.test("an IPv6 prefix is canonical and contains what begins with it", () => {
  assertEquals(parseIpv6Prefix("2001:db8:100::1/64"), { address: "2001:db8:100::", length: 64 });
  assertEquals(parseIpv6Prefix("ffff:ffff::/13"), { address: "fff8::", length: 13 });
  assertEquals(parseIpv6Prefix("::1/128"), { address: "::1", length: 128 });
  assertEquals(parseIpv6Prefix("::/0"), { address: "::", length: 0 });
  for (const text of ["::", "::/129", "::/-1", "::/064", "::/", "::/1 ", "1.2.3.4/8", "::/1/2"]) {
    assertEquals(parseIpv6Prefix(text), undefined, text);
  }
  const prefix = parseIpv6Prefix("2001:db8:8000::/33")!;
  assert(prefixContains(prefix, "2001:db8:8000::1"));
  assert(prefixContains(prefix, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"));
  assert(!prefixContains(prefix, "2001:db8:7fff:ffff::"));
  assert(!prefixContains(prefix, "nonsense"));
  assert(prefixContains({ address: "::", length: 0 }, "ff02::1"));
});

Deno.test("a prefix covers itself and its parts: nothing wider, nothing beside it, nothing of the other version", () => {
  const whole = { address: "2001:db8:8000::", length: 33 };
  assert(prefixCovers(whole, whole));
  assert(prefixCovers(whole, { address: "2001:db8:8000:1::", length: 64 }));
  assert(!prefixCovers(whole, { address: "2001:db8:8000::", length: 32 }));
  assert(!prefixCovers(whole, { address: "2001:db8:7fff::", length: 48 }));
  assert(!prefixCovers({ address: "0.0.0.0", length: 0 }, whole));
});

Deno.test("a unicast IPv4 address can belong to one host", () => {
  for (const address of ["1.0.0.1", "10.1.2.3", "192.0.2.1", "223.255.255.254"]) {
    assert(isUnicastIpv4(address), address);
  }
  for (
    const address of ["0.0.0.0", "0.1.2.3", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "x"]
  ) {
    assert(!isUnicastIpv4(address), address);
  }
});

Deno.test("a routable unicast IPv6 address means one host everywhere", () => {
  for (const address of ["2001:db8::1", "fd00::1", "64:ff9b::1", "::2", "fec0::1"]) {
    assert(isRoutableUnicastIpv6(address), address);
  }
  for (
    const address of [
      "::",
      "::1",
      "ff02::1",
      "fe80::1",
      "febf::1",
      "::ffff:192.0.2.1",
      "::ffff:c000:201",
      "x",
    ]
  ) {
    assert(!isRoutableUnicastIpv6(address), address);
  }
});
