import { DSMIPV6_PORT, Protocol } from "../wire/constants.ts";
import type { Layer } from "./layer.ts";
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT, EtherType } from "./names.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import { addChild, addFields, decimal, hexadecimal, verifiedChecksum } from "./tree.ts";
import type { Field } from "./tree.ts";

const HEADER_OCTETS = 8;
const CHECKSUM_AT = 6;
const SMALLEST_IPV4_OCTETS = 20;
const SMALLEST_IPV6_OCTETS = 40;

const FIELDS: readonly Field[] = [
  { name: "Source port", at: 0, octets: 2, show: decimal },
  { name: "Destination port", at: 2, octets: 2, show: decimal },
  { name: "Length", at: 4, octets: 2, show: decimal },
];

/** RFC 768. Its length field takes away what a link layer padded. What port 4191 carries is a bare IP packet, told by its first four bits (RFC 5555 4.4.3). */
export const udp: Layer = {
  name: "UDP",
  carry(cursor) {
    const { offset } = cursor;
    if (cursor.available < HEADER_OCTETS) return false;
    narrowToLength(cursor);
    const sourcePort = cursor.uint16(offset);
    const destinationPort = cursor.uint16(offset + 2);
    const payload = offset + HEADER_OCTETS;
    if (sourcePort === DSMIPV6_PORT || destinationPort === DSMIPV6_PORT) {
      const etherType = innerEtherType(cursor, payload);
      if (etherType === undefined) return false;
      cursor.follow("etherType", etherType);
    } else if (isDhcp(sourcePort, destinationPort)) {
      cursor.follow("udpPort", DHCP_SERVER_PORT);
    } else {
      return false;
    }
    cursor.sourcePort = sourcePort;
    cursor.destinationPort = destinationPort;
    cursor.offset = payload;
    return true;
  },
  line(cursor, out) {
    const { offset } = cursor;
    out.style("strong");
    out.text("UDP");
    out.plain();
    if (cursor.available >= 4) {
      out.text(" ");
      out.decimal(cursor.uint16(offset));
      out.text(" > ");
      out.decimal(cursor.uint16(offset + 2));
    }
    if (!cursor.need(HEADER_OCTETS, "a UDP header")) return;
    narrowToLength(cursor);
    out.text(" len=");
    out.decimal(Math.max(cursor.uint16(offset + 4) - HEADER_OCTETS, 0));
    const isTunnelPort = cursor.uint16(offset) === DSMIPV6_PORT || cursor.uint16(offset + 2) === DSMIPV6_PORT;
    if (isTunnelPort && !cursor.partial && cursor.limit === cursor.end) {
      cursor.complain("no IP packet inside");
    }
  },
  tree(cursor, node) {
    const { offset } = cursor;
    if (!addFields(cursor, node, offset, FIELDS) || cursor.available < HEADER_OCTETS) return;
    node.value = `${cursor.uint16(offset)} > ${cursor.uint16(offset + 2)}`;
    narrowToLength(cursor);
    addChild(node, "Checksum", offset + CHECKSUM_AT, 2, showChecksum(cursor));
    if (cursor.limit > offset + HEADER_OCTETS) {
      const octets = cursor.limit - offset - HEADER_OCTETS;
      addChild(node, "Data", offset + HEADER_OCTETS, octets, `${octets} bytes`);
    }
  },
};

function narrowToLength(cursor: PacketCursor): void {
  const length = cursor.uint16(cursor.offset + 4);
  // Zero is a jumbogram's (RFC 2675 section 4), or stands above segmentation offload.
  if (length === 0) return;
  if (length < HEADER_OCTETS) cursor.complain(`a UDP length of ${length} bytes`);
  else cursor.narrow(cursor.offset + length, "the UDP length");
}

function innerEtherType({ bytes, limit }: PacketCursor, payload: number): number | undefined {
  const version = bytes[payload] >> 4;
  if (version === 6 && payload + SMALLEST_IPV6_OCTETS <= limit) return EtherType.ipv6;
  if (version === 4 && payload + SMALLEST_IPV4_OCTETS <= limit) return EtherType.ipv4;
  return undefined;
}

function isDhcp(sourcePort: number, destinationPort: number): boolean {
  return (sourcePort === DHCP_CLIENT_PORT && destinationPort === DHCP_SERVER_PORT) ||
    (sourcePort === DHCP_SERVER_PORT &&
      (destinationPort === DHCP_CLIENT_PORT || destinationPort === DHCP_SERVER_PORT));
}

function showChecksum(cursor: PacketCursor): string {
  const { bytes, offset } = cursor;
  const found = cursor.uint16(offset + CHECKSUM_AT);
  if (found === 0) return "0x0000 (none)";
  if (!cursor.whole) return hexadecimal(bytes, offset + CHECKSUM_AT, 2);
  // A computed zero travels as all ones (RFC 768).
  const right = cursor.upperLayerChecksum(Protocol.udp, offset + CHECKSUM_AT) || 0xffff;
  return verifiedChecksum(found, right);
}
