import { formatTable } from "../../cli/output/table.ts";
import type { Colours } from "../../cli/output/colours.ts";
import type { Conditions, Results } from "./results.ts";
import { formatValue, isOurs, type Ranking, rankings, type Summary } from "./statistics.ts";

/** The metrics that a README has room for, and their columns. */
const MARKDOWN_COLUMNS: readonly (readonly [metric: string, title: string])[] = [
  ["tcp_mbit", "TCP, Mbit/s"],
  ["tcp_cpu_s_gb", "CPU, s/GB"],
  ["fixed_cpu_us", "CPU, µs/packet"],
  ["lossless_250_pps", "250 octets, packets/s"],
  ["lossless_1400_pps", "1400 octets, packets/s"],
  ["rtt_median_us", "round trip, µs"],
  ["start_ms", "start, ms"],
  ["rss_idle_mb", "memory, MB"],
];

const UNDERLAY_WORDS: Readonly<Record<Conditions["underlay"], string>> = {
  "veth": "veth as it comes: packets of up to 64 KB cross it whole",
  "wire": "wire: no frame above 1500 octets crosses the veth",
  "wire-gro": "wire-gro: no frame above 1500 octets crosses the veth, and what arrives is merged (GRO)",
};

/** Where and how the figures were made, in a line or two. */
export function describeConditions(conditions: Conditions): string[] {
  const { startedAt, kernel, processor, processors, memoryMb, underlay, pinned, runs, seconds } = conditions;
  const placed = pinned ? "; end a on processor 0, end b on processor 1" : "";
  return [
    `Linux ${kernel}, ${processors} x ${processor}, ${Math.round(memoryMb / 1024)} GB, ${
      startedAt.slice(0, 10)
    }`,
    `${UNDERLAY_WORDS[underlay]}${placed}; ${runs} ${
      runs === 1 ? "run" : "runs"
    } of every tunnel in turn, TCP for ${seconds} s`,
  ];
}

/** One table for each metric, the best row first. */
export function formatTables(results: Results, colours: Colours): string {
  const head = describeConditions(results.conditions).map((line) => `${line}\n`).join("");
  const ranked = rankings(results);
  const tables = ranked.map((ranking) => `\n${formatRanking(ranking, colours)}`).join("");
  const isNoisy = ranked.some(({ summaries }) => summaries.some(({ noisy }) => noisy));
  const foot = isNoisy
    ? `\n${NOISY_MARK} other processes or the hypervisor took part of the machine in every run\n`
    : "";
  return head + tables + foot;
}

const NOISY_MARK = "*";

function formatRanking({ metric, summaries }: Ranking, colours: Colours): string {
  const wish = metric.better === "less" ? "less is better" : "more is better";
  const rows = summaries.map((summary) => [
    summary.tunnel,
    formatValue(summary.median) + (summary.noisy ? NOISY_MARK : ""),
    `${formatValue(summary.least)} - ${formatValue(summary.most)}`,
    String(summary.count),
  ]);
  const columns = [
    { title: "tunnel" },
    { title: "median", align: "right" },
    { title: "min-max", align: "right" },
    { title: "n", align: "right" },
  ] as const;
  return `${colours.bold(metric.title)} (${metric.unit}; ${wish})\n${
    indent(formatTable(columns, rows, colours))
  }`;
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, "  ");
}

/** One table of the tunnels against the metrics of most interest, for a document. */
export function formatMarkdown(results: Results): string {
  const ranked = rankings(results);
  const shown = MARKDOWN_COLUMNS.flatMap(([name, title]) => {
    const ranking = ranked.find(({ metric }) => metric.name === name);
    return ranking === undefined ? [] : [{ title, summaries: ranking.summaries }];
  });
  if (shown.length === 0) return "No measurements.\n";
  const order = shown[0].summaries.map(({ tunnel }) => tunnel);
  const others = results.tunnels.map(({ name }) => name).filter((name) => !order.includes(name));
  const rows = [...order, ...others].map((name) => [
    isOurs(name) ? `**${name}**` : name,
    ...shown.map(({ summaries }) => cell(summaries.find(({ tunnel }) => tunnel === name))),
  ]);
  const head = ["tunnel", ...shown.map(({ title }) => title)];
  const lines = [head, head.map((_, index) => index === 0 ? "---" : "---:"), ...rows];
  const table = lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
  return `${table}\nMedian (min-max) of n = ${results.conditions.runs}. ${
    describeConditions(results.conditions).join("; ")
  }.\n`;
}

function cell(summary: Summary | undefined): string {
  if (summary === undefined) return "";
  const { median, least, most, count, noisy } = summary;
  const range = count > 1 ? ` (${formatValue(least)}-${formatValue(most)})` : "";
  return `${formatValue(median)}${noisy ? "\\*" : ""}${range}`;
}
