import { assert, assertEquals } from "@std/assert";
import { AnswerLimiter } from "../../core/control/answer_limiter.ts";

function allowed(
  limiter: AnswerLimiter,
  addresses: (i: number) => string,
  count: number,
  stepMs: number,
): number {
  let answers = 0;
  for (let i = 0; i < count; i++) if (limiter.allow(addresses(i), i * stepMs)) answers++;
  return answers;
}

Deno.test("answers to one address: a burst of 5, then 2 a second", () => {
  const answers = allowed(new AnswerLimiter(), () => "192.0.2.1", 10_000, 1);
  assert(answers >= 23 && answers <= 25, `${answers}`);
});

Deno.test("answers to all addresses together: a burst of 100, then 50 a second", () => {
  const answers = allowed(
    new AnswerLimiter(),
    (i) => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
    10_000,
    1,
  );
  assert(answers >= 590 && answers <= 600, `${answers}`);
});

Deno.test("an address that was silent for a while is answered again", () => {
  const limiter = new AnswerLimiter();
  for (let i = 0; i < 20; i++) limiter.allow("192.0.2.1", 0);
  assertEquals([limiter.allow("192.0.2.1", 400), limiter.allow("192.0.2.1", 600)], [false, true]);
});

Deno.test("to make an address forgotten, by answers to many others, gains it no answer", () => {
  const flooded = new AnswerLimiter();
  const calm = new AnswerLimiter();
  let [inFlood, alone] = [0, 0];
  for (let ms = 0; ms < 60_000; ms++) {
    if (flooded.allow("192.0.2.1", ms)) inFlood++;
    for (let i = 0; i < 20; i++) flooded.allow(`10.0.${ms & 255}.${i}`, ms);
    if (calm.allow("192.0.2.1", ms)) alone++;
  }
  assert(inFlood <= alone, `${inFlood} in place of ${alone}`);
});
