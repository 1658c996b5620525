import type { Colours } from "../../output/colours.ts";
import { formatTable } from "../../output/table.ts";
import { summarize } from "../handover/measure.ts";
import { FLOW_NAMES, type MoveResult } from "./measure.ts";

/** Every move and every flow: gap, lost packets, and whether it goes on. Of several runs, the median and the extremes. */
export function formatPan(results: readonly MoveResult[], colours: Colours): string {
  const titles = ["move", "IP", "flow", "n", "gap, ms", "lost", "state"];
  const groups = Map.groupBy(results, ({ move, family }) => `${wayOf(move)}|${family}`);
  const rows = [...groups.values()].flatMap((runs) =>
    FLOW_NAMES.map((name) => {
      const flows = runs.map(({ flows }) => flows.find(({ flow }) => flow === name)!);
      const broken = flows.filter(({ goesOn }) => !goesOn).length;
      return [
        wayOf(runs[0].move),
        `IPv${runs[0].family}`,
        name,
        String(flows.length),
        spread(flows.map(({ gapMs }) => gapMs)),
        spread(flows.map(({ lost }) => lost)),
        broken === 0 ? "goes on" : `silent in ${broken} of ${flows.length}`,
      ];
    })
  );
  const right = new Set(["n", "gap, ms", "lost"]);
  const columns = titles.map((title) => ({ title, align: right.has(title) ? "right" : "left" } as const));
  return "Longest silence at the receiver on the way to a network and in it; lines of ssh come every 200 ms\n" +
    formatTable(columns, rows, colours);
}

/** "office to umts". */
export function wayOf({ from, to }: MoveResult["move"]): string {
  return `${from.name} to ${to.name}`;
}

/** "131"; of several runs "131 (120-160)"; "-" where nothing is counted. */
function spread(values: readonly (number | null)[]): string {
  const summary = summarize(values);
  if (summary === undefined) return "-";
  const [median, least, most] = [summary.median, summary.least, summary.most].map(Math.round);
  return summary.count === 1 ? String(median) : `${median} (${least}-${most})`;
}
