import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { highOrder, inferNumber, lowOrder } from "../../../core/control/esp/extended_number.ts";
import { REPLAY_WINDOW_SIZE, ReplayWindow } from "../../../core/control/esp/replay_window.ts";

/** Takes the number if it may. */
function take(window: ReplayWindow, number: number): boolean {
  const admits = window.admits(number);
  if (admits) window.accept(number);
  return admits;
}

Deno.test("ESP replay window: as a list of all numbers would have it (RFC 4303 section 3.4.3)", () => {
  const steps = fc.array(fc.integer({ min: -70, max: 70 }), { maxLength: 200 });
  fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 40 }), steps, (first, moves) => {
    const window = new ReplayWindow();
    const seen = new Set<number>();
    let highest = 0;
    let number = first;
    for (const move of [0, ...moves]) {
      number += move;
      const isRight = number > 0 && number > highest - REPLAY_WINDOW_SIZE && !seen.has(number);
      assertEquals(take(window, number), isRight, `${number} after ${highest}`);
      if (isRight) seen.add(number);
      highest = Math.max(highest, ...(isRight ? [number] : []));
      assertEquals(window.highest, highest);
    }
  }));
});

Deno.test("ESP replay window: the first number is 1, and nothing from before a restart is taken", () => {
  assert(!new ReplayWindow().admits(0));
  assert(new ReplayWindow().admits(1));
  const restarted = new ReplayWindow(1000);
  assert(!restarted.admits(1000));
  assert(!restarted.admits(999));
  assert(take(restarted, 1002));
  assert(take(restarted, 1001));
  assert(!restarted.admits(1000));
});

Deno.test("ESP extended sequence numbers: the half that is not sent (RFC 4303 appendix A2.2)", () => {
  const highest = fc.oneof(
    fc.integer({ min: 0, max: 2 ** 50 }),
    fc.tuple(fc.integer({ min: 0, max: 2 ** 20 }), fc.integer({ min: -200, max: 200 })).map(([cycle, off]) =>
      Math.max(0, cycle * 2 ** 32 + off)
    ),
  );
  const away = fc.oneof(fc.integer({ min: -63, max: 200 }), fc.integer({ min: -63, max: 2 ** 32 - 64 }));
  fc.assert(fc.property(highest, away, (top, distance) => {
    const number = top + distance;
    fc.pre(number >= 0);
    assertEquals(inferNumber(lowOrder(number), top, REPLAY_WINDOW_SIZE), number);
  }));
  // Just below the window is the next cycle, in which nobody can be by accident.
  assertEquals(inferNumber(936, 1000, REPLAY_WINDOW_SIZE), 2 ** 32 + 936);
  assert(inferNumber(2 ** 32 - 1, 0, REPLAY_WINDOW_SIZE) < 0);
  assertEquals([lowOrder(2 ** 33 + 5), highOrder(2 ** 33 + 5)], [5, 2]);
});
