import type { Check } from "../check.ts";
import { plotPan } from "./figure.ts";
import { arrivalsOf, FLOW_NAMES, type MoveResult } from "./measure.ts";
import type { Move } from "./stage.ts";
import { wayOf } from "./table.ts";
import type { FamilyRecord } from "./traffic.ts";

/** One run: its moves in order, and when it began and ended (ms since 1970). */
export interface PlayedJourney {
  readonly fromMs: number;
  readonly toMs: number;
  readonly moves: readonly Move[];
}

/** The files of a run, by name: the figure of the first journey, and the data behind figure and table. */
export function panFiles(
  { journeys, results, records, checks }: {
    readonly journeys: readonly PlayedJourney[];
    readonly results: readonly MoveResult[];
    readonly records: readonly FamilyRecord[];
    readonly checks: readonly Check[];
  },
): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  const [first] = journeys;
  if (first !== undefined && records.length > 0) files.set("pan.svg", plotPan(first, records));
  files.set("pan.csv", panCsv(results));
  const flows = records.map((record) => ({ family: record.family, ...arrivalsOf(record) }));
  files.set("pan.json", JSON.stringify({ journeys, checks, results, flows }) + "\n");
  return files;
}

/** A line for each move and flow. */
export function panCsv(results: readonly MoveResult[]): string {
  const lines = results.flatMap(({ move, family, flows }) =>
    FLOW_NAMES.map((name) => {
      const { gapMs, lost, goesOn } = flows.find(({ flow }) => flow === name)!;
      return [wayOf(move), family, name, gapMs.toFixed(3), lost ?? "", Number(goesOn)].join(",");
    })
  );
  return ["move,family,flow,gap_ms,lost,goes_on", ...lines].join("\n") + "\n";
}
