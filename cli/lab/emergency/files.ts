import type { Check } from "../check.ts";
import { type EmergencyResult, figuresByRouter } from "./table.ts";
import { nodeName } from "./topology.ts";

/** The data behind the table, by file name. */
export function emergencyFiles(
  result: EmergencyResult,
  settings: { readonly seed: number; readonly seconds: number },
  checks: readonly Check[],
): ReadonlyMap<string, string> {
  const data = { ...settings, checks, routers: figuresByRouter(result), plan: result.plan };
  return new Map([
    ["emergency.json", JSON.stringify(data, undefined, 1) + "\n"],
    ["emergency.csv", emergencyCsv(result)],
  ]);
}

/** A line for each flow. */
export function emergencyCsv({ plan, flows }: EmergencyResult): string {
  const lines = flows.map(({ sent, lost, duplicated, misdelivered, longestGapMs }, flow) => {
    const { family, one, other } = plan.conversations[flow >> 1];
    const ends = [nodeName(one), other === undefined ? "cn" : nodeName(other)];
    const [from, to] = flow % 2 === 0 ? ends : ends.toReversed();
    return [from, to, family, sent, lost, duplicated, misdelivered, longestGapMs.toFixed(3)].join(",");
  });
  return ["from,to,family,sent,lost,duplicated,misdelivered,longest_gap_ms", ...lines].join("\n") + "\n";
}
