import { OUTER_HOP_LIMIT } from "../../core/forwarding/limits";
import { OUTER_IPV6_SOURCE } from "../memory_map";

export const OUTER_IPV6_OCTETS = 40;

/** In front of an inner packet (RFC 2473 section 5.1), with flow label 0. `destination` is where its 16 octets are. */
@inline
export function writeOuterIpv6(
  header: usize,
  innerOctets: i32,
  destination: usize,
  trafficClass: u32,
  nextHeader: u32,
): void {
  store<u32>(header, bswap<u32>(0x60000000 | (trafficClass << 20)));
  store<u16>(header, bswap<u16>(<u16>innerOctets), 4);
  store<u8>(header, <u8>nextHeader, 6);
  store<u8>(header, OUTER_HOP_LIMIT, 7);
  store<u64>(header, load<u64>(OUTER_IPV6_SOURCE), 8);
  store<u64>(header, load<u64>(OUTER_IPV6_SOURCE, 8), 16);
  store<u64>(header, load<u64>(destination), 24);
  store<u64>(header, load<u64>(destination, 8), 32);
}
