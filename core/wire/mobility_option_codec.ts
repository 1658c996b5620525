import { MAXIMUM_OPTION_DATA } from "./field.ts";
import { fieldsOctets, readFields, writeFields } from "./fields_codec.ts";
import {
  type Alignment,
  type AnyMobilityOption,
  type AnyMobilityOptionEntry,
  mobilityOptionEntryOfKind,
} from "./mobility_option_table.ts";
import { type Decoded, decoded, malformed } from "./result.ts";

/** Type-length-value options at the end of a mobility message (RFC 6275 section 6.2.1). */

const PAD1 = 0;
const PADN = 1;
const HEAD_OCTETS = 2;
const NO_ALIGNMENT: Alignment = { n: 1, offset: 0 };

/** Which options are known: stackOptionEntry or mobilityOptionEntry. */
export type OptionEntryOf = (type: number) => AnyMobilityOptionEntry | undefined;

export interface DecodedOptions {
  readonly options: readonly AnyMobilityOption[];
  /** Where the type octet of each option stands in `bytes`. */
  readonly offsets: readonly number[];
}

/** Decodes all options from `start` up to `end`; padding is passed over. */
export function decodeMobilityOptions(
  bytes: Uint8Array,
  start: number,
  end: number,
  entryOfType: OptionEntryOf,
): Decoded<DecodedOptions> {
  const options: AnyMobilityOption[] = [];
  const offsets: number[] = [];
  let offset = start;
  while (offset < end) {
    const type = bytes[offset];
    if (type === PAD1) {
      offset += 1;
      continue;
    }
    if (offset + HEAD_OCTETS > end) return malformed(offset, "mobility option", "has no room for its length");
    const dataStart = offset + HEAD_OCTETS;
    const dataEnd = dataStart + bytes[offset + 1];
    if (dataEnd > end) {
      return malformed(offset + 1, "mobility option length", "goes past the end of the header");
    }
    if (type !== PADN) {
      const entry = entryOfType(type);
      if (entry !== undefined && !lengthFits(entry, dataEnd - dataStart)) {
        return malformed(
          offset + 1,
          `${entry.name} option length`,
          `is ${dataEnd - dataStart}, not ${lengthRule(entry)}`,
        );
      }
      options.push(decodeOption(entry, type, bytes, dataStart, dataEnd));
      offsets.push(offset);
    }
    offset = dataEnd;
  }
  return decoded({ options, offsets });
}

function decodeOption(
  entry: AnyMobilityOptionEntry | undefined,
  type: number,
  bytes: Uint8Array,
  start: number,
  end: number,
): AnyMobilityOption {
  if (entry === undefined) return { kind: "unknownOption", type, data: bytes.slice(start, end) };
  return readFields(entry.kind, entry.fields, bytes, start, end) as unknown as AnyMobilityOption;
}

function lengthFits(entry: AnyMobilityOptionEntry, octets: number): boolean {
  return "atLeast" in entry.lengths ? octets >= entry.lengths.atLeast : entry.lengths.includes(octets);
}

function lengthRule({ lengths }: AnyMobilityOptionEntry): string {
  return "atLeast" in lengths ? `at least ${lengths.atLeast}` : lengths.join(" or ");
}

/** Where options go, in octets from the start of the mobility header. */
export interface OptionLayout {
  readonly offsets: readonly number[];
  /** End of the last option and of the padding behind it: a multiple of 8. */
  readonly end: number;
}

/** Finds each option's place from `start` on, with the least padding that its alignment allows. */
export function layOutOptions(options: readonly AnyMobilityOption[], start: number): OptionLayout {
  const offsets: number[] = [];
  let offset = start;
  for (const [i, option] of options.entries()) {
    const octets = dataOctets(option);
    if (octets > MAXIMUM_OPTION_DATA) {
      throw new RangeError(
        `Cannot encode ${mobilityOptionName(option)}: ${octets} octets of data are too many`,
      );
    }
    const size = HEAD_OCTETS + octets;
    const closes = i === options.length - 1 && (entryOf(option)?.last ?? false);
    const place = alignUp(
      offset,
      entryOf(option)?.alignment(octets) ?? NO_ALIGNMENT,
      closes ? size : undefined,
    );
    offsets.push(place);
    offset = place + size;
  }
  return { offsets, end: Math.ceil(offset / 8) * 8 };
}

/**
 * The first aligned place from `offset` on. With `closingSize`, one from which an option of that size ends at a
 * multiple of 8, where its alignment allows any.
 */
function alignUp(
  offset: number,
  { n, offset: remainder }: Alignment,
  closingSize: number | undefined,
): number {
  const first = offset + ((remainder - offset) % n + n) % n;
  if (closingSize === undefined) return first;
  for (let place = first; place < first + 8; place += n) {
    if ((place + closingSize) % 8 === 0) return place;
  }
  return first;
}

/** Writes options where layOutOptions put them, and padding before and behind, over zeros. */
export function encodeMobilityOptions(
  options: readonly AnyMobilityOption[],
  layout: OptionLayout,
  buffer: Uint8Array,
  headerOffset: number,
  start: number,
): void {
  let written = start;
  options.forEach((option, i) => {
    const place = layout.offsets[i];
    pad(buffer, headerOffset + written, place - written);
    const octets = dataOctets(option);
    const at = headerOffset + place;
    buffer[at] = mobilityOptionType(option);
    buffer[at + 1] = octets;
    if (option.kind === "unknownOption") buffer.set(option.data, at + HEAD_OCTETS);
    else writeFields(option, entryOfKind(option.kind).fields, buffer, at + HEAD_OCTETS);
    written = place + HEAD_OCTETS + octets;
  });
  pad(buffer, headerOffset + written, layout.end - written);
}

/** Pad1 is a zero octet and stands there already. */
function pad(buffer: Uint8Array, offset: number, octets: number): void {
  if (octets < HEAD_OCTETS) return;
  buffer[offset] = PADN;
  buffer[offset + 1] = octets - HEAD_OCTETS;
}

function dataOctets(option: AnyMobilityOption): number {
  if (option.kind === "unknownOption") return option.data.length;
  return fieldsOctets(option, entryOfKind(option.kind).fields);
}

function entryOf(option: AnyMobilityOption): AnyMobilityOptionEntry | undefined {
  return option.kind === "unknownOption" ? undefined : entryOfKind(option.kind);
}

/** Throws RangeError for a kind that no table has. */
function entryOfKind(kind: string): AnyMobilityOptionEntry {
  const entry = mobilityOptionEntryOfKind(kind);
  if (entry === undefined) throw new RangeError(`Cannot encode ${kind}: no such option`);
  return entry;
}

function mobilityOptionType(option: AnyMobilityOption): number {
  return option.kind === "unknownOption" ? option.type : entryOfKind(option.kind).type;
}

function mobilityOptionName(option: AnyMobilityOption): string {
  return option.kind === "unknownOption" ? `Unknown option ${option.type}` : entryOfKind(option.kind).name;
}
