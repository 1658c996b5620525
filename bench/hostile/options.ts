import { parseArgs } from "node:util";
import { messageOf, UsageError } from "../../cli/output/fault.ts";
import { type Attack, ATTACKS } from "./attacks.ts";

export interface HostileRequest {
  /** Which attacks, in the order of the list. */
  readonly attacks: readonly Attack[];
  /** How long each lasts. */
  readonly seconds: number;
  /** JSON in place of the table. */
  readonly json: boolean;
}

const SECONDS = 8;
const FEWEST_SECONDS = 3;
const MOST_SECONDS = 60;

export const USAGE = `Usage: deno task bench:hostile [--seconds N] [--json] [${
  ATTACKS.map(({ name }) => name).join("|")
}]...`;

/** The command line; undefined where it asks for help. @throws UsageError when it cannot be */
export function parseCommandLine(words: readonly string[]): HostileRequest | undefined {
  const { values, positionals } = parseWords(words);
  if (values.help) return undefined;
  const unknown = positionals.filter((word) => !ATTACKS.some(({ name }) => name === word));
  if (unknown.length > 0) throw new UsageError(`there is no attack "${unknown.join('", "')}"`);
  return {
    attacks: positionals.length > 0 ? ATTACKS.filter(({ name }) => positionals.includes(name)) : ATTACKS,
    seconds: wholeSeconds(values.seconds),
    json: values.json,
  };
}

function parseWords(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        help: { type: "boolean", short: "h" },
        json: { type: "boolean", default: false },
        seconds: { type: "string", default: String(SECONDS) },
      },
    });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

function wholeSeconds(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= FEWEST_SECONDS && value <= MOST_SECONDS) return value;
  throw new UsageError(`--seconds needs a whole number from ${FEWEST_SECONDS} to ${MOST_SECONDS}`);
}
