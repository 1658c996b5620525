import type { CutOff } from "../../core/sessions/session_tracker.ts";
import type { DataTotal, Handover, MobileNodeReport } from "../../core/sessions/session_record.ts";
import type { Colours } from "./colours.ts";
import {
  ENCAPSULATION_NAMES,
  formatCount,
  formatMs,
  formatSeconds,
  formatSummary,
  plural,
} from "./session_format.ts";
import { timelineRows } from "./session_timeline.ts";
import { formatRecord, formatTable } from "./table.ts";

/** More mobile nodes than this get a row each, and no story. */
const MAXIMUM_STORIES = 12;

export interface SessionsOfCapture {
  readonly reports: readonly MobileNodeReport[];
  readonly packets: number;
  readonly durationSeconds: number;
  /** Of the first packet, with date. */
  readonly begin: string | undefined;
  readonly cutOff: CutOff;
}

/** The mobile nodes of a capture for people: a table of all, and the story of each. */
export function describeSessions(sessions: SessionsOfCapture, colours: Colours): string {
  const { reports, packets, durationSeconds, begin, cutOff } = sessions;
  const head = `${plural(packets, "packet")} in ${durationSeconds.toFixed(3)} s${
    begin === undefined ? "" : ` from ${begin}`
  }, ${plural(reports.length, "mobile node")}\n`;
  if (reports.length === 0) return `${head}No binding update, acknowledgement or error is in this capture.\n`;
  const stories = reports.length > MAXIMUM_STORIES ? [] : reports.map((report) => describe(report, colours));
  const all = reports.length === 1 ? [] : [describeAll(reports, colours)];
  const notes = describeCutOff(cutOff);
  if (stories.length === 0) {
    notes.push(`The stories of more than ${MAXIMUM_STORIES} mobile nodes are told by -T json.`);
  }
  const rest = notes.length === 0
    ? []
    : [notes.map((note) => `${colours.yellow("note")}  ${note}\n`).join("")];
  return [head, ...all, ...stories, ...rest].join("\n");
}

/** What a limit has cut off, one sentence each. */
export function describeCutOff({ messages, entries, notPlotted }: CutOff): string[] {
  const notes: string[] = [];
  if (messages > 0) {
    notes.push(`${plural(messages, "message")} of mobile nodes beyond the limit: not followed.`);
  }
  if (entries > 0) {
    notes.push(`${plural(entries, "entry").replace("entrys", "entries")} counted and not kept: too many.`);
  }
  if (notPlotted > 0) notes.push(`${plural(notPlotted, "mobile node")} beyond the limit: not in the plot.`);
  return notes;
}

const ALL_COLUMNS = [
  { title: "HOME ADDRESS" },
  { title: "IDENTITY" },
  { title: "CARE-OF ADDRESS" },
  { title: "TUNNEL" },
  { title: "NAT" },
  { title: "UPDATES", align: "right" },
  { title: "ACCEPTED", align: "right" },
  { title: "REFUSED", align: "right" },
  { title: "NO ANSWER", align: "right" },
  { title: "ROUND TRIP", align: "right" },
  { title: "HANDOVERS", align: "right" },
  { title: "LONGEST GAP", align: "right" },
  { title: "PACKETS", align: "right" },
  { title: "OVERHEAD", align: "right" },
] as const;

function describeAll(reports: readonly MobileNodeReport[], colours: Colours): string {
  const rows = reports.map((report) => {
    const { registrations, handovers, data } = report;
    const last = report.careOfAddresses.at(-1);
    const gaps = handovers.flatMap(({ gapFromMobileNode, gapToMobileNode }) =>
      [gapFromMobileNode, gapToMobileNode].map((gap) => gap?.gapMs ?? 0)
    );
    const gap = gaps.reduce((one, other) => Math.max(one, other), 0);
    const tunnelled = data.filter(({ encapsulation }) => encapsulation !== "none");
    return [
      report.homeAddress,
      report.identity ?? "-",
      last?.careOfAddress ?? "-",
      last === undefined ? "-" : ENCAPSULATION_NAMES[last.encapsulation],
      yesOrNo(report.nat.detected),
      formatCount(registrations.updates),
      formatCount(registrations.accepted),
      formatCount(registrations.refused),
      formatCount(registrations.unanswered),
      registrations.roundTripMs === null ? "-" : formatMs(registrations.roundTripMs.median),
      formatCount(handovers.length),
      gap === 0 ? "-" : formatMs(gap),
      formatCount(tunnelled.reduce((sum, { packets }) => sum + packets, 0)),
      tunnelled.length === 0 ? "-" : `${overheadPercent(tunnelled).toFixed(1)} %`,
    ];
  });
  return formatTable(ALL_COLUMNS, rows, colours);
}

function describe(report: MobileNodeReport, colours: Colours): string {
  const parts = [
    formatRecord(summaryRows(report), colours),
    timeline(report, colours),
    report.handovers.length === 0 ? "" : handoverTable(report.handovers, colours),
    report.data.length === 0 ? "" : dataTable(report.data, colours),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function summaryRows(report: MobileNodeReport): (readonly [string, string])[] {
  const { registrations, nat, refreshIntervalSeconds, careOfAddresses } = report;
  const rows: (readonly [string, string] | undefined)[] = [
    ["mobile node", report.homeAddress + (report.identity === null ? "" : `, ${report.identity}`)],
    list("IPv4 home address", report.ipv4HomeAddresses),
    list("mobile networks", report.prefixes),
    report.homeAgent === null ? undefined : ["home agent", report.homeAgent],
    ["registrations", registrationWords(report)],
    ...registrations.refusals.map(({ status, statusName, count }) =>
      ["refused", `${statusName} (${status})${count === 1 ? "" : `, ${count} times`}`] as const
    ),
    registrations.roundTripMs === null
      ? undefined
      : ["round trip", `${formatSummary(registrations.roundTripMs, "ms")} (least / median / most)`],
    refreshIntervalSeconds === null
      ? undefined
      : [nat.detected === true ? "keepalive" : "refresh", refreshWords(report)],
    ["NAT", natWords(report)],
    ...careOfAddresses.slice(0, 8).map((
      { careOfAddress, encapsulation, acceptedSeconds, toSeconds },
      index,
    ) =>
      [
        index === 0 ? "care-of address" : "",
        `${careOfAddress} in ${ENCAPSULATION_NAMES[encapsulation]} from ${formatSeconds(acceptedSeconds)} ${
          toSeconds === null ? "on" : `to ${formatSeconds(toSeconds)}`
        }`,
      ] as const
    ),
    careOfAddresses.length > 8 ? ["", `and ${careOfAddresses.length - 8} more`] : undefined,
    correspondents(report),
  ];
  return rows.filter((row) => row !== undefined);
}

function list(name: string, values: readonly string[]): readonly [string, string] | undefined {
  return values.length === 0 ? undefined : [name, values.join(", ")];
}

function correspondents({ correspondents: { updates, acknowledgements } }: MobileNodeReport) {
  if (updates + acknowledgements === 0) return undefined;
  return [
    "correspondents",
    `${plural(updates, "Binding Update")}, ${plural(acknowledgements, "acknowledgement")}`,
  ] as const;
}

function registrationWords({ registrations, bindingErrors, refreshRequests }: MobileNodeReport): string {
  const counts: readonly (readonly [number, string])[] = [
    [registrations.accepted, "accepted"],
    [registrations.refused, "refused"],
    [registrations.unanswered, "without answer"],
    [registrations.retransmissions, "sent again"],
    [registrations.duplicates, "seen twice"],
    [registrations.deregistrations, "de-registered"],
    [registrations.sequenceJumps, "with a jump of the sequence number"],
  ];
  const words = [plural(registrations.updates, "Binding Update")];
  words.push(
    ...counts.filter(([count]) => count > 0).map(([count, word]) => `${formatCount(count)} ${word}`),
  );
  if (registrations.unmatchedAcknowledgements > 0) {
    words.push(`${plural(registrations.unmatchedAcknowledgements, "acknowledgement")} of unknown updates`);
  }
  if (bindingErrors > 0) words.push(plural(bindingErrors, "Binding Error"));
  if (refreshRequests > 0) words.push(plural(refreshRequests, "Refresh Request"));
  return words.join(", ");
}

function refreshWords({ refreshIntervalSeconds, nat }: MobileNodeReport): string {
  const wanted = nat.refreshSeconds === null || nat.refreshSeconds === 0
    ? ""
    : `; the home agent wants every ${nat.refreshSeconds} s`;
  return refreshIntervalSeconds === null
    ? "none"
    : `every ${formatSummary(refreshIntervalSeconds, "s")} (least / median / most)${wanted}`;
}

function natWords({ nat: { detected, mappings } }: MobileNodeReport): string {
  if (detected === null) return "not known";
  if (!detected) return "none";
  const last = mappings.at(-1);
  if (last === undefined) return "yes, says the home agent; this capture is on the inner side of it";
  const port = last.port === null ? "" : `:${last.port}`;
  const changes = mappings.length === 1 ? "" : `, after ${plural(mappings.length - 1, "change")}`;
  return `yes: ${last.careOfAddress} is seen as ${last.address}${port}${changes}`;
}

function yesOrNo(value: boolean | null): string {
  return value === null ? "-" : value ? "yes" : "no";
}

const TIMELINE_COLUMNS = [{ title: "SECOND", align: "right" }, { title: "EVENT" }, { title: "" }] as const;

function timeline(report: MobileNodeReport, colours: Colours): string {
  const rows = timelineRows(report);
  return rows.length === 0 ? "" : formatTable(TIMELINE_COLUMNS, rows, colours);
}

const HANDOVER_COLUMNS = [
  { title: "HANDOVER", align: "right" },
  { title: "FROM" },
  { title: "TO" },
  { title: "UPDATES", align: "right" },
  { title: "SIGNALLING", align: "right" },
  { title: "GAP TO NODE", align: "right" },
  { title: "GAP FROM NODE", align: "right" },
] as const;
const MAXIMUM_HANDOVER_ROWS = 40;

function handoverTable(handovers: readonly Handover[], colours: Colours): string {
  const place = ({ careOfAddress, encapsulation }: Handover["from"]) =>
    `${careOfAddress}, ${ENCAPSULATION_NAMES[encapsulation]}`;
  const rows = handovers.slice(0, MAXIMUM_HANDOVER_ROWS).map((handover) => [
    formatSeconds(handover.seconds),
    place(handover.from),
    place(handover.to),
    String(handover.updates),
    handover.signallingMs === null ? "not accepted" : formatMs(handover.signallingMs),
    gapWords(handover.gapToMobileNode),
    gapWords(handover.gapFromMobileNode),
  ]);
  return formatTable(HANDOVER_COLUMNS, rows, colours);
}

function gapWords(gap: Handover["gapToMobileNode"]): string {
  if (gap === null) return "no data";
  return `${formatMs(gap.gapMs)} from ${formatSeconds(gap.lastBeforeSeconds)}`;
}

const DATA_COLUMNS = [
  { title: "DATA" },
  { title: "TUNNEL" },
  { title: "PACKETS", align: "right" },
  { title: "OCTETS", align: "right" },
  { title: "OVERHEAD", align: "right" },
  { title: "", align: "right" },
] as const;

function dataTable(data: readonly DataTotal[], colours: Colours): string {
  const rows = data.map((total) => [
    total.direction === "fromMobileNode" ? "from the node" : "to the node",
    ENCAPSULATION_NAMES[total.encapsulation],
    formatCount(total.packets),
    formatCount(total.octets),
    formatCount(total.overheadOctets),
    `${total.overheadPercent.toFixed(1)} %`,
  ]);
  return formatTable(DATA_COLUMNS, rows, colours);
}

function overheadPercent(data: readonly DataTotal[]): number {
  const octets = data.reduce((sum, total) => sum + total.octets, 0);
  const overhead = data.reduce((sum, { overheadOctets }) => sum + overheadOctets, 0);
  return octets === overhead ? 0 : 100 * overhead / (octets - overhead);
}
