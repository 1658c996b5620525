import type { Family } from "../families.ts";
import { figuresInWindow, type FlowArrival } from "../mesh/record.ts";
import type { Move } from "./stage.ts";
import { type FamilyRecord, PING_INTERVAL_MS, UDP_INTERVAL_MS } from "./traffic.ts";

/** The flows of a family, in the order of the table. */
export const FLOW_NAMES = ["ssh", "download", "UDP up", "UDP down", "ping"] as const;
export type FlowName = typeof FLOW_NAMES[number];

/** Of each flow, how long it may be silent at the end of a stay and is said to go on: some of its intervals. */
const GOES_ON_MS: Record<FlowName, number> = {
  ssh: 1000,
  download: 500,
  "UDP up": 20 * UDP_INTERVAL_MS,
  "UDP down": 20 * UDP_INTERVAL_MS,
  ping: 6 * PING_INTERVAL_MS,
};

/** What one move did to one flow. */
export interface FlowAtMove {
  readonly flow: FlowName;
  /** The longest silence, on the way to the new network and in it. */
  readonly gapMs: number;
  /** Packets; null where TCP sends again what is lost. */
  readonly lost: number | null;
  /** Does it go on at the end of the stay? A download may have come to its end. */
  readonly goesOn: boolean;
}

/** What one move did to all flows of one family. */
export interface MoveResult {
  readonly move: Move;
  readonly family: Family;
  readonly flows: readonly FlowAtMove[];
}

/** The arrivals of each flow. */
export function arrivalsOf(
  { session, download, up, down, pings }: FamilyRecord,
): Record<FlowName, readonly FlowArrival[]> {
  return {
    ssh: session.echoes,
    download: download.parts,
    "UDP up": up.arrivals,
    "UDP down": down.arrivals,
    ping: pings,
  };
}

/** The results of a move for a family. `untilMs`: the next move, or the end of the traffic. */
export function measureMove(move: Move, untilMs: number, record: FamilyRecord): MoveResult {
  const arrivals = arrivalsOf(record);
  // A download that is whole is not silent.
  const wholeMs = record.download.outcome === "same" ? record.download.parts.at(-1)!.arrivedMs : Infinity;
  const flows = FLOW_NAMES.map((flow): FlowAtMove => {
    const toMs = flow === "download" ? Math.max(move.leftMs, Math.min(untilMs, wholeMs)) : untilMs;
    const figures = figuresInWindow(arrivals[flow], {
      fromMs: move.leftMs,
      toMs,
      goesOnMs: GOES_ON_MS[flow],
    });
    const countsPackets = flow !== "ssh" && flow !== "download";
    return { flow, ...figures, lost: countsPackets ? figures.lost : null };
  });
  return { move, family: record.family, flows };
}
