import type { Retransmission } from "./constants.ts";

/** Each timeout is up to this part longer or shorter (RAND, RFC 8415 section 15). */
const RANDOM_SHARE = 0.1;

/** One message sent until it is answered (RFC 8415 section 15). */
export interface Exchange {
  readonly transactionId: number;
  readonly startedAtMs: number;
  /** How often it went out. */
  readonly sent: number;
  /** RT, milliseconds. */
  readonly timeoutMs: number;
  readonly retransmitAtMs: number;
}

/** @param random a number from 0 (inclusive) to 1 (exclusive) */
export function beginExchange(
  { initialMs }: Pick<Retransmission, "initialMs">,
  nowMs: number,
  random: () => number,
): Exchange {
  const transactionId = Math.floor(random() * 2 ** 24);
  const timeoutMs = initialMs * (1 + randomFactor(random));
  return { transactionId, startedAtMs: nowMs, sent: 1, timeoutMs, retransmitAtMs: nowMs + timeoutMs };
}

/** The same for a Solicit: its first timeout is never shorter than the initial one (RFC 8415 section 18.2.1). */
export function beginSolicitExchange(
  { initialMs }: Pick<Retransmission, "initialMs">,
  nowMs: number,
  random: () => number,
): Exchange {
  const exchange = beginExchange({ initialMs }, nowMs, random);
  const timeoutMs = initialMs * (1 + RANDOM_SHARE * (1 - random()));
  return { ...exchange, timeoutMs, retransmitAtMs: nowMs + timeoutMs };
}

export function sentAgain(
  exchange: Exchange,
  { maximumMs }: Pick<Retransmission, "maximumMs">,
  nowMs: number,
  random: () => number,
): Exchange {
  const doubled = exchange.timeoutMs * (2 + randomFactor(random));
  const isLimited = maximumMs > 0 && doubled > maximumMs;
  const timeoutMs = isLimited ? maximumMs * (1 + randomFactor(random)) : doubled;
  return { ...exchange, sent: exchange.sent + 1, timeoutMs, retransmitAtMs: nowMs + timeoutMs };
}

function randomFactor(random: () => number): number {
  return RANDOM_SHARE * (2 * random() - 1);
}
