import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { PrefixRange } from "../../../core/control/delegation/prefix_range.ts";
import { formatIpv6, prefixContains, prefixText } from "../../../core/wire/address.ts";
import { pool, prefix } from "./script.ts";

Deno.test("Pool: networks by number, both ways", () => {
  const range = new PrefixRange(pool("2001:db8:200::/56", 64), []);
  assertEquals(range.size, 256);
  assertEquals([0, 1, 255].map((index) => prefixText(range.prefixAt(index))), [
    "2001:db8:200::/64",
    "2001:db8:200:1::/64",
    "2001:db8:200:ff::/64",
  ]);
  const indices = ["2001:db8:200::/64", "2001:db8:200:ff::/64", "2001:db8:200::/60", "2001:db8:200:100::/64"];
  assertEquals(indices.map((text) => range.indexOf(prefix(text))), [0, 255, undefined, undefined]);
  assertEquals(range.indexOf({ address: "2001:db8:200::1", length: 64 }), undefined);
  assertEquals(range.indexOf(prefix("2001:db8:1ff:ffff::/64")), undefined);
});

Deno.test("Pool: the longest and the shortest networks, and more of them than are counted", () => {
  assertEquals(new PrefixRange(pool("2001:db8::/64", 64), []).size, 1);
  const hosts = new PrefixRange(pool("2001:db8::/124", 128), []);
  assertEquals([hosts.size, prefixText(hosts.prefixAt(15))], [16, "2001:db8::f/128"]);
  const many = new PrefixRange(pool("2001:db8::/32", 128), []);
  assertEquals([many.size, many.indexOf(prefix("2001:db8:ffff::/128"))], [2 ** 32, undefined]);
});

Deno.test("Pool: whatever has an address in common with a reserved prefix is passed over", () => {
  const reserved = [
    "2001:db8:200:4::/62",
    "2001:db8:200:2:8000::/65",
    "2001:db8:200:fe::/63",
    "2001:db8:300::/48",
    "2001:db8::/48",
  ].map(prefix);
  const range = new PrefixRange(pool("2001:db8:200::/56", 64), reserved);
  const free: number[] = [];
  for (let index = 0; index < range.size; index++) {
    if (range.indexOf(range.prefixAt(index)) !== undefined) free.push(index);
  }
  assertEquals(free.length, 256 - 4 - 1 - 2);
  assertEquals([2, 4, 5, 6, 7, 254, 255].some((index) => free.includes(index)), false);
  assertEquals(range.firstFree(4, () => false, 0), 8);
  assertEquals(range.firstFree(254, () => false, 0), 0);
  const all = new PrefixRange(pool("2001:db8:200::/56", 64), [prefix("2001:db8::/32")]);
  assertEquals(all.firstFree(3, () => false, 100), undefined);
});

Deno.test("Pool: the first free network is found as by trying all, one after another", () => {
  const reserved = fc.array(
    fc.record({ octet: fc.nat(255), length: fc.integer({ min: 54, max: 66 }) }).map(({ octet, length }) => {
      const octets = new Uint8Array(16);
      octets.set([0x20, 0x01, 0x0d, 0xb8, 2, 0, 0, octet]);
      return prefix(`${formatIpv6(octets)}/${length}`);
    }),
    { maxLength: 5 },
  );
  const taken = fc.array(fc.integer({ min: 0, max: 15 }), { maxLength: 16 });
  fc.assert(
    fc.property(reserved, taken, fc.integer({ min: 0, max: 15 }), (reserved, taken, start) => {
      const range = new PrefixRange(pool("2001:db8:200::/60", 64), reserved);
      const inOrder = Array.from({ length: 16 }, (_, i) => (start + i) % 16);
      const isReserved = (index: number) =>
        reserved.some((one) => {
          const network = range.prefixAt(index);
          return prefixContains(one, network.address) || prefixContains(network, one.address);
        });
      const expected = inOrder.find((index) => !isReserved(index) && !taken.includes(index));
      assertEquals(range.firstFree(start, (index) => taken.includes(index), taken.length), expected);
    }),
    { numRuns: 2000 },
  );
});
