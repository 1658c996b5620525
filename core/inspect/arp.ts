import type { Layer } from "./layer.ts";
import { EtherType } from "./names.ts";
import { addFields, decimal, hexadecimal, ipv4, named, octetPairs } from "./tree.ts";
import type { Field } from "./tree.ts";

/** Ethernet and IPv4, the only form met today (RFC 826). */
const ARP_OCTETS = 28;
const REQUEST = 1;
const REPLY = 2;

const OPERATIONS: ReadonlyMap<number, string> = new Map([[REQUEST, "request"], [REPLY, "reply"]]);

const FIXED_FIELDS: readonly Field[] = [
  { name: "Hardware type", at: 0, octets: 2, show: named(new Map([[1, "Ethernet"]])) },
  { name: "Protocol type", at: 2, octets: 2, show: hexadecimal },
  { name: "Hardware address length", at: 4, octets: 1, show: decimal },
  { name: "Protocol address length", at: 5, octets: 1, show: decimal },
  { name: "Operation", at: 6, octets: 2, show: named(OPERATIONS) },
];

const ADDRESS_FIELDS: readonly Field[] = [
  { name: "Sender hardware address", at: 8, octets: 6, show: octetPairs },
  { name: "Sender IPv4 address", at: 14, octets: 4, show: ipv4 },
  { name: "Target hardware address", at: 18, octets: 6, show: octetPairs },
  { name: "Target IPv4 address", at: 24, octets: 4, show: ipv4 },
];

export const arp: Layer = {
  name: "ARP",
  line(cursor, out) {
    const { bytes, offset } = cursor;
    out.styled("strong", "ARP");
    if (!cursor.need(ARP_OCTETS, "ARP") || !isIpv4OverEthernet(bytes, offset)) return;
    const operation = cursor.uint16(offset + 6);
    const sender = cursor.uint32(offset + 14);
    const target = cursor.uint32(offset + 24);
    if (operation === REQUEST && sender === target) {
      out.text(" announcement ");
      out.ipv4(bytes, offset + 14);
      out.text(" is at ");
      out.linkAddress(bytes, offset + 8);
    } else if (operation === REQUEST && sender === 0) {
      out.text(" probe who has ");
      out.ipv4(bytes, offset + 24);
      out.text("?");
    } else if (operation === REQUEST) {
      out.text(" who has ");
      out.ipv4(bytes, offset + 24);
      out.text("? tell ");
      out.ipv4(bytes, offset + 14);
    } else if (operation === REPLY) {
      out.text(" ");
      out.ipv4(bytes, offset + 14);
      out.text(" is at ");
      out.linkAddress(bytes, offset + 8);
    } else {
      out.text(" operation ");
      out.decimal(operation);
    }
  },
  tree(cursor, node) {
    addFields(cursor, node, cursor.offset, FIXED_FIELDS);
    if (cursor.available >= ARP_OCTETS && isIpv4OverEthernet(cursor.bytes, cursor.offset)) {
      addFields(cursor, node, cursor.offset, ADDRESS_FIELDS);
    }
  },
};

function isIpv4OverEthernet(bytes: Uint8Array, offset: number): boolean {
  const protocol = (bytes[offset + 2] << 8) | bytes[offset + 3];
  return protocol === EtherType.ipv4 && bytes[offset + 4] === 6 && bytes[offset + 5] === 4;
}
