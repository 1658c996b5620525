/**
 * The 64-bit timestamp of the message identification option (RFC 4285 section 6): NTP format, seconds since
 * 1900 in the high half, the fraction of a second in the low half.
 */
const SECONDS_FROM_1900_TO_1970 = 2_208_988_800;
const FRACTIONS_PER_MS = 2 ** 32 / 1000;

/** `random` (0..1) fills the bits below a millisecond, as section 6 asks. */
export function ntpTimestamp(unixMs: number, random: number): bigint {
  const wholeMs = Math.floor(unixMs);
  const seconds = Math.floor(wholeMs / 1000);
  const fraction = Math.floor((wholeMs - seconds * 1000 + random) * FRACTIONS_PER_MS);
  return (BigInt(seconds + SECONDS_FROM_1900_TO_1970) << 32n) | BigInt(fraction);
}

export function unixMsOfNtpTimestamp(timestamp: bigint): number {
  const seconds = Number(timestamp >> 32n) - SECONDS_FROM_1900_TO_1970;
  return seconds * 1000 + Number(timestamp & 0xffff_ffffn) / FRACTIONS_PER_MS;
}

/**
 * What a home agent returns for a timestamp that it does not accept: the low half as it came, the high half
 * from its own clock.
 */
export function correctedTimestamp(received: bigint, unixMs: number): bigint {
  return ((ntpTimestamp(unixMs, 0) >> 32n) << 32n) | (received & 0xffff_ffffn);
}
