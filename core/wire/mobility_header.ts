import { Protocol } from "./constants.ts";
import { fieldsOctets, readFields, writeFields } from "./fields_codec.ts";
import type { MobilityMessage } from "./mobility_message.ts";
import {
  type AnyMobilityMessage,
  type AnyMobilityMessageEntry,
  fixedOctetsAt,
  mobilityMessageEntryAt,
  mobilityMessageEntryOfKind,
  stackMessageEntryAt,
} from "./mobility_message_table.ts";
import { mobilityOptionEntry, stackOptionEntry } from "./mobility_option_table.ts";
import {
  decodeMobilityOptions,
  encodeMobilityOptions,
  layOutOptions,
  type OptionEntryOf,
  type OptionLayout,
} from "./mobility_option_codec.ts";
import { type Decoded, decoded, malformed } from "./result.ts";

/**
 * The mobility header (RFC 6275 section 6.1.1):
 *
 *     0 payload protocol | 1 header length, 8-octet units after the first 8 | 2 MH type | 3 reserved
 *     4 checksum         | 6 message data: fixed part, then options
 */
export interface MobilityHeader {
  /** 59, no next header; a receiver refuses anything else (section 9.2). */
  readonly payloadProtocol: number;
  /** As it stands in the header, unchecked: see decodeMobilityPacket. */
  readonly checksum: number;
  /** Octets of the whole header, a multiple of 8 up to 2048. */
  readonly length: number;
  readonly message: MobilityMessage;
  /** Offset of the type octet of each option in message.options, from the start of the mobility header. */
  readonly optionOffsets: readonly number[];
}

const UNIT_OCTETS = 8;
const HEAD_OCTETS = 6;
const MAXIMUM_OCTETS = 256 * UNIT_OCTETS;

/** As MobilityHeader, with a message of the whole table. */
export type AnyMobilityHeader = Omit<MobilityHeader, "message"> & { readonly message: AnyMobilityMessage };

/**
 * Decodes the header at the start of `bytes`; what follows its length is not looked at. Messages and options that the
 * stack does not act on are unknown ones.
 */
export function decodeMobilityHeader(bytes: Uint8Array): Decoded<MobilityHeader> {
  return decode(bytes, stackMessageEntryAt, stackOptionEntry) as Decoded<MobilityHeader>;
}

/** As decodeMobilityHeader, with the messages and options of the whole table. */
export function decodeAnyMobilityHeader(bytes: Uint8Array): Decoded<AnyMobilityHeader> {
  return decode(bytes, mobilityMessageEntryAt, mobilityOptionEntry);
}

function decode(
  bytes: Uint8Array,
  messageEntryAt: (bytes: Uint8Array, offset: number) => AnyMobilityMessageEntry | undefined,
  optionEntryOf: OptionEntryOf,
): Decoded<AnyMobilityHeader> {
  if (bytes.length < UNIT_OCTETS) return malformed(bytes.length, "mobility header", "is cut off");
  const length = (bytes[1] + 1) * UNIT_OCTETS;
  if (length > bytes.length) return malformed(1, "mobility header length", "goes past the end of the packet");
  const envelope = { payloadProtocol: bytes[0], checksum: bytes[4] << 8 | bytes[5], length };
  const entry = messageEntryAt(bytes, 0);
  if (entry === undefined) {
    const message: AnyMobilityMessage = {
      kind: "unknownMessage",
      type: bytes[2],
      data: bytes.slice(HEAD_OCTETS, length),
    };
    return decoded({ ...envelope, message, optionOffsets: [] });
  }
  const optionsStart = HEAD_OCTETS + fixedOctetsAt(entry, bytes, HEAD_OCTETS);
  if (optionsStart > length) {
    return malformed(1, "mobility header length", `is too small for a ${entry.name}`);
  }
  const options = decodeMobilityOptions(bytes, optionsStart, length, optionEntryOf);
  if (!options.ok) return options;
  const fixed = readFields(entry.kind, entry.fields, bytes, HEAD_OCTETS, optionsStart);
  const message = { ...fixed, options: options.value.options } as unknown as AnyMobilityMessage;
  return decoded({ ...envelope, message, optionOffsets: options.value.offsets });
}

/** The whole header with checksum 0. Throws RangeError for a record that cannot be sent. */
export function encodeMobilityHeader(message: AnyMobilityMessage): Uint8Array {
  const layout = layOut(message);
  const buffer = new Uint8Array(layout.end);
  write(message, layout, buffer, 0);
  return buffer;
}

/** As encodeMobilityHeader, into a buffer of any content from `offset` on. Returns the header's octets. */
export function encodeMobilityHeaderInto(
  message: AnyMobilityMessage,
  buffer: Uint8Array,
  offset: number,
): number {
  const layout = layOut(message);
  if (offset + layout.end > buffer.length) {
    throw new RangeError(
      `Cannot encode ${mobilityMessageName(message)}: needs ${layout.end} octets of buffer`,
    );
  }
  write(message, layout, buffer, offset);
  return layout.end;
}

function layOut(message: AnyMobilityMessage): OptionLayout {
  const layout = message.kind === "unknownMessage"
    ? { offsets: [], end: HEAD_OCTETS + message.data.length }
    : layOutOptions(message.options, HEAD_OCTETS + fixedOctetsOf(message));
  if (layout.end % UNIT_OCTETS !== 0 || layout.end === 0 || layout.end > MAXIMUM_OCTETS) {
    throw new RangeError(
      `Cannot encode ${mobilityMessageName(message)}: a mobility header cannot have ${layout.end} octets`,
    );
  }
  return layout;
}

function write(message: AnyMobilityMessage, layout: OptionLayout, buffer: Uint8Array, offset: number): void {
  buffer.fill(0, offset, offset + layout.end);
  buffer[offset] = Protocol.noNextHeader;
  buffer[offset + 1] = layout.end / UNIT_OCTETS - 1;
  buffer[offset + 2] = mobilityMessageType(message);
  if (message.kind === "unknownMessage") {
    buffer.set(message.data, offset + HEAD_OCTETS);
    return;
  }
  writeFields(message, entryOf(message).fields, buffer, offset + HEAD_OCTETS);
  encodeMobilityOptions(message.options, layout, buffer, offset, HEAD_OCTETS + fixedOctetsOf(message));
}

export function mobilityMessageType(message: AnyMobilityMessage): number {
  return message.kind === "unknownMessage" ? message.type : entryOf(message).type;
}

function mobilityMessageName(message: AnyMobilityMessage): string {
  return message.kind === "unknownMessage"
    ? `Unknown mobility message ${message.type}`
    : entryOf(message).name;
}

function fixedOctetsOf(message: AnyMobilityMessage): number {
  const { fixedOctets, fields, octetsAt } = entryOf(message);
  return octetsAt === undefined ? fixedOctets : fieldsOctets(message, fields);
}

/** Throws RangeError for a kind that no table has. */
function entryOf({ kind }: AnyMobilityMessage): AnyMobilityMessageEntry {
  const entry = mobilityMessageEntryOfKind(kind);
  if (entry === undefined) throw new RangeError(`Cannot encode ${kind}: no such message`);
  return entry;
}
