import type { Colours } from "./colours.ts";

export interface Column {
  readonly title: string;
  /** Numbers read better against the right edge. */
  readonly align?: "left" | "right";
}

/**
 * A table for people: titles, then one line per row, columns two spaces apart, no trailing spaces.
 * Every row has one cell per column. Control characters in a cell are shown, not sent to the terminal.
 */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  colours: Colours,
): string {
  const cells = rows.map((row) => row.map(visible));
  const widths = columns.map((column, index) =>
    Math.max(column.title.length, ...cells.map((row) => row[index].length))
  );
  const line = (row: readonly string[]) =>
    row.map((cell, index) =>
      columns[index].align === "right" ? cell.padStart(widths[index]) : cell.padEnd(widths[index])
    )
      .join("  ").trimEnd();
  const head = line(columns.map((column) => column.title));
  return [colours.bold(head), ...cells.map(line)].map((text) => text + "\n").join("");
}

/** Names on the left, values on the right: one record for people. */
export function formatRecord(
  rows: readonly (readonly [name: string, value: string])[],
  colours: Colours,
): string {
  const width = Math.max(0, ...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${colours.bold(name.padEnd(width))}  ${visible(value)}\n`).join("");
}

/** The text with control characters and line separators written as \u escapes, so that it stays on its line. */
export function visible(text: string): string {
  return text.replace(
    /[\p{Cc}\u2028\u2029]/gu,
    (character) => "\\u" + character.charCodeAt(0).toString(16).padStart(4, "0"),
  );
}
