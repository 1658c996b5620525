import type { Finding, FindingState } from "../doctor/finding.ts";
import type { Colours } from "./colours.ts";
import { visible } from "./table.ts";

/** What dsmip doctor found, for people: one line each, and below it what to do. */
export function describeFindings(findings: readonly Finding[], colours: Colours): string {
  const paint: Readonly<Record<FindingState, (text: string) => string>> = {
    ok: colours.green,
    warning: colours.yellow,
    fault: colours.red,
  };
  const stateWidth = Math.max(...findings.map(({ state }) => state.length));
  const checkWidth = Math.max(...findings.map(({ check }) => check.length));
  const indent = " ".repeat(stateWidth + checkWidth + 4);
  const lines = findings.flatMap(({ check, state, text, advice }) => [
    `${paint[state](state.padEnd(stateWidth))}  ${colours.bold(check.padEnd(checkWidth))}  ${visible(text)}`,
    ...(advice === undefined ? [] : [`${indent}do: ${visible(advice)}`]),
  ]);
  return [...lines, "", summary(findings), ""].join("\n");
}

function summary(findings: readonly Finding[]): string {
  const count = (state: FindingState) => findings.filter((one) => one.state === state).length;
  const [faults, warnings] = [count("fault"), count("warning")];
  if (faults + warnings === 0) return "All is well.";
  return `${plural(faults, "fault")}, ${plural(warnings, "warning")}.`;
}

function plural(count: number, word: string): string {
  return `${count === 0 ? "No" : count} ${word}${count === 1 ? "" : "s"}`;
}
