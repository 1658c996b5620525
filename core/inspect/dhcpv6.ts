import { DHCPV6_OPTION_TABLE, Dhcpv6Status } from "../wire/dhcpv6_option.ts";
import type { Layer } from "./layer.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import type { TextWriter } from "./text_writer.ts";
import {
  addChild,
  addFields,
  decimal,
  hexadecimal,
  ipv6,
  named,
  octetPairs,
  untrustedText,
  withUnit,
} from "./tree.ts";
import type { Field, TreeNode } from "./tree.ts";

/** RFC 8415 section 7.3. */
const MESSAGE_TYPES: ReadonlyMap<number, string> = new Map([
  [1, "Solicit"],
  [2, "Advertise"],
  [3, "Request"],
  [4, "Confirm"],
  [5, "Renew"],
  [6, "Rebind"],
  [7, "Reply"],
  [8, "Release"],
  [9, "Decline"],
  [10, "Reconfigure"],
  [11, "Information-request"],
  [12, "Relay-forward"],
  [13, "Relay-reply"],
]);
const STATUS_NAMES: ReadonlyMap<number, string> = new Map([
  [Dhcpv6Status.success, "Success"],
  [Dhcpv6Status.unspecFail, "UnspecFail"],
  [Dhcpv6Status.noAddrsAvail, "NoAddrsAvail"],
  [Dhcpv6Status.noBinding, "NoBinding"],
  [Dhcpv6Status.notOnLink, "NotOnLink"],
  [Dhcpv6Status.useMulticast, "UseMulticast"],
  [Dhcpv6Status.noPrefixAvail, "NoPrefixAvail"],
]);

const { relayMessage, statusCode, iaPd, iaPrefix } = DHCPV6_OPTION_TABLE;
const NAME_OF_OPTION: ReadonlyMap<number, string> = new Map(
  Object.values(DHCPV6_OPTION_TABLE).map(({ code, name }) => [code, name]),
);

const HEAD_OCTETS = 4;
const RELAY_HEAD_OCTETS = 34;
const PEER_ADDRESS_AT = 18;
const FIRST_RELAY_TYPE = 12;
const LAST_RELAY_TYPE = 13;
const OPTION_HEAD_OCTETS = 4;
const IA_PD_HEAD_OCTETS = 12;
/** Octets of an IA Prefix before its options, and where its parts are. */
const IA_PREFIX_HEAD_OCTETS = 25;
const VALID_LIFETIME_AT = 4;
const PREFIX_LENGTH_AT = 8;
const PREFIX_AT = 9;
/** HOP_COUNT_LIMIT (RFC 8415 section 7.6). */
const MAXIMUM_RELAYS = 8;

const TYPE_FIELD: Field = { name: "Message type", at: 0, octets: 1, show: named(MESSAGE_TYPES) };
const FIELDS: readonly Field[] = [
  TYPE_FIELD,
  { name: "Transaction identifier", at: 1, octets: 3, show: hexadecimal },
];
const RELAY_FIELDS: readonly Field[] = [
  TYPE_FIELD,
  { name: "Hop count", at: 1, octets: 1, show: decimal },
  { name: "Link address", at: 2, octets: 16, show: ipv6 },
  { name: "Peer address", at: PEER_ADDRESS_AT, octets: 16, show: ipv6 },
];
const IA_PD_FIELDS: readonly Field[] = [
  { name: "IAID", at: 0, octets: 4, show: decimal },
  { name: "T1", at: 4, octets: 4, show: withUnit("s") },
  { name: "T2", at: 8, octets: 4, show: withUnit("s") },
];
const IA_PREFIX_FIELDS: readonly Field[] = [
  { name: "Preferred lifetime", at: 0, octets: 4, show: withUnit("s") },
  { name: "Valid lifetime", at: VALID_LIFETIME_AT, octets: 4, show: withUnit("s") },
  { name: "Prefix length", at: PREFIX_LENGTH_AT, octets: 1, show: decimal },
  { name: "Prefix", at: PREFIX_AT, octets: 16, show: ipv6 },
];

/** RFC 8415, as far as prefix delegation goes: message, prefixes, status; through relay agents, too. */
export const dhcpv6: Layer = {
  name: "DHCPv6",
  line(cursor, out) {
    out.styled("strong", "DHCPv6");
    writeMessage(cursor, out, { at: cursor.offset, end: cursor.limit }, 0);
  },
  tree(cursor, node) {
    addMessage(cursor, node, { at: cursor.offset, end: cursor.limit }, 0);
  },
};

/** Octets of the packet from `at` up to `end`. */
interface Range {
  readonly at: number;
  readonly end: number;
}

/** An option whose data are in this range. */
type Visit = (code: number, data: Range) => void;

function isRelayed(type: number): boolean {
  return type >= FIRST_RELAY_TYPE && type <= LAST_RELAY_TYPE;
}

function writeMessage(cursor: PacketCursor, out: TextWriter, { at, end }: Range, relays: number): void {
  if (at + HEAD_OCTETS > end) return void cursor.need(HEAD_OCTETS, "a DHCPv6 message");
  const { bytes } = cursor;
  const type = bytes[at];
  out.text(` ${MESSAGE_TYPES.get(type) ?? `type ${type}`}`);
  if (!isRelayed(type)) {
    forEachOption(
      cursor,
      { at: at + HEAD_OCTETS, end },
      (code, data) => writeOption(cursor, out, code, data),
    );
    out.text(" xid=0x");
    out.hex(cursor.uint32(at) % 0x1000000, 6);
    return;
  }
  if (at + RELAY_HEAD_OCTETS > end) return void cursor.need(RELAY_HEAD_OCTETS, "a relay agent's message");
  out.text(" for ");
  out.ipv6(bytes, at + PEER_ADDRESS_AT);
  out.text(":");
  forEachOption(cursor, { at: at + RELAY_HEAD_OCTETS, end }, (code, data) => {
    if (code === relayMessage.code && relays < MAXIMUM_RELAYS) writeMessage(cursor, out, data, relays + 1);
  });
}

/** The prefixes of an IA_PD with their lifetimes, and what a status code says. */
function writeOption(cursor: PacketCursor, out: TextWriter, code: number, { at, end }: Range): void {
  const { bytes } = cursor;
  if (code === statusCode.code && end - at >= 2) {
    const status = cursor.uint16(at);
    out.text(` ${STATUS_NAMES.get(status) ?? `status ${status}`}`);
  }
  if (code !== iaPd.code || end - at < IA_PD_HEAD_OCTETS) return;
  forEachOption(cursor, { at: at + IA_PD_HEAD_OCTETS, end }, (inner, data) => {
    if (inner === statusCode.code) return writeOption(cursor, out, inner, data);
    if (inner !== iaPrefix.code || data.end - data.at < IA_PREFIX_HEAD_OCTETS) return;
    out.text(" ");
    out.ipv6(bytes, data.at + PREFIX_AT);
    out.text("/");
    out.decimal(bytes[data.at + PREFIX_LENGTH_AT]);
    const valid = cursor.uint32(data.at + VALID_LIFETIME_AT);
    if (valid === 0) return;
    out.text(" valid=");
    out.decimal(valid);
    out.text("s");
  });
}

function addMessage(cursor: PacketCursor, node: TreeNode, { at, end }: Range, relays: number): void {
  if (at >= end) return;
  const type = cursor.bytes[at];
  node.value = MESSAGE_TYPES.get(type) ?? "";
  const isForRelay = isRelayed(type);
  if (!addFields(cursor, node, at, isForRelay ? RELAY_FIELDS : FIELDS)) return;
  const optionsAt = at + (isForRelay ? RELAY_HEAD_OCTETS : HEAD_OCTETS);
  forEachOption(
    cursor,
    { at: optionsAt, end },
    (code, data) => addOption(cursor, node, { code, data, place: "message", relays }),
  );
}

/** Options inside others are told by where they stand, as decodeDhcpv6Options does. */
function addOption(
  cursor: PacketCursor,
  node: TreeNode,
  { code, data, place, relays }: {
    readonly code: number;
    readonly data: Range;
    readonly place: "message" | "iaPd" | "iaPrefix";
    readonly relays: number;
  },
): void {
  const { at, end } = data;
  const octets = end - at;
  const name = NAME_OF_OPTION.get(code);
  const title = `Option ${code}${name === undefined ? "" : ` ${name}`}`;
  const child = addChild(node, title, at - OPTION_HEAD_OCTETS, octets + OPTION_HEAD_OCTETS);
  const inside = (headOctets: number, here: typeof place) =>
    forEachOption(
      cursor,
      { at: at + headOctets, end },
      (code, data) => addOption(cursor, child, { code, data, place: here, relays }),
    );
  if (code === relayMessage.code && relays < MAXIMUM_RELAYS) {
    addMessage(cursor, child, data, relays + 1);
  } else if (code === iaPd.code && place === "message" && octets >= IA_PD_HEAD_OCTETS) {
    addFields(cursor, child, at, IA_PD_FIELDS);
    inside(IA_PD_HEAD_OCTETS, "iaPd");
  } else if (code === iaPrefix.code && place === "iaPd" && octets >= IA_PREFIX_HEAD_OCTETS) {
    addFields(cursor, child, at, IA_PREFIX_FIELDS);
    inside(IA_PREFIX_HEAD_OCTETS, "iaPrefix");
  } else if (code === statusCode.code && octets >= 2) {
    child.value = `${named(STATUS_NAMES)(cursor.bytes, at, 2)} ${
      untrustedText(cursor.bytes, at + 2, octets - 2)
    }`;
  } else if (octets > 0) {
    child.value = octetPairs(cursor.bytes, at, octets);
  }
}

/** Calls `visit` for each option that is there as a whole. */
function forEachOption(cursor: PacketCursor, { at, end }: Range, visit: Visit): void {
  for (let option = at; option < end;) {
    const dataAt = option + OPTION_HEAD_OCTETS;
    const dataEnd = dataAt <= end ? dataAt + cursor.uint16(option + 2) : dataAt;
    if (dataEnd > end) {
      if (cursor.limit === cursor.end && !cursor.partial) {
        cursor.complain("a DHCPv6 option goes past the end");
      }
      return;
    }
    visit(cursor.uint16(option), { at: dataAt, end: dataEnd });
    option = dataEnd;
  }
}
