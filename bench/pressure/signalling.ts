import { pause } from "../../cli/lab/process.ts";
import { Client } from "./client.ts";
import { table } from "./report.ts";
import { NODES, type Site } from "./site.ts";
import { registerFlows } from "./workers.ts";

const FLOW = { port: 40_000, homeAddress: NODES[0].homeAddress };
const CLIENT_PORT = 50_000;
const WARM_SECONDS = 1;
const LIMIT_MS = 2000;
const BETWEEN_MS = 20;
const WARM_REGISTRATIONS = 50;
const LOADS = ["nothing", "data of a registered node", "garbage of nobody"] as const;

/** How long a registration takes while the home agent gets more than it can forward. */
export async function measureSignalling(
  site: Site,
  { seconds }: { readonly seconds: number },
): Promise<string> {
  const rows: string[][] = [];
  for (const load of LOADS) {
    await site.startHomeAgent(1);
    await registerFlows(site, [FLOW]);
    using client = new Client(site, NODES[2], CLIENT_PORT);
    // Code that has run before: a home agent that has just started is another matter.
    for (let count = 0; count < WARM_REGISTRATIONS; count++) await client.register(LIMIT_MS);
    const flood = load === "nothing"
      ? pause(1000 * (WARM_SECONDS + seconds))
      : site.flood(WARM_SECONDS + seconds, [FLOW], { isGarbage: load === "garbage of nobody" });
    await pause(1000 * WARM_SECONDS);
    const { times, unanswered } = await registerFor(1000 * seconds, client);
    await flood;
    const sorted = times.toSorted((a, b) => a - b);
    const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
    const figures = [at(0.5), at(0.99), at(1)].map((value) => value?.toFixed(1) ?? "-");
    rows.push([load, ...figures, String(times.length), String(unanswered)]);
  }
  return "registration, from Binding Update to acknowledgement, under a flood of\n" +
    table(["flood", "median ms", "p99 ms", "most ms", "answered", "unanswered"], rows);
}

/** One registration after the other: the milliseconds of each, and how many had no answer. */
async function registerFor(
  milliseconds: number,
  client: Client,
): Promise<{ readonly times: readonly number[]; readonly unanswered: number }> {
  const times: number[] = [];
  let unanswered = 0;
  for (const end = performance.now() + milliseconds; performance.now() < end;) {
    const ms = await client.register(LIMIT_MS);
    if (ms === undefined) unanswered++;
    else times.push(ms);
    await pause(BETWEEN_MS);
  }
  return { times, unanswered };
}
