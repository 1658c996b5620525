import { MAXIMUM_PREFIX_LENGTHS } from "../../core/forwarding/limits";
import {
  IPV4_MAPPED_BITS,
  TABLE_IPV4_PREFIX_LENGTHS,
  TABLE_IPV6_PREFIX_LENGTHS,
  WRITER_IPV4_LENGTH_COUNTS,
  WRITER_IPV6_LENGTH_COUNTS,
  WRITER_KEY,
} from "../memory_map";

/** Which lengths the prefixes in the binding table have. All here is about the key at WRITER_KEY, and its version. */

/** Bits of a key. */
export const ADDRESS_LENGTH: u32 = 128;

/** Is the length that of an address, or one that is in use, or may another one come? */
export function isRoomForLength(length: u32): bool {
  if (length == ADDRESS_LENGTH || load<u32>(countOf(length)) != 0) return true;
  return load<u64>(shownLengths()) >>> (8 * (MAXIMUM_PREFIX_LENGTHS - 1)) == 0;
}

/** Counts a binding of this length more or less, and shows readers the lengths that are left. */
export function countLength(length: u32, by: i32): void {
  if (length == ADDRESS_LENGTH) return;
  store<u32>(countOf(length), load<u32>(countOf(length)) + by);
  let lengths: u64 = 0;
  for (let each: u32 = isIpv4() ? IPV4_MAPPED_BITS + 1 : 1; each < ADDRESS_LENGTH; each++) {
    if (load<u32>(countOf(each)) != 0) lengths = lengths << 8 | each;
  }
  atomic.store<u64>(shownLengths(), lengths);
}

function countOf(length: u32): usize {
  return isIpv4()
    ? WRITER_IPV4_LENGTH_COUNTS + ((length - IPV4_MAPPED_BITS) << 2)
    : WRITER_IPV6_LENGTH_COUNTS + (length << 2);
}

function shownLengths(): usize {
  return isIpv4() ? TABLE_IPV4_PREFIX_LENGTHS : TABLE_IPV6_PREFIX_LENGTHS;
}

/** Is the key IPv4-mapped? */
function isIpv4(): bool {
  return load<u64>(WRITER_KEY) == 0 && load<u32>(WRITER_KEY, 8) == 0xffff0000;
}
