import { table } from "./report.ts";
import { NODES, type Site } from "./site.ts";
import { registerFlows } from "./workers.ts";

const FLOW = { port: 40_000, homeAddress: NODES[0].homeAddress };
const WARM_SECONDS = 2;

/**
 * Collections of garbage by each isolate of the home agent, main thread and Worker, under a flood. An isolate that never
 * collects has no line in V8's trace; so a Worker with the same flags that leaves one small object behind for each of as
 * many packets shows what the trace would have said.
 */
export async function measureAllocation(
  site: Site,
  { seconds }: { readonly seconds: number },
): Promise<string> {
  const homeAgent = await site.startHomeAgent(1, ["--trace-gc"]);
  await registerFlows(site, [FLOW]);
  // The compiler's own garbage comes first.
  await site.flood(WARM_SECONDS, [FLOW]);
  const [log, before] = [homeAgent.log().length, await site.delivered()];
  await site.flood(seconds, [FLOW]);
  const packets = await site.delivered() - before;
  const text = homeAgent.log();
  const rows = [
    row("home agent, before", text.slice(0, log)),
    row("home agent, during the flood", text.slice(log)),
    row("a Worker with one object a packet", await site.traceOfGarbage(packets)),
  ];
  if (rows.at(-1)![1] === "0") throw new Error("V8's trace does not tell of a Worker's collections");
  const title = `garbage collections while the home agent forwarded ${packets} packets\n`;
  return title + table(["trace of", "isolates", "collections"], rows);
}

function row(name: string, trace: string): string[] {
  const collections = collectionsByIsolate(trace);
  const sum = [...collections.values()].reduce((sum, count) => sum + count, 0);
  return [name, String(collections.size), String(sum)];
}

/** How often each isolate collected, by what --trace-gc prints: "[pid:isolate]   123 ms: Scavenge ...". */
export function collectionsByIsolate(trace: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [, isolate] of trace.matchAll(/\[\d+:(0x[0-9a-f]+)[^\]]*\]\s+\d+ ms: /g)) {
    counts.set(isolate, (counts.get(isolate) ?? 0) + 1);
  }
  return counts;
}
