/**
 * The Internet checksum (RFC 1071). Sums are of 16-bit words as this machine reads them (little-endian): the
 * one's complement sum has the same octets in either order, so it is stored as it is.
 */

/**
 * Adds `octets` octets from `start` to `sum`. Not folded: good for 64 KiB many times over. Long runs go 64 octets at a
 * time: eight 16-bit words of a vector are added in pairs to four 32-bit sums, which 64 KiB cannot overflow.
 */
export function sumOctets(start: usize, octets: i32, sum: u64): u64 {
  let at = start;
  let left = octets;
  if (left >= 16) {
    let one = i32x4.splat(0);
    let two = one;
    while (left >= 64) {
      one = i32x4.add(one, i32x4.extadd_pairwise_i16x8_u(v128.load(at)));
      two = i32x4.add(two, i32x4.extadd_pairwise_i16x8_u(v128.load(at, 16)));
      one = i32x4.add(one, i32x4.extadd_pairwise_i16x8_u(v128.load(at, 32)));
      two = i32x4.add(two, i32x4.extadd_pairwise_i16x8_u(v128.load(at, 48)));
      at += 64;
      left -= 64;
    }
    while (left >= 16) {
      one = i32x4.add(one, i32x4.extadd_pairwise_i16x8_u(v128.load(at)));
      at += 16;
      left -= 16;
    }
    const wide = i64x2.add(
      i64x2.add(i64x2.extend_low_i32x4_u(one), i64x2.extend_high_i32x4_u(one)),
      i64x2.add(i64x2.extend_low_i32x4_u(two), i64x2.extend_high_i32x4_u(two)),
    );
    sum += i64x2.extract_lane(wide, 0) + i64x2.extract_lane(wide, 1);
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

/** One's complement sum of 16 bits. */
@inline
export function foldSum(sum: u64): u32 {
  let folded = (sum & 0xffffffff) + (sum >>> 32);
  folded = (folded & 0xffff) + (folded >>> 16);
  folded = (folded & 0xffff) + (folded >>> 16);
  folded = (folded & 0xffff) + (folded >>> 16);
  return <u32>folded;
}

/** The value for a checksum field, to be stored as it is. */
@inline
export function finishChecksum(sum: u64): u16 {
  return <u16>~foldSum(sum);
}
