import { Failure, messageOf, UsageError } from "../../cli/output/fault.ts";
import { print, remark } from "../../cli/output/write.ts";
import { Lock } from "../tunnels/lock.ts";
import { checkMachine } from "../tunnels/requirements.ts";
import { describeMissing } from "../tunnels/tools.ts";
import { ATTACKS } from "./attacks.ts";
import { measure } from "./measure.ts";
import { parseCommandLine, USAGE } from "./options.ts";
import { missed, report } from "./report.ts";
import { Site } from "./site.ts";

/** deno task bench:hostile: a home agent with 10,000 mobile nodes on a hostile Internet, in two network namespaces. */

const SIGNALS = ["SIGINT", "SIGTERM"] as const;
const INTERRUPTED = 130;

/** The exit status: 0 done, 1 it failed, 2 it was not asked in a way that can work, 130 interrupted. */
async function main(words: readonly string[]): Promise<number> {
  const aborting = new AbortController();
  const abort = () => aborting.abort(new Error("interrupted; all is put back"));
  for (const signal of SIGNALS) Deno.addSignalListener(signal, abort);
  try {
    const request = parseCommandLine(words);
    if (request === undefined) {
      print(`${USAGE}\n`);
      return 0;
    }
    checkMachine({ metrics: [], underlay: "veth" });
    const lacking = describeMissing([{ program: "nft", package: "nftables" }]);
    if (lacking !== undefined) throw new Failure(lacking);
    const [calm, ...attacks] = [ATTACKS[0], ...request.attacks.filter((attack) => attack !== ATTACKS[0])];
    const lock = await Lock.take(aborting.signal);
    try {
      await using site = await Site.open(request.nodes, aborting.signal);
      const say = (line: string) => remark(`${line}\n`);
      const results = await measure(site, { attacks: [calm, ...attacks], seconds: request.seconds, say });
      const told = results.map((result) => ({ ...result, missed: missed(result, results[0]) }));
      print(request.json ? `${JSON.stringify(told, undefined, 2)}\n` : report(results, request.nodes));
    } finally {
      lock.free();
    }
    return 0;
  } catch (error) {
    const isUsage = error instanceof UsageError;
    remark(`bench:hostile: ${messageOf(error)}\n${isUsage ? `${USAGE}\n` : ""}`);
    if (aborting.signal.aborted) return INTERRUPTED;
    return isUsage ? 2 : 1;
  } finally {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, abort);
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
