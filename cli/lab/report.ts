import type { Colours } from "../output/colours.ts";
import { formatTable } from "../output/table.ts";
import type { Check } from "./check.ts";

/** What a run has found. Printed as it is by --json. */
export interface LabResult {
  readonly scenario: string;
  /** The name of the run: its namespaces were dsmip-RUN-NODE. Only of a real run. */
  readonly run?: string;
  readonly ok: boolean;
  /** True where the scenario was played in the simulator: no real network, no real packets. */
  readonly simulated: boolean;
  /** Wall time of the run. */
  readonly seconds: number;
  readonly checks: readonly Check[];
  /** Why the run ended before all steps were done. */
  readonly failure?: string;
  /** What a real run lacks on this machine; only where it was simulated. */
  readonly missing?: readonly string[];
  /** Kept by --pcap. */
  readonly captures?: readonly string[];
  /** What --keep has left, how to look inside, and how to remove it; lines for people. */
  readonly kept?: readonly string[];
  /** Figures and data that the run has written. */
  readonly files?: readonly string[];
}

/** Value and limit with their unit, for people. */
export function describeValue(
  { value, unit, limit }: Check,
): { readonly value: string; readonly limit: string } {
  const withUnit = (text: string) => unit === "" ? text : `${text} ${unit}`;
  return { value: withUnit(String(value)), limit: withUnit(limit) };
}

/** The summary for people: a table of checks, one line of result, and what was kept. */
export function formatResult(result: LabResult, colours: Colours): string {
  const rows = result.checks.map((check) => {
    const { value, limit } = describeValue(check);
    return [check.ok ? "ok" : "FAILED", check.name, value, limit];
  });
  const columns = [{ title: "" }, { title: "check" }, { title: "measured" }, { title: "limit" }];
  const failed = result.checks.filter((check) => !check.ok).length;
  const how = result.simulated ? "simulated, not run on a real network: " : "";
  const verdict = result.ok
    ? colours.green(`all ${result.checks.length} checks hold`)
    : colours.red(result.failure ?? `${failed} of ${result.checks.length} checks failed`);
  const table = rows.length === 0 ? "" : `${formatTable(columns, rows, colours)}\n`;
  const summary = `${table}${result.scenario}: ${how}${verdict}, ${result.seconds.toFixed(1)} s\n`;
  return result.kept === undefined ? summary : `${summary}\n${result.kept.join("\n")}\n`;
}
