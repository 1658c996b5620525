import { pause } from "../process.ts";
import { configured } from "./configured.ts";
import { UNPLUGGED_MS } from "../access/air.ts";
import { Flows } from "./flows.ts";
import { type Arrival, type HandoverResult, measureHandover, type Move } from "./measure.ts";
import type { HandoverScenario } from "./scenarios.ts";
import { SignalCapture } from "./signal_capture.ts";
import type { Signal } from "./signal.ts";
import { HANDOVER_LIMIT_MS, type HandoverStage } from "./stage.ts";

/** Traffic that is looked at before a handover, and how long the registration before it must be old. */
const BEFORE_MS = 300;
/** Nobody asks the mobile router anything so long after a move: answers take processor time. */
const UNDISTURBED_MS = 500;
/** Traffic that is looked at after the registration. */
const AFTER_MS = 300;

/** One run of a scenario: the move, its figures, and what the figures were taken from. */
export interface PlayedMove {
  readonly move: Move;
  readonly result: HandoverResult;
  readonly up: readonly Arrival[];
  readonly down: readonly Arrival[];
  readonly signals: readonly Signal[];
}

/** Plays a scenario `runs` times with one mobile router, and measures each of its handovers. */
export async function playHandovers(
  stage: HandoverStage,
  scenario: HandoverScenario,
  runs: number,
): Promise<PlayedMove[]> {
  const { lab } = stage;
  const moves: Move[] = [];
  await stage.startMobileRouter(scenario.name, scenario);
  const capture = await SignalCapture.start(lab, scenario.name);
  try {
    await goToStart(stage, scenario);
    const flows = await Flows.start(lab, scenario.name);
    for (let run = 0; run < runs; run++) {
      if (run > 0) await goToStart(stage, scenario);
      moves.push(await handOver(stage, scenario));
    }
    await flows.end();
    if (scenario.kind === "announced") {
      const refused = await stage.refusesToSwitchTo(scenario.egresses[0]);
      stage.checks.holds(`${scenario.name}: no switch to an interface without a care-of address`, refused);
    }
    const [up, down] = [flows.arrived("up"), flows.arrived("down")];
    const signals = await capture.end();
    return moves.map((move) => ({
      move,
      result: measureHandover(move, { up, down }, signals),
      up: up.filter(({ arrivedMs }) => isIn(move, arrivedMs)),
      down: down.filter(({ arrivedMs }) => isIn(move, arrivedMs)),
      signals: signals.filter(({ timeMs }) => isIn(move, timeMs)),
    }));
  } finally {
    await capture.child.end("SIGTERM");
    if (scenario.kind === "routerVanishes") await stage.air.attachRouter(scenario.from);
    await stage.endMobileRouter();
  }
}

function isIn({ fromMs, toMs }: Move, timeMs: number): boolean {
  return timeMs >= fromMs && timeMs <= toMs;
}

/** Attaches the mobile router as the scenario begins, and waits until it is registered from there. */
async function goToStart(
  stage: HandoverStage,
  { kind, egresses, from, to }: HandoverScenario,
): Promise<void> {
  const { air, lab } = stage;
  const [first, second] = egresses;
  if (kind === "routerVanishes") await air.attachRouter(from);
  if (air.networkOf(first) !== from.name) {
    await air.detach(first);
    await pause(UNPLUGGED_MS);
    await air.attach(first, from);
  }
  if (second !== undefined) {
    if (air.networkOf(second) !== to.name) await air.attach(second, to);
    await Promise.all([configured(lab, first, from), configured(lab, second, to)]);
    // Refused while the mobile router has no care-of address there.
    const switched = () => stage.switchTo(first).then(() => true, () => false);
    await lab.until(`switch to ${first}`, HANDOVER_LIMIT_MS, switched);
  }
  await stage.registeredIn(from, HANDOVER_LIMIT_MS);
  await pause(BEFORE_MS);
}

/** The handover itself. One that does not succeed in time is a result as well. */
async function handOver(stage: HandoverStage, scenario: HandoverScenario): Promise<Move> {
  const fromMs = Date.now();
  await pause(BEFORE_MS);
  const movedMs = await move(stage, scenario);
  await pause(UNDISTURBED_MS);
  await stage.registeredIn(scenario.to, HANDOVER_LIMIT_MS).catch(() => stage.lab.signal.throwIfAborted());
  await pause(AFTER_MS);
  return { fromMs, movedMs, toMs: Date.now(), newAddressesBegin: scenario.to.addressesBegin };
}

/** Does to the cables what the scenario is about. Returns when it happened, in milliseconds since 1970. */
async function move(stage: HandoverStage, { kind, egresses, from, to }: HandoverScenario): Promise<number> {
  const { air } = stage;
  const [first, second] = egresses;
  switch (kind) {
    case "plugged":
      await air.cut(first);
      await pause(UNPLUGGED_MS);
      return (await air.attach(first, to)).timeMs;
    case "silent":
      return (await air.attach(first, to)).timeMs;
    case "cutOff":
      return (await air.cut(first)).timeMs;
    case "announced":
      await stage.switchTo(second);
      await stage.registeredIn(to, HANDOVER_LIMIT_MS);
      return (await air.cut(first)).timeMs;
    case "routerVanishes":
      return (await air.cutRouter(from)).timeMs;
  }
}
