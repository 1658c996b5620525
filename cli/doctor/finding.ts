import { SystemError } from "../../ffi/errno.ts";
import { messageOf } from "../output/fault.ts";

/** How well something is: a fault keeps dsmip from working, a warning may. */
export type FindingState = "ok" | "warning" | "fault";

/** One thing that was looked at. */
export interface Finding {
  /** "IPv6 forwarding", the same for every outcome. */
  readonly check: string;
  readonly state: FindingState;
  /** What was found, and what it means. */
  readonly text: string;
  /** What to do; undefined where nothing is to be done. */
  readonly advice?: string;
}

export function ok(check: string, text: string, advice?: string): Finding {
  return { check, state: "ok", text, advice };
}

export function warning(check: string, text: string, advice?: string): Finding {
  return { check, state: "warning", text, advice };
}

export function fault(check: string, text: string, advice?: string): Finding {
  return { check, state: "fault", text, advice };
}

/** Something that was tried and failed; a system call's own advice comes first. */
export function failed(check: string, error: unknown, meaning?: string, advice?: string): Finding {
  const own = error instanceof SystemError ? error.advice : undefined;
  const message = own === undefined ? messageOf(error) : messageOf(error).slice(0, -own.length - 2);
  return fault(check, meaning === undefined ? message : `${message}: ${meaning}`, own ?? advice);
}
