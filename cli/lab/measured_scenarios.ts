import { UsageError } from "../output/fault.ts";
import { runEmergency } from "./emergency/run.ts";
import { runEspNat } from "./esp_nat/run.ts";
import { runHandover } from "./handover/run.ts";
import type { MeasuredOutcome, MeasuredRunOptions } from "./measured_run.ts";
import { runNested } from "./nested/run.ts";
import { runPan } from "./pan/run.ts";

/** What `dsmip lab run` may be told for a scenario that measures. */
export interface MeasuredChoices {
  readonly runs?: number;
  readonly only?: readonly string[];
  readonly delayMs?: number;
  readonly seconds?: number;
  readonly seed?: number;
  readonly out?: string;
}

export interface MeasuredScenario {
  readonly name: string;
  readonly summary: string;
  /** What it may be told; the rest is for others. */
  readonly takes: readonly (keyof MeasuredChoices)[];
  run(choices: MeasuredChoices, options: MeasuredRunOptions): Promise<MeasuredOutcome>;
}

export const MEASURED_SCENARIOS: readonly MeasuredScenario[] = [
  {
    name: "handover",
    summary: "the paper's handovers between IPv6 and IPv4 networks: its table and its figures beside ours",
    takes: ["runs", "only", "delayMs", "seed", "out"],
    run: ({ runs = 10, only = [], delayMs = 0, seed = 1 }, options) =>
      runHandover({ runs, only, delayMs, seed, ...options }),
  },
  {
    name: "pan",
    summary:
      "the paper's Figure 1: a personal area network on its way, with sessions, downloads, flows and pings",
    takes: ["runs", "delayMs", "seconds", "out"],
    run: ({ runs = 1, delayMs = 0, seconds = 5 }, options) => runPan({ runs, delayMs, seconds, ...options }),
  },
  {
    name: "emergency",
    summary: "ten mobile routers and fifty nodes that move at random for a minute: every packet is counted",
    takes: ["seconds", "seed", "out"],
    run: ({ seconds = 60, seed = 1 }, options) => runEmergency({ seconds, seed, ...options }),
  },
  {
    name: "nested",
    summary:
      "a mobile router behind a mobile router, with the same and with another home agent: pings, TCP, path MTU",
    takes: ["out"],
    run: (_, options) => runNested(options),
  },
  {
    name: "esp-nat",
    summary:
      "the paper's section 6: a NAT is found while the signalling is encrypted, and what the wire shows",
    takes: ["out"],
    run: (_, options) => runEspNat(options),
  },
];

/** The words of the command line that say the same. */
export function wordsOf({ runs, only = [], delayMs, seconds, seed, out }: MeasuredChoices): string[] {
  const word = (name: string, value: string | number | undefined) =>
    value === undefined ? [] : [name, String(value)];
  return [
    ...word("--runs", runs),
    ...only.flatMap((name) => ["--only", name]),
    ...word("--delay", delayMs === undefined ? undefined : `${delayMs}ms`),
    ...word("--seconds", seconds),
    ...word("--seed", seed),
    ...word("--out", out),
  ];
}

/** Throws a UsageError where something was chosen that the scenario does not know. */
export function refuseForeignChoices({ name, takes }: MeasuredScenario, choices: MeasuredChoices): void {
  const known = Object.fromEntries(takes.map((key) => [key, undefined]));
  const foreign = wordsOf({ ...choices, ...known }).filter((word) => word.startsWith("--"));
  if (foreign.length > 0) throw new UsageError(`${[...new Set(foreign)].join(" and ")}: not for ${name}`);
}
