/** Octets from hexadecimal digits; blanks are passed over. */
export function octetsOf(hex: string): Uint8Array {
  const digits = hex.replaceAll(/\s/g, "");
  return Uint8Array.from(
    { length: digits.length / 2 },
    (_, i) => parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}

export function hexOf(octets: Uint8Array): string {
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** A buffer full of 0xFF: what an encoder leaves of it, it has forgotten to write. */
export function onesBuffer(octets: number): Uint8Array {
  return new Uint8Array(octets).fill(0xff);
}
