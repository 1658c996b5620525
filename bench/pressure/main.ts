import { messageOf, UsageError } from "../../cli/output/fault.ts";
import { print, remark } from "../../cli/output/write.ts";
import { Lock } from "../tunnels/lock.ts";
import { checkMachine } from "../tunnels/requirements.ts";
import { measureAllocation } from "./allocation.ts";
import { type Measurement, parseCommandLine, type PressureRequest, USAGE } from "./options.ts";
import { measureSignalling } from "./signalling.ts";
import { Site } from "./site.ts";
import { measureWorkers } from "./workers.ts";

/** deno task bench:pressure: measures the home agent under a flood, in two network namespaces that end with it. */

const MEASURE: Readonly<Record<Measurement, (site: Site, request: PressureRequest) => Promise<string>>> = {
  workers: measureWorkers,
  signalling: measureSignalling,
  allocation: measureAllocation,
};
const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const INTERRUPTED = 130;

async function measureAll(request: PressureRequest, signal: AbortSignal): Promise<void> {
  checkMachine({ metrics: [], underlay: "veth" });
  await using site = await Site.open(signal);
  for (const name of request.measurements) {
    const lock = await Lock.take(signal);
    try {
      print(await MEASURE[name](site, request));
    } finally {
      lock.free();
    }
  }
}

/** The exit status: 0 done, 1 it failed, 2 it was not asked in a way that can work, 130 interrupted. */
async function main(words: readonly string[]): Promise<number> {
  const aborting = new AbortController();
  const abort = () => aborting.abort(new Error("interrupted; all is put back"));
  for (const signal of SIGNALS) Deno.addSignalListener(signal, abort);
  try {
    const request = parseCommandLine(words);
    if (request === undefined) print(`${USAGE}\n`);
    else await measureAll(request, aborting.signal);
    return 0;
  } catch (error) {
    const isUsage = error instanceof UsageError;
    remark(`bench:pressure: ${messageOf(error)}\n${isUsage ? `${USAGE}\n` : ""}`);
    if (aborting.signal.aborted) return INTERRUPTED;
    return isUsage ? 2 : 1;
  } finally {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, abort);
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
