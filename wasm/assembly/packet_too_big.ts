import {
  MINIMUM_IPV6_MTU,
  PACKET_TOO_BIG_BURST,
  PACKET_TOO_BIG_PER_SECOND,
} from "../../core/forwarding/limits";
import { OWN_ADDRESS, PACKET_TOO_BIG_BUCKET, PACKET_TOO_BIG_SENT } from "../memory_map";
import { finishChecksum, sumOctets } from "./checksum";
import { add } from "./count";
import { DESTINATION_OFFSET, IPV6_HEADER_OCTETS, mayBeAnsweredWithError, SOURCE_OFFSET } from "./inner_packet";
import { takeToken } from "./token_bucket";

const ICMPV6_HEADER_OCTETS = 8;
/** What is written into the headroom, in front of the quoted packet. */
export const HEAD_OCTETS = IPV6_HEADER_OCTETS + ICMPV6_HEADER_OCTETS;
const NEXT_HEADER_ICMPV6 = 58;
const HOP_LIMIT = 64;
const PACKET_TOO_BIG_TYPE = 2;

/**
 * Writes an ICMPv6 Packet Too Big (RFC 4443 section 3.2) in front of the packet, which becomes its quotation.
 * @returns its length, from packet - HEAD_OCTETS on; 0 where none may be sent
 */
export function answerTooBig(packet: usize, length: i32, mtu: i32): i32 {
  if (!mayBeAnsweredWithError(packet, length)) return 0;
  if (!takeToken(PACKET_TOO_BIG_BUCKET, PACKET_TOO_BIG_BURST, PACKET_TOO_BIG_PER_SECOND)) return 0;
  add(PACKET_TOO_BIG_SENT, 1);
  const total = min<i32>(HEAD_OCTETS + length, MINIMUM_IPV6_MTU);
  const icmpLength = total - IPV6_HEADER_OCTETS;
  const answer = packet - HEAD_OCTETS;
  const icmp = answer + IPV6_HEADER_OCTETS;
  store<u32>(answer, 0x60);
  store<u16>(answer, bswap<u16>(<u16>icmpLength), 4);
  store<u8>(answer, NEXT_HEADER_ICMPV6, 6);
  store<u8>(answer, HOP_LIMIT, 7);
  copyAddress(answer + SOURCE_OFFSET, OWN_ADDRESS);
  copyAddress(answer + DESTINATION_OFFSET, packet + SOURCE_OFFSET);
  store<u32>(icmp, PACKET_TOO_BIG_TYPE);
  store<u32>(icmp, bswap<u32>(<u32>mtu), 4);
  // The pseudo header: both addresses, the length and the next header, as little-endian words.
  let sum = <u64>bswap<u16>(<u16>icmpLength) + (NEXT_HEADER_ICMPV6 << 8);
  sum = sumOctets(answer + SOURCE_OFFSET, 32, sum);
  store<u16>(icmp, finishChecksum(sumOctets(icmp, icmpLength, sum)), 2);
  return total;
}

@inline
function copyAddress(to: usize, from: usize): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to, load<u64>(from, 8), 8);
}
