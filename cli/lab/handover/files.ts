import type { Check } from "../check.ts";
import { plotHandovers } from "./figure.ts";
import { type HandoverResult, summarize } from "./measure.ts";
import type { PlayedMove } from "./play.ts";
import type { HandoverScenario } from "./scenarios.ts";

/** A scenario and all its runs. */
export interface PlayedScenario {
  readonly scenario: HandoverScenario;
  readonly moves: readonly PlayedMove[];
}

/** The files of a run, by name: Figures 4 and 5, and the data behind them and behind the table. */
export function handoverFiles(
  played: readonly PlayedScenario[],
  settings: { readonly runs: number; readonly delayMs: number; readonly seed: number },
  checks: readonly Check[],
): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const figure of [4, 5] as const) {
    const shown = played.filter(({ scenario, moves }) => scenario.figure === figure && moves.length > 0);
    if (shown.length > 0) {
      const panels = shown.map(({ scenario, moves }) => ({ title: scenario.title, played: typical(moves) }));
      files.set(`figure${figure}.svg`, plotHandovers(panels));
    }
  }
  const scenarios = played.map(({ scenario, moves }) => ({
    name: scenario.name,
    title: scenario.title,
    runs: moves.map(({ move, result }) => ({ move, ...result })),
    // Of one run only, that of the figure: arrivals of all would fill the disk.
    shown: moves.length === 0 ? null : shownRun(typical(moves)),
  }));
  files.set("handover.json", JSON.stringify({ ...settings, checks, scenarios }, undefined, 1) + "\n");
  files.set("handover.csv", handoverCsv(played));
  return files;
}

function shownRun({ move, up, down, signals }: PlayedMove) {
  return { move, up, down, signals };
}

/** The run whose gap upstream is the median, or the next longer one. */
function typical(moves: readonly PlayedMove[]): PlayedMove {
  const median = summarize(moves.map(({ result }) => result.up.gapMs))!.median;
  const sorted = moves.toSorted((one, other) => one.result.up.gapMs - other.result.up.gapMs);
  return sorted.find(({ result }) => result.up.gapMs >= median)!;
}

const COLUMNS: readonly (readonly [string, (result: HandoverResult) => number | null])[] = [
  ["resumed", ({ resumed }) => Number(resumed)],
  ["link_up_ms", ({ linkUpMs }) => linkUpMs],
  ["move_to_rs_ms", ({ solicitationMs }) => solicitationMs],
  ["rs_to_ra_ms", ({ advertisementMs }) => advertisementMs],
  ["configuration_ms", ({ configurationMs }) => configurationMs],
  ["dhcp_ms", ({ dhcpMs }) => dhcpMs],
  ["mipv6_ms", ({ mipv6Ms }) => mipv6Ms],
  ["bu_to_ba_ms", ({ registrationMs }) => registrationMs],
  ["move_to_data_up_ms", ({ moveToDataUpMs }) => moveToDataUpMs],
  ["move_to_data_down_ms", ({ moveToDataDownMs }) => moveToDataDownMs],
  ["gap_up_ms", ({ up }) => up.gapMs],
  ["gap_down_ms", ({ down }) => down.gapMs],
  ["lost_up", ({ up }) => up.lost],
  ["lost_down", ({ down }) => down.lost],
];

/** A line for each run; nothing stands where a step was not there. */
export function handoverCsv(played: readonly Pick<PlayedScenario, "scenario" | "moves">[]): string {
  const head = ["scenario", "run", ...COLUMNS.map(([name]) => name)].join(",");
  const lines = played.flatMap(({ scenario, moves }) =>
    moves.map(({ result }, index) =>
      [scenario.name, index + 1, ...COLUMNS.map(([, figure]) => csvNumber(figure(result)))].join(",")
    )
  );
  return [head, ...lines].join("\n") + "\n";
}

function csvNumber(value: number | null): string {
  return value === null ? "" : Number.isInteger(value) ? String(value) : value.toFixed(3);
}
