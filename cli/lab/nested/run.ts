import type { AccessNetwork } from "../access/access_network.ts";
import { coloursFor } from "../../output/colours.ts";
import { formatTable } from "../../output/table.ts";
import type { CheckList } from "../check.ts";
import type { HomeAgentOptions } from "../daemons.ts";
import { type MeasuredOutcome, type MeasuredRunOptions, playMeasured } from "../measured_run.ts";
import type { PlayedStep } from "../play_steps.ts";
import { measureThroughput, ping, runTransfer } from "../traffic.ts";
import { NestedStage, TO_CORRESPONDENT, TO_HOST } from "./stage.ts";
import { BEHIND_NAT, HOME_AGENT, IPV6, OTHER_HOME_AGENT } from "./topology.ts";

const PINGS = 10;
const TRANSFER_OCTETS = 3_000_000;
const THROUGHPUT_SECONDS = 2;
/** A connection whose large packets vanish stands still: this is far below what any machine does. */
const THROUGHPUT_LIMIT_MBITS = 10;
/** Two tunnels over links of 1500 octets: IPv6 in IPv6 takes 40, and the outer one at least 28 (IPv4 and UDP). */
const PATH_MTU_LIMIT = 1432;

interface Case {
  readonly name: string;
  readonly homeAgent: HomeAgentOptions;
  readonly network: AccessNetwork;
}

const CASES: readonly Case[] = [
  { name: "other home agent, IPv6", homeAgent: OTHER_HOME_AGENT, network: IPV6 },
  { name: "other home agent, behind NAT", homeAgent: OTHER_HOME_AGENT, network: BEHIND_NAT },
  { name: "same home agent, behind NAT", homeAgent: HOME_AGENT, network: BEHIND_NAT },
  { name: "same home agent, IPv6", homeAgent: HOME_AGENT, network: IPV6 },
];

/** What was measured in one case. */
interface Measured {
  readonly name: string;
  readonly roundTripMs: number;
  readonly upMbits: number;
  readonly downMbits: number;
  readonly upMtu: number | undefined;
  readonly downMtu: number | undefined;
}

/** Plays a mobile router behind a mobile router: pings, TCP with checksums, and what the ends learn of the path. */
export async function runNested(options: MeasuredRunOptions): Promise<MeasuredOutcome> {
  return await playMeasured("nested", options, (lab, checks) => {
    let stage: NestedStage;
    const measured: Measured[] = [];
    const steps: PlayedStep[] = [
      {
        title: "Build the network, start two home agents and the outer mobile router",
        run: async () => void (stage = await NestedStage.open(lab)),
      },
      ...CASES.map((nested): PlayedStep => ({
        title: `A mobile router behind a mobile router: ${nested.name}`,
        run: async () => void measured.push(await play(stage, nested, checks)),
      })),
    ];
    const finish = () => ({
      table: formatNested(measured),
      files: new Map([[
        "nested.json",
        JSON.stringify({ checks: checks.all, measured }, undefined, 1) + "\n",
      ]]),
    });
    return { steps, finish };
  });
}

async function play(
  stage: NestedStage,
  { name, homeAgent, network }: Case,
  checks: CheckList,
): Promise<Measured> {
  const { lab } = stage;
  await stage.attachOuter(network);
  await stage.startInner(homeAgent);
  try {
    const up = await ping(lab, TO_CORRESPONDENT, PINGS);
    const down = await ping(lab, TO_HOST, PINGS);
    checks.equal(`${name}: pings from the host`, up.received, PINGS, "answers");
    checks.equal(`${name}: pings to the host`, down.received, PINGS, "answers");
    // To the host first: as long as the host knows nothing of the path, it invites segments that are too large.
    const ways = [["to", TO_HOST, 5302], ["from", TO_CORRESPONDENT, 5301]] as const;
    for (const [direction, way, port] of ways) {
      const { received, same } = await runTransfer(lab, way, port, TRANSFER_OCTETS);
      checks.equal(`${name}: TCP ${direction} the host: octets`, received.octets, TRANSFER_OCTETS, "octets");
      checks.holds(`${name}: TCP ${direction} the host: SHA-256 the same at the far end`, same);
    }
    const upMbits = await measureThroughput(lab, TO_CORRESPONDENT, 5303, THROUGHPUT_SECONDS);
    const downMbits = await measureThroughput(lab, TO_HOST, 5304, THROUGHPUT_SECONDS);
    const limit = THROUGHPUT_LIMIT_MBITS;
    checks.atLeast(`${name}: TCP from the host`, upMbits, limit, "Mbit/s");
    checks.atLeast(`${name}: TCP to the host`, downMbits, limit, "Mbit/s");
    const [upMtu, downMtu] = [await stage.pathMtu(TO_CORRESPONDENT), await stage.pathMtu(TO_HOST)];
    for (const [direction, mtu] of [["from", upMtu], ["to", downMtu]] as const) {
      checks.atMost(`${name}: path MTU learnt ${direction} the host`, mtu ?? NaN, PATH_MTU_LIMIT, "octets");
    }
    return { name, roundTripMs: up.averageMs, upMbits, downMbits, upMtu, downMtu };
  } finally {
    await stage.endInner();
  }
}

function formatNested(measured: readonly Measured[]): string {
  const titles = [
    "case",
    "round trip, ms",
    "TCP from the host, Mbit/s",
    "to",
    "path MTU from the host, learnt",
    "to",
  ];
  const rows = measured.map(({ name, roundTripMs, upMbits, downMbits, upMtu, downMtu }) => [
    name,
    roundTripMs.toFixed(2),
    ...[upMbits, downMbits].map((value) => String(Math.round(value))),
    ...[upMtu, downMtu].map((value) => String(value ?? "-")),
  ]);
  const columns = titles.map((title, index) => ({ title, align: index === 0 ? "left" : "right" } as const));
  return formatTable(columns, rows, coloursFor(Deno.stdout));
}
