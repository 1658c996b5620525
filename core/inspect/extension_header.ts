import { HOME_ADDRESS_ROUTING_TYPE, Ipv6OptionType } from "../wire/constants.ts";
import { followFragment } from "./ipv4.ts";
import type { Layer } from "./layer.ts";
import { ipProtocolNames } from "./names.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import { addChild, addFields, bits, decimal, hexadecimal, ipv6, named, octetPairs } from "./tree.ts";
import type { Field, TreeNode } from "./tree.ts";

const HOME_ADDRESS_OCTETS = 16;

/** RFC 2711 and RFC 2675. */
const ROUTER_ALERT = 0x05;
const JUMBO_PAYLOAD = 0xc2;

/** IPv6 options of RFC 8200 4.2, 2711, 2675, 6275 6.3. */
const OPTION_NAMES: ReadonlyMap<number, string> = new Map([
  [Ipv6OptionType.pad1, "Pad1"],
  [Ipv6OptionType.padN, "PadN"],
  [ROUTER_ALERT, "Router Alert"],
  [JUMBO_PAYLOAD, "Jumbo Payload"],
  [Ipv6OptionType.homeAddress, "Home Address"],
]);

const ROUTING_TYPE_NAMES: ReadonlyMap<number, string> = new Map([
  [0, "source route, deprecated"],
  [HOME_ADDRESS_ROUTING_TYPE, "Home Address"],
  [3, "RPL source route"],
  [4, "segment routing"],
]);

const showHeaderLength: Field["show"] = (bytes, offset) =>
  `${bytes[offset]} (${8 * (bytes[offset] + 1)} bytes)`;

const NEXT_HEADER_FIELD: Field = { name: "Next header", at: 0, octets: 1, show: named(ipProtocolNames) };
const OPTIONS_FIELDS: readonly Field[] = [
  NEXT_HEADER_FIELD,
  { name: "Header length", at: 1, octets: 1, show: showHeaderLength },
];

/** Hop-by-Hop Options and Destination Options (RFC 8200 4.3, 4.6) differ in their number only. */
function optionsHeader(name: string): Layer {
  return {
    name,
    carry(cursor) {
      const octets = headerOctets(cursor, name);
      if (octets === undefined) return false;
      noteHomeAddress(cursor, cursor.offset + 2, cursor.offset + octets);
      return pass(cursor, octets);
    },
    line(_cursor, out) {
      out.text(name);
    },
    tree(cursor, node) {
      if (!addFields(cursor, node, cursor.offset, OPTIONS_FIELDS)) return;
      const end = cursor.offset + 8 * (cursor.bytes[cursor.offset + 1] + 1);
      addOptions(cursor, node, cursor.offset + 2, Math.min(end, cursor.limit));
    },
  };
}

export const hopByHopOptions = optionsHeader("Hop-by-Hop Options");
export const destinationOptions = optionsHeader("Destination Options");

const ROUTING_FIELDS: readonly Field[] = [
  ...OPTIONS_FIELDS,
  { name: "Routing type", at: 2, octets: 1, show: named(ROUTING_TYPE_NAMES) },
  { name: "Segments left", at: 3, octets: 1, show: decimal },
];

/** RFC 8200 4.4; type 2 is RFC 6275 6.4. */
export const routingHeader: Layer = {
  name: "Routing Header",
  carry(cursor) {
    const octets = headerOctets(cursor, "a Routing Header");
    if (octets === undefined) return false;
    const { bytes, offset } = cursor;
    const segmentsLeft = bytes[offset + 3];
    if (bytes[offset + 2] !== HOME_ADDRESS_ROUTING_TYPE) cursor.destinationUnknown ||= segmentsLeft > 0;
    else if (octets !== 8 + HOME_ADDRESS_OCTETS) {
      cursor.complain(`a type 2 routing header of ${octets} bytes`);
    } else if (segmentsLeft > 0) cursor.routingHomeAddressOffset = offset + 8;
    return pass(cursor, octets);
  },
  line(_cursor, out) {
    out.text("Routing Header");
  },
  tree(cursor, node) {
    const { bytes, offset } = cursor;
    if (!addFields(cursor, node, offset, ROUTING_FIELDS)) return;
    const end = Math.min(offset + 8 * (bytes[offset + 1] + 1), cursor.limit);
    const isHomeAddress = bytes[offset + 2] === HOME_ADDRESS_ROUTING_TYPE;
    if (isHomeAddress && offset + 8 + HOME_ADDRESS_OCTETS === end) {
      node.value = `type 2, home address ${ipv6(bytes, offset + 8, HOME_ADDRESS_OCTETS)}`;
      addChild(
        node,
        "Home address",
        offset + 8,
        HOME_ADDRESS_OCTETS,
        ipv6(bytes, offset + 8, HOME_ADDRESS_OCTETS),
      );
    } else if (end > offset + 4) {
      addChild(node, "Data", offset + 4, end - offset - 4, octetPairs(bytes, offset + 4, end - offset - 4));
    }
  },
};

const FRAGMENT_OCTETS = 8;
const FRAGMENT_FIELDS: readonly Field[] = [
  NEXT_HEADER_FIELD,
  { name: "Fragment offset", at: 2, octets: 2, show: bits(0xfff8, (units) => `${8 * units} bytes`) },
  { name: "More fragments", at: 2, octets: 2, show: bits(0x0001, (bit) => bit === 1 ? "yes" : "no") },
  { name: "Identification", at: 4, octets: 4, show: hexadecimal },
];

/** RFC 8200 4.5. */
export const fragmentHeader: Layer = {
  name: "Fragment Header",
  carry(cursor) {
    if (!cursor.need(FRAGMENT_OCTETS, "a Fragment Header")) return false;
    const { bytes, offset } = cursor;
    const word = cursor.uint16(offset + 2);
    cursor.offset += FRAGMENT_OCTETS;
    followFragment(cursor, bytes[offset], {
      offset: word & 0xfff8,
      more: (word & 1) !== 0,
      identification: cursor.uint32(offset + 4),
    });
    return true;
  },
  line(_cursor, out) {
    out.text("Fragment Header");
  },
  tree(cursor, node) {
    addFields(cursor, node, cursor.offset, FRAGMENT_FIELDS);
  },
};

const AUTHENTICATION_OCTETS = 12;
const AUTHENTICATION_FIELDS: readonly Field[] = [
  NEXT_HEADER_FIELD,
  {
    name: "Header length",
    at: 1,
    octets: 1,
    show: (bytes, offset) => `${bytes[offset]} (${4 * (bytes[offset] + 2)} bytes)`,
  },
  { name: "SPI", at: 4, octets: 4, show: hexadecimal },
  { name: "Sequence number", at: 8, octets: 4, show: decimal },
];

/** RFC 4302. */
export const authenticationHeader: Layer = {
  name: "Authentication Header",
  carry(cursor) {
    if (!cursor.need(AUTHENTICATION_OCTETS, "an Authentication Header")) return false;
    const octets = 4 * (cursor.bytes[cursor.offset + 1] + 2);
    if (!cursor.need(octets, "an Authentication Header")) return false;
    return pass(cursor, octets);
  },
  line(_cursor, out) {
    out.text("Authentication Header");
  },
  tree(cursor, node) {
    addFields(cursor, node, cursor.offset, AUTHENTICATION_FIELDS);
  },
};

/** What an extension header says that it is long, once all of it is there. */
function headerOctets(cursor: PacketCursor, what: string): number | undefined {
  if (!cursor.need(8, what)) return undefined;
  const octets = 8 * (cursor.bytes[cursor.offset + 1] + 1);
  return cursor.need(octets, what) ? octets : undefined;
}

function pass(cursor: PacketCursor, octets: number): boolean {
  cursor.follow("ipProtocol", cursor.bytes[cursor.offset]);
  cursor.offset += octets;
  return true;
}

function noteHomeAddress(cursor: PacketCursor, start: number, end: number): void {
  const { bytes } = cursor;
  for (let option = start; option < end;) {
    if (bytes[option] === Ipv6OptionType.pad1) {
      option++;
      continue;
    }
    const next = option + 2 + bytes[option + 1];
    if (option + 2 > end || next > end) {
      cursor.complain(`IPv6 option ${bytes[option]} goes past the end of its header`);
      return;
    }
    if (bytes[option] === Ipv6OptionType.homeAddress) {
      if (bytes[option + 1] === HOME_ADDRESS_OCTETS) cursor.homeAddressOffset = option + 2;
      else cursor.complain(`a Home Address option of ${bytes[option + 1]} bytes`);
    }
    option = next;
  }
}

function addOptions(cursor: PacketCursor, node: TreeNode, start: number, end: number): void {
  const { bytes } = cursor;
  for (let option = start; option < end;) {
    const type = bytes[option];
    if (type === Ipv6OptionType.pad1) {
      addChild(node, "Option", option++, 1, "Pad1");
      continue;
    }
    const next = option + 2 + bytes[option + 1];
    if (option + 2 > end || next > end) return;
    addOption(node, bytes, option, next);
    option = next;
  }
}

function addOption(node: TreeNode, bytes: Uint8Array, option: number, next: number): void {
  const type = bytes[option];
  const data = option + 2;
  const octets = next - data;
  const child = addChild(
    node,
    "Option",
    option,
    next - option,
    OPTION_NAMES.get(type) ?? `unknown, type ${type}`,
  );
  if (type === Ipv6OptionType.homeAddress && octets === HOME_ADDRESS_OCTETS) {
    child.value += ` ${ipv6(bytes, data, octets)}`;
  } else if (type === ROUTER_ALERT || type === JUMBO_PAYLOAD) {
    child.value += ` ${decimal(bytes, data, octets)}`;
  } else if (type !== Ipv6OptionType.padN && octets > 0) {
    child.value += ` ${octetPairs(bytes, data, octets)}`;
  }
}
