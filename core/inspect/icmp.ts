import { formatIpv6 } from "../wire/address.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import type { TextWriter } from "./text_writer.ts";
import { addNeighborOptions } from "./neighbor_discovery.ts";
import { addChild, addFields, hexadecimal, verifiedChecksum } from "./tree.ts";
import type { Field, TreeNode } from "./tree.ts";

/** What ICMP of IPv4 and of IPv6 have in common: type, code and checksum in front of everything. */
export const ICMP_HEADER_OCTETS = 8;

/** A message type of ICMP or ICMPv6. */
export interface IcmpMessage {
  readonly name: string;
  /** Names of codes; a code without a name is shown as a number unless it is 0. */
  readonly codes?: readonly string[];
  /** An error: the packet that caused it follows the header. */
  readonly quotes?: boolean;
  /** What the line says behind the name. Reads nothing at or beyond `cursor.limit`. */
  readonly line?: (cursor: PacketCursor, out: TextWriter) => void;
  /** The fields behind the checksum. */
  readonly fields?: readonly Field[];
  /** Where a list of IPv6 addresses begins that goes up to the end. */
  readonly addressesAt?: number;
  /** Where options of neighbor discovery (RFC 4861 4.6) begin, in octets from the message's start. */
  readonly optionsAt?: number;
}

/** "echo request id=7 seq=1 len=56": the same in both. */
export function writeEcho(cursor: PacketCursor, out: TextWriter): void {
  if (cursor.available < ICMP_HEADER_OCTETS) return;
  out.text(" id=");
  out.decimal(cursor.uint16(cursor.offset + 4));
  out.text(" seq=");
  out.decimal(cursor.uint16(cursor.offset + 6));
  out.text(" len=");
  out.decimal(cursor.end - cursor.offset - ICMP_HEADER_OCTETS);
}

/** Name, code and particulars of a message, and the quoted packet to the cursor. */
export function writeIcmpMessage(
  cursor: PacketCursor,
  out: TextWriter,
  protocol: string,
  messages: ReadonlyMap<number, IcmpMessage>,
): void {
  out.styled("strong", protocol);
  if (!cursor.need(4, `an ${protocol} header`)) return;
  const { bytes, offset } = cursor;
  const type = bytes[offset];
  const code = bytes[offset + 1];
  const message = messages.get(type);
  out.text(" ");
  out.text(message?.name ?? `type ${type}`);
  const codeName = message?.codes?.[code];
  if (codeName !== undefined) {
    out.text(", ");
    out.text(codeName);
  } else if (code !== 0) {
    out.text(" code ");
    out.decimal(code);
  }
  message?.line?.(cursor, out);
  if (message?.quotes === true) cursor.quoteOffset = offset + ICMP_HEADER_OCTETS;
}

/** All fields of a message, and the quoted packet to the cursor. `checksum` computes what should stand at an offset. */
export function addIcmpMessage(
  cursor: PacketCursor,
  node: TreeNode,
  messages: ReadonlyMap<number, IcmpMessage>,
  checksum: (at: number) => number,
): void {
  const { bytes, offset, limit } = cursor;
  if (cursor.available < 4) return;
  const message = messages.get(bytes[offset]);
  const codeName = message?.codes?.[bytes[offset + 1]];
  node.value = message?.name ?? `type ${bytes[offset]}`;
  addChild(node, "Type", offset, 1, `${bytes[offset]} (${message?.name ?? "unknown"})`);
  addChild(
    node,
    "Code",
    offset + 1,
    1,
    `${bytes[offset + 1]}${codeName === undefined ? "" : ` (${codeName})`}`,
  );
  const checksumText = cursor.whole
    ? verifiedChecksum(cursor.uint16(offset + 2), checksum(offset + 2))
    : hexadecimal(bytes, offset + 2, 2);
  addChild(node, "Checksum", offset + 2, 2, checksumText);
  const fields = message?.fields ?? [];
  addFields(cursor, node, offset, fields);
  const body = offset +
    fields.reduce((end, { at, octets }) => Math.max(end, at + octets), ICMP_HEADER_OCTETS);
  if (message?.quotes === true) cursor.quoteOffset = offset + ICMP_HEADER_OCTETS;
  else if (message?.addressesAt !== undefined) addAddresses(cursor, node, offset + message.addressesAt);
  else if (message?.optionsAt !== undefined) addNeighborOptions(cursor, node, message.optionsAt);
  else if (limit > body) addChild(node, "Data", body, limit - body, `${limit - body} bytes`);
}

/** IPv6 addresses from `start` to the end of the message. */
function addAddresses({ bytes, limit }: PacketCursor, node: TreeNode, start: number): void {
  let at = start;
  for (; at + IPV6_OCTETS <= limit; at += IPV6_OCTETS) {
    addChild(node, "Address", at, IPV6_OCTETS, formatIpv6(bytes, at));
  }
  if (at < limit) addChild(node, "Data", at, limit - at, `${limit - at} bytes`);
}
const IPV6_OCTETS = 16;
