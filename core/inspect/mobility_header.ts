import { Protocol } from "../wire/constants.ts";
import { fixedOctetsAt, mobilityMessageEntryAt } from "../wire/mobility_message_table.ts";
import type { Layer } from "./layer.ts";
import { writeMobilityMessage } from "./mobility_line.ts";
import { mobilityMessageTypeName } from "./mobility_names.ts";
import { addMobilityOptions, addTableFields } from "./mobility_tree.ts";
import { ipProtocolNames } from "./names.ts";
import { NONE } from "./packet_cursor.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import { addChild, addFields, hexadecimal, hexNumber, named, octetPairs, verifiedChecksum } from "./tree.ts";
import type { TextWriter } from "./text_writer.ts";
import type { Field } from "./tree.ts";

/** RFC 6275 6.1.1: what every mobility header begins with; the message data follow. */
const HEAD_OCTETS = 6;
const CHECKSUM_AT = 4;
const UNIT_OCTETS = 8;

const FIELDS: readonly Field[] = [
  { name: "Payload protocol", at: 0, octets: 1, show: named(ipProtocolNames) },
  {
    name: "Header length",
    at: 1,
    octets: 1,
    show: (bytes, offset) => `${bytes[offset]} (${UNIT_OCTETS * (bytes[offset] + 1)} bytes)`,
  },
  {
    name: "Type",
    at: 2,
    octets: 1,
    show: (bytes, offset) => `${bytes[offset]} (${mobilityMessageTypeName(bytes[offset])})`,
  },
];

export const mobilityHeader: Layer = {
  name: "Mobility Header",
  line(cursor, out) {
    if (cursor.available < HEAD_OCTETS) {
      out.styled("strong", "Mobility Header");
      cursor.need(UNIT_OCTETS, "a mobility header");
      return;
    }
    narrowToHeader(cursor);
    verifyChecksum(cursor);
    writeMobilityMessage(cursor, out);
    if (isInUdp(cursor)) writePorts(out, cursor.sourcePort, cursor.destinationPort);
  },
  tree(cursor, node) {
    const { bytes, offset } = cursor;
    if (!addFields(cursor, node, offset, FIELDS) || cursor.available < HEAD_OCTETS) return;
    narrowToHeader(cursor);
    const type = bytes[offset + 2];
    node.value = mobilityMessageTypeName(type);
    addChild(node, "Checksum", offset + CHECKSUM_AT, 2, showChecksum(cursor));
    const data = offset + HEAD_OCTETS;
    const entry = mobilityMessageEntryAt(bytes, offset);
    if (entry === undefined || data >= cursor.limit) {
      const octets = cursor.limit - data;
      if (octets > 0) addChild(node, "Message data", data, octets, octetPairs(bytes, data, octets));
      return;
    }
    node.value = entry.name;
    const options = data + fixedOctetsAt(entry, bytes, data);
    if (options > cursor.limit) return;
    addTableFields(node, entry.shown, bytes, data, options);
    addMobilityOptions(cursor, node, options);
  },
};

function writePorts(out: TextWriter, source: number, destination: number): void {
  out.text(" in UDP ");
  out.decimal(source);
  out.text(" > ");
  out.decimal(destination);
}

function narrowToHeader(cursor: PacketCursor): void {
  const octets = UNIT_OCTETS * (cursor.bytes[cursor.offset + 1] + 1);
  cursor.narrow(cursor.offset + octets, "the mobility header length");
}

function verifyChecksum(cursor: PacketCursor): void {
  if (!cursor.whole || cursor.problem !== undefined || isInUdp(cursor)) return;
  const found = cursor.uint16(cursor.offset + CHECKSUM_AT);
  const right = cursor.upperLayerChecksum(Protocol.mobilityHeader, cursor.offset + CHECKSUM_AT);
  if (found !== right) {
    cursor.complain(`checksum ${hexNumber(found, 4)} incorrect, should be ${hexNumber(right, 4)}`);
  }
}

/** Proxy Mobile IPv6 over IPv4: the checksum is 0 and to be ignored (RFC 5844 4.1.3.2). */
function isInUdp({ sourcePort }: PacketCursor): boolean {
  return sourcePort !== NONE;
}

function showChecksum(cursor: PacketCursor): string {
  const at = cursor.offset + CHECKSUM_AT;
  if (isInUdp(cursor)) return `${hexadecimal(cursor.bytes, at, 2)} (the one of UDP counts)`;
  if (!cursor.whole) return hexadecimal(cursor.bytes, at, 2);
  return verifiedChecksum(cursor.uint16(at), cursor.upperLayerChecksum(Protocol.mobilityHeader, at));
}
