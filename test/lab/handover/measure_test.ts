import { assert, assertEquals } from "@std/assert";
import { encodeIpv6Header } from "../../../core/wire/ipv6.ts";
import { handoverCsv, handoverFiles } from "../../../cli/lab/handover/files.ts";
import { parseArrivals } from "../../../cli/lab/handover/flows.ts";
import { checkGoals } from "../../../cli/lab/handover/goals.ts";
import { type Arrival, measureHandover, type Move, summarize } from "../../../cli/lab/handover/measure.ts";
import { handoverScenarios } from "../../../cli/lab/handover/scenarios.ts";
import { findMessage, type Signal } from "../../../cli/lab/handover/signal.ts";
import { formatHandovers } from "../../../cli/lab/handover/table.ts";
import { CheckList } from "../../../cli/lab/check.ts";
import type { Colours } from "../../../cli/output/colours.ts";

const same = (text: string) => text;
const PLAIN: Colours = { bold: same, dim: same, red: same, green: same, yellow: same };
const MOVE: Move = { fromMs: 1000, movedMs: 1300, toMs: 2000, newAddressesBegin: "192.168.77." };

/** A packet every 5 ms from 900 to 2100; nothing arrives that was sent in the silence. */
function flow(silentFromMs: number, silentToMs: number, travelMs = 1): Arrival[] {
  return Array.from({ length: 240 }, (_, sequence) => {
    const sentMs = 900 + sequence * 5;
    return { sequence, sentMs, arrivedMs: sentMs + travelMs };
  }).filter(({ sentMs }) => sentMs < silentFromMs || sentMs >= silentToMs);
}

function signal(timeMs: number, lane: Signal["lane"], name: string, source = "x", destination = "x"): Signal {
  return { timeMs, lane, name, source, destination };
}

const SIGNALS: Signal[] = [
  signal(1100, "BU", "BU", "2001:db8:a1::5"),
  signal(1102, "BA", "BA", "x", "2001:db8:a1::5"),
  signal(1302, "RS", "RS"),
  signal(1303, "DHCP", "DHCPDISCOVER"),
  signal(1305, "DHCP", "DHCPACK"),
  signal(1307, "BU", "BU", "192.168.77.100"),
  signal(1311, "BA", "BA", "203.0.113.1", "192.168.77.100"),
];

Deno.test("a handover is measured: parts as in the paper's Table 1, gaps and losses each way", () => {
  const flows = { up: flow(1200, 1310), down: flow(1200, 1330, 2) };
  const result = measureHandover(MOVE, flows, SIGNALS);
  assertEquals(result, {
    up: { gapMs: 115, lastBeforeMs: 1196, firstAfterMs: 1311, lost: 22, duplicated: 0 },
    down: { gapMs: 135, lastBeforeMs: 1197, firstAfterMs: 1332, lost: 26, duplicated: 0 },
    resumed: true,
    linkUpMs: 106,
    solicitationMs: 2,
    configurationMs: 5,
    dhcpMs: 2,
    advertisementMs: null,
    mipv6Ms: 4,
    registrationMs: 4,
    moveToDataUpMs: 10,
    moveToDataDownMs: 30,
  });
});

Deno.test("a handover after which nothing arrives has not resumed", () => {
  const result = measureHandover(MOVE, { up: flow(1200, 9000), down: [] }, []);
  assertEquals([result.resumed, result.up.gapMs, result.up.firstAfterMs], [false, 804, null]);
  assertEquals([result.down.gapMs, result.down.lastBeforeMs, result.mipv6Ms], [1000, null, null]);
});

Deno.test("a longer silence elsewhere is told, and is not taken for the handover's", () => {
  const up = flow(1297, 1312).filter(({ sentMs }) => sentMs < 1700 || sentMs > 1800);
  const { up: result, moveToDataUpMs, mipv6Ms } = measureHandover(MOVE, { up, down: flow(0, 0) }, SIGNALS);
  assertEquals([result.gapMs, result.lastBeforeMs, result.firstAfterMs], [110, 1296, 1316]);
  assertEquals([moveToDataUpMs, mipv6Ms], [15, 9]);
});

Deno.test("what came before an announced move, or behind its first data, is no part of the silence", () => {
  const announced = SIGNALS.map((signal) => ({ ...signal, timeMs: signal.timeMs - 50 }));
  const late = [signal(1400, "RS", "RS"), ...announced.filter(({ lane }) => lane !== "RS")];
  const result = measureHandover(MOVE, { up: flow(0, 0), down: flow(0, 0) }, late);
  assertEquals([result.linkUpMs, result.configurationMs, result.mipv6Ms], [null, null, null]);
  assertEquals([result.registrationMs, result.solicitationMs], [4, null]);
});

Deno.test("duplicates are counted, and reordering is no loss", () => {
  const steady = flow(0, 0);
  const up = [...steady, steady[100], { ...steady[150], arrivedMs: steady[152].arrivedMs + 0.1 }];
  const { up: result } = measureHandover(MOVE, { up, down: steady }, []);
  assertEquals([result.lost, result.duplicated, result.gapMs], [0, 2, 5]);
});

Deno.test("a summary has the median, the least and the most", () => {
  assertEquals(summarize([null, 3, 1, 2]), { median: 2, least: 1, most: 3, count: 3 });
  assertEquals(summarize([4, 1, 2, 3])?.median, 2.5);
  assertEquals(summarize([null]), undefined);
});

Deno.test("arrivals are read up to the last whole line", () => {
  const text = "0 10.000 11.500\n1 15.000 16.250\n2 20.000 2";
  assertEquals(parseArrivals(text).map(({ arrivedMs }) => arrivedMs), [11.5, 16.25]);
  assertEquals(parseArrivals(""), []);
});

Deno.test("signalling is found in frames: RS, BU in IPv6 with options, DHCP; data is none", () => {
  const ethernet = (etherType: number[], packet: Uint8Array) =>
    new Uint8Array([...new Uint8Array(12), ...etherType, ...packet]);
  const ipv6 = (nextHeader: number, payload: number[]) => {
    const header = encodeIpv6Header({
      ...{ trafficClass: 0, flowLabel: 0, payloadLength: payload.length, nextHeader, hopLimit: 255 },
      ...{ source: "2001:db8:a1::5", destination: "2001:db8:1::1" },
    });
    return ethernet([0x86, 0xdd], new Uint8Array([...header, ...payload]));
  };
  const padding = [135, 1, 1, 12, ...new Array(12).fill(0)];
  const update = [59, 1, 5, 0, 0, 0, 0, 1, 0xc0, 0, 0, 1, 0, 0, 0, 0];
  assertEquals(findMessage(ipv6(58, [133, 0, 0, 0, 0, 0, 0, 0]))?.lane, "RS");
  const found = findMessage(ipv6(60, [...padding, ...update]));
  assertEquals([found?.lane, found?.source], ["BU", "2001:db8:a1::5"]);
  assertEquals(findMessage(ipv6(17, [0, 1, 0, 2, 0, 8, 0, 0])), undefined);
  for (let length = 0; length < 70; length++) {
    findMessage(ipv6(60, [...padding, ...update]).subarray(0, length));
  }
});

function playedScenarios() {
  const runs = [1310, 1325, 1365].map((resumedMs) => {
    const flows = { up: flow(1200, resumedMs), down: flow(1200, resumedMs + 10) };
    return { move: MOVE, result: measureHandover(MOVE, flows, SIGNALS), ...flows, signals: SIGNALS };
  });
  return handoverScenarios(0).map((scenario) => ({ scenario, moves: runs }));
}

Deno.test("the table has the paper's line and ours, median and range", () => {
  const [{ scenario, moves }] = playedScenarios();
  const results = moves.map(({ result }) => result);
  const table = formatHandovers([{ name: scenario.name, title: scenario.title, results }], PLAIN);
  assert(/paper: ipv6-ipv4 +1 +1718 +898 +336 +189 +2810\n/.test(table), table);
  assert(/ipv6-ipv6 +3 +106 \(106-106\).* 130 \(115-170\)\n/.test(table), table);
});

Deno.test("goals are met or missed by median and most; a delay is added to them", () => {
  const { scenario, moves } = playedScenarios().find(({ scenario }) => scenario.name === "ipv6-ipv4-nat")!;
  const checks = new CheckList();
  checkGoals(checks, scenario, moves.map(({ result }) => result));
  assertEquals(checks.all.map(({ ok, value, limit }) => [ok, value, limit]), [
    [true, 3, "3"],
    [false, 25, "at most 20"],
    [false, 65, "at most 60"],
  ]);
  const late = handoverScenarios(20);
  const limits = (name: string) => late.find((one) => one.name === name)!.goals.map(({ limit }) => limit);
  assertEquals(limits("ipv6-ipv4-nat"), [40, 80]);
  assertEquals([limits("vertical-ipv6-ipv6"), limits("vertical-ipv6-ipv6-announced")], [[2, 10], [0, 0]]);
  assertEquals(new Set(late.map(({ name }) => name)).size, late.length);
});

Deno.test("figures, JSON and CSV are written from the runs; the figure shows the run in the middle", () => {
  const played = playedScenarios();
  const files = handoverFiles(played, { runs: 3, delayMs: 0, seed: 1 }, []);
  assertEquals([...files.keys()], ["figure4.svg", "figure5.svg", "handover.json", "handover.csv"]);
  const figure = files.get("figure4.svg")!;
  assertEquals(figure.match(/<g>/g)?.length, 14);
  for (const words of ["IPv6 to IPv4 behind NAT", ">DHCP</text>", "DHCPACK", "sequence number"]) {
    assert(figure.includes(words), words);
  }
  const data = JSON.parse(files.get("handover.json")!);
  assertEquals([data.scenarios[0].runs.length, data.scenarios[0].shown.move], [3, MOVE]);
  const lines = handoverCsv(played.slice(0, 1)).trimEnd().split("\n");
  assertEquals([lines.length, lines[1].split(",").length], [4, lines[0].split(",").length]);
  assert(lines[1].startsWith("ipv6-ipv6,1,1,106,2,,5,2,4,4,10,"), lines[1]);
});
