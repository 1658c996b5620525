import { coloursFor } from "../../output/colours.ts";
import { UsageError } from "../../output/fault.ts";
import { type MeasuredOutcome, type MeasuredRunOptions, playMeasured } from "../measured_run.ts";
import type { PlayedStep } from "../play_steps.ts";
import { handoverFiles, type PlayedScenario } from "./files.ts";
import { checkGoals } from "./goals.ts";
import { PING_PONG, playPingPong } from "./ping_pong.ts";
import { playHandovers } from "./play.ts";
import { handoverScenarios } from "./scenarios.ts";
import { HandoverStage } from "./stage.ts";
import { formatHandovers } from "./table.ts";

export interface HandoverOptions extends MeasuredRunOptions {
  readonly runs: number;
  /** Names of scenarios; all when there are none. */
  readonly only: readonly string[];
  /** Between the core and the home agent, each way. */
  readonly delayMs: number;
  /** Of the ping-pong's moments and networks. */
  readonly seed: number;
}

/** Plays the wanted scenarios in one network and writes what was measured. */
export async function runHandover(options: HandoverOptions): Promise<MeasuredOutcome> {
  const { runs, only, delayMs, seed } = options;
  const scenarios = handoverScenarios(delayMs);
  refuseUnknown(only, [...scenarios.map(({ name }) => name), PING_PONG.name]);
  const isWanted = (name: string) => only.length === 0 || only.includes(name);
  return await playMeasured("handover", options, (lab, checks) => {
    const played: PlayedScenario[] = [];
    let stage: HandoverStage;
    const steps: PlayedStep[] = [
      {
        title: "Build the network of Figure 3 and start the home agent",
        run: async () => void (stage = await HandoverStage.open(lab, checks, options)),
      },
      ...scenarios.filter(({ name }) => isWanted(name)).map((scenario) => ({
        title: `${scenario.name}: ${scenario.title}`,
        run: async () => {
          const moves = await playHandovers(stage, scenario, runs);
          played.push({ scenario, moves });
          checkGoals(checks, scenario, moves.map(({ result }) => result));
        },
      })),
    ];
    if (isWanted(PING_PONG.name)) {
      const run = () => playPingPong(stage, seed);
      steps.push({ title: `${PING_PONG.name}: ${PING_PONG.title}`, run });
    }
    const finish = () => {
      const results = played.map(({ scenario: { name, title }, moves }) => (
        { name, title, results: moves.map(({ result }) => result) }
      ));
      return {
        table: formatHandovers(results, coloursFor(Deno.stdout)),
        files: handoverFiles(played, { runs, delayMs, seed }, checks.all),
      };
    };
    return { steps, finish };
  });
}

function refuseUnknown(wanted: readonly string[], known: readonly string[]): void {
  const unknown = wanted.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    throw new UsageError(`no handover is called ${unknown.join(", ")}; there are: ${known.join(", ")}`);
  }
}
