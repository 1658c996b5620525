import { z } from "zod";
import { messageOf, UsageError } from "../../cli/output/fault.ts";
import { UNDERLAYS } from "./network.ts";

/** What a file of results holds. Its version changes when a reader of the old would misunderstand the new. */
const resultsSchema = z.object({
  version: z.literal(1),
  conditions: z.object({
    /** When the first measurement began, ISO 8601. */
    startedAt: z.string(),
    kernel: z.string(),
    processor: z.string(),
    processors: z.number(),
    memoryMb: z.number(),
    underlay: z.enum(UNDERLAYS),
    /** Each end had a processor of its own. */
    pinned: z.boolean().default(false),
    runs: z.number(),
    seconds: z.number(),
  }),
  tunnels: z.array(z.object({
    name: z.string(),
    about: z.string(),
    /** Octets of the largest inner packet. */
    innerMtu: z.number(),
  })),
  samples: z.array(z.object({
    tunnel: z.string(),
    metric: z.string(),
    run: z.number(),
    value: z.number(),
    /** Something else had the processors meanwhile. */
    noisy: z.boolean(),
    /** CPU time of other processes meanwhile, in percent of one processor. */
    foreignPercent: z.number(),
    /** CPU time that the hypervisor gave to others, in percent of what was wanted. */
    stealPercent: z.number(),
  })),
});

export type Results = z.infer<typeof resultsSchema>;
export type Conditions = Results["conditions"];
export type TunnelFacts = Results["tunnels"][number];
export type Sample = Results["samples"][number];

export function formatResults(results: Results): string {
  const { samples, ...rest } = results;
  const lines = samples.map((sample) => `    ${JSON.stringify(sample)}`).join(",\n");
  const head = JSON.stringify(rest, null, 2).slice(0, -2);
  return `${head},\n  "samples": [\n${lines}\n  ]\n}\n`;
}

/** Reads what formatResults has written; throws UsageError when it is something else. */
export function parseResults(text: string, name: string): Results {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${name} is not JSON: ${messageOf(error)}`);
  }
  const parsed = resultsSchema.safeParse(value);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0];
    throw new UsageError(`${name} holds no results of bench:tunnels: ${path.join(".") || "all"}: ${message}`);
  }
  return parsed.data;
}

export async function readResults(path: string): Promise<Results> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${messageOf(error)}`);
  }
  return parseResults(text, path);
}
