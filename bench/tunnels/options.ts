import { Argument, Command, InvalidArgumentError, Option } from "commander";
import { print, remark } from "../../cli/output/write.ts";
import { TUNNELS, USUAL_TUNNELS } from "./kinds/all.ts";
import { METRIC_GROUPS, type MetricGroup } from "./metrics.ts";
import { type Underlay, UNDERLAYS } from "./network.ts";
import type { Tunnel } from "./tunnel.ts";

export interface RunRequest {
  readonly runs: number;
  readonly tunnels: readonly Tunnel[];
  readonly metrics: readonly MetricGroup[];
  readonly underlay: Underlay;
  /** Of the TCP measurement; all but the pings and the moves last longer or shorter with it. */
  readonly seconds: number;
  /** Where the results go. */
  readonly out?: string;
  readonly markdown: boolean;
  /** Neither waits for a quiet machine nor repeats what was disturbed. */
  readonly hasty: boolean;
  /** Each end has a processor of its own. */
  readonly pin: boolean;
}

export interface TableRequest {
  readonly file: string;
  readonly markdown: boolean;
  /** Where the picture goes. */
  readonly svg?: string;
}

export interface Actions {
  readonly run: (request: RunRequest) => Promise<void>;
  readonly table: (request: TableRequest) => Promise<void>;
}

const NAME_WIDTH = 24;
const ROWS = TUNNELS.map(({ name, about }) => `  ${name.padEnd(NAME_WIDTH)}${about}\n`).join("");
const MORE_HELP = `
Tunnels:
${ROWS}
Environment:
  DSMIP          the dsmip to measure; otherwise from this source
  WIREGUARD_GO   a second wireguard-go to measure, say a newer one
  BENCH_LOCK     the file that is locked while measuring, where others measure, too

Examples:
  deno task bench:tunnels
  deno task bench:tunnels --runs 1 --tunnels veth,dsmip,c-udp-plain --metrics rtt,tcp
  deno task bench:tunnels table results.json --markdown`;

/** The command line; throws CommanderError when it cannot be. */
export async function parseCommandLine(words: readonly string[], actions: Actions): Promise<void> {
  const program = new Command("bench:tunnels")
    .description(
      "Measures dsmip beside other tunnels (as root), prints tables, and writes results.json and results.svg",
    )
    .helpOption("-h, --help", "print this help")
    .option("--runs <n>", "how often every tunnel is measured", wholeNumberTo(100), 5)
    .option("--tunnels <names>", "which ones, as a,b,c (default: all but dsmip-no-...)", tunnelList)
    .option("--metrics <names>", `which of ${METRIC_GROUPS.join(",")} (default: all)`, metricList)
    .addOption(
      new Option(
        "--underlay <kind>",
        "veth: 64 KB packets cross it whole; wire: frames up to 1500 octets; wire-gro: merged where they arrive",
      ).choices(UNDERLAYS).default("veth" as Underlay),
    )
    .option("--seconds <n>", "how long TCP is measured; the rest in proportion", wholeNumberTo(60), 5)
    .option("--out <folder>", "where the results go; otherwise a new temporary folder")
    .option("--markdown", "print one table for a document", false)
    .option("--hasty", "neither wait for a quiet machine nor repeat what was disturbed", false)
    .option("--pin", "end a on processor 0, end b on processor 1: their programs are not moved", false)
    .addHelpText("after", MORE_HELP)
    .configureOutput({
      writeOut: print,
      writeErr: remark,
      outputError: (text, write) => write(`bench:tunnels: ${text}`),
    })
    .exitOverride()
    .enablePositionalOptions()
    .showHelpAfterError("Try: deno task bench:tunnels --help")
    .action(async ({ tunnels = USUAL_TUNNELS, metrics = METRIC_GROUPS, underlay, ...options }) =>
      await actions.run({ ...options, tunnels, metrics, underlay: underlay as Underlay })
    );
  const table = new Command("table")
    .description("Print the tables of earlier results, or draw them")
    .addArgument(new Argument("<file>", "a results.json"))
    .option("--markdown", "print one table for a document", false)
    .option("--svg <file>", "draw the picture, too")
    .action(async (file, options) => await actions.table({ ...options, file }));
  program.addCommand(table.copyInheritedSettings(program));
  await program.parseAsync(words, { from: "user" });
}

function wholeNumberTo(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
    throw new InvalidArgumentError(`a whole number from 1 to ${most} is needed.`);
  };
}

function tunnelList(text: string): Tunnel[] {
  return chosen(text, TUNNELS.map(({ name }) => name), "tunnel")
    .map((wanted) => TUNNELS.find(({ name }) => name === wanted)!);
}

function metricList(text: string): MetricGroup[] {
  return chosen(text, METRIC_GROUPS, "measurement");
}

/** The names in a list with commas, each once. */
function chosen<Name extends string>(text: string, names: readonly Name[], kind: string): Name[] {
  const wanted = [...new Set(text.split(",").map((word) => word.trim()).filter((word) => word !== ""))];
  const unknown = wanted.filter((word) => !(names as readonly string[]).includes(word));
  if (unknown.length > 0) {
    throw new InvalidArgumentError(
      `There is no ${kind} "${unknown.join('", "')}". There are: ${names.join(", ")}.`,
    );
  }
  if (wanted.length === 0) throw new InvalidArgumentError(`Name at least one ${kind}: ${names.join(", ")}.`);
  return wanted as Name[];
}
