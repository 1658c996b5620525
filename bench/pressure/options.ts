import { parseArgs } from "node:util";
import { messageOf, UsageError } from "../../cli/output/fault.ts";

export const MEASUREMENTS = ["workers", "signalling", "allocation"] as const;
export type Measurement = typeof MEASUREMENTS[number];

export interface PressureRequest {
  /** Which ones, in the order in which they were named. */
  readonly measurements: readonly Measurement[];
  /** How often `workers` measures each number of workers. */
  readonly runs: number;
  /** How long each flood lasts. */
  readonly seconds: number;
}

const RUNS = 5;
const SECONDS = 5;
const MOST = 100;

export const USAGE = `Usage: deno task bench:pressure [--runs N] [--seconds N] [${
  MEASUREMENTS.join("|")
}]...`;

/** The command line; undefined where it asks for help. @throws UsageError when it cannot be */
export function parseCommandLine(words: readonly string[]): PressureRequest | undefined {
  const { values, positionals } = parseWords(words);
  if (values.help) return undefined;
  const unknown = positionals.filter((word) => !MEASUREMENTS.some((name) => name === word));
  if (unknown.length > 0) throw new UsageError(`there is no measurement "${unknown.join('", "')}"`);
  return {
    measurements: positionals.length > 0 ? positionals as Measurement[] : MEASUREMENTS,
    runs: wholeNumber("--runs", values.runs, RUNS),
    seconds: wholeNumber("--seconds", values.seconds, SECONDS),
  };
}

function parseWords(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        runs: { type: "string" },
        seconds: { type: "string" },
      },
    });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

function wholeNumber(option: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise;
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= MOST) return value;
  throw new UsageError(`${option} needs a whole number from 1 to ${MOST}`);
}
