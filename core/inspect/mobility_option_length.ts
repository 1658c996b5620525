import { mobilityOptionEntry } from "../wire/mobility_option_table.ts";

/** What is wrong with the length of an option's data; undefined where core/wire's table allows or does not know it. */
export function lengthProblem(type: number, octets: number): string | undefined {
  const entry = mobilityOptionEntry(type);
  if (entry === undefined) return undefined;
  const { lengths } = entry;
  if ("atLeast" in lengths) {
    return octets >= lengths.atLeast
      ? undefined
      : `${entry.name} option of length ${octets}, not at least ${lengths.atLeast}`;
  }
  return lengths.includes(octets)
    ? undefined
    : `${entry.name} option of length ${octets}, not ${lengths.join(" or ")}`;
}
