import { playScenario } from "../../core/simulation/scenario.ts";
import { hmac } from "../daemon/hmac.ts";
import { coloursFor } from "../output/colours.ts";
import { Failure, UsageError } from "../output/fault.ts";
import { formatTable } from "../output/table.ts";
import { print, remark } from "../output/write.ts";
import { removeKilledRuns } from "./clean.ts";
import { type Interruption, listenForInterruption } from "./interruption.ts";
import { dsmipCommand, fetchDependencies } from "./lab.ts";
import {
  MEASURED_SCENARIOS,
  type MeasuredChoices,
  refuseForeignChoices,
  wordsOf,
} from "./measured_scenarios.ts";
import type { MeasuredRunOptions } from "./measured_run.ts";
import { plainProgress, terminalProgress } from "./progress.ts";
import { formatResult, type LabResult } from "./report.ts";
import { findPossibility, IN_USER_NAMESPACE, inUserNamespace } from "./requirements.ts";
import { runScenario } from "./run.ts";
import type { Scenario } from "./scenario.ts";
import { natScenario } from "./scenarios/nat.ts";
import { publicScenario } from "./scenarios/public.ts";

const SCENARIOS: readonly Scenario[] = [publicScenario, natScenario];

export interface LabOptions {
  readonly json?: true;
  readonly keep?: true;
  readonly pcap?: string;
}

/** Prints the scenarios' names and what each is about. */
export function listScenarios(json: boolean): void {
  const scenarios = [...SCENARIOS, ...MEASURED_SCENARIOS].map(({ name, summary }) => ({ name, summary }));
  if (json) return print(JSON.stringify({ scenarios }) + "\n");
  const rows = scenarios.map(({ name, summary }) => [name, summary]);
  print(formatTable([{ title: "scenario" }, { title: "about" }], rows, coloursFor(Deno.stdout)));
}

/** Runs a scenario that measures where this machine allows it; throws a Failure unless all its checks hold. */
export async function runMeasuredLab(
  name: string,
  choices: MeasuredChoices,
  options: LabOptions,
): Promise<void> {
  const scenario = MEASURED_SCENARIOS.find((scenario) => scenario.name === name)!;
  if (options.keep || options.pcap !== undefined) {
    throw new UsageError(
      `${name} leaves no network and no captures behind: --keep and --pcap are for others`,
    );
  }
  refuseForeignChoices(scenario, choices);
  using interruption = listenForInterruption();
  const possibility = await findPossibility();
  if (possibility.kind === "impossible") {
    throw new Failure(
      `${name} cannot be played on this machine. Missing: ${possibility.missing.join("; ")}`,
    );
  }
  if (Deno.env.get(IN_USER_NAMESPACE) === undefined) await fetchDependencies(interruption.signal);
  if (possibility.kind === "userNamespace") {
    return await runInUserNamespace(name, [...wordsOf(choices), ...flagsOf(options)], interruption);
  }
  await removeKilledRuns((line) => remark(`${line}\n`));
  const { result, table } = await scenario.run(choices, {
    out: choices.out ?? `dsmip-${name}`,
    ...showing(options),
    signal: interruption.signal,
  });
  if (!options.json) print(`\n${table}`);
  conclude(result, options);
}

/** Runs a scenario where this machine allows it; throws a Failure unless all its checks hold. */
export async function runLab(name: Scenario["name"], options: LabOptions): Promise<void> {
  const scenario = SCENARIOS.find((scenario) => scenario.name === name)!;
  using interruption = listenForInterruption();
  const possibility = await findPossibility();
  if (possibility.kind === "impossible") {
    return conclude(simulate(name, possibility.missing, options), options);
  }
  const inside = Deno.env.get(IN_USER_NAMESPACE) !== undefined;
  if (!inside) await fetchDependencies(interruption.signal);
  if (possibility.kind === "userNamespace") {
    return await runInUserNamespace(name, flagsOf(options), interruption);
  }
  await removeKilledRuns((line) => remark(`${line}\n`));
  const result = await runScenario(scenario, {
    ...showing(options),
    signal: interruption.signal,
    keep: options.keep ?? false,
    captureFolder: options.pcap,
  });
  conclude(result, options);
}

function showing(options: LabOptions): Pick<MeasuredRunOptions, "progress" | "remark"> {
  const plain = options.json || !Deno.stdout.isTerminal();
  const say = options.json ? remark : print;
  return {
    progress: plain ? plainProgress((line) => say(`${line}\n`)) : terminalProgress,
    remark: (line) => remark(`${line}\n`),
  };
}

function flagsOf({ json, keep, pcap }: LabOptions): string[] {
  const folder = pcap === undefined ? [] : ["--pcap", pcap];
  return [...(json ? ["--json"] : []), ...(keep ? ["--keep"] : []), ...folder];
}

function conclude(result: LabResult, options: LabOptions): void {
  if (options.json) print(JSON.stringify(result) + "\n");
  else print(`\n${formatResult(result, coloursFor(Deno.stdout))}`);
  if (!result.ok) throw new Failure(result.failure ?? `the scenario ${result.scenario} does not hold`);
}

function simulate(name: Scenario["name"], missing: readonly string[], options: LabOptions): LabResult {
  const say = (line: string) => (options.json ? remark : print)(`${line}\n`);
  say("The lab cannot run on this machine. Missing:");
  for (const line of missing) say(`  - ${line}`);
  say(
    "What follows is a SIMULATION: our state machines in virtual time, no real network and no real packets.",
  );
  const start = performance.now();
  const { ok, checks } = playScenario(name, say, hmac);
  return {
    scenario: name,
    ok,
    simulated: true,
    seconds: Number(((performance.now() - start) / 1000).toFixed(1)),
    checks: checks.map((check) => ({ ...check, limit: String(check.limit) })),
    missing,
  };
}

/** Runs the same command again as root of a user namespace, and ends as it ends. */
async function runInUserNamespace(
  name: string,
  args: readonly string[],
  { signal }: Interruption,
): Promise<void> {
  const [program, ...rest] = inUserNamespace(dsmipCommand("lab", "run", name, ...args));
  signal.throwIfAborted();
  const child = new Deno.Command(program, { args: rest, env: { [IN_USER_NAMESPACE]: "1" } }).spawn();
  // Ctrl-C reaches the child by itself; what was sent to this process alone is passed on.
  signal.addEventListener("abort", () => child.kill("SIGTERM"), { once: true });
  const { code } = await child.status;
  if (code !== 0) throw new Failure(`the scenario ${name} does not hold`);
}
