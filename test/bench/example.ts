import type { Results, Sample } from "../../bench/tunnels/results.ts";

/** One value of one run; undisturbed unless it says otherwise. */
export function sample(tunnel: string, metric: string, value: number, noisy = false): Sample {
  return { tunnel, metric, run: 1, value, noisy, foreignPercent: noisy ? 40 : 0, stealPercent: 0 };
}

/** Results of three tunnels, small enough to be read. */
export function exampleResults(samples: Sample[]): Results {
  return {
    version: 1,
    conditions: {
      startedAt: "2026-01-02T03:04:05.000Z",
      kernel: "6.1.0",
      processor: "Example <CPU> & more",
      processors: 2,
      memoryMb: 4096,
      underlay: "veth",
      pinned: false,
      runs: 3,
      seconds: 5,
    },
    tunnels: ["veth", "dsmip", "quicktun"].map((name) => ({ name, about: `about ${name}`, innerMtu: 1440 })),
    samples,
  };
}
