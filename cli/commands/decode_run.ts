import type { EspAssociation } from "../../core/inspect/esp.ts";
import { type InputOptions, openInput } from "../decode_input/command_input.ts";
import { coloursFor } from "../output/colours.ts";
import { UsageError } from "../output/fault.ts";
import type { OutputOptions } from "./decode_output.ts";
import { Decoding } from "./decode_packets.ts";

/** The options of the command line. */
export interface DecodeCommandOptions extends InputOptions {
  readonly verbose?: true;
  readonly hex?: true;
  readonly time?: OutputOptions["time"];
  readonly field?: readonly string[];
  readonly layout?: readonly string[];
  readonly format?: OutputOptions["format"];
  readonly plot?: string;
  readonly espSa?: string;
  readonly legacy?: true;
  readonly sessions?: true;
  readonly lint?: true;
  readonly lintRules?: true;
}

/** What `dsmip decode` does; the command line itself is in decode.ts. */
export async function runDecode(file: string | undefined, options: DecodeCommandOptions): Promise<void> {
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
}

/** Few captures are told as a story: what does it is loaded when it is asked for. */
async function tellSessions(file: string | undefined, options: DecodeCommandOptions): Promise<void> {
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

/** Few captures are held against the rules: what does it is loaded when it is asked for. */
async function lint(file: string | undefined, options: DecodeCommandOptions): Promise<void> {
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
function asksForPackets({ verbose, hex, time, field, layout }: DecodeCommandOptions): boolean {
  return verbose === true || hex === true || time !== undefined || field !== undefined ||
    layout !== undefined;
}

/** Its reader is large, and few captures need it. */
async function espKeys(file: string | undefined): Promise<EspAssociation[] | undefined> {
  if (file === undefined) return undefined;
  const { readEspKeys } = await import("../decode_input/esp_keys.ts");
  return readEspKeys(file);
}
