import { Failure } from "../../cli/output/fault.ts";
import { print, remark } from "../../cli/output/write.ts";
import { runBenchmark } from "../command_line.ts";
import { Lock } from "../tunnels/lock.ts";
import { checkMachine } from "../tunnels/requirements.ts";
import { describeMissing } from "../tunnels/tools.ts";
import { ATTACKS } from "./attacks.ts";
import { measure } from "./measure.ts";
import { type HostileRequest, parseCommandLine, USAGE } from "./options.ts";
import { missed, report } from "./report.ts";
import { Site } from "./site.ts";

/** deno task bench:hostile: a home agent with 10,000 mobile nodes on a hostile Internet, in two network namespaces. */

async function measureAll(request: HostileRequest, signal: AbortSignal): Promise<void> {
  checkMachine({ metrics: [], underlay: "veth" });
  const lacking = describeMissing([{ program: "nft", package: "nftables" }]);
  if (lacking !== undefined) throw new Failure(lacking);
  const attacks = [ATTACKS[0], ...request.attacks.filter((attack) => attack !== ATTACKS[0])];
  const lock = await Lock.take(signal);
  try {
    await using site = await Site.open(request.nodes, signal);
    const say = (line: string) => remark(`${line}\n`);
    const results = await measure(site, { attacks, seconds: request.seconds, say });
    const told = results.map((result) => ({ ...result, missed: missed(result, results[0]) }));
    print(request.json ? `${JSON.stringify(told, undefined, 2)}\n` : report(results, request.nodes));
  } finally {
    lock.free();
  }
}

if (import.meta.main) {
  const benchmark = { name: "bench:hostile", usage: USAGE, parse: parseCommandLine, run: measureAll };
  Deno.exit(await runBenchmark(benchmark, Deno.args));
}
