import { pause } from "../../cli/lab/process.ts";
import { Client } from "./client.ts";
import { table } from "./report.ts";
import { NODES, type Site } from "./site.ts";

/** An even and an odd one: the home agent gives them to different workers. */
const FLOWS = [40_000, 40_001].map((port, index) => ({ port, homeAddress: NODES[index].homeAddress }));
/** More than the home agent can forward, and less than keeps the sender busy: there are two processors for all. */
const RATE = 800_000;
/** What waits in the home agent's sockets after a flood is through by then. */
const DRAIN_MS = 500;
const REGISTRATION_LIMIT_MS = 3000;
const WARM_SECONDS = 1;
const ORDER_SECONDS = 3;

/** Two flows through a home agent with one worker and with two, in turn. */
export async function measureWorkers(
  site: Site,
  { runs, seconds }: { readonly runs: number; readonly seconds: number },
): Promise<string> {
  const rates = new Map<number, number[]>([[1, []], [2, []]]);
  const late = new Map<number, string>();
  for (let run = 0; run < runs; run++) {
    for (const workers of run % 2 === 0 ? [1, 2] : [2, 1]) {
      await site.startHomeAgent(workers);
      await registerFlows(site);
      await site.flood(WARM_SECONDS, FLOWS, { rate: RATE });
      const before = await site.delivered();
      const flooded = await site.flood(seconds, FLOWS, { rate: RATE });
      rates.get(workers)!.push((await site.delivered() - before) / flooded.seconds);
      if (run > 0) continue;
      await pause(DRAIN_MS);
      const [order] = await Promise.all([
        site.order(ORDER_SECONDS),
        pause(300).then(() => site.flood(1, FLOWS, { rate: RATE })),
      ]);
      late.set(workers, `${order.late} of ${order.packets} in ${order.flows} flows`);
    }
  }
  const title =
    `two flows, ${RATE} packets/s in all, inner length 250: what comes out of the home agent's TUN device\n`;
  return title + table(
    ["workers", "packets/s median", "least", "most", "runs", "out of order"],
    [...rates].map(([workers, values]) => {
      const sorted = values.toSorted((a, b) => a - b);
      const middle = sorted[sorted.length >> 1];
      const numbers = [middle, sorted[0], sorted.at(-1)!].map((value) =>
        Math.round(value).toLocaleString("en")
      );
      return [String(workers), ...numbers, String(sorted.length), late.get(workers)!];
    }),
  );
}

/** Each flow's mobile node registers from its port, and leaves the port to the flood. */
export async function registerFlows(site: Site, flows = FLOWS): Promise<void> {
  for (const { port, homeAddress } of flows) {
    const node = NODES.find((node) => node.homeAddress === homeAddress)!;
    using client = new Client(site, node, port);
    if (await client.register(REGISTRATION_LIMIT_MS) === undefined) {
      throw new Error(`${node.identity} cannot register`);
    }
  }
}
