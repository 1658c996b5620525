import { assertEquals } from "@std/assert";

/** As assertEquals, but quick where they are the same; says which of `batch` they differ about. */
export function assertSame<Item>(
  found: readonly Item[],
  expected: readonly Item[],
  batch: readonly unknown[],
): void {
  assertEquals(found.length, expected.length);
  for (const [index, item] of expected.entries()) {
    if (isSame(item, found[index])) continue;
    assertEquals(found[index], item, `number ${index} about ${Deno.inspect(batch[index])}`);
    throw new Error("isSame() and assertEquals() differ");
  }
}

function isSame(one: unknown, other: unknown): boolean {
  if (one instanceof Uint8Array && other instanceof Uint8Array) {
    return one.length === other.length && one.every((octet, at) => octet === other[at]);
  }
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return one === other;
  }
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length &&
    keys.every((key) => isSame(one[key as keyof typeof one], other[key as keyof typeof other]));
}
