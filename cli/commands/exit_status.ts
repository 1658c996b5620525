import { Failure, FaultsFound, messageOf, RulesBroken, UsageError } from "../output/fault.ts";
import { OutputClosed, remark } from "../output/write.ts";
import type { LogLevel } from "../daemon/log_words.ts";

/** Tells the user what a command has thrown. @returns the exit status that goes with it */
export function exitStatusOf(error: unknown, { logLevel }: { readonly logLevel: LogLevel }): number {
  if (error instanceof OutputClosed) return 0;
  if (error instanceof RulesBroken) return 3;
  if (error instanceof FaultsFound) return 1;
  remark(`dsmip: ${messageOf(error)}\n`);
  if (error instanceof UsageError) return 2;
  const expected = error instanceof Failure;
  if (error instanceof Error && error.stack !== undefined && !expected && logLevel === "debug") {
    remark(`${error.stack}\n`);
  }
  return 1;
}
