import { parseArgs } from "node:util";
import { messageOf, UsageError } from "../../cli/output/fault.ts";
import { type Attack, ATTACKS } from "./attacks.ts";

export interface HostileRequest {
  /** Which attacks, in the order of the list. */
  readonly attacks: readonly Attack[];
  /** How long each lasts. */
  readonly seconds: number;
  /** Honest mobile nodes. */
  readonly nodes: number;
  /** JSON in place of the table. */
  readonly json: boolean;
}

const SECONDS = 8;
const NODES = 10_000;

export const USAGE = `Usage: deno task bench:hostile [--seconds N] [--nodes N] [--json] [${
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
    seconds: wholeNumber("--seconds", values.seconds, { least: 3, most: 60 }),
    nodes: wholeNumber("--nodes", values.nodes, { least: 10, most: 20_000 }),
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
        nodes: { type: "string", default: String(NODES) },
        seconds: { type: "string", default: String(SECONDS) },
      },
    });
  } catch (error) {
    throw new UsageError(messageOf(error));
  }
}

function wholeNumber(
  option: string,
  text: string,
  { least, most }: { readonly least: number; readonly most: number },
): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`${option} needs a whole number from ${least} to ${most}`);
}
