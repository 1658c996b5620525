import { CLOCK } from "../memory_map";
import { seeClock } from "./clock";

const WHOLE_TOKEN: i64 = 1000;

/** The clock in whole milliseconds. */
@inline
function nowMs(): i64 {
  return load<i64>(CLOCK) * 1000 + load<i64>(CLOCK, 8) / 1000000;
}

export function fillBucket(bucket: usize, burst: i64): void {
  store<i64>(bucket, burst * WHOLE_TOKEN);
  store<i64>(bucket, 0, 8);
}

/** Takes one token; false when there is none. Counts thousandths of a token. */
export function takeToken(bucket: usize, burst: i64, perSecond: i64): bool {
  seeClock();
  const now = nowMs();
  const filledAt = load<i64>(bucket, 8);
  let tokens = load<i64>(bucket);
  if (now > filledAt) {
    tokens = min(burst * WHOLE_TOKEN, tokens + (now - filledAt) * perSecond);
    store<i64>(bucket, now, 8);
  }
  const enough = tokens >= WHOLE_TOKEN;
  store<i64>(bucket, enough ? tokens - WHOLE_TOKEN : tokens);
  return enough;
}
