import type { Check } from "../configuration/check.ts";
import {
  HOME_AGENT_KEYS,
  MOBILE_NETWORK_KEYS,
  MOBILE_NODE_ENTRY_KEYS,
  MOBILE_NODE_KEYS,
} from "../configuration/schema.ts";
import {
  HOME_AGENT_DESCRIPTIONS,
  MOBILE_NETWORK_DESCRIPTIONS,
  MOBILE_NODE_DESCRIPTIONS,
  MOBILE_NODE_ENTRY_DESCRIPTIONS,
} from "./key_descriptions.ts";

/** One key, as the JSON schema, the reference and the manual page show it. */
export interface DocumentedKey {
  readonly name: string;
  readonly check: Check<unknown>;
  readonly description: string;
}

/** One table of a configuration file. */
export interface DocumentedTable {
  /** As it is written: "[home_agent]". */
  readonly title: string;
  readonly about: string;
  readonly keys: readonly DocumentedKey[];
}

function documented<Keys extends Readonly<Record<string, Check<unknown>>>>(
  title: string,
  about: string,
  keys: Keys,
  descriptions: Readonly<Record<keyof Keys, string>>,
): DocumentedTable {
  const list = Object.entries(keys).map(([name, check]) => ({
    name,
    check,
    description: descriptions[name],
  }));
  return { title, about, keys: list };
}

export const HOME_AGENT_TABLE = documented(
  "[home_agent]",
  "A home agent: dsmip ha serve.",
  HOME_AGENT_KEYS,
  HOME_AGENT_DESCRIPTIONS,
);

export const MOBILE_NODE_ENTRY_TABLE = documented(
  "[[mobile_node]]",
  "Beside [home_agent], one for each mobile node that it serves.",
  MOBILE_NODE_ENTRY_KEYS,
  MOBILE_NODE_ENTRY_DESCRIPTIONS,
);

export const MOBILE_NODE_TABLE = documented(
  "[mobile_node]",
  "A mobile node, in a file of its own: dsmip mn up.",
  MOBILE_NODE_KEYS,
  MOBILE_NODE_DESCRIPTIONS,
);

export const MOBILE_NETWORK_TABLE = documented(
  "[mobile_network]",
  "Beside [mobile_node], the network behind a mobile router.",
  MOBILE_NETWORK_KEYS,
  MOBILE_NETWORK_DESCRIPTIONS,
);

/** All tables, in the order of a reader. */
export const CONFIGURATION_TABLES: readonly DocumentedTable[] = [
  HOME_AGENT_TABLE,
  MOBILE_NODE_ENTRY_TABLE,
  MOBILE_NODE_TABLE,
  MOBILE_NETWORK_TABLE,
];

/** "required", "optional", or the default as TOML. */
export function whenMissing({ check }: DocumentedKey): string {
  if (check.missing === undefined) return "required";
  const { value } = check.missing;
  return value === undefined ? "optional" : JSON.stringify(value);
}
