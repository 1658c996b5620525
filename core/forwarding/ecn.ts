import { finishChecksum, onesComplementSum } from "../wire/checksum.ts";
import { isIpv6 } from "./inner_packet.ts";

/** Explicit congestion notification across a tunnel (RFC 6040). */

export const ECN_MASK = 0x03;
export const NOT_ECT = 0;
export const ECT_1 = 1;
export const ECT_0 = 2;
export const CE = 3;

/** RFC 6040 section 4.2, figure 4: the row is the inner codepoint, the column the outer one. */
const EGRESS: readonly (readonly (number | "drop")[])[] = [
  //            Not-ECT  ECT(1)   ECT(0)   CE
  /* Not-ECT */ [NOT_ECT, NOT_ECT, NOT_ECT, "drop"],
  /* ECT(1) */ [ECT_1, ECT_1, ECT_1, CE],
  /* ECT(0) */ [ECT_0, ECT_1, ECT_0, CE],
  /* CE */ [CE, CE, CE, CE],
];

/** The ECN codepoint that a decapsulated packet goes on with. */
export function decapsulatedEcn(inner: number, outer: number): number | "drop" {
  return EGRESS[inner & ECN_MASK][outer & ECN_MASK];
}

/** IPv6: the octet that RFC 8200 calls traffic class, across the first two. IPv4: type of service. */
export function trafficClass(packet: Uint8Array): number {
  return isIpv6(packet) ? (packet[0] & 0x0f) << 4 | packet[1] >> 4 : packet[1];
}

/** Changes the ECN bits of an IP header to others; the checksum of an IPv4 header follows. */
export function setEcn(packet: Uint8Array, ecn: number): void {
  if (isIpv6(packet)) {
    packet[1] = packet[1] & 0xcf | ecn << 4;
    return;
  }
  const before = packet[0] << 8 | packet[1];
  packet[1] = packet[1] & ~ECN_MASK | ecn;
  // RFC 1624 section 3, equation 3: a checksum that was wrong stays wrong.
  const view = new DataView(packet.buffer, packet.byteOffset);
  const sum = (~view.getUint16(10) & 0xffff) + (~before & 0xffff);
  view.setUint16(10, finishChecksum(onesComplementSum(packet, 0, 2, sum)));
}
