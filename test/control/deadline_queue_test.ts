import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { DeadlineQueue, earliest } from "../../core/control/deadline_queue.ts";

Deno.test("deadlines come in their order, moved and cancelled ones only where they are now", () => {
  const queue = new DeadlineQueue();
  queue.schedule("a", 30);
  queue.schedule("b", 10);
  queue.schedule("c", 20);
  queue.schedule("b", 40);
  queue.cancel("c");
  assertEquals(queue.next(), 30);
  assertEquals(queue.takeDue(29), undefined);
  assertEquals([queue.takeDue(50), queue.takeDue(50), queue.takeDue(50)], ["a", "b", undefined]);
  assertEquals(queue.next(), undefined);
});

Deno.test("a deadline queue behaves as a sorted map", () => {
  const step = fc.record({
    key: fc.integer({ min: 0, max: 20 }),
    atMs: fc.option(fc.integer({ min: 0, max: 99 })),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 300 }), (steps) => {
    const queue = new DeadlineQueue();
    const model = new Map<string, number>();
    for (const { key, atMs } of steps) {
      if (atMs === null) {
        queue.cancel(String(key));
        model.delete(String(key));
      } else {
        queue.schedule(String(key), atMs);
        model.set(String(key), atMs);
      }
      assertEquals(queue.next(), model.size === 0 ? undefined : Math.min(...model.values()));
    }
    const taken: number[] = [];
    for (let key = queue.takeDue(99); key !== undefined; key = queue.takeDue(99)) taken.push(model.get(key)!);
    assertEquals(taken, [...model.values()].sort((one, other) => one - other));
  }));
});

Deno.test("the earliest of some instants, of which none may be there", () => {
  assertEquals(earliest([undefined, 7, 0, undefined, 3]), 0);
  assertEquals(earliest([undefined, undefined]), undefined);
  assertEquals(earliest([]), undefined);
});
