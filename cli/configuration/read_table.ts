import type { Check, ValueOf } from "./check.ts";
import { type Mistake, show, showName } from "./mistake.ts";
import { nearestName } from "./nearest.ts";

export type Table = Readonly<Record<string, unknown>>;
/** What may stand at each key of a table. */
type Checks = Readonly<Record<string, Check<unknown>>>;
/** The values of the keys that were right; all of them when there was no mistake. */
export type RightValues<Keys extends Checks> = { [Key in keyof Keys]?: ValueOf<Keys[Key]> };

export interface TableSource {
  /** How an error names the table: "[home_agent]". */
  readonly title: string;
  /** Its name in the map of lines: "mobile_node.0". */
  readonly name: string;
  readonly lines: ReadonlyMap<string, number>;
  readonly mistakes: Mistake[];
}

export function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** Adds a mistake about a key of the table, or about the table as a whole. */
export function addMistake(source: TableSource, key: string | undefined, text: string): void {
  const line = source.lines.get(key === undefined ? source.name : `${source.name}.${key}`) ??
    source.lines.get(source.name);
  source.mistakes.push({
    line,
    text: `${source.title} ${key === undefined ? "" : showName(key)}${text}`.trimEnd(),
  });
}

/** Checks a table against what may stand in it; each mistake is added to the source's. */
export function readTable<Keys extends Checks>(
  table: Table,
  keys: Keys,
  source: TableSource,
): RightValues<Keys> {
  const values: Record<string, unknown> = {};
  for (const name of Object.keys(table)) {
    if (!Object.hasOwn(keys, name)) addUnknownKey(source, name, Object.keys(keys));
  }
  for (const [name, check] of Object.entries(keys)) {
    const present = Object.hasOwn(table, name);
    const result = present ? check.read(table[name]) : check.missing;
    if (result !== undefined) values[name] = result.value;
    else {
      const what = present ? ` = ${show(table[name])}: ` : " is missing: it ";
      addMistake(source, name, `${what}${check.allowed}`);
    }
  }
  return values as RightValues<Keys>;
}

export function addUnknownKey(source: TableSource, name: string, known: readonly string[]): void {
  const near = nearestName(name, known);
  const hint = near === undefined ? `known keys: ${known.join(", ")}` : `did you mean ${near}?`;
  addMistake(source, name, `: unknown key; ${hint}`);
}
