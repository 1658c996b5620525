import { Protocol } from "../wire/constants.ts";
import { IPV6_HEADER_OCTETS as HEADER_OCTETS } from "../wire/ipv6.ts";
import { ECN_NAMES } from "./ipv4.ts";
import type { Layer } from "./layer.ts";
import { ipProtocolNames } from "./names.ts";
import { addFields, bits, decimal, hexNumber, ipv6, named } from "./tree.ts";
import type { Field } from "./tree.ts";

const FIELDS: readonly Field[] = [
  { name: "Version", at: 0, octets: 1, show: bits(0xf0) },
  { name: "DSCP", at: 0, octets: 2, show: bits(0x0fc0) },
  { name: "ECN", at: 1, octets: 1, show: bits(0x30, (value) => `${value} (${ECN_NAMES[value]})`) },
  { name: "Flow label", at: 1, octets: 3, show: bits(0x0fffff, (label) => hexNumber(label, 5)) },
  { name: "Payload length", at: 4, octets: 2, show: decimal },
  { name: "Next header", at: 6, octets: 1, show: named(ipProtocolNames) },
  { name: "Hop limit", at: 7, octets: 1, show: decimal },
  { name: "Source", at: 8, octets: 16, show: ipv6 },
  { name: "Destination", at: 24, octets: 16, show: ipv6 },
];

/** RFC 8200 section 3. */
export const ipv6Layer: Layer = {
  name: "IPv6",
  carry(cursor) {
    const { bytes, offset } = cursor;
    if (!cursor.need(HEADER_OCTETS, "an IPv6 header")) return false;
    if (bytes[offset] >> 4 !== 6) {
      cursor.complain(`version ${bytes[offset] >> 4} in an IPv6 header`);
      return false;
    }
    const payloadLength = cursor.uint16(offset + 4);
    const nextHeader = bytes[offset + 6];
    // Zero with a Hop-by-Hop Options header is a jumbogram (RFC 2675), or a packet above segmentation offload.
    if (payloadLength !== 0 || nextHeader !== Protocol.hopByHopOptions) {
      cursor.narrow(offset + HEADER_OCTETS + payloadLength, "the IPv6 payload length");
    }
    cursor.enterIp(6, offset + 8, offset + 24);
    cursor.offset += HEADER_OCTETS;
    cursor.follow("ipProtocol", nextHeader);
    return true;
  },
  line(_cursor, out) {
    out.text("IPv6");
  },
  tree(cursor, node) {
    const { bytes, offset } = cursor;
    if (!addFields(cursor, node, offset, FIELDS)) return;
    node.value = `${ipv6(bytes, offset + 8, 16)} > ${ipv6(bytes, offset + 24, 16)}`;
  },
};
