/** The next value of a binding's sequence number: a free running counter of 16 bits. */
export function nextSequenceNumber(sequenceNumber: number): number {
  return (sequenceNumber + 1) & 0xffff;
}

/**
 * Is `candidate` greater than `last` in the sense of RFC 6275 section 9.5.1? Not greater are `last` itself
 * and the 32,768 values before it, modulo 2^16.
 */
export function isGreaterSequenceNumber(candidate: number, last: number): boolean {
  const ahead = (candidate - last) & 0xffff;
  return ahead > 0 && ahead < 0x8000;
}
