import type { IcmpMessage } from "./icmp.ts";
import { writeAdvertisedOptions, writeFlagLetters } from "./neighbor_discovery.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import type { TextWriter } from "./text_writer.ts";
import { flags, hexadecimal } from "./tree.ts";
import type { Field, Flag } from "./tree.ts";

/** Octets of ICMPv6's head, the identifier, and the 16 bits behind it. */
const HEADER_OCTETS = 8;
const IDENTIFIER_AT = 4;
const FLAGS_AT = 6;
const IPV6_OCTETS = 16;
/** So many home agents stand in the line; the tree has all. */
const AGENTS_IN_LINE = 4;

/** RFC 3963 7.1 and 7.2: only home agents for mobile routers are asked for, or answer. */
const DISCOVERY_FLAGS: readonly Flag[] = [{ mask: 0x8000, letter: "R", name: "Mobile router support" }];
/** RFC 6275 6.8. */
const PREFIX_FLAGS: readonly Flag[] = [
  { mask: 0x8000, letter: "M", name: "Managed addresses" },
  { mask: 0x4000, letter: "O", name: "Other configuration" },
];

const IDENTIFIER: Field = { name: "Identifier", at: IDENTIFIER_AT, octets: 2, show: hexadecimal };

function flagField(table: readonly Flag[], reserved: number): Field {
  return { name: "Flags", at: FLAGS_AT, octets: 2, show: flags(table, reserved) };
}

function writeHead(cursor: PacketCursor, out: TextWriter, table: readonly Flag[]): boolean {
  if (cursor.available < HEADER_OCTETS) return false;
  out.text(" id=");
  out.decimal(cursor.uint16(cursor.offset + IDENTIFIER_AT));
  writeFlagLetters(out, cursor.uint16(cursor.offset + FLAGS_AT), table);
  return true;
}

/** Dynamic home agent address discovery and mobile prefix discovery, by ICMPv6 type: RFC 6275 6.5 to 6.8. */
export const HOME_AGENT_MESSAGES: readonly (readonly [number, IcmpMessage])[] = [
  [144, {
    name: "home agent address discovery request",
    fields: [IDENTIFIER, flagField(DISCOVERY_FLAGS, 0x7fff)],
    line: (cursor, out) => void writeHead(cursor, out, DISCOVERY_FLAGS),
  }],
  [145, {
    name: "home agent address discovery reply",
    fields: [IDENTIFIER, flagField(DISCOVERY_FLAGS, 0x7fff)],
    addressesAt: HEADER_OCTETS,
    line(cursor, out) {
      if (!writeHead(cursor, out, DISCOVERY_FLAGS)) return;
      const agents = Math.floor((cursor.limit - cursor.offset - HEADER_OCTETS) / IPV6_OCTETS);
      if (agents > 0) out.text(" agents=");
      for (let agent = 0; agent < Math.min(agents, AGENTS_IN_LINE); agent++) {
        if (agent > 0) out.text(",");
        out.ipv6(cursor.bytes, cursor.offset + HEADER_OCTETS + IPV6_OCTETS * agent);
      }
      if (agents > AGENTS_IN_LINE) out.text(",...");
    },
  }],
  [146, {
    name: "mobile prefix solicitation",
    fields: [IDENTIFIER],
    line: (cursor, out) => void writeHead(cursor, out, []),
  }],
  [147, {
    name: "mobile prefix advertisement",
    optionsAt: HEADER_OCTETS,
    fields: [IDENTIFIER, flagField(PREFIX_FLAGS, 0x3fff)],
    line(cursor, out) {
      if (writeHead(cursor, out, PREFIX_FLAGS)) writeAdvertisedOptions(cursor, out, HEADER_OCTETS);
    },
  }],
];
