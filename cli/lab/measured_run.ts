import { CheckList } from "./check.ts";
import { leftOf } from "./clean.ts";
import { Lab } from "./lab.ts";
import { type PlayedStep, playSteps } from "./play_steps.ts";
import type { Progress } from "./progress.ts";
import type { LabResult } from "./report.ts";

/** What every scenario that measures something is told. */
export interface MeasuredRunOptions {
  /** A folder for figures, data and traces, made where it is not there. */
  readonly out: string;
  readonly progress: Progress;
  readonly remark: (line: string) => void;
  readonly signal: AbortSignal;
}

/** A scenario that measures, prepared: what it does, and what it has to show for it. */
export interface MeasuredPlay {
  readonly steps: readonly PlayedStep[];
  /** Called once, when the steps are over; also after one that failed, with what there is. */
  finish(): { readonly table: string; /** By name. */ readonly files: ReadonlyMap<string, string> };
}

export interface MeasuredOutcome {
  readonly result: LabResult;
  /** For people. */
  readonly table: string;
}

const LOG_TAIL_LINES = 12;
/** Thousands of arrivals say nothing about a fault. */
const LONG_LOGS = /^(flow-|air-ports$|ping-|pan-)/;

/** Plays a scenario in a lab of its own and writes what was measured. Nothing else stays behind, which is checked. */
export async function playMeasured(
  scenario: string,
  { out, progress, remark, signal }: MeasuredRunOptions,
  prepare: (lab: Lab, checks: CheckList) => MeasuredPlay,
): Promise<MeasuredOutcome> {
  const start = performance.now();
  await Deno.mkdir(out, { recursive: true });
  const lab = await Lab.open(signal);
  const checks = new CheckList();
  const paths: string[] = [];
  let failure: string | undefined;
  let table = "";
  try {
    const play = prepare(lab, checks);
    failure = await playSteps(play.steps, checks, { progress, signal });
    if (failure !== undefined && !signal.aborted) showLogs(lab, remark);
    const finished = play.finish();
    table = finished.table;
    for (const [name, text] of finished.files) {
      await Deno.writeTextFile(`${out}/${name}`, text);
      paths.push(`${out}/${name}`);
    }
  } finally {
    await lab.close();
  }
  const left = await leftOf(lab.run);
  checks.equal("left behind by the lab", left.join(", ") || "nothing", "nothing");
  const result: LabResult = {
    scenario,
    run: lab.run,
    ok: failure === undefined && checks.ok,
    simulated: false,
    seconds: Number(((performance.now() - start) / 1000).toFixed(1)),
    checks: checks.all,
    ...(failure === undefined ? {} : { failure }),
    files: paths,
  };
  return { result, table };
}

function showLogs(lab: Lab, remark: (line: string) => void): void {
  for (const [name, lines] of lab.logTails(LOG_TAIL_LINES)) {
    if (LONG_LOGS.test(name)) continue;
    remark(`--- ${name}.log`);
    lines.forEach(remark);
  }
}
