import type { CheckList } from "../check.ts";
import { type HandoverResult, summarize } from "./measure.ts";
import type { HandoverScenario } from "./scenarios.ts";

/** Checks the goals of a scenario against its runs, and that every handover came to its end. */
export function checkGoals(
  checks: CheckList,
  { name, goals }: HandoverScenario,
  results: readonly HandoverResult[],
): void {
  const resumed = results.filter((result) => result.resumed).length;
  checks.equal(`${name}: data both ways after the handover`, resumed, results.length, "runs");
  for (const goal of goals) {
    const summary = summarize(results.map(goal.figure));
    const value = summary?.[goal.statistic] ?? NaN;
    checks.atMost(`${name}: ${goal.name}, ${goal.statistic}`, value, goal.limit, goal.unit);
  }
}
