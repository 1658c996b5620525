import { coloursFor } from "../../output/colours.ts";
import { UsageError } from "../../output/fault.ts";
import { CheckList } from "../check.ts";
import { Lab } from "../lab.ts";
import { type PlayedStep, playSteps } from "../play_steps.ts";
import type { Progress } from "../progress.ts";
import type { LabResult } from "../report.ts";
import { handoverFiles, type PlayedScenario } from "./files.ts";
import { checkGoals } from "./goals.ts";
import { PING_PONG, playPingPong } from "./ping_pong.ts";
import { playHandovers } from "./play.ts";
import { handoverScenarios } from "./scenarios.ts";
import { HandoverStage } from "./stage.ts";
import { formatHandovers } from "./table.ts";

export const HANDOVER = {
  name: "handover",
  summary: "the paper's handovers between IPv6 and IPv4 networks: its table and its figures beside ours",
} as const;

export interface HandoverOptions {
  readonly runs: number;
  /** Names of scenarios; all when there are none. */
  readonly only: readonly string[];
  /** Between the core and the home agent, each way. */
  readonly delayMs: number;
  /** Of the ping-pong's moments and networks. */
  readonly seed: number;
  /** A folder for figures, data and the mobile routers' traces, made where it is not there. */
  readonly out: string;
  readonly progress: Progress;
  readonly remark: (line: string) => void;
  readonly signal: AbortSignal;
}

const LOG_TAIL_LINES = 12;

/** Plays the wanted scenarios in one network and writes what was measured. Nothing else stays behind. */
export async function runHandover(
  options: HandoverOptions,
): Promise<{ readonly result: LabResult; readonly table: string }> {
  const start = performance.now();
  const scenarios = handoverScenarios(options.delayMs);
  refuseUnknown(options.only, [...scenarios.map(({ name }) => name), PING_PONG.name]);
  const isWanted = (name: string) => options.only.length === 0 || options.only.includes(name);
  await Deno.mkdir(options.out, { recursive: true });
  const lab = await Lab.open(options.signal);
  const checks = new CheckList();
  const played: PlayedScenario[] = [];
  try {
    let stage: HandoverStage;
    const steps: PlayedStep[] = [
      {
        title: "Build the network of Figure 3 and start the home agent",
        run: async () => void (stage = await HandoverStage.open(lab, checks, options)),
      },
      ...scenarios.filter(({ name }) => isWanted(name)).map((scenario) => ({
        title: `${scenario.name}: ${scenario.title}`,
        run: async () => {
          const moves = await playHandovers(stage, scenario, options.runs);
          played.push({ scenario, moves });
          checkGoals(checks, scenario, moves.map(({ result }) => result));
        },
      })),
    ];
    if (isWanted(PING_PONG.name)) {
      const run = () => playPingPong(stage, options.seed);
      steps.push({ title: `${PING_PONG.name}: ${PING_PONG.title}`, run });
    }
    const failure = await playSteps(steps, checks, options);
    if (failure !== undefined && !options.signal.aborted) showLogs(lab, options.remark);
    const files = await writeFiles(played, options, checks);
    const results = played.map(({ scenario: { name, title }, moves }) => (
      { name, title, results: moves.map(({ result }) => result) }
    ));
    const result: LabResult = {
      scenario: HANDOVER.name,
      run: lab.run,
      ok: failure === undefined && checks.ok,
      simulated: false,
      seconds: Number(((performance.now() - start) / 1000).toFixed(1)),
      checks: checks.all,
      ...(failure === undefined ? {} : { failure }),
      files,
    };
    return { result, table: formatHandovers(results, coloursFor(Deno.stdout)) };
  } finally {
    await lab.close();
  }
}

function refuseUnknown(wanted: readonly string[], known: readonly string[]): void {
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(`no handover is called ${unknown.join(", ")}; there are: ${known.join(", ")}`);
  }
}

async function writeFiles(
  played: readonly PlayedScenario[],
  { out, runs, delayMs, seed }: HandoverOptions,
  checks: CheckList,
): Promise<string[]> {
  const paths: string[] = [];
  for (const [name, text] of handoverFiles(played, { runs, delayMs, seed }, checks.all)) {
    await Deno.writeTextFile(`${out}/${name}`, text);
    paths.push(`${out}/${name}`);
  }
  return paths;
}

function showLogs(lab: Lab, remark: (line: string) => void): void {
  for (const [name, lines] of lab.logTails(LOG_TAIL_LINES)) {
    // Thousands of arrivals say nothing about a fault.
    if (name.startsWith("flow-") || name === "air-ports") continue;
    remark(`--- ${name}.log`);
    lines.forEach(remark);
  }
}
