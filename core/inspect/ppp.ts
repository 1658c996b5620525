import { LinkType } from "../capture/link_type.ts";
import type { Layer } from "./layer.ts";
import { EtherType } from "./names.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import { addChild, addFields, bits, decimal, hexadecimal, hexNumber, named } from "./tree.ts";
import type { Field } from "./tree.ts";

/** The registry "PPP DLL Protocol Numbers", as far as a capture of IP holds them. */
const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [0x0021, "IPv4"],
  [0x0057, "IPv6"],
  [0x8021, "IPCP"],
  [0x8057, "IPv6CP"],
  [0x80fd, "CCP"],
  [0xc021, "LCP"],
  [0xc023, "PAP"],
  [0xc025, "LQR"],
  [0xc223, "CHAP"],
]);
const ETHER_TYPES: ReadonlyMap<number, number> = new Map([
  [0x0021, EtherType.ipv4],
  [0x0057, EtherType.ipv6],
]);

/** RFC 1662 3.1: all stations, unnumbered information. */
const ADDRESS_AND_CONTROL = 0xff03;

/** RFC 1661, with the address and control octets of RFC 1662 or without, the protocol compressed (6.5) or not. */
export const ppp: Layer = {
  name: "PPP",
  carry(cursor) {
    const start = protocolOffset(cursor);
    if (!cursor.need(start + 2 - cursor.offset, "a PPP header")) return false;
    const etherType = ETHER_TYPES.get(protocolAt(cursor, start));
    if (etherType === undefined) return false;
    cursor.offset = start + protocolOctets(cursor, start);
    cursor.follow("etherType", etherType);
    return true;
  },
  line(cursor, out) {
    out.styled("strong", "PPP");
    const start = protocolOffset(cursor);
    if (start + 2 > cursor.limit) return;
    const protocol = protocolAt(cursor, start);
    out.text(` ${PROTOCOL_NAMES.get(protocol) ?? `protocol ${hexNumber(protocol, 4)}`}`);
  },
  tree(cursor, node) {
    const start = protocolOffset(cursor);
    if (start + 2 > cursor.limit) return;
    const protocol = protocolAt(cursor, start);
    const name = PROTOCOL_NAMES.get(protocol) ?? "unknown";
    addChild(node, "Protocol", start, protocolOctets(cursor, start), `${hexNumber(protocol, 4)} (${name})`);
  },
};

function protocolOffset(cursor: PacketCursor): number {
  const framed = cursor.available >= 2 && cursor.uint16(cursor.offset) === ADDRESS_AND_CONTROL;
  return framed ? cursor.offset + 2 : cursor.offset;
}

/** The first octet of a whole protocol number is even: an odd one is the whole of a compressed number. */
function protocolOctets(cursor: PacketCursor, start: number): 1 | 2 {
  return (cursor.bytes[start] & 1) === 1 ? 1 : 2;
}

function protocolAt(cursor: PacketCursor, start: number): number {
  return protocolOctets(cursor, start) === 1 ? cursor.bytes[start] : cursor.uint16(start);
}

const PPPOE_OCTETS = 6;
const PPPOE_CODES: ReadonlyMap<number, string> = new Map([
  [0x00, "session"],
  [0x07, "PADO"],
  [0x09, "PADI"],
  [0x19, "PADR"],
  [0x65, "PADS"],
  [0xa7, "PADT"],
]);
const PPPOE_FIELDS: readonly Field[] = [
  { name: "Version", at: 0, octets: 1, show: bits(0xf0) },
  { name: "Type", at: 0, octets: 1, show: bits(0x0f) },
  { name: "Code", at: 1, octets: 1, show: named(PPPOE_CODES) },
  { name: "Session", at: 2, octets: 2, show: hexadecimal },
  { name: "Length", at: 4, octets: 2, show: decimal },
];

/** RFC 2516, the session stage. */
export const pppOverEthernet: Layer = {
  name: "PPP over Ethernet",
  carry(cursor) {
    if (!cursor.need(PPPOE_OCTETS, "a PPPoE header")) return false;
    if (cursor.bytes[cursor.offset + 1] !== 0) return false;
    cursor.narrow(cursor.offset + PPPOE_OCTETS + cursor.uint16(cursor.offset + 4), "the PPPoE length");
    cursor.offset += PPPOE_OCTETS;
    cursor.follow("linkType", LinkType.ppp);
    return true;
  },
  line(cursor, out) {
    out.styled("strong", "PPPoE");
    const code = cursor.available >= 2 ? PPPOE_CODES.get(cursor.bytes[cursor.offset + 1]) : undefined;
    if (code !== undefined) out.text(` ${code}`);
  },
  tree(cursor, node) {
    addFields(cursor, node, cursor.offset, PPPOE_FIELDS);
  },
};
