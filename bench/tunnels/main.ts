import { CommanderError } from "commander";
import { temporaryFolder } from "../../cli/lab/lab.ts";
import { coloursFor } from "../../cli/output/colours.ts";
import { messageOf, UsageError } from "../../cli/output/fault.ts";
import { OutputClosed, print, remark } from "../../cli/output/write.ts";
import { type Actions, parseCommandLine, type RunRequest, type TableRequest } from "./options.ts";
import { drawResults } from "./picture.ts";
import { availableTunnels, checkMachine, checkProcessors } from "./requirements.ts";
import { formatResults, readResults, type Results } from "./results.ts";
import { measureAll } from "./run.ts";
import { formatMarkdown, formatTables } from "./table.ts";
import { compileTools } from "./tools.ts";

/** deno task bench:tunnels: measures dsmip beside the tunnels that somebody would use instead. */

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const INTERRUPTED = 130;

const actions: Actions = {
  run: async (request) => {
    checkMachine(request);
    checkProcessors(request, navigator.hardwareConcurrency);
    const say = (line: string) => remark(`${line}\n`);
    const tunnels = availableTunnels(request.tunnels, say);
    const out = await makeOutputFolder(request);
    const folder = await Deno.makeTempDir({ prefix: "dsmip-bench-" });
    const aborting = new AbortController();
    const abort = () => aborting.abort(new Interrupted());
    for (const signal of SIGNALS) Deno.addSignalListener(signal, abort);
    try {
      const tools = await compileTools(folder, aborting.signal);
      const results = await measureAll(request, tunnels, {
        tools,
        signal: aborting.signal,
        say,
        keep: (results) => writeResults(out, results),
      });
      printResults(results, request.markdown);
      say(`written: ${out}/results.json and ${out}/results.svg`);
    } finally {
      for (const signal of SIGNALS) Deno.removeSignalListener(signal, abort);
      await Deno.remove(folder, { recursive: true });
    }
  },
  table: async ({ file, markdown, svg }: TableRequest) => {
    const results = await readResults(file);
    printResults(results, markdown);
    if (svg !== undefined) await Deno.writeTextFile(svg, drawResults(results));
  },
};

/** Somebody pressed Ctrl-C; what was measured so far is kept. */
class Interrupted extends Error {
  override readonly name = "Interrupted";
  constructor() {
    super("interrupted; all is put back, and what was measured so far is kept");
  }
}

function printResults(results: Results, markdown: boolean): void {
  print(markdown ? formatMarkdown(results) : formatTables(results, coloursFor(Deno.stdout)));
}

async function makeOutputFolder({ out }: RunRequest): Promise<string> {
  const time = new Date().toISOString().replace(/[-:]|\.\d+Z$/g, "");
  const folder = out ?? `${temporaryFolder()}/dsmip-bench-results/${time}`;
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    throw new UsageError(`--out ${folder}: ${messageOf(error)}`);
  }
  return folder;
}

async function writeResults(folder: string, results: Results): Promise<void> {
  await Deno.writeTextFile(`${folder}/results.json`, formatResults(results));
  await Deno.writeTextFile(`${folder}/results.svg`, drawResults(results));
}

/** The exit status: 0 done, 1 it failed, 2 it was not asked in a way that can work, 130 interrupted. */
async function main(words: readonly string[]): Promise<number> {
  try {
    await parseCommandLine(words, actions);
    return 0;
  } catch (error) {
    if (error instanceof OutputClosed) return 0;
    // Commander has said it already.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    remark(`bench:tunnels: ${messageOf(error)}\n`);
    if (error instanceof Interrupted) return INTERRUPTED;
    return error instanceof UsageError ? 2 : 1;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
