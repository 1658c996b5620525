import { type Disturbance, metered, type Usage } from "./meter.ts";
import type { MetricGroup } from "./metrics.ts";
import type { Site } from "./site.ts";
import type { InnerAddresses, Tunnel } from "./tunnel.ts";

/** A tunnel that is up, and how to measure it. */
export interface Subject {
  readonly tunnel: Tunnel;
  readonly site: Site;
  readonly addresses: InnerAddresses;
  /** The tunnel's processes at both ends; none where the kernel is the tunnel. */
  readonly daemons: readonly number[];
  /** All durations are multiplied by this: 1 is five seconds of TCP. */
  readonly pace: number;
}

/** Values by the names of their metrics. */
export type Figures = Readonly<Record<string, number | undefined>>;

export interface Outcome {
  readonly figures: Figures;
  readonly disturbance: Disturbance;
}

/** Something that can be measured again when it was disturbed. */
export interface Measurement {
  readonly name: string;
  readonly group: MetricGroup;
  /** How often in all it is tried when it was disturbed: the others the usual number. */
  readonly tries?: number;
  readonly measure: (subject: Subject) => Promise<Outcome>;
}

/** Measures under the lock; `toFigures` makes values of what came out. */
export async function outcomeOf<Result>(
  { site, daemons }: Subject,
  measure: () => Promise<Result>,
  toFigures: (result: Result, usage: Usage) => Figures,
): Promise<Outcome> {
  const { result, usage, disturbance } = await metered(site, daemons, measure);
  return { figures: toFigures(result, usage), disturbance };
}
