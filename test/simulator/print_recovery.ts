import { hmac } from "../../cli/daemon/hmac.ts";
import {
  RECOVERY_CASES,
  RECOVERY_CONDITIONS,
  recoveryTimes,
} from "../../core/simulation/movement/recovery.ts";

const SEEDS = 200;

/** Prints the recovery times as a Markdown table; false where a node did not recover. */
export function printRecovery(seeds = SEEDS): boolean {
  const { accessDelayMs, coreDelayMs, answerDelayMs, routerProbeMs, pingIntervalMs } = RECOVERY_CONDITIONS;
  console.log(
    `From the link's coming up (where the node stays: from the fault) to data both ways, virtual time, ${seeds} seeds each;\n` +
      `link ${accessDelayMs} ms and Internet ${coreDelayMs} ms one way, routers answer within ${answerDelayMs} ms, ` +
      `a packet each ${pingIntervalMs.first} ms (${pingIntervalMs.then} after the first second), router_probe_ms = ${routerProbeMs}.\n`,
  );
  console.log("| fault | median, ms | 99th percentile, ms |\n|---|---|---|");
  let failed = 0;
  for (const recoveryCase of RECOVERY_CASES) {
    const times = recoveryTimes(recoveryCase, seeds, hmac);
    failed += times.failed;
    console.log(`| ${recoveryCase.name} | ${whole(times.medianMs)} | ${whole(times.percentile99Ms)} |`);
  }
  if (failed > 0) console.log(`\n${failed} did not recover.`);
  return failed === 0;
}

function whole(ms: number): string {
  return Math.round(ms).toLocaleString("en");
}
