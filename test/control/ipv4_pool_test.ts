import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ipv4Number, ipv4OfNumber } from "../../core/control/ipv4_number.ts";
import { Ipv4Pool } from "../../core/control/ipv4_pool.ts";
import { prefixAround, prefixContains } from "../../core/wire/address.ts";

const EIGHT = { prefix: { address: "192.0.2.8", length: 29 }, networkLength: 32 };

Deno.test("IPv4 pool: one block each, until there is none; the longest released is given away", () => {
  const pool = new Ipv4Pool(EIGHT, [{ address: "192.0.2.9", length: 32 }, {
    address: "192.0.2.14",
    length: 31,
  }]);
  const taken = [1, 2, 3, 4, 5].map((owner) => pool.take(`${owner}`)?.address);
  assertEquals(taken, ["192.0.2.8", "192.0.2.10", "192.0.2.11", "192.0.2.12", "192.0.2.13"]);
  assertEquals(pool.take("6"), undefined);
  assertEquals(pool.take("3")?.address, "192.0.2.11", "who has one gets it again");
  for (const owner of ["4", "2"]) pool.release(owner);
  assertEquals(pool.take("4")?.address, "192.0.2.12", "and who had one");
  assertEquals(pool.take("6")?.address, "192.0.2.10");
  assertEquals(pool.take("2"), undefined);
});

Deno.test("IPv4 pool: a released block that is somebody's own now is not given away", () => {
  const pool = new Ipv4Pool(EIGHT, []);
  const taken = Array.from({ length: 8 }, (_, i) => pool.take(`${i}`)?.address);
  for (const owner of ["1", "2"]) pool.release(owner);
  pool.reserve([{ address: taken[1]!, length: 32 }]);
  assertEquals(pool.take("9")?.address, taken[2]);
  assertEquals(pool.take("1"), undefined);
});

Deno.test("IPv4 pool: a wish comes true where the block is free", () => {
  const networks = { prefix: { address: "10.64.0.0", length: 16 }, networkLength: 28 };
  const pool = new Ipv4Pool(networks, [{ address: "10.64.1.0", length: 24 }]);
  assertEquals(pool.take("1", "10.64.0.77"), { address: "10.64.0.64", length: 28 });
  assertEquals(pool.take("2", "10.64.0.78"), { address: "10.64.0.0", length: 28 }, "somebody has it");
  assertEquals(pool.take("3", "10.64.1.5"), { address: "10.64.0.16", length: 28 }, "reserved");
  assertEquals(pool.take("4", "10.65.0.1"), { address: "10.64.0.32", length: 28 }, "not of the pool");
});

Deno.test("IPv4 pool: whatever happens, blocks are in the pool, apart, unreserved, and each owner's own", () => {
  const address = fc.integer({ min: ipv4Number("10.0.0.0"), max: ipv4Number("10.0.1.255") }).map(
    ipv4OfNumber,
  );
  const reserved = fc.array(fc.tuple(address, fc.integer({ min: 26, max: 32 })), { maxLength: 4 });
  const steps = fc.array(
    fc.record({ owner: fc.integer({ min: 0, max: 12 }), take: fc.boolean(), wished: fc.option(address) }),
    { maxLength: 60 },
  );
  fc.assert(fc.property(fc.integer({ min: 28, max: 32 }), reserved, steps, (networkLength, kept, steps) => {
    const prefix = { address: "10.0.0.0", length: 26 };
    const others = kept.map(([of, length]) => prefixAround(of, length));
    const pool = new Ipv4Pool({ prefix, networkLength }, others);
    const held = new Map<number, string>();
    for (const { owner, take, wished } of steps) {
      if (!take) {
        pool.release(`${owner}`);
        held.delete(owner);
        continue;
      }
      const block = pool.take(`${owner}`, wished ?? undefined);
      if (block === undefined) {
        assert(!held.has(owner));
        continue;
      }
      assert(prefixContains(prefix, block.address) && block.length === networkLength);
      assertEquals(prefixAround(block.address, block.length), block);
      for (const other of others) {
        assert(!prefixContains(other, block.address) && !prefixContains(block, other.address));
      }
      assertEquals(held.get(owner) ?? block.address, block.address);
      held.set(owner, block.address);
      assertEquals(new Set(held.values()).size, held.size, "nobody has another's");
    }
  }));
});
