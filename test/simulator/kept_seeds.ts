/**
 * Seeds that found something once, tried every time. A change of what a seed decides (core/simulation/plan.ts,
 * attacker.ts) makes other stories of them: then look for new ones by breaking again what they had found.
 */
export const KEPT_SEEDS: readonly { readonly seed: number; readonly found: string }[] = [
  { seed: 3, found: "home agent: answers to replayed updates were not limited" },
  { seed: 9, found: "mobile node: the tunnel kept the MTU of the link before" },
  {
    seed: 57,
    found: "mobile node: status 144 with its own timestamp, after a duplicate, counted as a refusal",
  },
  { seed: 192, found: "mobile node: the same, on another way" },
  { seed: 1343, found: "mobile node: a de-registration went on from the care-of address before" },
  { seed: 1440, found: "mobile node: the same, within one network" },
];

/** The same for `deno task sim --kills`. */
export const KEPT_KILL_SEEDS: typeof KEPT_SEEDS = [
  { seed: 1720, found: "mobile node: a revocation was answered from the care-of address before" },
];
