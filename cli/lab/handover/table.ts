import type { Colours } from "../../output/colours.ts";
import { formatTable } from "../../output/table.ts";
import { type HandoverResult, summarize } from "./measure.ts";

/** The results of all runs of one scenario. */
export interface ScenarioResults {
  readonly name: string;
  readonly title: string;
  readonly results: readonly HandoverResult[];
}

interface MeasuredColumn {
  readonly title: string;
  readonly figure: (result: HandoverResult) => number | null;
}

const PARTS: readonly MeasuredColumn[] = [
  { title: "link up", figure: ({ linkUpMs }) => linkUpMs },
  { title: "configuration", figure: ({ configurationMs }) => configurationMs },
  { title: "of it DHCP", figure: ({ dhcpMs }) => dhcpMs },
  { title: "MIPv6", figure: ({ mipv6Ms }) => mipv6Ms },
  { title: "total gap", figure: ({ up }) => up.gapMs },
];

const REST: readonly MeasuredColumn[] = [
  { title: "RS to RA", figure: ({ advertisementMs }) => advertisementMs },
  { title: "BU to BA", figure: ({ registrationMs }) => registrationMs },
  { title: "move to data up", figure: ({ moveToDataUpMs }) => moveToDataUpMs },
  { title: "down", figure: ({ moveToDataDownMs }) => moveToDataDownMs },
  { title: "gap down", figure: ({ down }) => down.gapMs },
  { title: "lost up (packets)", figure: ({ up }) => up.lost },
  { title: "down (packets)", figure: ({ down }) => down.lost },
];

/** The paper's figures in milliseconds: its Table 1, and what its section 4.2 says of the other way. */
const PAPER: readonly (readonly string[])[] = [
  ["paper: ipv6-ipv4", "1", "1718", "898", "336", "189", "2810"],
  ["paper: ipv4-ipv6", "1", "1722", "3420", "-", "1050", "6200"],
];

/** Table 1 of the paper with ours below it, and what the paper does not have. Median (least-most), milliseconds. */
export function formatHandovers(scenarios: readonly ScenarioResults[], colours: Colours): string {
  return [
    "Upstream, in the parts of the paper's Table 1: median (least-most), ms\n",
    format(PARTS, PAPER, scenarios, colours),
    "\nMore parts: median (least-most), ms and packets; from the move to data without what a packet takes on its way\n",
    format(REST, [], scenarios, colours),
  ].join("");
}

function format(
  columns: readonly MeasuredColumn[],
  first: readonly (readonly string[])[],
  scenarios: readonly ScenarioResults[],
  colours: Colours,
): string {
  const titles = ["scenario", "n", ...columns.map(({ title }) => title)];
  const rows = scenarios.map(({ name, results }) => [
    name,
    String(results.length),
    ...columns.map(({ figure }) => summaryText(results.map(figure))),
  ]);
  const right = titles.map((title, index) => ({ title, align: index === 0 ? "left" : "right" } as const));
  return formatTable(right, [...first, ...rows], colours);
}

/** "3.4 (2.9-7.1)"; "-" where nothing was measured. */
function summaryText(values: readonly (number | null)[]): string {
  const summary = summarize(values);
  if (summary === undefined) return "-";
  const { median, least, most } = summary;
  return `${short(median)} (${short(least)}-${short(most)})`;
}

function short(value: number): string {
  return Math.abs(value) >= 100 || Number.isInteger(value) ? String(Math.round(value)) : value.toFixed(1);
}
