/**
 * The Internet checksum (RFC 1071). Sums are of 16-bit words as this machine reads them (little-endian): the
 * one's complement sum has the same octets in either order, so it is stored as it is.
 */

/** Adds `octets` octets from `start` to `sum`. Not folded: good for 64 KiB many times over. */
export function sumOctets(start: usize, octets: i32, sum: u64): u64 {
  let at = start;
  let left = octets;
  while (left >= 32) {
    const one = load<u64>(at);
    const two = load<u64>(at, 8);
    const three = load<u64>(at, 16);
    const four = load<u64>(at, 24);
    sum += (one & 0xffffffff) + (one >>> 32) + (two & 0xffffffff) + (two >>> 32);
    sum += (three & 0xffffffff) + (three >>> 32) + (four & 0xffffffff) + (four >>> 32);
    at += 32;
    left -= 32;
  }
  while (left >= 4) {
    sum += <u64>load<u32>(at);
    at += 4;
    left -= 4;
  }
  if (left & 2) {
    sum += <u64>load<u16>(at);
    at += 2;
  }
  if (left & 1) sum += <u64>load<u8>(at);
  return sum;
}

/** The value for a checksum field, to be stored as it is. */
@inline
export function finishChecksum(sum: u64): u16 {
  let folded = (sum & 0xffffffff) + (sum >>> 32);
  folded = (folded & 0xffff) + (folded >>> 16);
  folded = (folded & 0xffff) + (folded >>> 16);
  folded = (folded & 0xffff) + (folded >>> 16);
  return <u16>~folded;
}
