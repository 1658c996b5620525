import { checkNames, parseWords, wholeNumber } from "../command_line.ts";

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
const BOUNDS = { least: 1, most: 100 };

export const USAGE = `Usage: deno task bench:pressure [--runs N] [--seconds N] [${
  MEASUREMENTS.join("|")
}]...`;

/** The command line; undefined where it asks for help. @throws UsageError when it cannot be */
export function parseCommandLine(words: readonly string[]): PressureRequest | undefined {
  const { values, positionals } = parseWords(words, {
    help: { type: "boolean", short: "h" },
    runs: { type: "string", default: String(RUNS) },
    seconds: { type: "string", default: String(SECONDS) },
  });
  if (values.help) return undefined;
  checkNames(positionals, MEASUREMENTS, "measurement");
  return {
    measurements: positionals.length > 0 ? positionals as Measurement[] : MEASUREMENTS,
    runs: wholeNumber("--runs", values.runs, BOUNDS),
    seconds: wholeNumber("--seconds", values.seconds, BOUNDS),
  };
}
