import { sumOctets } from "./checksum";
import { DESTINATION_OFFSET, IPV4_HEADER_OCTETS, IPV6_HEADER_OCTETS, isIpv6, SOURCE_OFFSET } from "./inner_packet";

/** TCP and UDP headers right behind the IP header. */

export const TCP: u32 = 6;
export const UDP: u32 = 17;
export const TCP_HEADER_OCTETS = 20;
export const UDP_HEADER_OCTETS = 8;
export const TCP_CHECKSUM_OFFSET = 16;
export const UDP_CHECKSUM_OFFSET = 6;
export const TCP_FLAGS_OFFSET = 13;
export const TCP_FIN: u32 = 0x01;
export const TCP_PSH: u32 = 0x08;
export const TCP_ACK: u32 = 0x10;
export const TCP_CWR: u32 = 0x80;
/** More fragments, and the fragment's offset, as loaded from the packet. */
const IPV4_FRAGMENT: u32 = 0xff3f;

/** The protocol of the header at transportOffset(); 0 where there is none that stands alone: options, fragments. */
@inline
export function transportProtocol(packet: usize): u32 {
  if (isIpv6(packet)) return load<u8>(packet, 6);
  if (load<u8>(packet) != 0x45 || (load<u16>(packet, 6) & IPV4_FRAGMENT) != 0) return 0;
  return load<u8>(packet, 9);
}

@inline
export function transportOffset(packet: usize): i32 {
  return isIpv6(packet) ? IPV6_HEADER_OCTETS : IPV4_HEADER_OCTETS;
}

/** Octets of the TCP header, as it says. */
@inline
export function tcpHeaderLength(tcp: usize): i32 {
  return (<i32>load<u8>(tcp, 12) >> 4) << 2;
}

/** The sum of the pseudo header (RFC 8200 section 8.1, RFC 9293 section 3.1). */
@inline
export function pseudoHeaderSum(packet: usize, protocol: u32, transportLength: i32): u64 {
  const sum = <u64>bswap<u16>(<u16>transportLength) + (<u64>protocol << 8);
  return isIpv6(packet) ? addressesSum6(packet, sum) : sum + load<u32>(packet, 12) + load<u32>(packet, 16);
}

@inline
function addressesSum6(packet: usize, sum: u64): u64 {
  const one = load<u64>(packet, SOURCE_OFFSET);
  const two = load<u64>(packet, SOURCE_OFFSET + 8);
  const three = load<u64>(packet, DESTINATION_OFFSET);
  const four = load<u64>(packet, DESTINATION_OFFSET + 8);
  sum += (one & 0xffffffff) + (one >>> 32) + (two & 0xffffffff) + (two >>> 32);
  return sum + (three & 0xffffffff) + (three >>> 32) + (four & 0xffffffff) + (four >>> 32);
}

/** The sum over pseudo header, transport header and payload. */
export function transportSum(packet: usize, length: i32, protocol: u32): u64 {
  const offset = transportOffset(packet);
  return sumOctets(packet + offset, length - offset, pseudoHeaderSum(packet, protocol, length - offset));
}
