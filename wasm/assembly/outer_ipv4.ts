import { OUTER_TIME_TO_LIVE } from "../../core/forwarding/limits";
import { OUTER_IPV4_SOURCE } from "../memory_map";
import { finishChecksum, sumOctets } from "./checksum";

export const OUTER_IPV4_OCTETS = 20;
export const PROTOCOL_IPV4: u32 = 4;
export const PROTOCOL_IPV6: u32 = 41;

/** In front of an inner packet (RFC 4213 section 3.5): DF clear; identification 0, which the kernel replaces. */
@inline
export function writeOuterIpv4(
  header: usize,
  innerOctets: i32,
  destination: u32,
  typeOfService: u32,
  protocol: u32,
): void {
  store<u16>(header, <u16>(0x45 | (typeOfService << 8)));
  store<u16>(header, bswap<u16>(<u16>(OUTER_IPV4_OCTETS + innerOctets)), 2);
  store<u32>(header, 0, 4);
  store<u32>(header, OUTER_TIME_TO_LIVE | (protocol << 8), 8);
  store<u32>(header, load<u32>(OUTER_IPV4_SOURCE), 12);
  store<u32>(header, destination, 16);
  store<u16>(header, finishChecksum(sumOctets(header, OUTER_IPV4_OCTETS, 0)), 10);
}
