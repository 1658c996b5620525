import { coloursFor } from "../../output/colours.ts";
import type { AccessNetwork } from "../access/access_network.ts";
import type { CheckList } from "../check.ts";
import { type MeasuredOutcome, type MeasuredRunOptions, playMeasured } from "../measured_run.ts";
import type { Judgement } from "../mobility_capture.ts";
import { figuresOf } from "../mesh/record.ts";
import type { PlayedStep } from "../play_steps.ts";
import { pause } from "../process.ts";
import { panFiles, type PlayedJourney } from "./files.ts";
import { measureMove, type MoveResult } from "./measure.ts";
import { type Move, PanStage } from "./stage.ts";
import { formatPan, wayOf } from "./table.ts";
import { JOURNEY } from "./topology.ts";
import { type FamilyRecord, PanTraffic } from "./traffic.ts";

export interface PanOptions extends MeasuredRunOptions {
  /** Journeys, with the same connections. */
  readonly runs: number;
  /** Of each stay in a network. */
  readonly seconds: number;
  /** Between the core and the home agent, each way. */
  readonly delayMs: number;
}

/** What a move takes beside the stay, at least. */
const MOVE_SECONDS = 0.5;

/** Plays the journey of the paper's Figure 1 while connections of the personal area network are open. */
export async function runPan(options: PanOptions): Promise<MeasuredOutcome> {
  const { runs, seconds, delayMs, out } = options;
  return await playMeasured("pan", options, (lab, checks) => {
    let stage: PanStage;
    let traffic: PanTraffic;
    let records: readonly FamilyRecord[] = [];
    const journeys: PlayedJourney[] = [];
    const results: MoveResult[] = [];
    const [first, ...others] = JOURNEY;
    const stay = () => pause(seconds * 1000);

    const ways = Array.from({ length: runs }, (_, run) => waysOf(run === 0 ? others : JOURNEY, run, first));
    const journeySteps = ways.map((way, run): PlayedStep => ({
      title: `Journey ${run + 1} of ${runs}: ${way.map(({ to }) => to.name).join(", ")}`,
      run: async () => {
        const fromMs = Date.now();
        const moves: Move[] = [];
        await stay();
        for (const { from, to } of way) {
          lab.signal.throwIfAborted();
          moves.push(await stage.move(from, to));
          await stay();
        }
        journeys.push({ fromMs, toMs: Date.now(), moves });
      },
    }));
    const steps: PlayedStep[] = [
      {
        title: "Build the network of Figure 1, start home agent and mobile router",
        run: async () => void (stage = await PanStage.open(lab, { delayMs, out, first })),
      },
      {
        title: "Begin sessions, downloads, flows and pings",
        run: async () => {
          const moves = ways.flat().length;
          // The downloads go on until the last stay is half over.
          const wholeSeconds = Math.ceil((moves + runs - 0.5) * seconds + moves * MOVE_SECONDS);
          traffic = await PanTraffic.start(lab, { seconds: wholeSeconds, addresses: stage.addresses });
        },
      },
      ...journeySteps,
      {
        title: "End the traffic, and look at every connection",
        run: async () => {
          await traffic.end();
          records = traffic.records();
          results.push(...resultsOf(journeys, records));
          checkTraffic(checks, records, results, traffic.damaged);
        },
      },
      {
        title: "End the daemons, and look for what is left",
        run: async () => {
          const left = await stage.endDaemons();
          checkSignalling(checks, await stage.capture.end(OPTIONS));
          checks.equal("left behind by the daemons", left.join(", ") || "nothing", "nothing");
        },
      },
    ];
    const finish = () => ({
      table: formatPan(results, coloursFor(Deno.stdout)),
      files: panFiles({ journeys, results, records, checks: checks.all }),
    });
    return { steps, finish };
  });
}

/** tshark has to find them all among the Binding Updates and Acknowledgements of a journey, by its names of their fields. */
const OPTIONS = [
  "mip6.acoa.acoa",
  "mip6.nemo.mnp.mnp",
  "mip6.ipv4ha.ha",
  "mip6.ipv4aa.sts",
  "mip6.ipv4coa.addr",
];

function checkSignalling(checks: CheckList, { messages, faulty, options }: Judgement): void {
  checks.atLeast(
    "Binding Updates and Acknowledgements that tshark reads",
    messages,
    2 * JOURNEY.length,
    "messages",
  );
  checks.equal("of them malformed, as tshark says", faulty.join(", ") || "none", "none");
  checks.equal("options in them", options.join(", "), OPTIONS.join(", "));
}

/** The moves through networks, from where the journey before has ended. */
function waysOf(networks: readonly AccessNetwork[], run: number, first: AccessNetwork) {
  const from = run === 0 ? first : JOURNEY.at(-1)!;
  return networks.map((to, index) => ({ from: index === 0 ? from : networks[index - 1], to }));
}

function resultsOf(journeys: readonly PlayedJourney[], records: readonly FamilyRecord[]): MoveResult[] {
  return journeys.flatMap(({ moves, toMs }) =>
    moves.flatMap((move, index) =>
      records.map((record) => measureMove(move, moves[index + 1]?.leftMs ?? toMs, record))
    )
  );
}

function checkTraffic(
  checks: CheckList,
  records: readonly FamilyRecord[],
  results: readonly MoveResult[],
  damaged: number,
): void {
  for (const { family, session, download, up, down, pings } of records) {
    const name = (text: string) => `IPv${family}: ${text}`;
    const state = session.lost ?? "open to the end";
    checks.equal(name("session"), state, "open to the end");
    checks.equal(
      name("session: lines typed and echoed"),
      session.echoes.length,
      session.typed ?? -1,
      "lines",
    );
    checks.equal(name("session: lines that came back changed"), session.wrong, 0, "lines");
    checks.equal(name("download, SHA-256"), download.lost ?? download.outcome, "same");
    for (const [way, flow] of [["up", up], ["down", down]] as const) {
      checks.equal(name(`UDP ${way}: misdelivered`), figuresOf(flow).misdelivered, 0, "packets");
    }
    checks.atLeast(name("pings"), pings.length, 1, "answers");
  }
  checks.equal("UDP packets changed on their way", damaged, 0, "packets");
  const lastMoveMs = Math.max(...results.map(({ move }) => move.movedMs));
  for (const { family, download } of records) {
    const isLong = (download.parts.at(-1)?.arrivedMs ?? 0) > lastMoveMs;
    checks.holds(`IPv${family}: download: under way at every move`, isLong);
  }
  const groups = Map.groupBy(results, ({ move, family }) => `IPv${family}: ${wayOf(move)}`);
  for (const [name, group] of groups) {
    const silent = group.flatMap(({ flows }) => flows.filter(({ goesOn }) => !goesOn)).map(({ flow }) =>
      flow
    );
    checks.equal(`${name}: silent at the end of the stay`, silent.join(", ") || "none", "none");
  }
}
