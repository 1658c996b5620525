import { messageOf } from "../output/fault.ts";
import { Lab } from "./lab.ts";
import { playSteps } from "./play_steps.ts";
import type { Progress } from "./progress.ts";
import { IN_USER_NAMESPACE } from "./requirements.ts";
import type { LabResult } from "./report.ts";
import type { Scenario } from "./scenario.ts";
import { Stage } from "./scenarios/stage.ts";

export interface RunOptions {
  readonly progress: Progress;
  /** Remarks for people: logs of a failed run, where to look in a kept one. */
  readonly remark: (line: string) => void;
  /** Ends the run early; everything is removed all the same. */
  readonly signal: AbortSignal;
  /** Leaves network, daemons and folder behind. */
  readonly keep: boolean;
  /** A folder for the captures. */
  readonly captureFolder: string | undefined;
}

const LOG_TAIL_LINES = 12;

/** Runs a scenario on real namespaces. Whatever happens, nothing stays behind unless `keep` asks for it. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<LabResult> {
  const start = performance.now();
  if (options.captureFolder !== undefined) await Deno.mkdir(options.captureFolder, { recursive: true });
  const lab = await Lab.open(options.signal);
  let kept = false;
  try {
    const stage = await Stage.open(lab, scenario.behindNat);
    const steps = scenario.steps.map(({ title, run }) => ({ title, run: () => run(stage) }));
    const failure = await playSteps(steps, stage.checks, options);
    const captures = await keepCaptures(stage, options.captureFolder);
    const ok = failure === undefined && stage.checks.ok;
    if (!ok && !options.signal.aborted) await showEvidence(stage, options.remark);
    if (options.keep && !options.signal.aborted) {
      await revive(stage);
      kept = true;
    }
    return {
      scenario: scenario.name,
      run: lab.run,
      ok,
      simulated: false,
      seconds: Number(((performance.now() - start) / 1000).toFixed(1)),
      checks: stage.checks.all,
      ...(failure === undefined ? {} : { failure }),
      ...(captures.length === 0 ? {} : { captures }),
      ...(kept ? { kept: waysInside(stage) } : {}),
    };
  } finally {
    if (kept) await lab.leave();
    else await lab.close();
  }
}

async function keepCaptures(stage: Stage, folder: string | undefined): Promise<string[]> {
  if (folder === undefined) return [];
  const kept: string[] = [];
  for (const [node, capture] of stage.captures) {
    // After a failure or an interruption what is there has to do.
    await capture.stop().catch(() => {});
    const path = `${folder}/${node}.pcap`;
    await Deno.copyFile(capture.path, path);
    kept.push(path);
  }
  return kept;
}

/** What the daemons say of themselves, and the last lines of all logs: their folder goes away with the run. */
async function showEvidence(stage: Stage, remark: (line: string) => void): Promise<void> {
  for (const [name, lines] of stage.lab.logTails(LOG_TAIL_LINES)) {
    remark(`--- ${name}.log`);
    lines.forEach(remark);
  }
  for (const daemon of [stage.homeAgent, stage.mobileNode, stage.secondMobileNode]) {
    if (!daemon.running) continue;
    remark(`--- ${daemon.name}: ${daemon.question}`);
    remark(JSON.stringify(await daemon.ask().catch(messageOf)));
  }
}

/** The scenario ends with everything stopped: what is kept should run. */
async function revive({ homeAgent, mobileNode, secondMobileNode, captures }: Stage): Promise<void> {
  for (const capture of captures.values()) await capture.child.end();
  for (const daemon of [homeAgent, mobileNode, secondMobileNode]) {
    if (!daemon.running) daemon.start();
  }
  // A network is kept, too, to find out why they do not register.
  const registered = ({ state }: { state: string }) => state === "registered";
  await Promise.allSettled(
    [mobileNode, secondMobileNode].map((node) => node.until("registration", 10_000, registered)),
  );
}

function waysInside({ lab, homeAgent }: Stage): string[] {
  const { network } = lab;
  return [
    `The network stays: ${network.namespaces.join(" ")}`,
    ...enteringUserNamespace(lab),
    "Look inside:",
    `  ip netns exec ${network.namespace("mn")} ping 2001:db8:200::10`,
    `  ip netns exec ${network.namespace("core")} tshark -ni ha -d udp.port==4191,ipv6`,
    `  dsmip ha bindings --control-socket ${homeAgent.socket}`,
    `Configurations, keys and logs: ${lab.directory}`,
    `Remove it: dsmip lab clean ${lab.run}`,
  ];
}

function enteringUserNamespace(lab: Lab): string[] {
  const pid = lab.anyProcess();
  if (Deno.env.get(IN_USER_NAMESPACE) === undefined || pid === undefined) return [];
  return [`First enter its user namespace: nsenter --preserve-credentials --user --mount --target ${pid}`];
}
