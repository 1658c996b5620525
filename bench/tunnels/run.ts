import { messageOf } from "../../cli/output/fault.ts";
import { pause } from "../../cli/lab/process.ts";
import { machineConditions, memoryOf } from "./machine.ts";
import { MEASUREMENTS } from "./measure/all.ts";
import { type Start, startTunnel } from "./measure/start.ts";
import type { Disturbance } from "./meter.ts";
import { removeLeftovers } from "./network.ts";
import type { RunRequest } from "./options.ts";
import type { Results, Sample } from "./results.ts";
import { Site } from "./site.ts";
import { formatValue } from "./statistics.ts";
import type { Figures, Subject } from "./subject.ts";
import type { Tools } from "./tools.ts";
import type { Tunnel } from "./tunnel.ts";

/** A disturbed measurement is tried so often in all. */
const MOST_TRIES = 3;
/** What a daemon still does after the first packet belongs to no measurement. */
const SETTLE_MS = 500;
const SECONDS_AT_PACE_1 = 5;
const UNDISTURBED: Disturbance = { noisy: false, foreignPercent: 0, stealPercent: 0 };

export interface Surroundings {
  readonly tools: Tools;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Hears of the results so far after every tunnel. */
  readonly keep: (results: Results) => Promise<void>;
}

/** The list beginning at another place every run, so that no tunnel always follows the same warm or tired machine. */
export function rotated<Item>(items: readonly Item[], run: number): Item[] {
  const first = items.length === 0 ? 0 : run % items.length;
  return [...items.slice(first), ...items.slice(0, first)];
}

/** Every run measures every tunnel once. What fails is told and left out. */
export async function measureAll(
  request: RunRequest,
  tunnels: readonly Tunnel[],
  surroundings: Surroundings,
): Promise<Results> {
  const { runs, underlay, seconds, pin: pinned } = request;
  const samples: Sample[] = [];
  const results: Results = {
    version: 1,
    conditions: {
      startedAt: new Date().toISOString(),
      ...machineConditions(),
      underlay,
      pinned,
      runs,
      seconds,
    },
    tunnels: tunnels.map(({ name, about, innerMtu }) => ({ name, about, innerMtu })),
    samples,
  };
  await removeLeftovers();
  for (let run = 0; run < runs; run++) {
    for (const tunnel of rotated(tunnels, run)) {
      const measured = new TunnelRun(request, tunnel, run + 1, surroundings, samples);
      await measured.measure();
      await surroundings.keep(results);
    }
  }
  return results;
}

/** One tunnel in one run. */
class TunnelRun {
  constructor(
    readonly request: RunRequest,
    readonly tunnel: Tunnel,
    readonly run: number,
    readonly surroundings: Surroundings,
    readonly samples: Sample[],
  ) {}

  async measure(): Promise<void> {
    const opened = await this.#start();
    if (opened === undefined) return;
    const { site, start } = opened;
    try {
      await pause(SETTLE_MS);
      await this.#measureStarted({
        tunnel: this.tunnel,
        site,
        addresses: start.addresses,
        daemons: site.network.processesOfTunnel().map(({ pid }) => pid),
        pace: this.request.seconds / SECONDS_AT_PACE_1,
      });
    } finally {
      await site.close();
    }
  }

  get #mostTries(): number {
    return this.request.hasty ? 1 : MOST_TRIES;
  }

  /** The tunnel, up; undefined when it did not come up, which is told. */
  async #start(): Promise<{ readonly site: Site; readonly start: Start } | undefined> {
    const { tools, signal } = this.surroundings;
    const isMeasured = this.request.metrics.includes("start");
    for (let tries = 1;; tries++) {
      const site = await Site.open(tools, this.request, signal);
      const start = await this.#startAt(site);
      if (start !== undefined) {
        if (isMeasured) this.#record({ start_ms: start.startMs }, start.disturbance);
        if (!isMeasured || !start.disturbance.noisy || tries >= this.#mostTries) return { site, start };
      }
      await site.close();
      signal.throwIfAborted();
      if (start === undefined) return undefined;
    }
  }

  async #startAt(site: Site): Promise<Start | undefined> {
    try {
      return await startTunnel(site, this.tunnel, await this.tunnel.prepare(site));
    } catch (error) {
      if (!this.surroundings.signal.aborted) {
        this.#say(`did not come up: ${messageOf(error)}`);
        for (const line of site.logTails()) this.#say(`  ${line}`);
      }
      return undefined;
    }
  }

  async #measureStarted(subject: Subject): Promise<void> {
    const { metrics } = this.request;
    const wanted = MEASUREMENTS.filter(({ group }) =>
      metrics.includes(group) && (group !== "roam" || this.tunnel.roams === true)
    );
    if (metrics.includes("start")) this.#record({ rss_idle_mb: memoryOfAnEnd(subject, "now") }, UNDISTURBED);
    for (const { name, measure, tries = this.#mostTries } of wanted) {
      try {
        for (let done = 0; done < tries; done++) {
          const { figures, disturbance } = await measure(subject);
          this.#record(figures, disturbance);
          if (!disturbance.noisy) break;
        }
      } catch (error) {
        this.surroundings.signal.throwIfAborted();
        this.#say(`${name}: ${messageOf(error)}`);
      }
    }
    if (metrics.includes("start") && wanted.length > 0) {
      this.#record({ rss_peak_mb: memoryOfAnEnd(subject, "most") }, UNDISTURBED);
    }
  }

  #record(figures: Figures, disturbance: Disturbance): void {
    const { run, tunnel } = this;
    const words: string[] = [];
    for (const [metric, value] of Object.entries(figures)) {
      if (value === undefined || !Number.isFinite(value)) continue;
      this.samples.push({ tunnel: tunnel.name, metric, run, value, ...disturbance });
      words.push(`${metric} ${formatValue(value)}`);
    }
    if (words.length > 0) this.#say(`${words.join(", ")}${disturbance.noisy ? " (noisy)" : ""}`);
  }

  #say(line: string): void {
    this.surroundings.say(`${this.run}/${this.request.runs} ${this.tunnel.name}: ${line}`);
  }
}

/** Megabytes of the daemons of one end, the mean of both; undefined where there are none. */
function memoryOfAnEnd({ daemons }: Subject, which: "now" | "most"): number | undefined {
  if (daemons.length === 0) return undefined;
  return daemons.reduce((sum, pid) => sum + memoryOf(pid)[which], 0) / 2 / 1024;
}
