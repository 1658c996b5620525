import {
  MINIMUM_IPV4_DATAGRAM,
  MINIMUM_IPV6_MTU,
  PACKET_TOO_BIG_BURST,
  PACKET_TOO_BIG_PER_SECOND,
} from "../../core/forwarding/limits";
import { OWN_ADDRESS, OWN_IPV4_ADDRESS, PACKET_TOO_BIG_BUCKET, PACKET_TOO_BIG_SENT } from "../memory_map";
import { finishChecksum, sumOctets } from "./checksum";
import { add } from "./count";
import {
  DESTINATION_OFFSET,
  IPV4_HEADER_OCTETS,
  ipv4HeaderLength,
  IPV6_HEADER_OCTETS,
  isIpv6,
  mayBeAnsweredWithError,
  SOURCE_OFFSET,
} from "./inner_packet";
import { takeToken } from "./token_bucket";

const ICMP_HEADER_OCTETS = 8;
const NEXT_HEADER_ICMPV6 = 58;
const PROTOCOL_ICMP = 1;
const HOP_LIMIT = 64;
const PACKET_TOO_BIG_TYPE = 2;
const DESTINATION_UNREACHABLE_TYPE = 3;
const FRAGMENTATION_NEEDED_CODE = 4;

/** Octets of the last answer. */
export let answerLength: i32 = 0;

/**
 * Writes an ICMP error in front of the packet, which becomes its quotation: Packet Too Big (RFC 4443 section 3.2), or
 * fragmentation needed (RFC 1191 section 4).
 * @returns where the answer begins; 0 where none may be sent
 */
export function answerTooBig(packet: usize, length: i32, mtu: i32): usize {
  const isVersion6 = isIpv6(packet);
  if (isVersion6 ? !mayBeAnsweredWithError(packet, length) : !mayBeAnswered4(packet, length)) return 0;
  if (!takeToken(PACKET_TOO_BIG_BUCKET, PACKET_TOO_BIG_BURST, PACKET_TOO_BIG_PER_SECOND)) return 0;
  add(PACKET_TOO_BIG_SENT, 1);
  return isVersion6 ? packetTooBig(packet, length, mtu) : fragmentationNeeded(packet, length, mtu);
}

function packetTooBig(packet: usize, length: i32, mtu: i32): usize {
  const total = min<i32>(IPV6_HEADER_OCTETS + ICMP_HEADER_OCTETS + length, MINIMUM_IPV6_MTU);
  const icmpLength = total - IPV6_HEADER_OCTETS;
  const answer = packet - IPV6_HEADER_OCTETS - ICMP_HEADER_OCTETS;
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
  answerLength = total;
  return answer;
}

/** Not about ICMP errors, nor fragments other than the first (RFC 1122 3.2.2). */
function mayBeAnswered4(packet: usize, length: i32): bool {
  if ((load<u16>(packet, 6) & 0xff1f) != 0) return false;
  if (load<u32>(OWN_IPV4_ADDRESS) == 0) return false;
  if (load<u8>(packet, 9) != PROTOCOL_ICMP) return true;
  const headerLength = ipv4HeaderLength(packet);
  if (headerLength >= length) return false;
  const type = load<u8>(packet + headerLength);
  return type == 0 || type == 8 || type >= 13;
}

function fragmentationNeeded(packet: usize, length: i32, mtu: i32): usize {
  const total = min<i32>(IPV4_HEADER_OCTETS + ICMP_HEADER_OCTETS + length, MINIMUM_IPV4_DATAGRAM);
  const answer = packet - IPV4_HEADER_OCTETS - ICMP_HEADER_OCTETS;
  const icmp = answer + IPV4_HEADER_OCTETS;
  store<u32>(answer, 0x45 | <u32>bswap<u16>(<u16>total) << 16);
  store<u32>(answer, 0, 4);
  store<u32>(answer, HOP_LIMIT | (PROTOCOL_ICMP << 8), 8);
  store<u32>(answer, load<u32>(OWN_IPV4_ADDRESS), 12);
  store<u32>(answer, load<u32>(packet, 12), 16);
  store<u16>(answer, finishChecksum(sumOctets(answer, IPV4_HEADER_OCTETS, 0)), 10);
  store<u32>(icmp, DESTINATION_UNREACHABLE_TYPE | (FRAGMENTATION_NEEDED_CODE << 8));
  store<u32>(icmp, <u32>bswap<u16>(<u16>mtu) << 16, 4);
  store<u16>(icmp, finishChecksum(sumOctets(icmp, total - IPV4_HEADER_OCTETS, 0)), 2);
  answerLength = total;
  return answer;
}

@inline
function copyAddress(to: usize, from: usize): void {
  store<u64>(to, load<u64>(from));
  store<u64>(to, load<u64>(from, 8), 8);
}
