import type { Report } from "./action.ts";

/** A line for the log. */
export function report(level: Report["level"], message: string, details: Report["details"]): Report {
  return { kind: "report", level, message, details };
}
