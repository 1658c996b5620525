import {
  bindingErrorStatusName,
  BindingStatusCode,
  bindingStatusName,
  FIRST_REFUSAL_STATUS,
} from "../wire/binding_status.ts";
import { LIFETIME_UNIT_SECONDS } from "../wire/constants.ts";
import { MOBILITY_MESSAGES } from "../wire/mobility_message_table.ts";
import { flagLetter, flagTable, isSet } from "./mobility_flags.ts";
import type { FlagTable } from "./mobility_flags.ts";
import { mobilityMessageTypeName } from "./mobility_names.ts";
import { writeMobilityOptions } from "./mobility_option_line.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import type { TextWriter } from "./text_writer.ts";

/** Octets of a mobility header before the message data (RFC 6275 6.1.1). */
const HEAD_OCTETS = 6;

interface MessageLine {
  /** As people abbreviate it. */
  readonly abbreviation: string;
  readonly fixedOctets: number;
  /** `data` is where the message data begin; all `fixedOctets` are there. */
  readonly line: (cursor: PacketCursor, out: TextWriter, data: number) => void;
}

const { bindingRefreshRequest, homeTestInit, careOfTestInit, homeTest, careOfTest, bindingUpdate } =
  MOBILITY_MESSAGES;
const { bindingAcknowledgement, bindingError } = MOBILITY_MESSAGES;

const UPDATE_FLAGS = flagTable(bindingUpdate.fields);
const ACKNOWLEDGEMENT_FLAGS = flagTable(bindingAcknowledgement.fields);

const MESSAGE_LINES: ReadonlyMap<number, MessageLine> = new Map([
  [bindingRefreshRequest.type, {
    abbreviation: "BRR",
    fixedOctets: bindingRefreshRequest.fixedOctets,
    line() {},
  }],
  [homeTestInit.type, { abbreviation: "HoTI", fixedOctets: homeTestInit.fixedOctets, line: writeCookie }],
  [careOfTestInit.type, { abbreviation: "CoTI", fixedOctets: careOfTestInit.fixedOctets, line: writeCookie }],
  [homeTest.type, { abbreviation: "HoT", fixedOctets: homeTest.fixedOctets, line: writeTest }],
  [careOfTest.type, { abbreviation: "CoT", fixedOctets: careOfTest.fixedOctets, line: writeTest }],
  [bindingUpdate.type, { abbreviation: "BU", fixedOctets: bindingUpdate.fixedOctets, line: writeUpdate }],
  [bindingAcknowledgement.type, {
    abbreviation: "BA",
    fixedOctets: bindingAcknowledgement.fixedOctets,
    line: writeAcknowledgement,
  }],
  [bindingError.type, { abbreviation: "BE", fixedOctets: bindingError.fixedOctets, line: writeError }],
]);

/** What a mobility header says, from its name to its options; the cursor stands at its first octet. */
export function writeMobilityMessage(cursor: PacketCursor, out: TextWriter): void {
  const type = cursor.bytes[cursor.offset + 2];
  const data = cursor.offset + HEAD_OCTETS;
  const message = MESSAGE_LINES.get(type);
  if (message === undefined) {
    out.styled("strong", mobilityMessageTypeName(type));
    out.text(" len=");
    out.decimal(cursor.end - cursor.offset);
    return;
  }
  out.styled("strong", message.abbreviation);
  if (!cursor.need(HEAD_OCTETS + message.fixedOctets, `a ${mobilityMessageTypeName(type)}`)) return;
  message.line(cursor, out, data);
  writeMobilityOptions(cursor, out, data + message.fixedOctets);
}

function writeUpdate(cursor: PacketCursor, out: TextWriter, data: number): void {
  out.text(" seq=");
  out.decimal(cursor.uint16(data));
  writeFlags(cursor, out, data, UPDATE_FLAGS);
  const lifetime = cursor.uint16(data + 4);
  writeLifetime(out, lifetime);
  if (lifetime === 0) out.text(" (de-registration)");
}

function writeAcknowledgement(cursor: PacketCursor, out: TextWriter, data: number): void {
  const status = cursor.bytes[data];
  const refused = status >= FIRST_REFUSAL_STATUS;
  out.text(" ");
  out.styled(refused ? "bad" : "good", refused ? "refused" : "accepted");
  if (status !== BindingStatusCode.accepted) {
    out.text(": ");
    out.text(bindingStatusName(status));
    if (status === BindingStatusCode.cannotForceUdp) out.text(", or UDP cannot be forced");
    out.text(" (");
    out.decimal(status);
    out.text(")");
  }
  out.text(" seq=");
  out.decimal(cursor.uint16(data + 2));
  writeFlags(cursor, out, data, ACKNOWLEDGEMENT_FLAGS);
  writeLifetime(out, cursor.uint16(data + 4));
}

function writeError(cursor: PacketCursor, out: TextWriter, data: number): void {
  const status = cursor.bytes[data];
  out.text(" ");
  out.styled("bad", bindingErrorStatusName(status));
  out.text(" (");
  out.decimal(status);
  out.text(") HoA=");
  out.ipv6(cursor.bytes, data + 2);
}

function writeCookie(cursor: PacketCursor, out: TextWriter, data: number): void {
  out.text(" cookie=");
  out.hex(cursor.uint32(data + 2), 8);
  out.hex(cursor.uint32(data + 6), 8);
}

function writeTest(cursor: PacketCursor, out: TextWriter, data: number): void {
  out.text(" index=");
  out.decimal(cursor.uint16(data));
  writeCookie(cursor, out, data);
}

function writeLifetime(out: TextWriter, units: number): void {
  out.text(" lifetime=");
  out.decimal(LIFETIME_UNIT_SECONDS * units);
  out.text("s");
}

function writeFlags({ bytes }: PacketCursor, out: TextWriter, data: number, table: FlagTable): void {
  let separator = " ";
  for (const place of table.places) {
    if (!isSet(place, bytes, data)) continue;
    out.text(separator);
    out.text(flagLetter(place, table, bytes, data));
    separator = "";
  }
}
