import {
  bindingErrorStatusName,
  BindingStatusCode,
  bindingStatusName,
  FIRST_REFUSAL_STATUS,
} from "../wire/binding_status.ts";
import { LIFETIME_UNIT_SECONDS } from "../wire/constants.ts";
import {
  fixedOctetsAt,
  MOBILITY_MESSAGES,
  mobilityMessageEntryAt,
  mobilityMessageEntryOfKind,
} from "../wire/mobility_message_table.ts";
import { flagTable } from "./mobility_flags.ts";
import { LEGACY_CANNOT_FORCE_UDP_STATUS, mobilityMessageTypeName } from "./mobility_names.ts";
import { hasMobilityOption, writeMobilityOptions } from "./mobility_option_line.ts";
import { MESSAGE_WORDS, writeFlagLetters, writeWords } from "./mobility_words.ts";
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

const UPDATE_FLAGS = shownFlags("bindingUpdate");
const ACKNOWLEDGEMENT_FLAGS = shownFlags("bindingAcknowledgement");

function shownFlags(kind: string) {
  return flagTable(mobilityMessageEntryOfKind(kind)!.shown);
}

/** RFC 4283 and RFC 4285: who proves itself by these may be told of a wrong identification, status 144. */
const IDENTITY_OPTIONS: readonly number[] = [8, 9, 10];

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
  if (message === undefined) return writeRareMessage(cursor, out, type, data);
  out.styled("strong", message.abbreviation);
  if (!cursor.need(HEAD_OCTETS + message.fixedOctets, `a ${mobilityMessageTypeName(type)}`)) return;
  message.line(cursor, out, data);
  writeMobilityOptions(cursor, out, data + message.fixedOctets);
}

/** A message that only the table knows, or nobody. */
function writeRareMessage(cursor: PacketCursor, out: TextWriter, type: number, data: number): void {
  const entry = mobilityMessageEntryAt(cursor.bytes, cursor.offset);
  const known = entry === undefined ? undefined : MESSAGE_WORDS.get(entry.kind);
  if (entry === undefined || known === undefined || data >= cursor.limit) {
    out.styled("strong", mobilityMessageTypeName(type));
    out.text(" len=");
    out.decimal(cursor.end - cursor.offset);
    return;
  }
  out.styled("strong", known.abbreviation);
  const options = data + fixedOctetsAt(entry, cursor.bytes, data);
  if (!cursor.need(options - cursor.offset, `a ${entry.name}`)) return;
  writeWords(cursor, out, known.words, entry.shown, data, options);
  writeMobilityOptions(cursor, out, options);
}

function writeUpdate(cursor: PacketCursor, out: TextWriter, data: number): void {
  out.text(" seq=");
  out.decimal(cursor.uint16(data));
  writeFlagLetters(out, UPDATE_FLAGS, cursor.bytes, data);
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
    writeStatus(cursor, out, data, status);
    out.text(" (");
    out.decimal(status);
    out.text(")");
  }
  out.text(" seq=");
  out.decimal(cursor.uint16(data + 2));
  writeFlagLetters(out, ACKNOWLEDGEMENT_FLAGS, cursor.bytes, data);
  writeLifetime(out, cursor.uint16(data + 4));
}

/** 144 has two meanings: the one that goes with the options that are there comes first. */
function writeStatus(cursor: PacketCursor, out: TextWriter, data: number, status: number): void {
  if (cursor.legacy && status === LEGACY_CANNOT_FORCE_UDP_STATUS) return out.text(LEGACY_STATUS_NAME);
  if (status !== BindingStatusCode.cannotForceUdp) return out.text(bindingStatusName(status));
  const identified = hasMobilityOption(cursor, data + bindingAcknowledgement.fixedOctets, IDENTITY_OPTIONS);
  out.text(identified ? bindingStatusName(status) : CANNOT_FORCE_UDP);
  out.text(", or ");
  out.text(identified ? CANNOT_FORCE_UDP : bindingStatusName(status));
}
const CANNOT_FORCE_UDP = "UDP cannot be forced";
const LEGACY_STATUS_NAME = "UDP cannot be forced, as before RFC 5555";

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
