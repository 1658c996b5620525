/** Up to `limitOctets` octets of an open file: a file that never ends does no harm. */
export function readUpTo(
  file: { readSync(buffer: Uint8Array): number | null },
  limitOctets: number,
): Uint8Array {
  const parts: Uint8Array[] = [];
  let octets = 0;
  while (octets < limitOctets) {
    const part = new Uint8Array(Math.min(limitOctets - octets, 65_536));
    const count = file.readSync(part);
    if (count === null) break;
    parts.push(part.subarray(0, count));
    octets += count;
  }
  const whole = new Uint8Array(octets);
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
