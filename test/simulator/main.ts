import { Command, InvalidArgumentError } from "commander";
import type { Outcome } from "../../core/simulation/outcome.ts";
import { runKillSeed, runSeed } from "../../core/simulation/run.ts";
import { seconds } from "../../core/simulation/trace.ts";
import { runMovementSeed } from "../../core/simulation/movement/movement_run.ts";
import { KEPT_KILL_SEEDS, KEPT_SEEDS } from "./kept_seeds.ts";
import { printRecovery } from "./print_recovery.ts";
import { hmac } from "../../cli/daemon/hmac.ts";

/** deno task sim: repeats one seed of the simulator, or explores many. */

const DEFAULT_SEEDS = { first: 1, last: 1000 };
const MOST_FAILURES_SHOWN = 10;

interface SeedRange {
  readonly first: number;
  readonly last: number;
}

function seedFrom(text: string): number {
  const seed = Number(text);
  if (/^\d+$/.test(text) && seed <= 0xffff_ffff) return seed;
  throw new InvalidArgumentError("a seed is a whole number from 0 to 4294967295.");
}

function rangeFrom(text: string): SeedRange {
  const [first, last, ...more] = text.split("..");
  if (last === undefined || more.length > 0) throw new InvalidArgumentError("write a range as 1..1000.");
  const range = { first: seedFrom(first), last: seedFrom(last) };
  if (range.last < range.first) throw new InvalidArgumentError("the last seed comes before the first.");
  return range;
}

function printFailure({ seed, failure }: Outcome, withTrace = true): void {
  if (failure === undefined) return;
  if (withTrace) { for (const line of failure.trace) console.log(line); }
  console.log(`seed ${seed}, at ${seconds(failure.atMs)}: broken: ${failure.invariant}`);
  console.log(`  ${failure.detail}`);
  console.log(`  repeat: deno task sim${story.option} --seed ${seed} --verbose`);
}

/** Which world is played. */
interface Story {
  /** What chooses it on the command line. */
  readonly option: string;
  readonly run: typeof runSeed;
  readonly kept: readonly { readonly seed: number }[];
}

const NATS: Story = { option: "", run: runSeed, kept: KEPT_SEEDS };
const KILLS: Story = { option: " --kills", run: runKillSeed, kept: KEPT_KILL_SEEDS };
const MOVEMENT: Story = { option: " --movement", run: runMovementSeed, kept: [] };

function repeat(story: Story, seed: number, verbose: boolean): boolean {
  const listener = verbose ? (line: string) => console.log(line) : undefined;
  const outcome = story.run(seed, { hmac, listener });
  printFailure(outcome, !verbose);
  if (outcome.failure) return false;
  console.log(
    `seed ${seed}: every invariant held for ${seconds(outcome.virtualMs)} and ${outcome.events} events; ` +
      `all recovered ${seconds(outcome.recoveredMs!)} after the last fault`,
  );
  return true;
}

function* explore({ run, kept }: Story, { first, last }: SeedRange): Generator<Outcome> {
  yield* kept.map(({ seed }) => run(seed, { hmac }));
  for (let seed = first; seed <= last; seed++) yield run(seed, { hmac });
}

function summarize(story: Story, range: SeedRange): boolean {
  const startMs = performance.now();
  const failures: Outcome[] = [];
  let [seeds, events, virtualMs, slowestMs] = [0, 0, 0, 0];
  for (const outcome of explore(story, range)) {
    seeds++;
    events += outcome.events;
    virtualMs += outcome.virtualMs;
    slowestMs = Math.max(slowestMs, outcome.recoveredMs ?? 0);
    if (outcome.failure) failures.push(outcome);
  }
  const tookMs = performance.now() - startMs;
  for (const failure of failures.slice(0, MOST_FAILURES_SHOWN)) printFailure(failure);
  const byInvariant = Object.groupBy(failures, ({ failure }) => failure!.invariant);
  for (const [invariant, group] of Object.entries(byInvariant)) {
    const shown = group!.slice(0, MOST_FAILURES_SHOWN).map(({ seed }) => seed).join(", ");
    console.log(
      `${group!.length} times broken: ${invariant} (seeds ${shown}${
        group!.length > MOST_FAILURES_SHOWN ? ", ..." : ""
      })`,
    );
  }
  console.log(
    `${seeds} seeds (${range.first}..${range.last} and ${story.kept.length} kept), ${failures.length} failed; ` +
      `${(virtualMs / 3_600_000).toFixed(1)} virtual hours, ${events} events in ${seconds(tookMs)} ` +
      `(${Math.round(seeds / tookMs * 1000)} seeds a second); slowest recovery ${seconds(slowestMs)}`,
  );
  return failures.length === 0;
}

const command = new Command("sim")
  .description(
    "Plays home agent, mobile nodes, NATs and an attacker in virtual time, and checks the invariants.",
  )
  .option("--seed <number>", "repeat one seed", seedFrom)
  .option("--seeds <first..last>", "explore these seeds and the kept ones", rangeFrom)
  .option("--movement", "play a mobile node that roams between IPv6, IPv4 and NATed links", false)
  .option("--kills", "kill the daemons at any point, refuse and revoke bindings and set clocks, too", false)
  .option("--recovery", "print how long each kind of fault keeps a roaming mobile node from its data", false)
  .option("--verbose", "with --seed: print everything that happens", false)
  .addHelpText(
    "after",
    "\nExamples:\n  deno task sim --seeds 1..1000\n  deno task sim --seed 42 --verbose\n" +
      "  deno task sim --movement --seeds 1..1000\n  deno task sim --kills --seeds 1..1000\n  deno task sim --recovery",
  )
  .parse();

const { seed, seeds, movement, kills, recovery, verbose } = command.opts();
const story = movement ? MOVEMENT : kills ? KILLS : NATS;
const ok = recovery
  ? printRecovery()
  : seed === undefined
  ? summarize(story, seeds ?? DEFAULT_SEEDS)
  : repeat(story, seed, verbose);
Deno.exit(ok ? 0 : 1);
