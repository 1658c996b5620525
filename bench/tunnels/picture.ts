import { escapeXml, pixel, Scale } from "../../cli/output/svg.ts";
import type { Results } from "./results.ts";
import { formatValue, isOurs, type Ranking, rankings, type Summary } from "./statistics.ts";
import { describeConditions } from "./table.ts";

/** One small panel of bars for each metric, the best bar on top, with whiskers from the least to the most. */

const COLUMNS = 3;
const PANEL_WIDTH = 400;
const MARGIN = 20;
const LABEL_WIDTH = 118;
const VALUE_WIDTH = 92;
const ROW_HEIGHT = 17;
const BAR_HEIGHT = 11;
const TITLE_HEIGHT = 42;
const GAP = 26;
const HEAD_HEIGHT = 98;
const LEGEND = "median, and a line from the least to the most; // is cut; * was disturbed in every run";
/** A bar that is this much longer than the median one is cut, so that the others can be told apart. */
const LONGEST_BAR = 5;

const COLOURS = {
  text: "#1f2933",
  faint: "#66727f",
  bar: "#b6c2cf",
  ours: "#d9541e",
  whisker: "#3e4c59",
  base: "#9aa5b1",
} as const;

/** The whole picture as SVG. */
export function drawResults(results: Results): string {
  const ranked = rankings(results);
  const lines: Ranking[][] = [];
  for (let at = 0; at < ranked.length; at += COLUMNS) lines.push(ranked.slice(at, at + COLUMNS));
  let top = HEAD_HEIGHT;
  const panels: string[] = [];
  for (const line of lines) {
    line.forEach((ranking, column) => {
      panels.push(drawPanel(ranking, MARGIN + column * PANEL_WIDTH, top));
    });
    const rows = Math.max(...line.map(({ summaries }) => summaries.length));
    top += TITLE_HEIGHT + rows * ROW_HEIGHT + GAP;
  }
  const width = COLUMNS * PANEL_WIDTH + 2 * MARGIN;
  const head = [...describeConditions(results.conditions), LEGEND].map((words, index) =>
    text(MARGIN, 50 + index * 16, words, `fill="${COLOURS.faint}"`)
  );
  const title = text(MARGIN, 28, "dsmip beside other tunnels", `font-size="18" font-weight="bold"`);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${top}" width="${width}" height="${top}" ` +
    `font-family="'DejaVu Sans', 'Segoe UI', Helvetica, Arial, sans-serif" font-size="11" fill="${COLOURS.text}">\n` +
    `<title>dsmip beside other tunnels</title>\n<rect width="${width}" height="${top}" fill="#fff"/>\n` +
    `${title}${head.join("")}\n${panels.join("")}</svg>\n`;
}

function drawPanel({ metric, summaries }: Ranking, left: number, top: number): string {
  const wish = metric.better === "less" ? "less is better" : "more is better";
  const bars = left + LABEL_WIDTH;
  const end = axisEnd(summaries);
  const scale = new Scale(0, end, bars, left + PANEL_WIDTH - VALUE_WIDTH);
  const rowsTop = top + TITLE_HEIGHT - 8;
  const rows = summaries.map((summary, index) => drawRow(summary, scale, rowsTop + index * ROW_HEIGHT));
  const bottom = rowsTop + summaries.length * ROW_HEIGHT;
  return `<g>${text(left, top + 12, metric.title, `font-size="12" font-weight="bold"`)}` +
    text(left, top + 26, `${metric.unit}, ${wish}`, `fill="${COLOURS.faint}"`) +
    `${rows.join("")}<path d="M${bars} ${rowsTop}V${bottom}" stroke="${COLOURS.base}"/></g>\n`;
}

/** Where the axis ends: at the largest value that is no more than LONGEST_BAR times the middle one. */
function axisEnd(summaries: readonly Summary[]): number {
  const middle = summaries[summaries.length >> 1].median;
  const limit = middle > 0 ? LONGEST_BAR * middle : Number.POSITIVE_INFINITY;
  const end = Math.max(
    ...summaries.flatMap(({ median, most }) => [median, most]).filter((value) => value <= limit),
  );
  return end > 0 ? end : 1;
}

function drawRow(
  { tunnel, median, least, most, noisy }: Summary,
  scale: Scale,
  top: number,
): string {
  const ours = isOurs(tunnel);
  const place = (value: number) => Math.min(scale.place(value), scale.end);
  const middle = top + ROW_HEIGHT / 2;
  const end = place(median);
  const weight = ours ? `font-weight="bold"` : "";
  const bar = `<rect x="${pixel(scale.start)}" y="${pixel(middle - BAR_HEIGHT / 2)}" ` +
    `width="${pixel(Math.max(end - scale.start, 0.5))}" height="${BAR_HEIGHT}" ` +
    `fill="${ours ? COLOURS.ours : COLOURS.bar}"/>`;
  const isCut = median > scale.to;
  const whisker = !isCut && most > least
    ? `<path d="M${pixel(place(least))} ${pixel(middle)}H${pixel(place(most))}` +
      `M${pixel(place(least))} ${pixel(middle - 3)}v6M${pixel(place(most))} ${pixel(middle - 3)}v6" ` +
      `stroke="${COLOURS.whisker}"/>`
    : "";
  const cut = isCut
    ? `<path d="M${pixel(scale.end - 12)} ${pixel(middle + 7)}l5 -14M${pixel(scale.end - 8)} ${
      pixel(middle + 7)
    }l5 -14" stroke="#fff" stroke-width="2"/>`
    : "";
  const value = `${formatValue(median)}${noisy ? "*" : ""}`;
  const after = Math.max(end, isCut ? end : place(most)) + 6;
  return text(scale.start - 6, middle + 4, tunnel, `text-anchor="end" ${weight}`) + bar + whisker + cut +
    text(after, middle + 4, value, weight);
}

function text(x: number, y: number, words: string, attributes: string): string {
  return `<text x="${pixel(x)}" y="${pixel(y)}"${attributes.trim() === "" ? "" : ` ${attributes.trim()}`}>${
    escapeXml(words)
  }</text>`;
}
