/** Big-endian numbers in octets. The caller has checked that they are inside. */

/** Not for secrets: the time that it takes tells where they differ. */
export function equalOctets(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((octet, i) => octet === other[i]);
}

export function readUint16(bytes: Uint8Array, offset: number): number {
  return bytes[offset] << 8 | bytes[offset + 1];
}

export function readUint32(bytes: Uint8Array, offset: number): number {
  return (readUint16(bytes, offset) << 16 | readUint16(bytes, offset + 2)) >>> 0;
}

/** Throws RangeError for a number that does not fit; `field` names it in the error. */
export function writeUint8(buffer: Uint8Array, offset: number, value: number, field: string): void {
  buffer[offset] = checked(value, 8, field);
}

/** See writeUint8. */
export function writeUint16(buffer: Uint8Array, offset: number, value: number, field: string): void {
  checked(value, 16, field);
  buffer[offset] = value >> 8;
  buffer[offset + 1] = value;
}

/** See writeUint8. */
export function writeUint32(buffer: Uint8Array, offset: number, value: number, field: string): void {
  checked(value, 32, field);
  for (let i = 0; i < 4; i++) buffer[offset + i] = value >>> 24 - 8 * i;
}

function checked(value: number, bits: number, field: string): number {
  if (Number.isInteger(value) && value >= 0 && value < 2 ** bits) return value;
  throw new RangeError(`Cannot encode ${field}: ${value} does not fit into ${bits} bits`);
}
