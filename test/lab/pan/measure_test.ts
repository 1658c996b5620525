import { assert, assertEquals } from "@std/assert";
import { coloursFor } from "../../../cli/output/colours.ts";
import type { FlowArrival } from "../../../cli/lab/mesh/record.ts";
import { plotPan, silencesOf } from "../../../cli/lab/pan/figure.ts";
import { panCsv } from "../../../cli/lab/pan/files.ts";
import { measureMove } from "../../../cli/lab/pan/measure.ts";
import { formatPan } from "../../../cli/lab/pan/table.ts";
import { CLIENT, JOURNEY, OFFICE, UMTS } from "../../../cli/lab/pan/topology.ts";
import type { FamilyRecord } from "../../../cli/lab/pan/traffic.ts";

/** A packet every `intervalMs`, except those that would come between `from` and `to`. */
function flow(intervalMs: number, untilMs: number, [from, to]: readonly [number, number]): FlowArrival[] {
  const times = Array.from({ length: Math.ceil(untilMs / intervalMs) }, (_, index) => index * intervalMs);
  return times.flatMap((time, sequence) =>
    time > from && time < to ? [] : [{ sequence, sentMs: time, arrivedMs: time }]
  );
}

const HOLE = [1000, 1150] as const;

function record(changes: Partial<FamilyRecord> = {}): FamilyRecord {
  const udp = { arrivals: flow(10, 3000, HOLE), misdelivered: 0, sent: 300 };
  return {
    family: 6,
    session: { echoes: flow(200, 3000, [0, 0]), wrong: 0, typed: 15, lost: undefined },
    download: { parts: flow(50, 3000, HOLE), octets: 1000, outcome: "under way", lost: undefined },
    up: udp,
    down: udp,
    pings: flow(50, 3000, HOLE),
    ...changes,
  };
}

const MOVE = { from: OFFICE, to: UMTS, leftMs: 1005, movedMs: 1105, registeredMs: 1140 };

function summary(found: FamilyRecord, untilMs = 3000) {
  return measureMove(MOVE, untilMs, found).flows.map(({ flow, gapMs, lost, goesOn }) =>
    `${flow} ${gapMs} ${lost} ${goesOn}`
  );
}

Deno.test("a move is measured in every flow: silence, lost packets, whether it goes on", () => {
  assertEquals(summary(record()), [
    "ssh 200 null true",
    "download 150 null true",
    "UDP up 150 14 true",
    "UDP down 150 14 true",
    "ping 150 2 true",
  ]);
});

Deno.test("a flow that does not come back is silent to the end of the stay", () => {
  const dead = { arrivals: flow(10, 1000, HOLE), misdelivered: 0, sent: 300 };
  const found = summary(record({ up: dead, pings: [] }));
  assertEquals(found[2], "UDP up 2010 0 false");
  assertEquals(found[3], "UDP down 150 14 true");
  assertEquals(found[4], "ping 1995 0 false");
});

Deno.test("a download that is whole before the end of a stay is not silent, one that stops before is", () => {
  const parts = flow(50, 2000, HOLE);
  const whole = { parts, octets: 1000, outcome: "same", lost: undefined } as const;
  assertEquals(summary(record({ download: whole }))[1], "download 150 null true");
  assertEquals(
    summary(record({ download: { ...whole, outcome: "under way" } }))[1],
    "download 1050 null false",
  );
});

Deno.test("the table shows several runs as median and extremes, and says where a flow was silent", () => {
  const good = measureMove(MOVE, 3000, record());
  const bad = measureMove(MOVE, 3000, record({ pings: [] }));
  const text = formatPan([good, good, bad], coloursFor({ isTerminal: () => false }));
  const line = (flow: string) => text.split("\n").find((line) => line.includes(flow))!.split(/ {2,}/);
  assertEquals(line("UDP up"), [
    "office to umts",
    "IPv6",
    "UDP up",
    "3",
    "150 (150-150)",
    "14 (14-14)",
    "goes on",
  ]);
  assertEquals(line("ping").slice(-1), ["silent in 1 of 3"]);
  const csv = panCsv([good]).split("\n");
  assertEquals(csv[3], "office to umts,6,UDP up,150.000,14,1");
});

Deno.test("the figure has a hole with its length for each silence, and the networks", () => {
  assertEquals(silencesOf(flow(10, 2000, HOLE), 40), [{ fromMs: 1000, toMs: 1150 }]);
  const second = { ...MOVE, from: UMTS, to: CLIENT, leftMs: 2000, movedMs: 2100 };
  const svg = plotPan({ fromMs: 0, toMs: 3000, moves: [MOVE, second] }, [record()]);
  assertEquals(svg.match(/>150</g)?.length, 4, "download, UDP both ways, ping");
  for (const { title } of [OFFICE, UMTS, CLIENT]) assert(svg.includes(`>${title}<`), title);
  assertEquals(svg.match(/<text/g)?.length, svg.match(/<\/text>/g)?.length);
});

Deno.test("the journey is that of the paper's Figure 1, and goes home", () => {
  assertEquals(JOURNEY.map(({ name }) => name), ["office", "umts", "client", "hotspot", "home"]);
});
