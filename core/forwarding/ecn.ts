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

/** The octet that RFC 8200 calls traffic class: 4 bits of the first octet and 4 of the second. */
export function trafficClass(packet: Uint8Array): number {
  return (packet[0] & 0x0f) << 4 | packet[1] >> 4;
}

/** Changes the ECN bits of an IPv6 header, and nothing else. */
export function setEcn(packet: Uint8Array, ecn: number): void {
  packet[1] = packet[1] & 0xcf | ecn << 4;
}
