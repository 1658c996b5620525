import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { hmac } from "../../cli/daemon/hmac.ts";
import { runKillSeed, runSeed } from "../../core/simulation/run.ts";
import { KEPT_KILL_SEEDS, KEPT_SEEDS } from "./kept_seeds.ts";

const SEEDS = 1000;
const SEEDS_IN_ONE_TEST = 100;
const KILL_SEEDS = 150;

function assertHolds(seed: number, run = runSeed, option = ""): void {
  const { failure } = run(seed, { hmac });
  if (failure === undefined) return;
  const { invariant, detail, trace } = failure;
  assert(
    false,
    `seed ${seed} broke: ${invariant}\n${detail}\n${
      trace.join("\n")
    }\ndeno task sim${option} --seed ${seed} --verbose`,
  );
}

for (let first = 1; first <= SEEDS; first += SEEDS_IN_ONE_TEST) {
  const last = first + SEEDS_IN_ONE_TEST - 1;
  Deno.test(`simulator: every invariant holds for seeds ${first} to ${last}`, () => {
    for (let seed = first; seed <= last; seed++) assertHolds(seed);
  });
}

Deno.test("simulator: every invariant holds for the kept seeds", () => {
  for (const { seed } of KEPT_SEEDS) assertHolds(seed);
});

Deno.test(`simulator: every invariant holds where the daemons are killed at any point, seeds 1 to ${KILL_SEEDS}`, () => {
  for (let seed = 1; seed <= KILL_SEEDS; seed++) assertHolds(seed, runKillSeed, " --kills");
  for (const { seed } of KEPT_KILL_SEEDS) assertHolds(seed, runKillSeed, " --kills");
});

Deno.test("simulator: a seed gives the same run again, another seed another one", () => {
  const trace = (seed: number) => {
    const lines: string[] = [];
    runSeed(seed, { hmac, listener: (line) => lines.push(line) });
    return lines;
  };
  assertEquals(trace(5), trace(5));
  assertNotEquals(trace(5), trace(6));
});
