import { checkNames, parseWords, wholeNumber } from "../command_line.ts";
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
const NAMES = ATTACKS.map(({ name }) => name);

export const USAGE = `Usage: deno task bench:hostile [--seconds N] [--nodes N] [--json] [${
  NAMES.join("|")
}]...`;

/** The command line; undefined where it asks for help. @throws UsageError when it cannot be */
export function parseCommandLine(words: readonly string[]): HostileRequest | undefined {
  const { values, positionals } = parseWords(words, {
    help: { type: "boolean", short: "h" },
    json: { type: "boolean", default: false },
    nodes: { type: "string", default: String(NODES) },
    seconds: { type: "string", default: String(SECONDS) },
  });
  if (values.help) return undefined;
  checkNames(positionals, NAMES, "attack");
  return {
    attacks: positionals.length > 0 ? ATTACKS.filter(({ name }) => positionals.includes(name)) : ATTACKS,
    seconds: wholeNumber("--seconds", values.seconds, { least: 3, most: 60 }),
    nodes: wholeNumber("--nodes", values.nodes, { least: 10, most: 20_000 }),
    json: values.json,
  };
}
