import { formatIpv4, formatIpv6 } from "../wire/address.ts";
import type { PacketCursor } from "./packet_cursor.ts";

/** One line of the full tree: octets offset .. offset+length-1 of the packet. */
export interface TreeNode {
  readonly name: string;
  /** Empty where the name says it all. */
  value: string;
  readonly offset: number;
  length: number;
  readonly children: TreeNode[];
}

export function treeNode(name: string, offset: number, length: number, value = ""): TreeNode {
  return { name, value, offset, length, children: [] };
}

export function addChild(
  parent: TreeNode,
  name: string,
  offset: number,
  length: number,
  value = "",
): TreeNode {
  const child = treeNode(name, offset, length, value);
  parent.children.push(child);
  return child;
}

/** Turns the octets of a field into words. */
export type Show = (bytes: Uint8Array, offset: number, octets: number) => string;

/** A field at a fixed place of its header, `at` octets from the header's start. */
export interface Field {
  readonly name: string;
  readonly at: number;
  readonly octets: number;
  readonly show: Show;
}

/** Adds the fields of the header at `base`; false when the header is cut before the last of them. */
export function addFields(
  cursor: PacketCursor,
  node: TreeNode,
  base: number,
  fields: readonly Field[],
): boolean {
  for (const { name, at, octets, show } of fields) {
    if (base + at + octets > cursor.limit) return false;
    addChild(node, name, base + at, octets, show(cursor.bytes, base + at, octets));
  }
  return true;
}

/** Octets of a number that a JavaScript number holds exactly. */
const MAXIMUM_NUMBER_OCTETS = 6;

/** A number of up to 6 octets in network order. */
export function unsigned(bytes: Uint8Array, offset: number, octets: number): number {
  let value = 0;
  for (let index = 0; index < octets; index++) value = value * 256 + bytes[offset + index];
  return value;
}

/** Shows a number; an option may give it more octets than a number has, and those are shown as they are. */
function numeric(show: (value: number, octets: number) => string): Show {
  return (bytes, offset, octets) =>
    octets > MAXIMUM_NUMBER_OCTETS
      ? octetPairs(bytes, offset, octets)
      : show(unsigned(bytes, offset, octets), octets);
}

export const decimal: Show = numeric((value) => String(value));

export const hexadecimal: Show = numeric((value, octets) => hexNumber(value, 2 * octets));

export const ipv4: Show = formatIpv4;

export const ipv6: Show = formatIpv6;

/** Octets as pairs of digits with colons; no more than the first 64 of them. */
export const octetPairs: Show = (bytes, offset, octets) => {
  const shown = Math.min(octets, MAXIMUM_OCTETS_SHOWN);
  const pairs = bytes.subarray(offset, offset + shown).toHex().replace(/(..)(?=.)/g, "$1:");
  return shown < octets ? `${pairs}... (${octets} bytes)` : pairs;
};
const MAXIMUM_OCTETS_SHOWN = 64;

/** What a packet says in text; octets that are not printable ASCII, and the backslash, as \xNN. */
export const untrustedText: Show = (bytes, offset, octets) => {
  let text = "";
  for (const octet of bytes.subarray(offset, offset + octets)) {
    const printable = octet >= 0x20 && octet <= 0x7e && octet !== 0x5c;
    text += printable ? String.fromCharCode(octet) : "\\x" + octet.toString(16).padStart(2, "0");
  }
  return text;
};

/** A number with a unit behind it. */
export function withUnit(unit: string): Show {
  return numeric((value) => `${value} ${unit}`);
}

/** A number with its name out of a registry. */
export function named(names: ReadonlyMap<number, string>): Show {
  return numeric((value) => `${value} (${names.get(value) ?? "unknown"})`);
}

/** A number of which only the bits of `mask` belong to the field. */
export function bits(mask: number, show: (value: number) => string = String): Show {
  const shift = Math.log2(mask & -mask);
  return (bytes, offset, octets) => show((unsigned(bytes, offset, octets) & mask) >>> shift);
}

export interface Flag {
  readonly mask: number;
  /** The letter that the RFC gives it. */
  readonly letter: string;
  readonly name: string;
}

/** The flags that are set, with their names, and what is left over of the bits that `reserved` leaves free. */
export function flagNames(value: number, octets: number, flags: readonly Flag[], reserved: number): string {
  const set = flags.filter(({ mask }) => (value & mask) !== 0).map(({ letter, name }) =>
    `${name} (${letter})`
  );
  if ((value & reserved) !== 0) set.push(`reserved bits ${hexNumber(value & reserved, 2 * octets)}`);
  return `${hexNumber(value, 2 * octets)}${set.length > 0 ? " " + set.join(", ") : ""}`;
}

export function flags(table: readonly Flag[], reserved = 0): Show {
  return (bytes, offset, octets) => flagNames(unsigned(bytes, offset, octets), octets, table, reserved);
}

export function hexNumber(value: number, digits: number): string {
  return "0x" + value.toString(16).padStart(digits, "0");
}

/** A checksum that was verified: "0x1234 (correct)". */
export function verifiedChecksum(found: number, right: number): string {
  return found === right
    ? `${hexNumber(found, 4)} (correct)`
    : `${hexNumber(found, 4)} (incorrect, should be ${hexNumber(right, 4)})`;
}
