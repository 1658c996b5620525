import type { LintView } from "./lint_view.ts";

/** error: against a MUST; warning: against a SHOULD, or most likely a mistake; note: worth a look. */
export type Severity = "error" | "warning" | "note";

/** What every rule says of itself. */
export interface RuleText {
  readonly id: string;
  readonly severity: Severity;
  /** Where the rule comes from: "RFC 5555 4.2". */
  readonly section: string;
  /** The row of the conformance checklist, "" where the document has none there. */
  readonly row: string;
  /** The rule in one sentence. */
  readonly says: string;
}

/** A rule over one header: undefined where it holds, else what was found instead, with the values. */
export interface PacketRule extends RuleText {
  readonly check: (view: LintView) => string | undefined;
}

export interface Finding {
  readonly packetNumber: number;
  /** Seconds since the first packet; undefined where the capture has no times. */
  readonly seconds: number | undefined;
  readonly rule: RuleText;
  readonly found: string;
}

/** "0x00ff" */
export function hexadecimal(value: number, digits = 4): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}
