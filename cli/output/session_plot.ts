import type { DataFlow, Direction } from "../../core/sessions/data_flow.ts";
import { FROM_MOBILE_NODE, TO_MOBILE_NODE } from "../../core/sessions/data_flow.ts";
import type { DataSeries, PointSeries } from "../../core/sessions/data_series.ts";
import type { Handover, MobileNodeReport } from "../../core/sessions/session_record.ts";
import { ENCAPSULATION_NAMES, formatMs, plural } from "./session_format.ts";
import { escapeXml, pixel, Scale } from "./svg.ts";

/**
 * Draws data and signalling against time, in the manner of Figures 4 and 5 of the paper on DSMIPv6 for UMIP: what
 * the data have come to on the left axis, kinds of messages on the right one. The SVG is written by hand: vega-lite
 * would bring 75 packages and 25 MB for one kind of picture, and knows no right axis of lanes below the data.
 */
export interface PlottedSession {
  readonly report: MobileNodeReport;
  readonly data: DataFlow;
}

const WIDTH = 1040;
const LEFT = 84;
const RIGHT = 150;
const HEADING_HEIGHT = 64;
const PERIOD_HEIGHT = 20;
const DATA_HEIGHT = 230;
const LANE_HEIGHT = 20;
const AXIS_HEIGHT = 54;
const TITLE_HEIGHT = 44;
const PLOT_END = WIDTH - RIGHT;
const CHARACTER_WIDTH = 6.4;
const DOT_GRID = 2;
const MAXIMUM_CLOSE_UPS = 4;
/** Where both directions lie on one another, the first one that is drawn looks out from under the other. */
const DOT_WIDTHS = { [TO_MOBILE_NODE]: 5.4, [FROM_MOBILE_NODE]: 2 } as const;

const COLOURS = {
  text: "#1f2933",
  faint: "#7b8794",
  grid: "#e4e7eb",
  frame: "#9aa5b1",
  gap: "#f6c344",
  [TO_MOBILE_NODE]: "#5b9be6",
  [FROM_MOBILE_NODE]: "#d9541e",
  good: "#1a8a4a",
  bad: "#c81e3a",
  update: "#374151",
  periods: ["#dbeafe", "#e0f2e9", "#fde8d7", "#ece5fb"],
} as const;

/** What stands in a lane of the right axis. */
const LANES = [
  { name: "BU", words: "Binding Update", colour: COLOURS.update },
  { name: "BA", words: "accepted", colour: COLOURS.good },
  { name: "BA refused", words: "refused", colour: COLOURS.bad },
  { name: "BE", words: "Binding Error", colour: COLOURS.bad },
] as const;
const LANES_HEIGHT = LANES.length * LANE_HEIGHT;

interface Mark {
  readonly seconds: number;
  readonly lane: number;
}

interface Panel {
  readonly title: string;
  readonly details: string;
  readonly from: number;
  readonly to: number;
}

/** The whole picture: for each mobile node the whole capture, and then its handovers from close by. */
export function plotSessions(sessions: readonly PlottedSession[], durationSeconds: number): string {
  let top = 16;
  const parts: string[] = [];
  for (const { report, data } of sessions) {
    parts.push(heading(report, top));
    top += HEADING_HEIGHT;
    for (const panel of panelsOf(report, durationSeconds)) {
      parts.push(drawPanel(panel, report, data, top));
      top += TITLE_HEIGHT + PERIOD_HEIGHT + DATA_HEIGHT + LANES_HEIGHT + AXIS_HEIGHT;
    }
  }
  if (sessions.length === 0) {
    parts.push(text(LEFT, top + 20, "No mobile node is in this capture.", { size: 15 }));
    top += 40;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" width="${WIDTH}" height="${top}" ` +
    `font-family="'DejaVu Sans', 'Segoe UI', Helvetica, Arial, sans-serif" font-size="11" fill="${COLOURS.text}">\n` +
    `<title>Mobile nodes: data and signalling against time</title>\n` +
    `<rect width="${WIDTH}" height="${top}" fill="#fff"/>\n${parts.join("")}</svg>\n`;
}

function panelsOf({ handovers, registrations }: MobileNodeReport, durationSeconds: number): Panel[] {
  const { updates, accepted } = registrations;
  const details = `${plural(updates, "Binding Update")}, ${accepted} accepted, ${
    plural(handovers.length, "handover")
  }${handovers.length > MAXIMUM_CLOSE_UPS ? `, the first ${MAXIMUM_CLOSE_UPS} from close by below` : ""}`;
  const whole = { title: "The whole capture", details, from: 0, to: Math.max(durationSeconds, 0.001) };
  return [
    whole,
    ...handovers.slice(0, MAXIMUM_CLOSE_UPS).map((handover) => closeUp(handover, durationSeconds)),
  ];
}

function closeUp(handover: Handover, durationSeconds: number): Panel {
  const { seconds, signallingMs, gapFromMobileNode, gapToMobileNode } = handover;
  const gaps = [gapFromMobileNode, gapToMobileNode].filter((gap) => gap !== null);
  const begin = Math.min(seconds, ...gaps.map(({ lastBeforeSeconds }) => lastBeforeSeconds));
  const accepted = seconds + (signallingMs ?? 0) / 1000;
  const end = Math.max(accepted, ...gaps.map(({ firstAfterSeconds }) => firstAfterSeconds));
  const margin = Math.max(0.3 * (end - begin), 0.01);
  const words = signallingMs === null ? "not accepted" : `signalling ${formatMs(signallingMs)}`;
  const gapWords = [gapToMobileNode, gapFromMobileNode].map((gap, index) =>
    gap === null ? "" : `, gap ${index === 0 ? "to" : "from"} the mobile node ${formatMs(gap.gapMs)}`
  ).join("");
  return {
    title: `Handover at ${seconds.toFixed(3)} s: ${words}${gapWords}`,
    details: `from ${place(handover.from)} to ${place(handover.to)}`,
    from: Math.max(begin - margin, 0),
    to: Math.min(end + margin, Math.max(durationSeconds, end)),
  };
}

function place({ careOfAddress, encapsulation }: Handover["from"]): string {
  return `${careOfAddress} (${ENCAPSULATION_NAMES[encapsulation]})`;
}

function heading({ homeAddress, identity }: MobileNodeReport, top: number): string {
  const name = identity === null ? homeAddress : `${identity}, ${homeAddress}`;
  const y = top + 48;
  const legend = [
    { colour: COLOURS[TO_MOBILE_NODE], words: "data to the mobile node", dot: true },
    { colour: COLOURS[FROM_MOBILE_NODE], words: "data from the mobile node", dot: true },
    { colour: COLOURS.gap, words: "largest silence around a handover", dot: false },
  ];
  let x = LEFT;
  const keys = legend.map(({ colour, words, dot }) => {
    const mark = dot
      ? `<circle cx="${x + 5}" cy="${y - 4}" r="4" fill="${colour}"/>`
      : `<rect x="${x}" y="${y - 9}" width="11" height="10" fill="${colour}" fill-opacity="0.45"/>`;
    const key = `${mark}${text(x + 17, y, words, {})}`;
    x += 36 + words.length * CHARACTER_WIDTH;
    return key;
  });
  return `${text(LEFT, top + 20, name, { size: 17, bold: true })}${keys.join("")}\n`;
}

function drawPanel(panel: Panel, report: MobileNodeReport, data: DataFlow, top: number): string {
  const time = new Scale(panel.from, panel.to, LEFT, PLOT_END);
  const dataTop = top + TITLE_HEIGHT + PERIOD_HEIGHT;
  const lanesTop = dataTop + DATA_HEIGHT;
  const bottom = lanesTop + LANES_HEIGHT;
  return [
    `<g>${text(LEFT, top + 18, panel.title, { size: 12, bold: true })}`,
    text(LEFT, top + 34, shorten(panel.details, WIDTH - LEFT - 10), { colour: COLOURS.faint }),
    periodStrip(report, time, dataTop - PERIOD_HEIGHT),
    timeAxis(time, dataTop, bottom),
    lanes(lanesTop),
    gaps(report.handovers, time, dataTop, bottom),
    dataArea(data, time, dataTop, lanesTop),
    marks(report, time, dataTop, lanesTop),
    frame(dataTop, lanesTop, bottom),
    "</g>\n",
  ].join("\n");
}

/** Where the mobile node was to be reached. */
function periodStrip({ careOfAddresses }: MobileNodeReport, time: Scale, top: number): string {
  return careOfAddresses.map(({ careOfAddress, encapsulation, acceptedSeconds, toSeconds }, index) => {
    const start = Math.max(time.place(acceptedSeconds), LEFT);
    const end = Math.min(toSeconds === null ? PLOT_END : time.place(toSeconds), PLOT_END);
    if (end <= LEFT || start >= PLOT_END || end - start < 0.5) return "";
    const colour = COLOURS.periods[index % COLOURS.periods.length];
    const words = shorten(`${careOfAddress}, ${ENCAPSULATION_NAMES[encapsulation]}`, end - start - 8);
    return `<rect x="${pixel(start)}" y="${top}" width="${pixel(end - start)}" height="${
      PERIOD_HEIGHT - 3
    }" ` +
      `fill="${colour}"/>${words === "" ? "" : text(start + 5, top + 13, words, {})}`;
  }).join("");
}

/** The silence to the mobile node, where there is none that from it. */
function gaps(handovers: readonly Handover[], time: Scale, top: number, bottom: number): string {
  return handovers.map(({ gapToMobileNode, gapFromMobileNode }) => {
    const gap = gapToMobileNode ?? gapFromMobileNode;
    if (gap === null) return "";
    const start = Math.max(time.place(gap.lastBeforeSeconds), LEFT);
    const end = Math.min(time.place(gap.firstAfterSeconds), PLOT_END);
    if (end < LEFT || start > PLOT_END) return "";
    const width = Math.max(end - start, 1);
    const label = formatMs(gap.gapMs);
    const shade = `<rect x="${pixel(start)}" y="${top}" width="${pixel(width)}" height="${bottom - top}" ` +
      `fill="${COLOURS.gap}" fill-opacity="0.28"/>`;
    if (width < label.length * CHARACTER_WIDTH) return shade;
    return shade + text(start + width / 2, top + 17, label, { anchor: "middle", bold: true });
  }).join("");
}

function timeAxis(time: Scale, top: number, bottom: number): string {
  const ticks = time.ticks(9).map(({ value, label }) => {
    const x = pixel(time.place(value));
    return `<path d="M${x} ${top}V${bottom}" stroke="${COLOURS.grid}"/>` +
      text(time.place(value), bottom + 16, label, { anchor: "middle", colour: COLOURS.faint });
  });
  const name = text((LEFT + PLOT_END) / 2, bottom + 33, "seconds since the first packet", {
    anchor: "middle",
  });
  return ticks.join("") + name;
}

function lanes(top: number): string {
  return LANES.map(({ name, colour }, index) => {
    const y = top + LANE_HEIGHT * (index + 0.5);
    return `<path d="M${LEFT} ${y}H${PLOT_END}" stroke="${COLOURS.grid}"/>` +
      text(PLOT_END + 10, y + 4, name, { colour });
  }).join("");
}

function dataArea(data: DataFlow, time: Scale, top: number, bottom: number): string {
  const directions: readonly Direction[] = [TO_MOBILE_NODE, FROM_MOBILE_NODE];
  const all = directions.map((direction) => data.series(direction)).filter((series) => series !== undefined);
  const withData = all.filter(({ packets }) => packets > 0);
  if (withData.length === 0) {
    return text((LEFT + PLOT_END) / 2, (top + bottom) / 2, "no data of this mobile node", {
      anchor: "middle",
      colour: COLOURS.faint,
    });
  }
  const numbered = withData.every(hasSequence);
  const series = directions.map((direction) => {
    const found = data.series(direction);
    return { direction, points: numbered ? found?.sequence : found?.counts };
  });
  const [low, high] = bounds(series.map(({ points }) => points), time);
  const margin = Math.max(0.05 * (high - low), 0.5);
  const values = new Scale(low - margin, high + margin, bottom, top);
  const name = numbered ? "sequence number of the data" : "packets so far";
  const middle = (top + bottom) / 2;
  return [
    ...values.ticks(5).filter(({ value }) => value >= 0 && Number.isInteger(value)).map(({ value, label }) =>
      `<path d="M${LEFT} ${pixel(values.place(value))}H${PLOT_END}" stroke="${COLOURS.grid}"/>` +
      text(LEFT - 8, values.place(value) + 4, label, { anchor: "end", colour: COLOURS.faint })
    ),
    `<text x="20" y="${middle}" text-anchor="middle" transform="rotate(-90 20 ${middle})">${name}</text>`,
    ...series.map(({ direction, points }) =>
      points === undefined ? "" : dots(points, time, values, direction)
    ),
  ].join("");
}

/** Whether most of the data belong to a flow that numbers its packets. */
function hasSequence({ packets, sequencePackets }: DataSeries): boolean {
  return 2 * sequencePackets > packets;
}

function bounds(series: readonly (PointSeries | undefined)[], time: Scale): readonly [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const points of series) {
    if (points === undefined) continue;
    for (let index = 0; index < points.length; index++) {
      if (points.seconds[index] < time.from || points.seconds[index] > time.to) continue;
      low = Math.min(low, points.values[index]);
      high = Math.max(high, points.values[index]);
    }
  }
  return low > high ? [0, 1] : [low, high];
}

/** Every point that an eye can tell from its neighbours, as one path of dots. */
function dots(
  { seconds, values, length }: PointSeries,
  time: Scale,
  height: Scale,
  direction: Direction,
): string {
  const drawn = new Set<number>();
  let path = "";
  for (let index = 0; index < length; index++) {
    if (seconds[index] < time.from || seconds[index] > time.to) continue;
    const x = Math.round(time.place(seconds[index]) * DOT_GRID) / DOT_GRID;
    const y = Math.round(height.place(values[index]) * DOT_GRID) / DOT_GRID;
    const key = x * 16_384 + y;
    if (drawn.has(key)) continue;
    drawn.add(key);
    path += `M${x} ${y}h0`;
  }
  return path === ""
    ? ""
    : `<path d="${path}" stroke="${COLOURS[direction]}" stroke-width="${
      DOT_WIDTHS[direction]
    }" stroke-linecap="round" fill="none"/>`;
}

function marks(report: MobileNodeReport, time: Scale, dataTop: number, lanesTop: number): string {
  const drawn = new Set<string>();
  const begins = report.handovers.map(({ seconds }) => seconds).filter((seconds) =>
    seconds >= time.from && seconds <= time.to
  ).map((seconds) =>
    `<path d="M${
      pixel(time.place(seconds))
    } ${dataTop}V${lanesTop}" stroke="${COLOURS.update}" stroke-dasharray="3 3"/>`
  );
  const symbols = marksOf(report).map(({ seconds, lane }) => {
    if (seconds < time.from || seconds > time.to) return "";
    const x = pixel(time.place(seconds));
    if (drawn.has(`${lane} ${x}`)) return "";
    drawn.add(`${lane} ${x}`);
    return `<path d="${shape(lane)}" transform="translate(${x} ${lanesTop + LANE_HEIGHT * (lane + 0.5)})" ` +
      `fill="${LANES[lane].colour}" fill-opacity="0.85"><title>${LANES[lane].words}, ${
        seconds.toFixed(6)
      } s</title></path>`;
  });
  return begins.join("") + symbols.join("");
}

function marksOf({ exchanges, notices }: MobileNodeReport): Mark[] {
  const found: Mark[] = [];
  for (const { seconds, answer } of exchanges) {
    found.push({ seconds, lane: 0 });
    if (answer !== null) found.push({ seconds: answer.seconds, lane: answer.accepted ? 1 : 2 });
  }
  for (const { kind, fromSeconds, toSeconds } of notices) {
    if (kind !== "bindingError") continue;
    found.push({ seconds: fromSeconds, lane: 3 });
    if (toSeconds > fromSeconds) found.push({ seconds: toSeconds, lane: 3 });
  }
  return found;
}

/** A triangle that goes up, one that goes down, a cross, a square: to be told without colours, too. */
function shape(lane: number): string {
  return ["M0 -6L5.5 4.5H-5.5Z", "M0 6L5.5 -4.5H-5.5Z", CROSS, "M-4.5 -4.5H4.5V4.5H-4.5Z"][lane];
}

const CROSS = "M-5 -3L-3 -5L0 -2L3 -5L5 -3L2 0L5 3L3 5L0 2L-3 5L-5 3L-2 0Z";

function frame(top: number, lanesTop: number, bottom: number): string {
  return `<path d="M${LEFT} ${top}H${PLOT_END}V${bottom}H${LEFT}ZM${LEFT} ${lanesTop}H${PLOT_END}" fill="none" ` +
    `stroke="${COLOURS.frame}"/>`;
}

interface TextStyle {
  readonly size?: number;
  readonly bold?: boolean;
  readonly anchor?: "middle" | "end";
  readonly colour?: string;
}

function text(x: number, y: number, words: string, { size, bold, anchor, colour }: TextStyle): string {
  const attributes = [
    size === undefined ? "" : ` font-size="${size}"`,
    bold === true ? ` font-weight="bold"` : "",
    anchor === undefined ? "" : ` text-anchor="${anchor}"`,
    colour === undefined ? "" : ` fill="${colour}"`,
  ].join("");
  return `<text x="${pixel(x)}" y="${pixel(y)}"${attributes}>${escapeXml(words)}</text>`;
}

/** As much as fits into `width` pixels. */
function shorten(words: string, width: number): string {
  const fitting = Math.floor(width / CHARACTER_WIDTH);
  if (words.length <= fitting) return words;
  return fitting < 4 ? "" : `${words.slice(0, fitting - 1)}\u2026`;
}
