import type { ClockState } from "../../ffi/clock_state.ts";
import { type Finding, ok, warning } from "./finding.ts";

/** Proofs of origin carry the time (RFC 4285 section 5). */
export function checkClock({ synchronized, maximumErrorMs }: ClockState, toleranceMs: number): Finding {
  const check = "clock";
  const tolerance = `home agents take ${toleranceMs / 1000} s as a rule`;
  const advice = "run chrony or systemd-timesyncd";
  if (!synchronized) return warning(check, `nothing keeps it right, and ${tolerance}`, advice);
  const error = `off by ${maximumErrorMs.toFixed(0)} ms at most`;
  return maximumErrorMs > toleranceMs
    ? warning(check, `${error}, and ${tolerance}`, advice)
    : ok(check, `synchronised, ${error}`);
}
