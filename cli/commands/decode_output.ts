import type { CapturedPacket } from "../../core/capture/captured_packet.ts";
import { CaptureClock } from "../../core/inspect/fields/capture_clock.ts";
import { type FieldLayout, FieldPrinter, TSHARK_LAYOUT } from "../../core/inspect/fields/field_printer.ts";
import type { FieldSpec } from "../../core/inspect/fields/field_spec.ts";
import { FIELDS } from "../../core/inspect/fields/field_table.ts";
import { JsonPrinter } from "../../core/inspect/fields/json_printer.ts";
import type { FilterFault } from "../../core/inspect/filter/filter_fault.ts";
import { compileFilter, type PacketFilter } from "../../core/inspect/filter/packet_filter.ts";
import type { EspAssociation } from "../../core/inspect/esp.ts";
import type { InspectionHelpers } from "../../core/inspect/packet_cursor.ts";
import { Reassembler } from "../../core/inspect/reassembly.ts";
import { PacketPrinter } from "../../core/inspect/packet_printer.ts";
import type { TimeForm } from "../../core/inspect/time_column.ts";
import type { TextWriter } from "../../core/inspect/text_writer.ts";
import { nearestName } from "../configuration/nearest.ts";
import { UsageError } from "../output/fault.ts";
import type { OutputFormat } from "./decode_format.ts";

/** What the options -V, -x, -t, -T, -e, -E and -Y say. */
export interface OutputOptions {
  readonly verbose?: boolean;
  readonly format?: OutputFormat;
  /** Names of fields. */
  readonly fields?: readonly string[];
  /** "separator=,": see readLayout(). */
  readonly layout?: readonly string[];
  readonly filter?: string;
  readonly time?: TimeForm;
  readonly hexDump?: boolean;
  readonly espAssociations?: readonly EspAssociation[];
  /** The codepoints of drafts before RFC 5555 count, too. */
  readonly legacy?: boolean;
}

/** Shows packets, in the form and of the kind that somebody asked for. */
export class PacketOutput {
  readonly #clock = new CaptureClock();
  readonly #filter: PacketFilter | undefined;
  readonly #printer: PacketPrinter;
  readonly #write: (packet: CapturedPacket) => void;

  /** Throws UsageError where the options make no sense. */
  constructor(text: TextWriter, options: OutputOptions) {
    const { format = "text", verbose = false, filter } = options;
    const fields = options.fields?.map(findField) ?? [];
    const { espAssociations, legacy, time, hexDump } = options;
    const helpers = { reassembler: new Reassembler(), espAssociations, legacy };
    this.#filter = filter === undefined ? undefined : readFilter(filter, helpers);
    this.#printer = new PacketPrinter(text, helpers, { time, hexDump });
    if (format !== "fields" && (options.layout?.length ?? 0) > 0) {
      throw new UsageError("-E says how -T fields writes fields: it needs -T fields");
    }
    if (format === "text" && fields.length > 0) {
      throw new UsageError("-e names a field to print: it needs -T fields or -T json");
    }
    if (format !== "text") {
      if (verbose) throw new UsageError(`-V prints a tree: it cannot go with -T ${format}`);
      if (hexDump) {
        throw new UsageError(`-x prints octets below a line or a tree: it cannot go with -T ${format}`);
      }
      if (time !== undefined) {
        throw new UsageError(`-t is for lines: with -T ${format}, ask for frame.time_... fields`);
      }
    }
    if (format === "fields") this.#write = this.#fieldWriter(text, fields, options.layout ?? [], helpers);
    else if (format === "json") {
      const printer = new JsonPrinter(text, fields.length > 0 ? fields : undefined, helpers);
      this.#write = (packet) => printer.write(packet, this.#clock);
    } else if (verbose) this.#write = (packet) => this.#printer.writeTree(packet);
    else this.#write = (packet) => this.#printer.writeLine(packet);
  }

  /** Must get every packet of the capture, in order; true when this one was shown. */
  show(packet: CapturedPacket): boolean {
    this.#clock.note(packet);
    this.#printer.note(packet);
    if (this.#filter?.matches(packet, this.#clock) === false) return false;
    this.#write(packet);
    return true;
  }

  #fieldWriter(
    text: TextWriter,
    fields: readonly FieldSpec[],
    settings: readonly string[],
    helpers: InspectionHelpers,
  ) {
    if (fields.length === 0) throw new UsageError("-T fields needs -e NAME: which fields?");
    const { layout, header } = readLayout(settings);
    const printer = new FieldPrinter(fields, layout, text, helpers);
    if (header) printer.writeHeader();
    return (packet: CapturedPacket) => printer.write(packet, this.#clock);
  }
}

function findField(name: string): FieldSpec {
  const spec = FIELDS.get(name);
  if (spec === undefined) throw new UsageError(`There is no field ${name}${proposal(name)}`);
  return spec;
}

function proposal(name: string): string {
  const nearest = nearestName(name, [...FIELDS.keys()]);
  return nearest === undefined ? "" : `; did you mean ${nearest}?`;
}

/** Throws UsageError with the filter, and a caret below the place that is wrong. */
export function readFilter(text: string, helpers: InspectionHelpers = {}): PacketFilter {
  const compiled = compileFilter(text, helpers);
  if (!("fault" in compiled)) return compiled;
  throw new UsageError(explain(text, compiled.fault));
}

function explain(text: string, { offset, length, reason, unknownField }: FilterFault): string {
  const line = text.replace(/\s/g, " ");
  const pointer = `${" ".repeat(offset)}${"^".repeat(Math.max(length, 1))}`;
  const hint = unknownField === undefined ? "" : proposal(unknownField);
  return `Cannot read the filter: ${reason}${hint}\n  ${line}\n  ${pointer}`;
}

const OCCURRENCES = { f: "first", l: "last", a: "all" } as const;
const QUOTES = { d: '"', s: "'", n: "" } as const;
const LAYOUT_HELP = "separator=, aggregator=, occurrence=f|l|a, quote=d|s|n, header=y|n";

/** The settings of -E as tshark spells them; /t is a tab, /s a space. */
function readLayout(settings: readonly string[]): { layout: FieldLayout; header: boolean } {
  let layout = TSHARK_LAYOUT;
  let header = false;
  for (const setting of settings) {
    const [name, value] = split(setting);
    if (name === "separator" || name === "aggregator") {
      layout = { ...layout, [name]: character(setting, value) };
    } else if (name === "occurrence") layout = { ...layout, occurrence: choice(setting, OCCURRENCES, value) };
    else if (name === "quote") layout = { ...layout, quote: choice(setting, QUOTES, value) };
    else if (name === "header") header = choice(setting, { y: true, n: false }, value);
    else throw wrongSetting(setting);
  }
  return { layout, header };
}

function split(setting: string): [name: string, value: string] {
  const equals = setting.indexOf("=");
  return [setting.slice(0, Math.max(equals, 0)), setting.slice(equals + 1)];
}

function character(setting: string, value: string): string {
  const text = ({ "/t": "\t", "/s": " ", "\\t": "\t", "\\s": " " } as Record<string, string>)[value] ?? value;
  if (!/^[\t\x20-\x7e]$/.test(text)) throw wrongSetting(setting);
  return text;
}

function choice<Value>(setting: string, choices: Readonly<Record<string, Value>>, value: string): Value {
  if (!Object.hasOwn(choices, value)) throw wrongSetting(setting);
  return choices[value];
}

function wrongSetting(setting: string): UsageError {
  return new UsageError(`-E ${setting} means nothing: -E takes ${LAYOUT_HELP}`);
}
