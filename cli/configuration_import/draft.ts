import { looksLikeKey } from "../configuration/mistake.ts";
import { visible } from "../output/table.ts";
import type { Statement } from "./statements.ts";

/** A value of our configuration. */
export type TomlValue = string | number | boolean | readonly string[];

interface Setting {
  readonly value: TomlValue;
  /** Where it comes from, or what the reader of the draft has to do. */
  readonly note: string;
  /** The last one that has it. */
  readonly statement?: Statement;
}

/** One table of the draft. */
export interface DraftTable {
  readonly title: string;
  readonly settings: Map<string, Setting>;
}

const MAXIMUM_SHOWN_LENGTH = 70;

/** A configuration of ours that comes into being, with what is to be said of each line of the other one. */
export class Draft {
  readonly #file: string;
  readonly #tables: DraftTable[] = [];
  readonly #remarks: { readonly line: number; readonly text: string }[] = [];

  /** @param file the name of what is imported, for remarks */
  constructor(file: string) {
    this.#file = visible(file);
  }

  addTable(title: string): DraftTable {
    const table = { title, settings: new Map<string, Setting>() };
    this.#tables.push(table);
    return table;
  }

  /** A value that a statement has; the last one holds, as in UMIP. */
  set(table: DraftTable, key: string, value: TomlValue, statement: Statement): void {
    const before = table.settings.get(key);
    const also = before === undefined ? "" : `${before.note.replace(/^line /, "")}, `;
    table.settings.set(key, { value, note: `line ${also}${statement.line}`, statement });
  }

  /** Takes a value back, with a remark about the statement that had it. */
  drop(table: DraftTable, key: string, why: string): void {
    const statement = table.settings.get(key)?.statement;
    if (statement !== undefined) this.remark(statement, why);
    table.settings.delete(key);
  }

  /** A value that no statement has, with the reason. */
  assume(table: DraftTable, key: string, value: TomlValue, note: string): void {
    table.settings.set(key, { value, note });
  }

  /** A value that UMIP's configuration does not hold: `dsmip config check` refuses the placeholder. */
  leaveOpen(table: DraftTable, key: string, what: string): void {
    this.assume(table, key, PLACEHOLDER, `TO DO: ${what}`);
  }

  /** A statement without a counterpart, or with one that is not the same. */
  remark(statement: Statement, text: string): void {
    this.#remarks.push({ line: statement.line, text: `${show(statement)}: ${text}` });
  }

  toToml(): string {
    const remarks = this.#remarks.toSorted((one, other) => one.line - other.line);
    return [
      `# Imported from ${this.#file}. Do what is marked TO DO, then: dsmip config check FILE`,
      ...(remarks.length === 0 ? [] : ["#", "# What is different here, line by line:"]),
      ...remarks.map(({ line, text }) => `# line ${line}: ${text}`),
      ...this.#tables.flatMap(({ title, settings }) => ["", title, ...settingLines(settings)]),
      "",
    ].join("\n");
  }
}

const PLACEHOLDER = "TO DO";

function settingLines(settings: ReadonlyMap<string, Setting>): string[] {
  const rows = [...settings].map(([key, { value, note }]) => ({ text: `${key} = ${tomlText(value)}`, note }));
  const width = Math.max(0, ...rows.map(({ text }) => text.length).filter((length) => length <= 48));
  return rows.map(({ text, note }) => `${text.padEnd(width)}  # ${visible(note)}`);
}

function tomlText(value: TomlValue): string {
  return Array.isArray(value)
    ? `[${value.map((one) => JSON.stringify(one)).join(", ")}]`
    : JSON.stringify(value);
}

/** The statement on one line, without what may be a key. */
function show({ name, words, block }: Statement): string {
  const texts = words.map((word) => {
    if (word.kind === "list") return `(${word.items.join(", ")})`;
    return word.kind === "string" ? `"${word.text}"` : word.text;
  });
  const text = [name, ...texts, ...(block === undefined ? [] : ["{...}"])].join(" ");
  if (looksLikeKey(text)) return "(not shown: it looks like a key)";
  return visible(text.length > MAXIMUM_SHOWN_LENGTH ? `${text.slice(0, MAXIMUM_SHOWN_LENGTH)}...` : text);
}
