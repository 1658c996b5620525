import type { HandoverResult } from "./measure.ts";
import type { AccessNetwork } from "../access/access_network.ts";
import { HOME } from "../access/internet.ts";
import { ACCESS_NETWORKS, type Egress } from "./topology.ts";

/** How the mobile router loses its network. */
export type Kind =
  /** The cable is taken out and put into the other network: link down, link up. */
  | "plugged"
  /** The cable is in the other network all at once, and nothing tells the mobile router. */
  | "silent"
  /** The first of two cables is cut; the second has been configured before. */
  | "cutOff"
  /** The same, after `dsmip mn switch` to the second. */
  | "announced"
  /** The first network's router is gone, its link stays up. */
  | "routerVanishes";

/** What a handover of this kind shall take at most. */
export interface Goal {
  readonly name: string;
  readonly unit: "ms" | "packets";
  readonly statistic: "median" | "most";
  readonly limit: number;
  readonly figure: (result: HandoverResult) => number | null;
}

export interface HandoverScenario {
  readonly name: string;
  readonly title: string;
  readonly kind: Kind;
  readonly egresses: readonly Egress[];
  readonly from: AccessNetwork;
  readonly to: AccessNetwork;
  /** Which figure of the paper shows this kind: 4 one interface, 5 two. */
  readonly figure: 4 | 5;
  /** Left to the mobile router where it is undefined. */
  readonly prefer?: "keep";
  readonly goals: readonly Goal[];
}

const { r6a, r6b, r4, r4n } = ACCESS_NETWORKS;

/** With link events: the goals count from the moment when the link is up. */
const HORIZONTAL: readonly { from: AccessNetwork; to: AccessNetwork; medianMs?: number; mostMs?: number }[] =
  [
    { from: r6a, to: r6b, medianMs: 10 },
    { from: r6a, to: r4, medianMs: 20, mostMs: 60 },
    { from: r6a, to: r4n, medianMs: 20, mostMs: 60 },
    { from: r4n, to: r6a, medianMs: 15, mostMs: 60 },
    { from: r4, to: r4n },
  ];

/** No goals: the home agent looks for duplicates for a second before it takes over who leaves home (RFC 6275 10.3.1). */
const HOME_WAYS: readonly { from: AccessNetwork; to: AccessNetwork }[] = [
  { from: r6a, to: HOME },
  { from: HOME, to: r6a },
];

const VERTICAL: readonly { from: AccessNetwork; to: AccessNetwork }[] = [
  { from: r6a, to: r6b },
  { from: r4n, to: r6a },
  { from: r6a, to: r4n },
];

const FLOW_INTERVAL_MS = 5;
/** As many may be on their way through the mobile router when its cable is cut. */
const LOST_IN_CUT = 2;

/** All scenarios but the ping-pong. The goals leave room for the delay to the home agent, in ms one way. */
export function handoverScenarios(delayMs: number): HandoverScenario[] {
  return [
    ...HORIZONTAL.map((way) => horizontal(way, "plugged", timeGoals(way, delayMs))),
    ...HORIZONTAL.map((way) => horizontal(way, "silent", [])),
    ...HOME_WAYS.map((way) => homeWay(way, "plugged")),
    ...HOME_WAYS.map((way) => homeWay(way, "silent")),
    ...VERTICAL.map((way) => vertical(way, "cutOff", LOST_IN_CUT, delayMs)),
    ...VERTICAL.map((way) => vertical(way, "announced", 0, 0)),
    {
      ...vertical({ from: r6a, to: r4n }, "routerVanishes", 0, 0),
      name: "router-vanishes",
      title: "The router of the first network vanishes, its link stays up",
      goals: [],
    },
  ];
}

function timeGoals({ medianMs, mostMs }: typeof HORIZONTAL[number], delayMs: number): Goal[] {
  const goal = (statistic: Goal["statistic"], limit: number | undefined): Goal[] =>
    limit === undefined ? [] : [{
      name: "gap from link-up, upstream",
      unit: "ms",
      statistic,
      limit: limit + delayMs,
      figure: ({ moveToDataUpMs }) => moveToDataUpMs,
    }];
  return [...goal("median", medianMs), ...goal("most", mostMs)];
}

function horizontal(
  { from, to }: { from: AccessNetwork; to: AccessNetwork },
  kind: Kind,
  goals: readonly Goal[],
): HandoverScenario {
  const silent = kind === "silent";
  return {
    name: `${wayName(from, to)}${silent ? "-silent" : ""}`,
    title: `${from.title} to ${to.title}, one interface${silent ? ", no link event" : ""}`,
    kind,
    egresses: ["eg0"],
    from,
    to,
    figure: 4,
    goals,
  };
}

function homeWay(way: typeof HOME_WAYS[number], kind: "plugged" | "silent"): HandoverScenario {
  const scenario = horizontal(way, kind, []);
  const name = way.to === HOME ? "returning-home" : "leaving-home";
  return { ...scenario, name: kind === "silent" ? `${name}-silent` : name };
}

function vertical(
  { from, to }: { from: AccessNetwork; to: AccessNetwork },
  kind: Kind,
  lost: number,
  delayMs: number,
): HandoverScenario {
  const announced = kind === "announced";
  const roundTripPackets = Math.ceil(2 * delayMs / FLOW_INTERVAL_MS);
  const goal = (name: string, limit: number, figure: Goal["figure"]): Goal => (
    { name, unit: "packets", statistic: "most", limit, figure }
  );
  return {
    name: `vertical-${wayName(from, to)}${announced ? "-announced" : ""}`,
    title: `${from.title} to ${to.title}, two interfaces, the first ${announced ? "left" : "cut off"}`,
    kind,
    egresses: ["eg0", "eg1"],
    from,
    to,
    figure: 5,
    // From IPv4 there would be nothing to hand over where IPv6 is taken as soon as it is there.
    ...(from.family === 4 && to.family === 6 ? { prefer: "keep" } as const : {}),
    goals: [
      goal("lost upstream", lost, ({ up }) => up.lost),
      goal("lost downstream", lost + roundTripPackets, ({ down }) => down.lost),
    ],
  };
}

function wayName(from: AccessNetwork, to: AccessNetwork): string {
  const nat = from.behindNat || to.behindNat;
  // Only one way is there with and without NAT.
  return `ipv${from.family}-ipv${to.family}${nat && from.family === 6 && to.family === 4 ? "-nat" : ""}`;
}
