import { type Metric, METRICS } from "./metrics.ts";
import type { Results, Sample } from "./results.ts";

/** What the samples of one tunnel and one metric come to. */
export interface Summary {
  readonly tunnel: string;
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly count: number;
  /** No undisturbed sample was to be had: these are the disturbed ones. */
  readonly noisy: boolean;
}

/** One metric of all tunnels, the best first. */
export interface Ranking {
  readonly metric: Metric;
  readonly summaries: readonly Summary[];
}

/** The value in the middle; of an even number the mean of the two. Throws when there is none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("no median of nothing");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The value below which this share of the values is (nearest rank). */
export function percentile(values: readonly number[], share: number): number {
  if (values.length === 0) throw new RangeError("no percentile of nothing");
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

/** Disturbed samples count only where there is no other. */
export function summarise(tunnel: string, samples: readonly Sample[]): Summary {
  const clean = samples.filter(({ noisy }) => !noisy);
  const values = (clean.length > 0 ? clean : samples).map(({ value }) => value);
  return {
    tunnel,
    median: median(values),
    least: Math.min(...values),
    most: Math.max(...values),
    count: values.length,
    noisy: clean.length === 0,
  };
}

/** Every metric that has samples, with its tunnels from the best to the worst median. */
export function rankings({ samples }: Pick<Results, "samples">): Ranking[] {
  return METRICS.flatMap((metric) => {
    const ofMetric = Map.groupBy(
      samples.filter((sample) => sample.metric === metric.name),
      ({ tunnel }) => tunnel,
    );
    if (ofMetric.size === 0) return [];
    const sign = metric.better === "less" ? 1 : -1;
    const summaries = [...ofMetric].map(([tunnel, own]) => summarise(tunnel, own))
      .sort((a, b) => sign * (a.median - b.median) || (a.tunnel < b.tunnel ? -1 : 1));
    return [{ metric, summaries }];
  });
}

/** A number as a person reads it: three digits, more only before the point. */
export function formatValue(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude >= 1000) return Math.round(value).toLocaleString("en");
  if (magnitude === 0) return "0";
  const digits = Math.max(0, Math.min(3, 2 - Math.floor(Math.log10(magnitude))));
  return String(Number(value.toFixed(digits)));
}

/** Whether a row is this project's own. */
export function isOurs(tunnel: string): boolean {
  return tunnel === "dsmip" || tunnel.startsWith("dsmip-");
}
