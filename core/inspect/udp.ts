import { DSMIPV6_PORT, Protocol } from "../wire/constants.ts";
import { DHCPV6_CLIENT_PORT, DHCPV6_SERVER_PORT } from "../wire/dhcpv6.ts";
import { IPV6_HEADER_OCTETS } from "../wire/ipv6.ts";
import type { Layer } from "./layer.ts";
import { DHCP_CLIENT_PORT, DHCP_SERVER_PORT, EtherType } from "./names.ts";
import { LEGACY_DSMIPV6_PORT } from "./mobility_names.ts";
import { NONE } from "./packet_cursor.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import type { TextWriter } from "./text_writer.ts";
import { showTransportChecksum } from "./transport_checksum.ts";
import { addChild, addFields, decimal, hexadecimal } from "./tree.ts";
import type { Field } from "./tree.ts";

/** RFC 5844 section 6: pmip6-cntl. */
const PROXY_CONTROL_PORT = 5436;
const HEADER_OCTETS = 8;
const LENGTH_AT = 4;
const CHECKSUM_AT = 6;
/** Of the header that a tunnelled packet begins with. */
const IPV4_HEADER_OCTETS = 20;

const FIELDS: readonly Field[] = [
  { name: "Source port", at: 0, octets: 2, show: decimal },
  { name: "Destination port", at: 2, octets: 2, show: decimal },
  { name: "Length", at: LENGTH_AT, octets: 2, show: decimal },
];

/** RFC 768. What port 4191 carries is a bare IP packet, told by its first four bits (RFC 5555 4.4.3). */
export const udp: Layer = {
  name: "UDP",
  carry(cursor) {
    if (!cursor.need(HEADER_OCTETS, "a UDP header")) return false;
    const { offset } = cursor;
    cursor.sourcePort = cursor.uint16(offset);
    cursor.destinationPort = cursor.uint16(offset + 2);
    narrowToLength(cursor);
    cursor.offset += HEADER_OCTETS;
    const etherType = hasTunnelPort(cursor) ? innerEtherType(cursor) : undefined;
    if (etherType !== undefined) cursor.follow("etherType", etherType);
    else if (isProxyControl(cursor)) cursor.follow("ipProtocol", Protocol.mobilityHeader);
    else cursor.follow("udpPayload", payloadOf(cursor));
    return true;
  },
  line(cursor, out) {
    out.styled("strong", "UDP");
    if (cursor.available >= 4) {
      writePorts(out, cursor.uint16(cursor.offset), cursor.uint16(cursor.offset + 2));
    }
  },
  tree(cursor, node) {
    const { offset } = cursor;
    if (!addFields(cursor, node, offset, FIELDS) || cursor.available < HEADER_OCTETS) return;
    node.value = `${cursor.uint16(offset)} > ${cursor.uint16(offset + 2)}`;
    narrowToLength(cursor);
    addChild(node, "Checksum", offset + CHECKSUM_AT, 2, showChecksum(cursor));
  },
};

/** What a datagram holds that nobody here reads on: its line says what the header says. */
export const udpPayload: Layer = {
  name: "Data",
  line(cursor, out) {
    const length = cursor.uint16(cursor.offset - HEADER_OCTETS + LENGTH_AT);
    out.styled("strong", "UDP");
    writePorts(out, cursor.sourcePort, cursor.destinationPort);
    out.text(" len=");
    out.decimal(Math.max(length - HEADER_OCTETS, 0));
    if (hasTunnelPort(cursor) && cursor.whole) cursor.complain("no IP packet inside");
  },
  tree(cursor, node) {
    node.value = `${cursor.available} bytes`;
  },
};

function writePorts(out: TextWriter, source: number, destination: number): void {
  out.text(" ");
  out.decimal(source);
  out.text(" > ");
  out.decimal(destination);
}

/** Takes away what a link layer padded. */
function narrowToLength(cursor: PacketCursor): void {
  const length = cursor.uint16(cursor.offset + LENGTH_AT);
  // Zero is a jumbogram's (RFC 2675 section 4), or stands above segmentation offload.
  if (length === 0) return;
  if (length < HEADER_OCTETS) cursor.complain(`a UDP length of ${length} bytes`);
  else cursor.narrow(cursor.offset + length, "the UDP length");
}

function hasTunnelPort({ sourcePort, destinationPort, legacy }: PacketCursor): boolean {
  if (sourcePort === DSMIPV6_PORT || destinationPort === DSMIPV6_PORT) return true;
  return legacy && (sourcePort === LEGACY_DSMIPV6_PORT || destinationPort === LEGACY_DSMIPV6_PORT);
}

/** A mobility header that begins as one must (RFC 6275 6.1.1), on the port of Proxy Mobile IPv6 over IPv4. */
function isProxyControl({ sourcePort, destinationPort, bytes, offset, limit }: PacketCursor): boolean {
  if (sourcePort !== PROXY_CONTROL_PORT && destinationPort !== PROXY_CONTROL_PORT) return false;
  return offset < limit && bytes[offset] === Protocol.noNextHeader;
}

function innerEtherType({ bytes, offset, limit }: PacketCursor): number | undefined {
  const version = bytes[offset] >> 4;
  if (version === 6 && offset + IPV6_HEADER_OCTETS <= limit) return EtherType.ipv6;
  if (version === 4 && offset + IPV4_HEADER_OCTETS <= limit) return EtherType.ipv4;
  return undefined;
}

/** The server's port of a protocol that is known. */
function payloadOf(cursor: PacketCursor): number {
  if (isDhcp(cursor)) return DHCP_SERVER_PORT;
  return isDhcpv6(cursor) ? DHCPV6_SERVER_PORT : NONE;
}

function isDhcp({ sourcePort, destinationPort }: PacketCursor): boolean {
  if (sourcePort === DHCP_CLIENT_PORT) return destinationPort === DHCP_SERVER_PORT;
  return sourcePort === DHCP_SERVER_PORT &&
    (destinationPort === DHCP_CLIENT_PORT || destinationPort === DHCP_SERVER_PORT);
}

/** RFC 8415 7.2: relay agents use the servers' port; a client may send from any. */
function isDhcpv6({ sourcePort, destinationPort }: PacketCursor): boolean {
  return destinationPort === DHCPV6_SERVER_PORT ||
    sourcePort === DHCPV6_SERVER_PORT && destinationPort === DHCPV6_CLIENT_PORT;
}

function showChecksum(cursor: PacketCursor): string {
  const { bytes, offset } = cursor;
  const found = cursor.uint16(offset + CHECKSUM_AT);
  if (found === 0) return "0x0000 (none)";
  if (!cursor.whole) return hexadecimal(bytes, offset + CHECKSUM_AT, 2);
  // A computed zero travels as all ones (RFC 768).
  const right = cursor.upperLayerChecksum(Protocol.udp, offset + CHECKSUM_AT) || 0xffff;
  return showTransportChecksum(cursor, Protocol.udp, offset + CHECKSUM_AT, right);
}
