import { nearestName } from "../configuration/nearest.ts";
import { showName } from "../configuration/mistake.ts";
import type { Draft } from "./draft.ts";
import type { Statement } from "./statements.ts";

/** What each statement becomes, by its name. A text that comes back is a remark about it. */
export type HandlerTable = Readonly<Record<string, (statement: Statement) => string | void>>;

export const NOT_UNDERSTOOD = "not understood, and left out";

/** Gives each statement to its handler, and remarks on those that have none. */
export function walk(
  statements: readonly Statement[],
  handlers: HandlerTable,
  without: Readonly<Record<string, string>>,
  draft: Draft,
): void {
  for (const statement of statements) {
    const text = Object.hasOwn(handlers, statement.name)
      ? handlers[statement.name](statement)
      : Object.hasOwn(without, statement.name)
      ? without[statement.name]
      : unknown(statement.name, [...Object.keys(handlers), ...Object.keys(without)]);
    if (typeof text === "string") draft.remark(statement, text);
  }
}

function unknown(name: string, known: readonly string[]): string {
  const near = nearestName(name, known);
  return near === undefined
    ? "not known here, and left out"
    : `unknown, and left out; did you mean ${showName(near)}?`;
}
