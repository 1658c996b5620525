import { NONE } from "../inspect/packet_cursor.ts";
import { finishChecksum, onesComplementSum } from "../wire/checksum.ts";
import { Protocol } from "../wire/constants.ts";
import type { LintView } from "./lint_view.ts";
import { hexadecimal, type PacketRule } from "./rule.ts";

/** Rules over the headers around a mobility message; `headerOffset` is where the header begins. */

export const IPV4_RULES: readonly PacketRule[] = [{
  id: "ipv4-checksum",
  severity: "error",
  section: "RFC 791 3.1",
  row: "",
  says: "The header checksum of IPv4 is right.",
  check({ cursor: { bytes }, headerOffset }) {
    const found = bytes[headerOffset + 10] << 8 | bytes[headerOffset + 11];
    const end = headerOffset + 4 * (bytes[headerOffset] & 0x0f);
    const before = onesComplementSum(bytes, headerOffset, headerOffset + 10);
    return difference(found, finishChecksum(onesComplementSum(bytes, headerOffset + 12, end, before)));
  },
}];

export const UDP_RULES: readonly PacketRule[] = [{
  id: "udp-checksum",
  severity: "error",
  section: "RFC 768",
  row: "",
  says: "The checksum of UDP is right, or absent.",
  check(view) {
    const { cursor, headerOffset } = view;
    const found = cursor.uint16(headerOffset + 6);
    if (found === 0 || !cursor.whole) return undefined;
    const right = upperLayerChecksum(view, Protocol.udp, 6) || 0xffff;
    // Left to the network card: only the sum of the pseudo-header stands there.
    if (found === partialSum(view, Protocol.udp)) return undefined;
    return difference(found, right);
  },
}, {
  id: "udp-checksum-missing",
  severity: "warning",
  section: "RFC 8200 8.1",
  row: "",
  says: "UDP over IPv6 has a checksum.",
  check({ cursor, headerOffset }) {
    if (cursor.ipVersion !== 6 || cursor.partial || cursor.uint16(headerOffset + 6) !== 0) return undefined;
    return `checksum 0 to port ${cursor.destinationPort}`;
  },
}];

export const ICMPV6_RULES: readonly PacketRule[] = [{
  id: "icmpv6-checksum",
  severity: "error",
  section: "RFC 4443 2.3",
  row: "",
  says: "The checksum of ICMPv6 is right.",
  check(view) {
    const { cursor, headerOffset } = view;
    if (!cursor.whole || cursor.available < 4) return undefined;
    const found = cursor.uint16(headerOffset + 2);
    if (found === partialSum(view, Protocol.icmpv6)) return undefined;
    return difference(found, upperLayerChecksum(view, Protocol.icmpv6, 2));
  },
}];

export const WHOLE_PACKET_RULES: readonly PacketRule[] = [{
  id: "headers",
  severity: "error",
  section: "RFC 8200 3",
  row: "",
  says: "Every header is complete, and what it says of its length is true.",
  check: ({ cursor }) => cursor.problem,
}, {
  id: "home-address-option-repeated",
  severity: "error",
  section: "RFC 6275 6.3",
  row: "M-071",
  says: "An IPv6 header has the Home Address option once at most.",
  check({ homeAddressOptions }) {
    return homeAddressOptions > 1 ? `${homeAddressOptions} Home Address options` : undefined;
  },
}];

function upperLayerChecksum({ cursor, headerOffset }: LintView, protocol: number, at: number): number {
  const { offset } = cursor;
  cursor.offset = headerOffset;
  const right = cursor.upperLayerChecksum(protocol, headerOffset + at);
  cursor.offset = offset;
  return right;
}

function partialSum({ cursor, headerOffset }: LintView, protocol: number): number {
  const { offset } = cursor;
  cursor.offset = headerOffset;
  const sum = cursor.pseudoHeaderSum(protocol);
  cursor.offset = offset;
  return sum;
}

/** How a checksum differs; the mobility header's rule uses it, too. */
export function difference(found: number, right: number): string | undefined {
  return found === right ? undefined : `${hexadecimal(found)}, should be ${hexadecimal(right)}`;
}

/** The checksum of a mobility header is that of its IPv6 packet; 0 and ignored in UDP (RFC 5844 4.1.3.2). */
export function mobilityChecksum(view: LintView): string | undefined {
  const { cursor } = view;
  if (!cursor.whole || cursor.sourcePort !== NONE) return undefined;
  const right = cursor.upperLayerChecksum(Protocol.mobilityHeader, cursor.offset + 4);
  return difference(cursor.uint16(cursor.offset + 4), right);
}
