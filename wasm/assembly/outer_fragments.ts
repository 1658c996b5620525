import { MAXIMUM_OUTER_HEADERS_OCTETS, OUTER_FRAGMENT_OCTETS } from "../../core/forwarding/limits";
import { CUT_PACKETS, TABLE_SEED } from "../memory_map";
import { finishChecksum, sumOctets } from "./checksum";
import { OUTER_IPV4_OCTETS, writeOuterIpv4 } from "./outer_ipv4";
import { OUTER_IPV6_OCTETS, writeOuterIpv6 } from "./outer_ipv6";

/**
 * The two fragments of an outer packet that the tunnel's path does not carry (RFC 2473 section 7.1 (b) and RFC 8200 section
 * 4.5, RFC 4213 section 3.2.1 and RFC 791 section 3.2).
 */
const FRAGMENT: u32 = 44;
const FRAGMENT_HEADER_OCTETS = MAXIMUM_OUTER_HEADERS_OCTETS - OUTER_IPV6_OCTETS;
const MORE_FRAGMENTS: u32 = 1;
const IPV4_MORE_FRAGMENTS: u32 = 0x2000;

@inline
function nextCount(): u32 {
  const count = load<u32>(CUT_PACKETS);
  store<u32>(CUT_PACKETS, count + 1);
  return count + load<u32>(TABLE_SEED);
}

/** That of the next packet that is cut: 65535 in a row differ (RFC 6864 section 4.3). Never 0, which the kernel would replace. */
export function nextIpv4Identification(): u32 {
  return 1 + nextCount() % 0xffff;
}

/**
 * That of the next packet that is cut: all 2^32 of them differ, and who does not know the seed does not guess the next one
 * (RFC 7739). The mixing is the 32-bit finalizer of MurmurHash3.
 */
export function nextIpv6Identification(): u32 {
  let mixed = nextCount();
  mixed = (mixed ^ (mixed >>> 16)) * 0x85ebca6b;
  mixed = (mixed ^ (mixed >>> 13)) * 0xc2b2ae35;
  return mixed ^ (mixed >>> 16) ^ load<u32>(TABLE_SEED, 4);
}

/** Writes the header in front of `octets` octets of the inner packet, the first or the last. */
export function writeIpv4Fragment(
  header: usize,
  octets: i32,
  isFirst: bool,
  identification: u32,
  destination: u32,
  typeOfService: u32,
  protocol: u32,
): void {
  writeOuterIpv4(header, octets, destination, typeOfService, protocol);
  store<u16>(header, bswap<u16>(<u16>identification), 4);
  store<u16>(header, bswap<u16>(<u16>(isFirst ? IPV4_MORE_FRAGMENTS : OUTER_FRAGMENT_OCTETS / 8)), 6);
  store<u16>(header, 0, 10);
  store<u16>(header, finishChecksum(sumOctets(header, OUTER_IPV4_OCTETS, 0)), 10);
}

/** Writes both headers in front of them. */
export function writeIpv6Fragment(
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
