const LOW_ORDER_NUMBERS = 2 ** 32;

/*
 * Extended sequence numbers have 64 bits (RFC 4303 section 2.2.1). Here they are plain numbers, exact up to 2^53: at a
 * million packets a second that lasts for 285 years.
 */

export function lowOrder(number: number): number {
  return number % LOW_ORDER_NUMBERS;
}

export function highOrder(number: number): number {
  return Math.floor(number / LOW_ORDER_NUMBERS);
}

/**
 * The whole number of which a packet tells the lower half: the one nearest to the window that ends at `highest` (RFC
 * 4303 appendix A2.2). Below 0 where there is no such number yet.
 */
export function inferNumber(low: number, highest: number, windowSize: number): number {
  const top = lowOrder(highest);
  const bottom = top - windowSize + 1;
  // The window lies in one cycle of the lower half, or begins in the one before.
  const cycle = bottom >= 0 ? (low >= bottom ? 0 : 1) : (low >= bottom + LOW_ORDER_NUMBERS ? -1 : 0);
  return (highOrder(highest) + cycle) * LOW_ORDER_NUMBERS + low;
}
