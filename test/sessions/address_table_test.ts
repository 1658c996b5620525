import { assertEquals } from "@std/assert";
import { AddressTable } from "../../core/sessions/address_table.ts";
import { formatIpv6 } from "../../core/wire/address.ts";
import { random } from "../inspect/random.ts";

Deno.test("address table: the same as a map of texts, through growth and up to its limit", () => {
  const next = random(5);
  const table = new AddressTable(500);
  const plain = new Map<string, number>();
  const packet = new Uint8Array(64);
  for (let round = 0; round < 5_000; round++) {
    const offset = next(40);
    packet.fill(0);
    packet.set([0x20, 1, 0x0d, 0xb8], offset);
    packet.set([next(4), next(256)], offset + 14);
    const text = formatIpv6(packet, offset);
    assertEquals(table.find(packet, offset, 6), plain.get(text) ?? -1);
    const kept = table.set(packet, offset, 6, round);
    assertEquals(kept, plain.has(text) || plain.size < 500);
    if (kept) plain.set(text, round);
  }
  assertEquals(table.size, 500);
});

Deno.test("address table: prefixes, and IPv4 as IPv4-mapped IPv6", () => {
  const table = new AddressTable(10);
  const address = Uint8Array.fromHex("20010db8000700000000000000000001");
  const neighbor = Uint8Array.fromHex("20010db800070000ffff000000000099");
  table.set(address, 0, 6, 3, 64);
  assertEquals([table.find(neighbor, 0, 6, 64), table.find(neighbor, 0, 6)], [3, -1]);
  table.set(Uint8Array.of(10, 0, 0, 1), 0, 4, 4);
  assertEquals(table.find(Uint8Array.fromHex("00000000000000000000ffff0a000001"), 0, 6), 4);
});
