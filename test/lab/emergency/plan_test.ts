import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { planEmergency } from "../../../cli/lab/emergency/plan.ts";
import { emergencyCsv } from "../../../cli/lab/emergency/files.ts";
import { type EmergencyResult, figuresByRouter, formatEmergency } from "../../../cli/lab/emergency/table.ts";
import { ALL_NODES, emergencyTopology, nodeName } from "../../../cli/lab/emergency/topology.ts";
import type { FlowFigures } from "../../../cli/lab/mesh/record.ts";
import { coloursFor } from "../../../cli/output/colours.ts";

const OPTIONS = { seed: 7, seconds: 60, families: [6, 4] } as const;

Deno.test("the same seed gives the same moves and conversations, another one others", () => {
  const plan = planEmergency(OPTIONS);
  assertEquals(planEmergency(OPTIONS), plan);
  assertNotEquals(planEmergency({ ...OPTIONS, seed: 8 }), plan);
});

Deno.test("every node is in one conversation, about a third of them with a node of another router", () => {
  for (let seed = 0; seed < 50; seed++) {
    const { conversations } = planEmergency({ ...OPTIONS, seed });
    const nodes = conversations.flatMap(({ one, other }) => other === undefined ? [one] : [one, other]);
    assertEquals(nodes.map(nodeName).sort(), ALL_NODES.map(nodeName).sort());
    const between = conversations.filter(({ other }) => other !== undefined);
    assertEquals(between.length * 2, 16);
    assert(
      between.every(({ one, other }) => one.router !== other!.router),
      `seed ${seed}: a router with itself`,
    );
    const families = conversations.map(({ family }) => family);
    assertEquals(families.filter((family) => family === 4).length, conversations.length >> 1);
  }
});

Deno.test("every move leads to another network, within the time, one after the other", () => {
  const plan = planEmergency(OPTIONS);
  assertEquals(plan.routers.length, 10);
  for (const { first, moves } of plan.routers) {
    const networks = [first, ...moves.map(({ to }) => to)].map(({ name }) => name);
    assert(networks.every((name, index) => name !== networks[index + 1]), networks.join(" "));
    const times = moves.map(({ atMs }) => atMs);
    assert(times.every((time, index) => time < 60_000 && time > (times[index - 1] ?? 0)), times.join(" "));
  }
  const all = plan.routers.flatMap(({ moves }) => moves);
  assert(all.length > 80, `${all.length} moves`);
  assertEquals(new Set(all.map(({ to }) => to.name)).size, 5);
  assertEquals(new Set(all.map(({ isSilent }) => isSilent)).size, 2);
});

Deno.test("every name of a namespace or an interface is there once and short enough", () => {
  const { nodes, links } = emergencyTopology();
  assertEquals(new Set(nodes.map(({ name }) => name)).size, nodes.length);
  const ends = links.flat().map((end) => end.join("/"));
  assertEquals(new Set(ends).size, ends.length);
  assert(links.flat().every(([, name]) => name.length <= 15));
});

const NOTHING: FlowFigures = {
  sent: 0,
  lost: 0,
  duplicated: 0,
  misdelivered: 0,
  longestGapMs: 0,
  wholeSinceMs: 0,
};

function result(figures: Record<number, Partial<FlowFigures>>): EmergencyResult {
  const plan = planEmergency(OPTIONS);
  return {
    plan,
    moves: plan.routers.map(({ moves }) => moves.length),
    states: plan.routers.map(() => "registered"),
    flows: plan.conversations.flatMap((_, index) => [2 * index, 2 * index + 1]).map((flow) => (
      { ...NOTHING, ...figures[flow] }
    )),
  };
}

Deno.test("a lost or misdelivered packet is shown at the routers of both ends, and once in the sum", () => {
  const found = result({ 0: { sent: 100, lost: 3, longestGapMs: 120 }, 1: { sent: 90, misdelivered: 2 } });
  const { one, other } = found.plan.conversations[0];
  const rows = figuresByRouter(found);
  for (const { router, sent, lost, misdelivered, longestGapMs } of rows) {
    const isPart = [one, other!].some((place) => router === `mr${place.router}`);
    assertEquals([sent, lost, misdelivered, longestGapMs], isPart ? [190, 3, 2, 120] : [0, 0, 0, 0]);
  }
  const last = formatEmergency(found, coloursFor({ isTerminal: () => false })).trimEnd().split("\n").at(-1)!;
  assertEquals(last.split(/\s+/).slice(2), ["190", "3", "0", "2", "120"]);
});

Deno.test("the file has a line for each direction", () => {
  const found = result({ 1: { sent: 90, lost: 1, longestGapMs: 55.5 } });
  const { one, other } = found.plan.conversations[0];
  const lines = emergencyCsv(found).trimEnd().split("\n");
  assertEquals(lines.length, 1 + 2 * found.plan.conversations.length);
  assertEquals(lines[2], `${nodeName(other!)},${nodeName(one)},6,90,1,0,0,55.500`);
});
