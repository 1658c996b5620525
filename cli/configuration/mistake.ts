import { UsageError } from "../output/fault.ts";
import { visible } from "../output/table.ts";

/** One thing that is wrong in a configuration file. */
export interface Mistake {
  /** Counted from 1; undefined where the file as a whole is meant or the line is not known. */
  readonly line: number | undefined;
  /** "[home_agent] port = 70000: must be a whole number from 1 to 65535". Never holds a secret. */
  readonly text: string;
}

/** A configuration file with all its mistakes; the message lists them, one a line. */
export class ConfigurationError extends UsageError {
  readonly mistakes: readonly Mistake[];

  constructor(file: string, mistakes: readonly Mistake[]) {
    const shown = mistakes.slice(0, MAXIMUM_SHOWN).map(({ line, text }) =>
      `${visible(file)}${line === undefined ? "" : `:${line}`}: ${text}`
    );
    const more = mistakes.length - shown.length;
    super([...shown, ...(more > 0 ? [`${visible(file)}: and ${more} more mistakes`] : [])].join("\n"));
    this.name = "ConfigurationError";
    this.mistakes = mistakes;
  }
}

const MAXIMUM_SHOWN = 50;
const MAXIMUM_SHOWN_LENGTH = 60;
/** Of an array. */
const MAXIMUM_SHOWN_VALUES = 9;

/** Half a shared key of the shortest kind is in the text: it must not get into an error or a log. */
export function looksLikeKey(text: string): boolean {
  return /[0-9a-f]{16}/i.test(text);
}

/** A value or name from the file as an error shows it: on one line, short, and never what may be a key. */
export function show(value: unknown): string {
  if (typeof value === "string") {
    if (looksLikeKey(value)) return `(${value.length} characters, not shown: they look like a key)`;
    const short = value.length > MAXIMUM_SHOWN_LENGTH ? value.slice(0, MAXIMUM_SHOWN_LENGTH) + "..." : value;
    return visible(JSON.stringify(short));
  }
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return showArray(value);
  return value instanceof Date ? "a date" : "a table";
}

/** Texts as a list, unless they may be the pieces of a key; of other values the kind alone. */
function showArray(values: readonly unknown[]): string {
  const texts = values.filter((value) => typeof value === "string");
  if (texts.length < values.length || looksLikeKey(texts.join(""))) return "an array";
  const shown = texts.slice(0, MAXIMUM_SHOWN_VALUES).map(show);
  return `[${[...shown, ...(texts.length > shown.length ? ["..."] : [])].join(", ")}]`;
}

/** A key of the file as an error names it. */
export function showName(name: string): string {
  return /^[A-Za-z0-9_-]{1,40}$/.test(name) && !looksLikeKey(name) ? name : show(name);
}
