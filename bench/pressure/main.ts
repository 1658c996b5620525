import { print } from "../../cli/output/write.ts";
import { runBenchmark } from "../command_line.ts";
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

if (import.meta.main) {
  const benchmark = { name: "bench:pressure", usage: USAGE, parse: parseCommandLine, run: measureAll };
  Deno.exit(await runBenchmark(benchmark, Deno.args));
}
