import type { Layer } from "./layer.ts";
import { EtherType, etherTypeNames } from "./names.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import { addChild, addFields, bits, decimal, hexadecimal, named, octetPairs } from "./tree.ts";
import type { Field } from "./tree.ts";

/** Below this the two octets are not an EtherType but the length of an IEEE 802.3 frame. */
export const SMALLEST_ETHER_TYPE = 0x600;

const showEtherType: Field["show"] = (bytes, offset, octets) => {
  const value = (bytes[offset] << 8) | bytes[offset + 1];
  if (value < SMALLEST_ETHER_TYPE) return `${value} (length of an IEEE 802.3 frame)`;
  return `${hexadecimal(bytes, offset, octets)} (${etherTypeNames.get(value) ?? "unknown"})`;
};

const ETHERNET_OCTETS = 14;
const ETHERNET_FIELDS: readonly Field[] = [
  { name: "Destination", at: 0, octets: 6, show: octetPairs },
  { name: "Source", at: 6, octets: 6, show: octetPairs },
  { name: "Type", at: 12, octets: 2, show: showEtherType },
];

export const ethernet: Layer = {
  name: "Ethernet",
  carry(cursor) {
    if (!cursor.need(ETHERNET_OCTETS, "an Ethernet header")) return false;
    cursor.linkDestinationOffset = cursor.offset;
    cursor.linkSourceOffset = cursor.offset + 6;
    return followEtherType(cursor, 12, ETHERNET_OCTETS);
  },
  line(_cursor, out) {
    out.text("Ethernet");
  },
  tree(cursor, node) {
    addFields(cursor, node, cursor.offset, ETHERNET_FIELDS);
  },
};

const VLAN_OCTETS = 4;
const VLAN_FIELDS: readonly Field[] = [
  { name: "Priority", at: 0, octets: 2, show: bits(0xe000) },
  { name: "Drop eligible", at: 0, octets: 2, show: bits(0x1000) },
  { name: "VLAN identifier", at: 0, octets: 2, show: bits(0x0fff) },
  { name: "Type", at: 2, octets: 2, show: showEtherType },
];

/** IEEE 802.1Q, also the outer tag of 802.1ad. */
export const vlan: Layer = {
  name: "VLAN",
  carry(cursor) {
    if (!cursor.need(VLAN_OCTETS, "a VLAN tag")) return false;
    cursor.vlan = cursor.uint16(cursor.offset) & 0x0fff;
    return followEtherType(cursor, 2, VLAN_OCTETS);
  },
  line(_cursor, out) {
    out.text("VLAN");
  },
  tree(cursor, node) {
    addFields(cursor, node, cursor.offset, VLAN_FIELDS);
  },
};

const COOKED_PACKET_TYPES: ReadonlyMap<number, string> = new Map([
  [0, "to us"],
  [1, "broadcast"],
  [2, "multicast"],
  [3, "to somebody else"],
  [4, "sent by us"],
]);

const COOKED_OCTETS = 16;
const COOKED_FIELDS: readonly Field[] = [
  { name: "Packet type", at: 0, octets: 2, show: named(COOKED_PACKET_TYPES) },
  { name: "Hardware type", at: 2, octets: 2, show: decimal },
  { name: "Address length", at: 4, octets: 2, show: decimal },
  { name: "Address", at: 6, octets: 8, show: octetPairs },
  { name: "Type", at: 14, octets: 2, show: showEtherType },
];

/** LINKTYPE_LINUX_SLL: what `tcpdump -i any` wrote for long. */
export const linuxCooked: Layer = {
  name: "Linux cooked v1",
  carry(cursor) {
    if (!cursor.need(COOKED_OCTETS, "a Linux cooked header")) return false;
    if (cursor.uint16(cursor.offset + 4) === 6) cursor.linkSourceOffset = cursor.offset + 6;
    return followEtherType(cursor, 14, COOKED_OCTETS);
  },
  line(_cursor, out) {
    out.text("Linux cooked v1");
  },
  tree(cursor, node) {
    addFields(cursor, node, cursor.offset, COOKED_FIELDS);
  },
};

const COOKED_V2_OCTETS = 20;
const COOKED_V2_FIELDS: readonly Field[] = [
  { name: "Type", at: 0, octets: 2, show: showEtherType },
  { name: "Interface index", at: 4, octets: 4, show: decimal },
  { name: "Hardware type", at: 8, octets: 2, show: decimal },
  { name: "Packet type", at: 10, octets: 1, show: named(COOKED_PACKET_TYPES) },
  { name: "Address length", at: 11, octets: 1, show: decimal },
  { name: "Address", at: 12, octets: 8, show: octetPairs },
];

/** LINKTYPE_LINUX_SLL2: what `tcpdump -i any` writes today. */
export const linuxCookedV2: Layer = {
  name: "Linux cooked v2",
  carry(cursor) {
    if (!cursor.need(COOKED_V2_OCTETS, "a Linux cooked header")) return false;
    if (cursor.bytes[cursor.offset + 11] === 6) cursor.linkSourceOffset = cursor.offset + 12;
    return followEtherType(cursor, 0, COOKED_V2_OCTETS);
  },
  line(_cursor, out) {
    out.text("Linux cooked v2");
  },
  tree(cursor, node) {
    addFields(cursor, node, cursor.offset, COOKED_V2_FIELDS);
  },
};

const FAMILY_OCTETS = 4;
const FAMILY_IPV4 = 2;
/** AF_INET6 of Linux, NetBSD, FreeBSD and Darwin: a capture does not say where it was made. */
const FAMILIES_IPV6 = [10, 24, 28, 30];

/** LINKTYPE_NULL (family in the byte order of whoever captured) and LINKTYPE_LOOP (network order). */
export const loopback: Layer = {
  name: "Loopback",
  carry(cursor) {
    if (!cursor.need(FAMILY_OCTETS, "a loopback header")) return false;
    const family = addressFamily(cursor);
    if (family !== FAMILY_IPV4 && !FAMILIES_IPV6.includes(family)) return false;
    cursor.offset += FAMILY_OCTETS;
    cursor.follow("etherType", family === FAMILY_IPV4 ? EtherType.ipv4 : EtherType.ipv6);
    return true;
  },
  line(cursor, out) {
    out.text("loopback");
    if (cursor.available >= FAMILY_OCTETS) {
      out.text(" address family ");
      out.decimal(addressFamily(cursor));
    }
  },
  tree(cursor, node) {
    if (cursor.available >= FAMILY_OCTETS) {
      addChild(node, "Address family", cursor.offset, FAMILY_OCTETS, String(addressFamily(cursor)));
    }
  },
};

/** An IP packet without anything in front, told by its first four bits. */
export const rawIp: Layer = {
  name: "Raw IP",
  carry(cursor) {
    if (!cursor.need(1, "an IP packet")) return false;
    const version = cursor.bytes[cursor.offset] >> 4;
    if (version !== 4 && version !== 6) return false;
    cursor.follow("etherType", version === 4 ? EtherType.ipv4 : EtherType.ipv6);
    return true;
  },
  line(cursor, out) {
    if (cursor.available === 0) return out.text("IP");
    out.text("not an IP packet, ");
    out.decimal(cursor.end - cursor.offset);
    out.text(" bytes");
  },
  tree(cursor, node) {
    if (cursor.available > 0) {
      addChild(node, "Version", cursor.offset, 1, String(cursor.bytes[cursor.offset] >> 4));
    }
  },
};

function followEtherType(cursor: PacketCursor, at: number, headerOctets: number): boolean {
  cursor.follow("etherType", cursor.uint16(cursor.offset + at));
  cursor.offset += headerOctets;
  return true;
}

function addressFamily(cursor: PacketCursor): number {
  const value = cursor.uint32(cursor.offset);
  const swapped = value > 0xffff;
  return swapped ? cursor.bytes[cursor.offset] | (cursor.bytes[cursor.offset + 1] << 8) : value;
}
