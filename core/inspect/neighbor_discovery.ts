import type { IcmpMessage } from "./icmp.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import type { TextWriter } from "./text_writer.ts";
import { addChild, addFields, decimal, flags, ipv6, octetPairs, withUnit } from "./tree.ts";
import type { Field, Flag, TreeNode } from "./tree.ts";

/** Options of RFC 4861 4.6, RFC 6275 7.3 and 7.4, RFC 8106. */
const OptionType = {
  sourceLinkAddress: 1,
  targetLinkAddress: 2,
  prefixInformation: 3,
  advertisementInterval: 7,
  homeAgentInformation: 8,
} as const;
const OPTION_UNIT_OCTETS = 8;
const PREFIX_INFORMATION_OCTETS = 32;
const PREFIX_OCTETS = 16;

const ROUTER_FLAGS: readonly Flag[] = [
  { mask: 0x80, letter: "M", name: "Managed addresses" },
  { mask: 0x40, letter: "O", name: "Other configuration" },
  { mask: 0x20, letter: "H", name: "Home agent" },
];
const NEIGHBOR_FLAGS: readonly Flag[] = [
  { mask: 0x80, letter: "R", name: "Router" },
  { mask: 0x40, letter: "S", name: "Solicited" },
  { mask: 0x20, letter: "O", name: "Override" },
];
const PREFIX_FLAGS: readonly Flag[] = [
  { mask: 0x80, letter: "L", name: "On-link" },
  { mask: 0x40, letter: "A", name: "Autonomous" },
  { mask: 0x20, letter: "R", name: "Router address" },
];

const showLifetime: Field["show"] = (bytes, offset, octets) => {
  const value = decimal(bytes, offset, octets);
  return value === String(0xffff_ffff) ? "infinite" : `${value} s`;
};

interface NeighborOption {
  readonly name: string;
  readonly fields: readonly Field[];
}

const OPTIONS: ReadonlyMap<number, NeighborOption> = new Map([
  [OptionType.sourceLinkAddress, {
    name: "Source link-layer address",
    fields: [{ name: "Address", at: 2, octets: 6, show: octetPairs }],
  }],
  [OptionType.targetLinkAddress, {
    name: "Target link-layer address",
    fields: [{ name: "Address", at: 2, octets: 6, show: octetPairs }],
  }],
  [OptionType.prefixInformation, {
    name: "Prefix information",
    fields: [
      { name: "Prefix length", at: 2, octets: 1, show: decimal },
      { name: "Flags", at: 3, octets: 1, show: flags(PREFIX_FLAGS, 0x1f) },
      { name: "Valid lifetime", at: 4, octets: 4, show: showLifetime },
      { name: "Preferred lifetime", at: 8, octets: 4, show: showLifetime },
      { name: "Prefix", at: 16, octets: 16, show: ipv6 },
    ],
  }],
  [4, { name: "Redirected header", fields: [] }],
  [5, { name: "MTU", fields: [{ name: "MTU", at: 4, octets: 4, show: decimal }] }],
  [OptionType.advertisementInterval, {
    name: "Advertisement interval",
    fields: [{ name: "Interval", at: 4, octets: 4, show: withUnit("ms") }],
  }],
  [OptionType.homeAgentInformation, {
    name: "Home agent information",
    fields: [
      { name: "Preference", at: 4, octets: 2, show: decimal },
      { name: "Lifetime", at: 6, octets: 2, show: withUnit("s") },
    ],
  }],
  [14, { name: "Nonce", fields: [{ name: "Nonce", at: 2, octets: 6, show: octetPairs }] }],
  [25, {
    name: "Recursive DNS server",
    fields: [
      { name: "Lifetime", at: 4, octets: 4, show: showLifetime },
      { name: "Address", at: 8, octets: 16, show: ipv6 },
    ],
  }],
  [31, { name: "DNS search list", fields: [{ name: "Lifetime", at: 4, octets: 4, show: showLifetime }] }],
]);

/** The messages of RFC 4861 section 4, by ICMPv6 type. */
export const NEIGHBOR_DISCOVERY_MESSAGES: readonly (readonly [number, IcmpMessage])[] = [
  [133, {
    name: "router solicitation",
    optionsAt: 8,
    line: (cursor, out) => writeLinkAddress(cursor, out, 8),
  }],
  [134, {
    name: "router advertisement",
    optionsAt: 16,
    fields: [
      { name: "Hop limit", at: 4, octets: 1, show: decimal },
      { name: "Flags", at: 5, octets: 1, show: flags(ROUTER_FLAGS) },
      { name: "Router lifetime", at: 6, octets: 2, show: withUnit("s") },
      { name: "Reachable time", at: 8, octets: 4, show: withUnit("ms") },
      { name: "Retransmission time", at: 12, octets: 4, show: withUnit("ms") },
    ],
    line(cursor, out) {
      if (cursor.available < 16) return;
      writeFlagLetters(out, cursor.bytes[cursor.offset + 5], ROUTER_FLAGS);
      out.text(" lifetime=");
      out.decimal(cursor.uint16(cursor.offset + 6));
      out.text("s");
      writeAdvertisedOptions(cursor, out, 16);
    },
  }],
  [135, {
    name: "neighbor solicitation",
    optionsAt: 24,
    fields: [{ name: "Target", at: 8, octets: 16, show: ipv6 }],
    line(cursor, out) {
      if (cursor.available < 24) return;
      out.text(" who has ");
      out.ipv6(cursor.bytes, cursor.offset + 8);
      if (isUnspecified(cursor.bytes, cursor.sourceOffset)) out.text(" (DAD)");
    },
  }],
  [136, {
    name: "neighbor advertisement",
    optionsAt: 24,
    fields: [
      { name: "Flags", at: 4, octets: 1, show: flags(NEIGHBOR_FLAGS) },
      { name: "Target", at: 8, octets: 16, show: ipv6 },
    ],
    line(cursor, out) {
      if (cursor.available < 24) return;
      writeFlagLetters(out, cursor.bytes[cursor.offset + 4], NEIGHBOR_FLAGS);
      out.text(" ");
      out.ipv6(cursor.bytes, cursor.offset + 8);
      writeLinkAddress(cursor, out, 24);
    },
  }],
  [137, {
    name: "redirect",
    optionsAt: 40,
    fields: [
      { name: "Target", at: 8, octets: 16, show: ipv6 },
      { name: "Destination", at: 24, octets: 16, show: ipv6 },
    ],
    line(cursor, out) {
      if (cursor.available < 40) return;
      out.text(" ");
      out.ipv6(cursor.bytes, cursor.offset + 24);
      out.text(" via ");
      out.ipv6(cursor.bytes, cursor.offset + 8);
    },
  }],
];

/** Adds every option from `at` octets behind the message's start. */
export function addNeighborOptions(cursor: PacketCursor, node: TreeNode, at: number): void {
  forEachOption(cursor, at, (type, option, octets) => {
    const known = OPTIONS.get(type);
    const child = addChild(node, "Option", option, octets, known?.name ?? `unknown, type ${type}`);
    addChild(child, "Type", option, 1, String(type));
    addChild(child, "Length", option + 1, 1, `${octets / OPTION_UNIT_OCTETS} (${octets} bytes)`);
    const fields = known?.fields ?? [{ name: "Data", at: 2, octets: octets - 2, show: octetPairs }];
    addFields(cursor, child, option, fields.filter((field) => field.at + field.octets <= octets));
  });
}

function writeLinkAddress(cursor: PacketCursor, out: TextWriter, at: number): void {
  forEachOption(cursor, at, (type, option, octets) => {
    if (type === OptionType.sourceLinkAddress) out.text(" from ");
    else if (type === OptionType.targetLinkAddress) out.text(" is at ");
    else return;
    out.linkAddress(cursor.bytes, option + 2, Math.min(octets - 2, 6));
  });
}

/** Prefixes, with (R) where the whole address of the router stands there (RFC 6275 7.2), and what home agents say. */
export function writeAdvertisedOptions(cursor: PacketCursor, out: TextWriter, at: number): void {
  const { bytes } = cursor;
  forEachOption(cursor, at, (type, option, octets) => {
    if (type === OptionType.prefixInformation && octets === PREFIX_INFORMATION_OCTETS) {
      out.text(" ");
      out.ipv6(bytes, option + PREFIX_INFORMATION_OCTETS - PREFIX_OCTETS);
      out.text("/");
      out.decimal(bytes[option + 2]);
      if ((bytes[option + 3] & ROUTER_ADDRESS) !== 0) out.text(" (R)");
    } else if (type === OptionType.advertisementInterval) {
      out.text(" interval=");
      out.decimal(cursor.uint32(option + 4));
      out.text("ms");
    } else if (type === OptionType.homeAgentInformation) {
      out.text(" home-agent preference=");
      out.decimal(cursor.uint16(option + 4));
      out.text(" lifetime=");
      out.decimal(cursor.uint16(option + 6));
      out.text("s");
    }
  });
}
const ROUTER_ADDRESS = 0x20;

/** Calls `visit` with type, offset and length in octets of each option that is there as a whole. */
function forEachOption(
  cursor: PacketCursor,
  at: number,
  visit: (type: number, option: number, octets: number) => void,
): void {
  const { bytes, limit } = cursor;
  let option = cursor.offset + at;
  while (option + 2 <= limit) {
    const octets = OPTION_UNIT_OCTETS * bytes[option + 1];
    if (octets === 0) return cursor.complain("a neighbor discovery option of length 0");
    if (option + octets > limit) {
      if (option + octets > cursor.end && !cursor.partial) {
        cursor.complain(`neighbor discovery option ${bytes[option]} goes past the end`);
      }
      return;
    }
    visit(bytes[option], option, octets);
    option += octets;
  }
}

/** Duplicate Address Detection asks from :: (RFC 4862 5.4.2). */
function isUnspecified(bytes: Uint8Array, offset: number): boolean {
  for (let index = 0; index < 16; index++) if (bytes[offset + index] !== 0) return false;
  return true;
}

/** " RSO": the letters of the flags that are set. */
export function writeFlagLetters(out: TextWriter, value: number, table: readonly Flag[]): void {
  let separator = " ";
  for (const { mask, letter } of table) {
    if ((value & mask) === 0) continue;
    out.text(separator);
    out.text(letter);
    separator = "";
  }
}
