import { coloursFor } from "../../output/colours.ts";
import { INNER_FAMILIES } from "../families.ts";
import { type MeasuredOutcome, type MeasuredRunOptions, playMeasured } from "../measured_run.ts";
import type { Mesh } from "../mesh/mesh.ts";
import { figuresOf, type FlowFigures } from "../mesh/record.ts";
import type { PlayedStep } from "../play_steps.ts";
import { pause } from "../process.ts";
import { emergencyFiles } from "./files.ts";
import { planEmergency } from "./plan.ts";
import { EmergencyStage } from "./stage.ts";
import { formatEmergency, sumOf } from "./table.ts";
import { ALL_NODES, ALL_ROUTERS, routerName } from "./topology.ts";

export interface EmergencyOptions extends MeasuredRunOptions {
  readonly seed: number;
  /** Of movement. */
  readonly seconds: number;
}

/** After the last move, all flows run again without loss within this time. */
const SETTLE_LIMIT_MS = 5000;
/** So long they are looked at afterwards. */
const QUIET_MS = 2000;

/** Plays ten mobile routers with fifty nodes that move at random, and counts every packet of every node. */
export async function runEmergency(options: EmergencyOptions): Promise<MeasuredOutcome> {
  const { seed, seconds } = options;
  const plan = planEmergency({ seed, seconds, families: INNER_FAMILIES });
  return await playMeasured("emergency", options, (lab, checks) => {
    let stage: EmergencyStage;
    let mesh: Mesh;
    let moves: readonly number[] = ALL_ROUTERS.map(() => 0);
    let states: readonly string[] = ALL_ROUTERS.map(() => "");
    let stoppedMs = 0;
    let flows: readonly FlowFigures[] = [];
    const steps: PlayedStep[] = [
      {
        title: `Build the network: ${ALL_ROUTERS.length} mobile routers, ${ALL_NODES.length} nodes`,
        run: async () => void (stage = await EmergencyStage.open(lab)),
      },
      { title: "Start the mobile routers", run: () => stage.startRouters(plan) },
      {
        title: `Begin ${plan.conversations.length} two-way flows`,
        run: async () => void (mesh = await stage.startFlows(plan)),
      },
      {
        title: `Move for ${seconds} s`,
        run: async () => {
          ({ moves, stoppedMs } = await stage.play(plan));
          const least = Math.min(...moves);
          if (seconds >= 10) checks.atLeast("moves of every router", least, 1, "moves");
        },
      },
      {
        title: "Let the flows settle, and count",
        run: async () => {
          const last = plan.routers.map(({ first, moves }) => moves.at(-1)?.to ?? first);
          const back = await Promise.all(
            last.map((network, router) => stage.isBack(router, network, SETTLE_LIMIT_MS)),
          );
          const away = ALL_ROUTERS.filter((router) => !back[router]).map(routerName);
          checks.equal("not registered where the last move ended", away.join(", ") || "none", "none");
          await pause(Math.max(0, stoppedMs + SETTLE_LIMIT_MS + QUIET_MS - Date.now()));
          states = await Promise.all(ALL_ROUTERS.map((router) => stage.stateOf(router)));
          const record = await mesh.end();
          flows = record.flows.map(figuresOf);
          const all = sumOf(flows);
          const settledMs = Math.max(0, ...flows.map(({ wholeSinceMs }) => wholeSinceMs - stoppedMs));
          checks.atMost(
            "every flow without loss again after the last move",
            settledMs,
            SETTLE_LIMIT_MS,
            "ms",
          );
          checks.equal("packets that arrived somewhere else", all.misdelivered, 0, "packets");
          checks.equal("packets that were changed on their way", record.damaged, 0, "packets");
          checks.equal("packets that arrived twice", all.duplicated, 0, "packets");
        },
      },
      {
        title: "End the daemons, and look for what is left",
        run: async () => {
          const { left, codes } = await stage.endDaemons();
          checks.equal("exit status of every mobile router", [...new Set(codes)].join(" "), "0");
          checks.equal("left behind by the daemons", left.join(", ") || "nothing", "nothing");
        },
      },
    ];
    const finish = () => {
      const result = { plan, moves, states, flows };
      return {
        table: formatEmergency(result, coloursFor(Deno.stdout)),
        files: emergencyFiles(result, { seed, seconds }, checks.all),
      };
    };
    return { steps, finish };
  });
}
