import { type Checklist, CHECKLISTS } from "./rows.ts";
import { REASONS, type RowGroup } from "./reasons.ts";

/** How the rows of one RFC stand. */
export interface Coverage {
  readonly rfc: number;
  readonly rows: number;
  readonly tested: number;
  /** Have a reason why no test shows them. */
  readonly reasoned: number;
}

const TESTS = new URL("../", import.meta.url);
/** Rows that stand here are no tests. */
const OWN_FILES = new Set(
  ["coverage.ts", "reasons.ts", "rows.ts"].map((name) => new URL(name, import.meta.url).href),
);
const STRING = /"[^"\n]*"|`[^`\n]*`/g;
const ROW = /\b[ADKMNS]-\d{3}\b/g;

/** "M-041" to "M-043" of "M-041-043"; one row of "M-041". */
export function expandRows(text: string): string[] {
  return text.split(" ").flatMap((part) => {
    const [letter, first, last = first] = part.split("-");
    const count = Number(last) - Number(first) + 1;
    return Array.from({ length: count }, (_, i) => rowId(letter, Number(first) + i));
  });
}

export function rowsOf({ letter, sections }: Checklist): string[] {
  return Object.values(sections).flatMap((ranges) =>
    ranges.split(" ").flatMap((range) => expandRows(`${letter}-${range}`))
  );
}

function rowId(letter: string, number: number): string {
  return `${letter}-${String(number).padStart(3, "0")}`;
}

function* sourceFiles(folder: URL): Generator<URL> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* sourceFiles(new URL(`${name}/`, folder));
    else if (name.endsWith(".ts")) yield new URL(name, folder);
  }
}

/** The rows that stand in the names of tests, which are the only strings that hold any. */
export function testedRows(): Set<string> {
  const rows = new Set<string>();
  for (const file of sourceFiles(TESTS)) {
    if (OWN_FILES.has(file.href)) continue;
    for (const [text] of Deno.readTextFileSync(file).matchAll(STRING)) {
      for (const [row] of text.matchAll(ROW)) rows.add(row);
    }
  }
  return rows;
}

function rowsOfGroups(groups: readonly RowGroup[]): string[] {
  return groups.flatMap(({ rows }) => expandRows(rows));
}

/** Each RFC's counts, and what is wrong: rows that are nowhere, unknown, or in two places. */
export function coverage(tested = testedRows()): { readonly counts: Coverage[]; readonly faults: string[] } {
  const reasoned = rowsOfGroups(REASONS);
  const known = new Set(CHECKLISTS.flatMap(rowsOf));
  const places = new Map<string, string[]>();
  for (const [place, rows] of [["a test", tested], ["a reason", reasoned]] as const) {
    for (const row of rows) places.set(row, [...(places.get(row) ?? []), place]);
  }
  const faults: string[] = [];
  for (const [row, found] of places) {
    if (!known.has(row)) faults.push(`${row} is in no checklist, but has ${found.join(", ")}`);
    else if (found.length > 1) faults.push(`${row} has ${found.join(" and ")}`);
  }
  for (const row of known) if (!places.has(row)) faults.push(`${row} has neither a test nor a reason`);
  const counts = CHECKLISTS.map((checklist) => {
    const rows = rowsOf(checklist);
    const countIn = (place: string) => rows.filter((row) => places.get(row)?.includes(place)).length;
    return {
      rfc: checklist.rfc,
      rows: rows.length,
      tested: countIn("a test"),
      reasoned: countIn("a reason"),
    };
  });
  return { counts, faults: faults.sort() };
}
