import { Command, InvalidArgumentError, Option } from "commander";
import { CaptureReader } from "../../core/capture/capture_reader.ts";
import type { EspAssociation } from "../../core/inspect/esp.ts";
import { TextWriter } from "../../core/inspect/text_writer.ts";
import { TIME_FORMS } from "../../core/inspect/time_column.ts";
import { type InputOptions, openInput } from "../decode_input/command_input.ts";
import { coloursFor } from "../output/colours.ts";
import { Failure, UsageError } from "../output/fault.ts";
import { OutputClosed, type SyncWriter, writeAll } from "../output/write.ts";
import { OUTPUT_FORMATS, type OutputOptions, PacketOutput } from "./decode_output.ts";

const READ_OCTETS = 1_048_576;
const WRITE_OCTETS = 65_536;

const EXAMPLES = `
One line a packet: number, seconds since the first packet, innermost source and destination, protocol, what
matters, [remarks], and the tunnels that the packet came through, the innermost first.

In a Binding Update (BU) or Acknowledgement (BA): AHK... are flags, CoA4 the IPv4 care-of address, HoA4 the
IPv4 home address, HoA the Home Address option, RH2 the type 2 routing header, MNP a mobile network prefix;
[NAT] where the outer source address is not the care-of address. Other messages by their abbreviations: HoTI CoTI
HoT CoT BRR BE, FBU FBack FNA HI HAck, HAS HB BRI BRA LRI LRA UPN UPA, FBI FBA SQ SR.

Examples:
  dsmip decode capture.pcap
  dsmip decode -V -c 1 capture.pcapng          every field of the first packet, with the bytes where it stands
  dsmip decode -Y 'mip6.mhtype in {5, 6}' capture.pcap         the registrations
  dsmip decode -T fields -e frame.number -e mip6.ba.status capture.pcap
  dsmip decode -i eth0 -w kept.pcap            live`;

/** `dsmip decode FILE` */
export function decodeCommand() {
  return new Command("decode")
    .description(
      "Read a packet capture (pcap, pcapng, also gzip or zstd) as a person who cares for IP mobility would",
    )
    .argument("[file]", "the capture; - is standard input")
    .option("-i, --interface <name>", "capture from this interface instead, until Ctrl-C")
    .option("-w, --write <file>", "with -i: keep all that was seen as pcap")
    .option("-V, --verbose", "the full tree of every packet instead of a line")
    .option("-x, --hex", "the octets of every packet, too")
    .addOption(
      new Option(
        "-t, --time <form>",
        "when: r seconds since the first packet, d since the one before, dd since the one shown before, " +
          "e since 1970, ud date and time in UTC",
      ).choices(TIME_FORMS),
    )
    .option("-c, --count <packets>", "stop after so many packets", parseCount)
    .option("-Y, --filter <filter>", "only packets that this display filter lets through, in tshark's words")
    .addOption(new Option("-T, --format <format>", "what to print of a packet").choices(OUTPUT_FORMATS))
    .option("-e, --field <name>", "a field to print, by tshark's name; may be given again", collect)
    .option(
      "-E, --layout <setting>",
      "how -T fields prints: separator=, header=y, ... as tshark has it",
      collect,
    )
    .option("--esp-sa <file>", "decrypt ESP with the keys in this file (TOML, mode 0600)")
    .option(
      "--legacy",
      "the capture is from before RFC 5555: its drafts' port 666, options 21 to 24, status 152",
    )
    .option("--sessions", "the story of each mobile node: registrations, NAT, handovers, overhead")
    .option("--plot <file>", "with --sessions: data and signalling against time, as an SVG picture")
    .option("--lint", "hold every packet against the RFCs; exit status 3 when an error or a warning is found")
    .option("--lint-rules", "list the rules of --lint")
    .addHelpText("after", EXAMPLES)
    .action(async (file, options) => {
      if (options.lint === true || options.lintRules === true) return await lint(file, options);
      if (options.sessions === true || options.plot !== undefined) return await tellSessions(file, options);
      const { verbose, hex: hexDump, time, count, filter, format, field: fields, layout, espSa, legacy } =
        options;
      const { name, chunks } = openInput(file, options);
      const colour = Deno.stdout.isTerminal() && !Deno.env.get("NO_COLOR");
      const espAssociations = await espKeys(espSa);
      const output = { verbose, hexDump, time, filter, format, fields, layout, espAssociations, legacy };
      const decoding = new Decoding(Deno.stdout, { name, count, colour, ...output });
      for await (const chunk of chunks) {
        if (!decoding.take(chunk)) break;
      }
      decoding.finish();
    });
}

/** Few captures are told as a story: what does it is loaded when it is asked for. */
async function tellSessions(file: string | undefined, options: SessionCommandOptions): Promise<void> {
  const { format, plot, filter, count, espSa, legacy } = options;
  if (asksForPackets(options)) {
    throw new UsageError(
      "--sessions and --plot tell of mobile nodes, not of packets: without -V, -x, -t, -e and -E",
    );
  }
  const { name, chunks } = openInput(file, options);
  const { decodeSessions } = await import("./decode_sessions.ts");
  const helpers = { espAssociations: await espKeys(espSa), legacy };
  const settings = { name, format, plot, filter, count, helpers };
  await decodeSessions(chunks, Deno.stdout, { ...settings, colours: coloursFor(Deno.stdout) });
}

interface LintCommandOptions extends SessionCommandOptions {
  readonly lintRules?: true;
}

/** Few captures are held against the rules: what does it is loaded when it is asked for. */
async function lint(file: string | undefined, options: LintCommandOptions): Promise<void> {
  const { decodeLint, listLintRules } = await import("./decode_lint.ts");
  const colours = coloursFor(Deno.stdout);
  if (options.lintRules === true) return listLintRules(Deno.stdout, colours);
  const { format, filter, count, espSa, legacy } = options;
  if (asksForPackets(options) || filter !== undefined || count !== undefined || format === "fields") {
    throw new UsageError(
      "--lint looks at the whole capture: without -V, -x, -t, -c, -Y, -e, -E, and with -T text or json",
    );
  }
  const { name, chunks } = openInput(file, options);
  const helpers = { espAssociations: await espKeys(espSa), legacy };
  await decodeLint(chunks, Deno.stdout, { name, json: format === "json", colours, helpers });
}

/** Whether an option says how to print each packet. */
function asksForPackets({ verbose, hex, time, field, layout }: SessionCommandOptions): boolean {
  return verbose === true || hex === true || time !== undefined || field !== undefined ||
    layout !== undefined;
}

interface SessionCommandOptions extends InputOptions {
  readonly verbose?: true;
  readonly hex?: true;
  readonly time?: OutputOptions["time"];
  readonly field?: readonly string[];
  readonly layout?: readonly string[];
  readonly format?: OutputOptions["format"];
  readonly plot?: string;
  readonly espSa?: string;
  readonly legacy?: true;
}

/** Its reader is large, and few captures need it. */
async function espKeys(file: string | undefined): Promise<EspAssociation[] | undefined> {
  if (file === undefined) return undefined;
  const { readEspKeys } = await import("../decode_input/esp_keys.ts");
  return readEspKeys(file);
}

/** Where a capture comes from in one piece after the other: an open file, or a test's own. */
export interface SyncReader {
  readSync(buffer: Uint8Array): number | null;
}

export interface DecodeOptions extends OutputOptions {
  /** What the messages call the capture. */
  readonly name: string;
  /** Stop after so many packets that were shown. */
  readonly count?: number;
  readonly colour?: boolean;
}

/** Prints the whole capture at once; throws what Decoding throws. */
export function decode(source: SyncReader, output: SyncWriter, options: DecodeOptions): void {
  const decoding = new Decoding(output, options);
  const buffer = new Uint8Array(READ_OCTETS);
  for (;;) {
    const octets = source.readSync(buffer);
    if (octets === null || !decoding.take(buffer.subarray(0, octets))) break;
  }
  decoding.finish();
}

/** Prints a capture, packet by packet, as its octets come in, with memory for one piece of it. */
export class Decoding {
  readonly #output: SyncWriter;
  readonly #name: string;
  readonly #reader = new CaptureReader();
  readonly #text: TextWriter;
  readonly #shown: PacketOutput;
  #left: number;

  constructor(
    output: SyncWriter,
    { name, count = Infinity, colour = false, ...shown }: DecodeOptions,
  ) {
    this.#output = output;
    this.#name = name;
    this.#left = count;
    this.#text = new TextWriter(colour);
    this.#shown = new PacketOutput(this.#text, shown);
  }

  /**
   * Prints the packets that `chunk` completes; false when no more chunks are wanted.
   * Throws OutputClosed when nobody reads what is printed.
   */
  take(chunk: Uint8Array): boolean {
    const text = this.#text;
    this.#reader.push(chunk);
    while (this.#left > 0) {
      const packet = this.#reader.next();
      if (packet === undefined) break;
      if (this.#shown.show(packet)) this.#left--;
      if (text.length >= WRITE_OCTETS) flush(text, this.#output);
    }
    // Before the next chunk: it may have to wait for a packet that somebody has not sent yet.
    flush(text, this.#output);
    return this.#left > 0 && this.#reader.fault === undefined;
  }

  /** No more chunks. Throws Failure where the capture is damaged or ends within a packet that was wanted. */
  finish(): void {
    if (this.#left > 0) this.#reader.finish();
    const { fault } = this.#reader;
    if (fault === undefined) return;
    if (fault.kind === "notACapture") throw new Failure(`Cannot decode ${this.#name}: ${fault.reason}`);
    throw new Failure(`Cannot decode ${this.#name} from byte ${fault.offset} on: ${fault.reason}`);
  }
}

function flush(text: TextWriter, output: SyncWriter): void {
  try {
    writeAll(output, text.bytes.subarray(0, text.length), Infinity);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new OutputClosed();
    throw error;
  }
  text.clear();
}

function collect(value: string, values: readonly string[] = []): string[] {
  return [...values, value];
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count === 0 || !Number.isSafeInteger(count)) {
    throw new InvalidArgumentError("It is a number of packets, 1 or more.");
  }
  return count;
}
