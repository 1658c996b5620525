import { escapeXml, pixel, Scale } from "../../output/svg.ts";
import type { FlowArrival } from "../mesh/record.ts";
import { arrivalsOf, FLOW_NAMES, type FlowName } from "./measure.ts";
import type { Move } from "./stage.ts";
import type { FamilyRecord } from "./traffic.ts";

const WIDTH = 960;
const LEFT = 90;
const PLOT_END = WIDTH - 20;
const TOP = 64;
const NETWORK_HEIGHT = 24;
const LANE_HEIGHT = 34;
const BAR_HEIGHT = 12;
const TITLE_HEIGHT = 30;
const AXIS_HEIGHT = 44;

const COLOURS = { grid: "#e4e7eb", frame: "#9aa5b1", move: "#c81e3a", text: "#1f2933" };
const NETWORK_COLOURS = ["#dbe9fb", "#fbe3d3", "#dff2e1", "#f3e4f7", "#f6eecb"];
const FLOW_COLOURS: Record<FlowName, string> = {
  ssh: "#374151",
  download: "#b8860b",
  "UDP up": "#d9541e",
  "UDP down": "#3b7dd8",
  ping: "#1a8a4a",
};

/** A silence longer than this is a hole in the bar of a flow; lines of the session come every 200 ms. */
const SILENCE_MS: Record<FlowName, number> = {
  ssh: 280,
  download: 120,
  "UDP up": 60,
  "UDP down": 60,
  ping: 110,
};

/** One journey: when its traffic began and ended (ms since 1970), and its moves. */
export interface Journey {
  readonly fromMs: number;
  readonly toMs: number;
  readonly moves: readonly Move[];
}

/** Each flow as a bar against time, with a hole and its length where nothing came; the networks above. */
export function plotPan(journey: Journey, records: readonly FamilyRecord[]): string {
  const panel = TITLE_HEIGHT + NETWORK_HEIGHT + FLOW_NAMES.length * LANE_HEIGHT + AXIS_HEIGHT;
  const height = TOP + records.length * panel;
  const panels = records.map((record, index) => drawPanel(journey, record, TOP + index * panel));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
    `font-family="'DejaVu Sans', Helvetica, Arial, sans-serif" font-size="11" fill="${COLOURS.text}">\n` +
    `<title>A personal area network on its way: its flows against time</title>\n` +
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>\n` +
    text(LEFT, 26, "A personal area network on its way", `font-weight="bold" font-size="14"`) +
    text(
      LEFT,
      44,
      "a bar: data arrives; a hole: silence at the receiver, with its length in ms; dashed: the cable is in the new network",
    ) +
    `${panels.join("")}</svg>\n`;
}

function drawPanel({ fromMs, toMs, moves }: Journey, record: FamilyRecord, top: number): string {
  const time = new Scale(0, (toMs - fromMs) / 1000, LEFT, PLOT_END);
  const place = (timeMs: number) => time.place((timeMs - fromMs) / 1000);
  const plotTop = top + TITLE_HEIGHT;
  const bottom = plotTop + NETWORK_HEIGHT + FLOW_NAMES.length * LANE_HEIGHT;
  const arrivals = arrivalsOf(record);
  return [
    `<g>${text(LEFT, top + 20, `IPv${record.family}`, `font-weight="bold" font-size="13"`)}`,
    ...stays(moves, fromMs, toMs).map(({ name, fromMs, toMs }, index) =>
      `<rect x="${pixel(place(fromMs))}" y="${plotTop}" width="${
        pixel(place(toMs) - place(fromMs))
      }" height="${NETWORK_HEIGHT}" fill="${NETWORK_COLOURS[index % NETWORK_COLOURS.length]}"/>` +
      text((place(fromMs) + place(toMs)) / 2, plotTop + 16, name, `text-anchor="middle"`)
    ),
    ...time.ticks(10).map(({ value, label }) =>
      `<path d="M${pixel(time.place(value))} ${
        plotTop + NETWORK_HEIGHT
      }V${bottom}" stroke="${COLOURS.grid}"/>` +
      text(time.place(value), bottom + 15, label, `text-anchor="middle"`)
    ),
    text((LEFT + PLOT_END) / 2, bottom + 31, "s", `text-anchor="middle"`),
    ...FLOW_NAMES.map((flow, index) => {
      const shown = arrivals[flow].filter(({ arrivedMs }) => arrivedMs >= fromMs && arrivedMs <= toMs);
      return lane(flow, shown, plotTop + NETWORK_HEIGHT + index * LANE_HEIGHT, place);
    }),
    ...moves.map(({ movedMs }) =>
      `<path d="M${
        pixel(place(movedMs))
      } ${plotTop}V${bottom}" stroke="${COLOURS.move}" stroke-dasharray="4 3"/>`
    ),
    `<rect x="${LEFT}" y="${plotTop}" width="${PLOT_END - LEFT}" height="${
      bottom - plotTop
    }" fill="none" stroke="${COLOURS.frame}"/></g>\n`,
  ].join("\n");
}

/** Where the mobile router was, from the beginning to the end. */
function stays(moves: readonly Move[], fromMs: number, toMs: number) {
  const names = [moves[0]?.from.title ?? "", ...moves.map(({ to }) => to.title)];
  const times = [fromMs, ...moves.map(({ movedMs }) => movedMs), toMs];
  return names.map((name, index) => ({ name, fromMs: times[index], toMs: times[index + 1] }));
}

/** Times between which nothing arrived, in milliseconds since 1970. */
export interface Silence {
  readonly fromMs: number;
  readonly toMs: number;
}

/** The silences of a flow that are longer than they should be. `arrivals` in the order of arrival. */
export function silencesOf(arrivals: readonly FlowArrival[], longerThanMs: number): Silence[] {
  return arrivals.slice(1).flatMap(({ arrivedMs: toMs }, index) => {
    const fromMs = arrivals[index].arrivedMs;
    return toMs - fromMs > longerThanMs ? [{ fromMs, toMs }] : [];
  });
}

function lane(
  flow: FlowName,
  arrivals: readonly FlowArrival[],
  top: number,
  place: (timeMs: number) => number,
): string {
  const barTop = top + LANE_HEIGHT - BAR_HEIGHT - 4;
  const name = text(LEFT - 8, barTop + BAR_HEIGHT - 2, flow, `text-anchor="end"`);
  if (arrivals.length === 0) return name;
  const holes = silencesOf(arrivals, SILENCE_MS[flow]);
  const starts = [arrivals[0].arrivedMs, ...holes.map(({ toMs }) => toMs)];
  const ends = [...holes.map(({ fromMs }) => fromMs), arrivals.at(-1)!.arrivedMs];
  const bars = starts.map((startMs, index) => {
    const [start, end] = [place(startMs), place(ends[index])];
    return `M${pixel(start)} ${barTop}H${pixel(Math.max(end, start + 0.5))}v${BAR_HEIGHT}H${pixel(start)}z`;
  });
  const labels = holes.map(({ fromMs, toMs }) =>
    text(place(toMs) + 3, barTop - 3, String(Math.round(toMs - fromMs)), `font-size="10"`)
  );
  return `${name}<path d="${bars.join("")}" fill="${FLOW_COLOURS[flow]}"/>${labels.join("")}`;
}

function text(x: number, y: number, words: string, attributes = ""): string {
  return `<text x="${pixel(x)}" y="${pixel(y)}" ${attributes}>${escapeXml(words)}</text>`;
}
