import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { messageOf, UsageError } from "../cli/output/fault.ts";
import { print, remark } from "../cli/output/write.ts";

/* The command lines of benchmarks that take a few options and the names of what to measure. */

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const INTERRUPTED = 130;

/** A benchmark as its command line starts it. */
export interface Benchmark<Request> {
  /** "bench:pressure" */
  readonly name: string;
  readonly usage: string;
  /** Undefined where the words ask for help. @throws UsageError when they cannot be */
  readonly parse: (words: readonly string[]) => Request | undefined;
  /** Puts all back that it has changed, also when the signal has been given. */
  readonly run: (request: Request, signal: AbortSignal) => Promise<void>;
}

/** The exit status: 0 done, 1 it failed, 2 it was not asked in a way that can work, 130 interrupted. */
export async function runBenchmark<Request>(
  { name, usage, parse, run }: Benchmark<Request>,
  words: readonly string[],
): Promise<number> {
  const aborting = new AbortController();
  const abort = () => aborting.abort(new Error("interrupted; all is put back"));
  for (const signal of SIGNALS) Deno.addSignalListener(signal, abort);
  try {
    const request = parse(words);
    if (request === undefined) print(`${usage}\n`);
    else await run(request, aborting.signal);
    return 0;
  } catch (error) {
    const isUsage = error instanceof UsageError;
    remark(`${name}: ${messageOf(error)}\n${isUsage ? `${usage}\n` : ""}`);
    if (aborting.signal.aborted) return INTERRUPTED;
    return isUsage ? 2 : 1;
  } finally {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, abort);
  }
}

/** The options and the other words of a command line. @throws UsageError where an option is not one of these */
export function parseWords<const Options extends ParseArgsOptionsConfig>(
  words: readonly string[],
  options: Options,
) {
  try {
    return parseArgs({ args: [...words], allowPositionals: true, options });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

/** @throws UsageError for a word that is none of these names */
export function checkNames(words: readonly string[], names: readonly string[], kind: string): void {
  const unknown = words.filter((word) => !names.includes(word));
  if (unknown.length > 0) throw new UsageError(`there is no ${kind} "${unknown.join('", "')}"`);
}

/** @throws UsageError for anything else than a whole number in these bounds */
export function wholeNumber(
  option: string,
  text: string,
  { least, most }: { readonly least: number; readonly most: number },
): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`${option} needs a whole number from ${least} to ${most}`);
}
