import { UsageError } from "../output/fault.ts";
import { checkDocument, parseToml } from "./configuration.ts";
import { readConfigurationText } from "./configuration_text.ts";
import { overwriteKeys } from "./held_keys.ts";
import { findKeyLines } from "./key_lines.ts";
import { isTable, type Table } from "./read_table.ts";
import type { Configuration } from "./record.ts";
import { HOME_AGENT_KEYS, MOBILE_NETWORK_KEYS, MOBILE_NODE_KEYS } from "./schema.ts";

/** Of each table its keys, and those of them that a running daemon takes over: all others need a restart. */
const TABLES = {
  home_agent: {
    keys: HOME_AGENT_KEYS,
    reloaded: [
      "maximum_lifetime_seconds",
      "nat_refresh_seconds",
      "force_udp",
      "accept_force_udp",
      "prefix_advertisements",
      "probe_care_of_address",
      "preference",
      "clock_tolerance_seconds",
    ],
  },
  mobile_node: {
    keys: MOBILE_NODE_KEYS,
    reloaded: [
      "spi",
      "key_file",
      "algorithm",
      "lifetime_seconds",
      "first_timeout_ms",
      "keepalive_seconds",
      "force_udp",
      "prefer",
      "egress",
    ],
  },
  mobile_network: { keys: MOBILE_NETWORK_KEYS, reloaded: [] },
} as const;

/** What a reload has found. */
export interface Reread<Kind extends Configuration> {
  /** What the daemon runs with from now on: the new file, where it needs no restart. */
  readonly configuration: Kind;
  /** Keys that have changed and need a restart: "home_agent.port". */
  readonly needRestart: readonly string[];
}

/**
 * Reads the file of a running daemon again. It is checked as a whole twice: as it stands there, and with the values that stay
 * until a restart, so that what is taken over fits them.
 * @throws ConfigurationError with every mistake; UsageError where it is for another daemon, or fits only after a restart
 */
export function rereadConfiguration<Kind extends Configuration>(running: Kind): Reread<Kind> {
  const { file, kind } = running;
  const text = readConfigurationText(file);
  const document = parseToml(file, text);
  const lines = findKeyLines(text);
  const fresh = checkDocument(file, document, lines);
  const needRestart = keysThatNeedRestart(running.document, document);
  if (fresh.kind === kind && needRestart.length === 0) return { configuration: fresh as Kind, needRestart };
  // Nobody goes on with this one: what is taken over has read the key files once more.
  overwriteKeys(fresh);
  if (fresh.kind !== kind) throw new UsageError(`${file}: this is the file of another kind of daemon now`);
  try {
    const merged = withRunningValues(document, running.document, needRestart);
    return { configuration: checkDocument(file, merged, lines) as Kind, needRestart };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(
      `${error.message}\n${file}: so it is until a restart brings what has changed: ${
        needRestart.join(", ")
      }`,
    );
  }
}

function keysThatNeedRestart(running: Table, fresh: Table): string[] {
  return Object.entries(TABLES).flatMap(([name, { keys, reloaded }]) => {
    const staying = Object.entries(keys).filter(([key]) => !(reloaded as readonly string[]).includes(key));
    const valueOf = (document: Table, key: string, check: typeof staying[number][1]) => {
      const table = document[name];
      if (!isTable(table)) return undefined;
      return JSON.stringify(Object.hasOwn(table, key) ? check.read(table[key]) : check.missing);
    };
    return staying.filter(([key, check]) => valueOf(running, key, check) !== valueOf(fresh, key, check))
      .map(([key]) => `${name}.${key}`);
  });
}

/** The fresh document, where these keys have what they had. */
function withRunningValues(fresh: Table, running: Table, keys: readonly string[]): Table {
  const merged: Record<string, unknown> = { ...fresh };
  for (const name of keys) {
    const [tableName, key] = name.split(".");
    const table = running[tableName];
    if (!isTable(table)) {
      delete merged[tableName];
      continue;
    }
    const values: Record<string, unknown> = isTable(merged[tableName]) ? { ...merged[tableName] } : {};
    if (Object.hasOwn(table, key)) values[key] = table[key];
    else delete values[key];
    merged[tableName] = values;
  }
  return merged;
}
