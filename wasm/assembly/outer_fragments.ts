import { MAXIMUM_OUTER_HEADERS_OCTETS, OUTER_FRAGMENT_OCTETS } from "../../core/forwarding/limits";
import { CUT_PACKETS, TABLE_SEED } from "../memory_map";
import { OUTER_IPV6_OCTETS, writeOuterIpv6 } from "./outer_ipv6";

/**
 * The two fragments of an outer IPv6 packet that the tunnel's path does not carry (RFC 2473 section 7.1 (b), RFC 8200 section
 * 4.5): the first has 1280 octets.
 */
const FRAGMENT: u32 = 44;
const FRAGMENT_HEADER_OCTETS = MAXIMUM_OUTER_HEADERS_OCTETS - OUTER_IPV6_OCTETS;
const MORE_FRAGMENTS: u32 = 1;

/**
 * The identification of the next packet that is cut: all 2^32 of them differ, and who does not know the seed does not guess
 * the next one (RFC 7739). The mixing is the 32-bit finalizer of MurmurHash3.
 */
export function nextIdentification(): u32 {
  const count = load<u32>(CUT_PACKETS);
  store<u32>(CUT_PACKETS, count + 1);
  let mixed = count + load<u32>(TABLE_SEED);
  mixed = (mixed ^ (mixed >>> 16)) * 0x85ebca6b;
  mixed = (mixed ^ (mixed >>> 13)) * 0xc2b2ae35;
  return mixed ^ (mixed >>> 16) ^ load<u32>(TABLE_SEED, 4);
}

/** Writes both headers in front of `octets` octets of the inner packet, the first or the last. */
export function writeFragmentHeaders(
  headers: usize,
  octets: i32,
  isFirst: bool,
  identification: u32,
  destination: usize,
  trafficClass: u32,
  nextHeader: u32,
): void {
  writeOuterIpv6(headers, FRAGMENT_HEADER_OCTETS + octets, destination, trafficClass, FRAGMENT);
  const fragment = headers + OUTER_IPV6_OCTETS;
  store<u16>(fragment, <u16>nextHeader);
  store<u16>(fragment, bswap<u16>(<u16>(isFirst ? MORE_FRAGMENTS : OUTER_FRAGMENT_OCTETS)), 2);
  store<u32>(fragment, bswap<u32>(identification), 4);
}
