import type { Colours } from "../../output/colours.ts";
import { formatTable } from "../../output/table.ts";
import type { FlowFigures } from "../mesh/record.ts";
import type { Conversation, EmergencyPlan } from "./plan.ts";
import { ALL_ROUTERS, routerName } from "./topology.ts";

/** What a run has found. */
export interface EmergencyResult {
  readonly plan: EmergencyPlan;
  /** By router. */
  readonly moves: readonly number[];
  readonly states: readonly string[];
  /** Flows 2n and 2n+1 are those of conversation n. */
  readonly flows: readonly FlowFigures[];
}

/** One row of the table: the flows that begin or end at a router's nodes. */
export interface RouterFigures extends Omit<FlowFigures, "wholeSinceMs"> {
  readonly router: string;
  readonly moves: number;
  readonly state: string;
}

/** The figures of each router. A flow between two routers' nodes counts for both. */
export function figuresByRouter({ plan, moves, states, flows }: EmergencyResult): RouterFigures[] {
  return ALL_ROUTERS.map((router) => {
    const own = flows.filter((_, flow) => hasPart(plan.conversations[flow >> 1], router));
    return { router: routerName(router), moves: moves[router], state: states[router], ...sumOf(own) };
  });
}

function hasPart({ one, other }: Conversation, router: number): boolean {
  return one.router === router || other?.router === router;
}

/** Counts are added, of the silences the longest is taken. */
export function sumOf(flows: readonly FlowFigures[]): Omit<FlowFigures, "wholeSinceMs"> {
  const sum = (key: "sent" | "lost" | "duplicated" | "misdelivered") =>
    flows.reduce((total, flow) => total + flow[key], 0);
  return {
    sent: sum("sent"),
    lost: sum("lost"),
    duplicated: sum("duplicated"),
    misdelivered: sum("misdelivered"),
    longestGapMs: Math.max(0, ...flows.map(({ longestGapMs }) => longestGapMs)),
  };
}

const TITLES = [
  "router",
  "moves",
  "sent",
  "lost",
  "duplicated",
  "misdelivered",
  "longest gap, ms",
  "at the end",
];

/** A row for each router, and one for all flows, each counted once. */
export function formatEmergency(result: EmergencyResult, colours: Colours): string {
  const all = {
    router: "all",
    moves: result.moves.reduce((total, moves) => total + moves, 0),
    state: "",
    ...sumOf(result.flows),
  };
  const rows = [...figuresByRouter(result), all].map((row) => [
    row.router,
    ...[row.moves, row.sent, row.lost, row.duplicated, row.misdelivered, Math.round(row.longestGapMs)].map(
      String,
    ),
    row.state,
  ]);
  const columns = TITLES.map((title, index) =>
    ({ title, align: index === 0 || index === TITLES.length - 1 ? "left" : "right" }) as const
  );
  return "Packets from and to the nodes of each router; a flow between two routers counts for both\n" +
    formatTable(columns, rows, colours);
}
