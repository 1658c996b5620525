import { checksum, concat, ipv6 } from "../forwarding/packets.ts";

/** A UDP datagram over IPv6 that the kernel takes: its checksum is right (RFC 8200 8.1). */
export function udpPacket(
  source: string,
  destination: string,
  content: Uint8Array,
  { from = 7000, to = 9 } = {},
): Uint8Array {
  const octets = 8 + content.length;
  const header = (sum: number) =>
    Uint8Array.from([from, to, octets, sum].flatMap((value) => [value >> 8, value & 0xff]));
  const addresses = ipv6({ source, destination, payload: new Uint8Array() }).subarray(8, 40);
  const pseudo = Uint8Array.of(0, 0, octets >> 8, octets & 0xff, 0, 0, 0, 17);
  const sum = checksum(concat(addresses, pseudo, header(0), content)) || 0xffff;
  return ipv6({ source, destination, payload: concat(header(sum), content) });
}
