import { escapeXml, pixel, Scale } from "../../output/svg.ts";
import type { Arrival } from "./measure.ts";
import type { PlayedMove } from "./play.ts";
import { SIGNAL_LANES, type SignalLane } from "./signal.ts";

/** One panel: a handover from close by. */
export interface HandoverPanel {
  readonly title: string;
  readonly played: PlayedMove;
}

const WIDTH = 960;
const LEFT = 70;
const RIGHT = 70;
const PLOT_END = WIDTH - RIGHT;
const TOP = 54;
const TITLE_HEIGHT = 34;
const PANEL_HEIGHT = 220;
const AXIS_HEIGHT = 48;
/** What is shown on both sides of the handover, at least. */
const LEAST_MARGIN_MS = 20;

const COLOURS = { up: "#d9541e", down: "#5b9be6", grid: "#e4e7eb", frame: "#9aa5b1", faint: "#7b8794" };
const LANE_COLOURS: Record<SignalLane, string> = {
  RS: "#7b3fa0",
  RA: "#a86fd0",
  DHCP: "#b8860b",
  BU: "#374151",
  BA: "#1a8a4a",
};

/**
 * Figures 4 and 5 of the paper: when each data packet arrived, by its sequence number on the left axis, and the
 * signalling on the mobile router's egress by kind on the right axis. Time is zero at the move.
 */
export function plotHandovers(panels: readonly HandoverPanel[]): string {
  const step = TITLE_HEIGHT + PANEL_HEIGHT + AXIS_HEIGHT;
  const height = TOP + panels.length * step;
  const drawn = panels.map((panel, index) => drawPanel(panel, TOP + index * step));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
    `font-family="'DejaVu Sans', Helvetica, Arial, sans-serif" font-size="11" fill="#1f2933">\n` +
    `<title>Handovers: data and signalling against time</title>\n` +
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>\n${legend()}${drawn.join("")}</svg>\n`;
}

function legend(): string {
  const keys = [[COLOURS.up, "to the correspondent"], [COLOURS.down, "to the mobile network node"]];
  return keys.map(([colour, words], index) =>
    `<circle cx="${LEFT + 5 + index * 200}" cy="26" r="4" fill="${colour}"/>` +
    text(LEFT + 16 + index * 200, 30, `data ${words}`)
  ).join("") + "\n";
}

function drawPanel({ title, played }: HandoverPanel, top: number): string {
  const [fromMs, toMs] = shownTime(played);
  const { movedMs } = played.move;
  const time = new Scale(fromMs - movedMs, toMs - movedMs, LEFT, PLOT_END);
  const plotTop = top + TITLE_HEIGHT;
  const bottom = plotTop + PANEL_HEIGHT;
  const isShown = (timeMs: number) => timeMs >= fromMs && timeMs <= toMs;
  const flows = {
    down: relative(played.down, isShown),
    up: relative(played.up, isShown),
  };
  const most = Math.max(1, ...Object.values(flows).flat().map(({ sequence }) => sequence));
  const values = new Scale(-0.05 * most, 1.05 * most, bottom, plotTop);
  return [
    `<g>${text(LEFT, top + 22, title, `font-weight="bold" font-size="13"`)}`,
    ...time.ticks(10).map(({ value, label }) =>
      `<path d="M${pixel(time.place(value))} ${plotTop}V${bottom}" stroke="${COLOURS.grid}"/>` +
      text(time.place(value), bottom + 15, label, `text-anchor="middle"`)
    ),
    text((LEFT + PLOT_END) / 2, bottom + 31, "ms since the move", `text-anchor="middle"`),
    ...values.ticks(5).filter(({ value }) => value >= 0).map(({ value, label }) =>
      text(LEFT - 8, values.place(value) + 4, label, `text-anchor="end"`)
    ),
    `<text transform="rotate(-90 20 ${plotTop + PANEL_HEIGHT / 2})" x="20" y="${
      plotTop + PANEL_HEIGHT / 2
    }" ` +
    `text-anchor="middle">sequence number</text>`,
    lanes(played, time, plotTop, isShown),
    // Both directions lie on one another: the wider dots look out from under the others.
    dots(flows.down, time, values, movedMs, COLOURS.down, 5),
    dots(flows.up, time, values, movedMs, COLOURS.up, 3),
    `<path d="M${pixel(time.place(0))} ${plotTop}V${bottom}" stroke="#c81e3a" stroke-dasharray="4 3"/>`,
    `<rect x="${LEFT}" y="${plotTop}" width="${
      PLOT_END - LEFT
    }" height="${PANEL_HEIGHT}" fill="none" stroke="${COLOURS.frame}"/></g>\n`,
  ].join("\n");
}

/** The longest silence of either direction and the signalling to it, with a margin. */
function shownTime({ move, result, signals }: PlayedMove): readonly [fromMs: number, toMs: number] {
  const registered = signals.findLast(({ lane }) => lane === "BA")?.timeMs;
  const times = [
    move.movedMs,
    ...[result.up, result.down].flatMap((way) => [way.lastBeforeMs, way.firstAfterMs ?? move.toMs]),
    registered,
  ].filter((time) => time !== null && time !== undefined);
  const [least, most] = [Math.min(...times), Math.max(...times)];
  const margin = Math.max(0.25 * (most - least), LEAST_MARGIN_MS);
  return [Math.max(least - margin, move.fromMs), Math.min(most + margin, move.toMs)];
}

/** The arrivals that are shown, their numbers counted from the first of them. */
function relative(arrivals: readonly Arrival[], isShown: (timeMs: number) => boolean): Arrival[] {
  const shown = arrivals.filter(({ arrivedMs }) => isShown(arrivedMs));
  const least = Math.min(...shown.map(({ sequence }) => sequence));
  return shown.map((arrival) => ({ ...arrival, sequence: arrival.sequence - least }));
}

function dots(
  arrivals: readonly Arrival[],
  time: Scale,
  values: Scale,
  movedMs: number,
  colour: string,
  width: number,
): string {
  const path = arrivals.map(({ sequence, arrivedMs }) =>
    `M${pixel(time.place(arrivedMs - movedMs))} ${pixel(values.place(sequence))}h0`
  ).join("");
  if (path === "") return "";
  return `<path d="${path}" stroke="${colour}" stroke-width="${width}" stroke-linecap="round" fill="none"/>`;
}

function lanes(
  { move, signals }: PlayedMove,
  time: Scale,
  top: number,
  isShown: (timeMs: number) => boolean,
): string {
  return SIGNAL_LANES.map((lane, index) => {
    const y = top + PANEL_HEIGHT * (index + 0.5) / SIGNAL_LANES.length;
    const colour = LANE_COLOURS[lane];
    const marks = signals.filter((signal) => signal.lane === lane && isShown(signal.timeMs)).map((signal) => {
      const sinceMs = signal.timeMs - move.movedMs;
      const title = escapeXml(
        `${signal.name} ${signal.source} to ${signal.destination}, ${sinceMs.toFixed(3)} ms`,
      );
      return `<path d="M0 -6L5 0L0 6L-5 0Z" transform="translate(${pixel(time.place(sinceMs))} ${
        pixel(y)
      })" ` +
        `fill="${colour}"><title>${title}</title></path>`;
    });
    return `<path d="M${LEFT} ${pixel(y)}H${PLOT_END}" stroke="${COLOURS.grid}" stroke-dasharray="2 4"/>` +
      text(PLOT_END + 8, y + 4, lane, `fill="${colour}"`) + marks.join("");
  }).join("");
}

function text(x: number, y: number, words: string, attributes = ""): string {
  return `<text x="${pixel(x)}" y="${pixel(y)}" ${attributes}>${escapeXml(words)}</text>`;
}
