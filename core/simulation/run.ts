import { Attacker } from "./attacker.ts";
import { applyFault } from "./fault.ts";
import { allInvariants } from "./invariants/all.ts";
import { isReachable } from "./invariants/mobile_node.ts";
import { GOOD_LINK, type LinkQuality } from "./link.ts";
import { REAL_MACHINES } from "./machine.ts";
import type { MobileHost } from "./mobile_host.ts";
import { type Outcome, outcomeOf, type RunOptions } from "./outcome.ts";
import { makeKillPlan, makePlan, type Plan } from "./plan.ts";
import { endProcessFaults } from "./process_fault.ts";
import { Random } from "./random.ts";
import { Trace } from "./trace.ts";
import { InvariantBroken } from "./watcher.ts";
import { World } from "./world.ts";

const TRACE_LINES = 40;
const ATTACKER_ADDRESS = "192.0.2.251";
const START_WITHIN_MS = 3_000;
/** How long the world has to stay recovered after that is due, milliseconds. */
const STEADY_MS = 25_000;
const PING_MS = 1_000;
/** A de-registration is over after this, acknowledged or not; nothing is remembered after the rest. */
const STOP_MS = 6_000;
const FORGET_MS = 12_000;

/** Plays the seed's plan: a world with faults, then without; checks the invariants after every event. */
export function runSeed(seed: number, options: RunOptions): Outcome {
  return runPlanOf(seed, makePlan, options);
}

/** The same, where the daemons themselves have faults, too: killed between two actions, refused by the kernel, a wrong clock. */
export function runKillSeed(seed: number, options: RunOptions): Outcome {
  return runPlanOf(seed, makeKillPlan, options);
}

function runPlanOf(seed: number, makePlan: (random: Random) => Plan, options: RunOptions): Outcome {
  const random = new Random(seed);
  const plan = makePlan(random.fork());
  const trace = new Trace(TRACE_LINES, options.listener);
  const machines = options.machines ?? REAL_MACHINES;
  const world = new World(plan.world, { random, hmac: options.hmac, machines, trace });
  return outcomeOf(seed, world, trace, () => play(plan, world));
}

function play(plan: Plan, world: World): number {
  const attacker = new Attacker(ATTACKER_ADDRESS, world);
  let calmSinceMs = Infinity;
  world.watchers.push(attacker, ...allInvariants(world, () => calmSinceMs));

  setQuality(world, plan.quality);
  world.mobileNodes.forEach((host, index) => {
    host.skewMs = plan.skewsMs[index];
    host.attach(world.networks[plan.startNetworks[index]]);
    world.schedule(world.random.integer(0, START_WITHIN_MS), () => host.running || host.start());
    keepPinging(world, host);
  });
  for (const { atMs, fault } of plan.faults) {
    world.schedule(atMs, () => applyFault(fault, world, attacker, plan.faultsEndMs));
  }
  world.run(plan.faultsEndMs);

  world.note("fault", { kind: "remark", text: "no more faults" });
  endFaults(plan, world);
  calmSinceMs = world.nowMs;
  const recoveredMs = recover(world, calmSinceMs + plan.recoveryMs);
  checkPings(world);
  stop(world);
  return recoveredMs - calmSinceMs;
}

/** Links are good again, and every mobile node runs and is attached somewhere. */
function endFaults(plan: Plan, world: World): void {
  setQuality(world, GOOD_LINK);
  endProcessFaults(world);
  for (const [index, host] of world.mobileNodes.entries()) {
    if (!host.network) host.attach(world.networks[plan.startNetworks[index]]);
    if (host.stopping) host.kill();
    if (!host.running) host.start();
  }
}

/**
 * Waits until every honest mobile node is registered and reachable, and then a while to see that it stays so.
 * Until `deadlineMs` a binding may still end that faults have kept from being refreshed. Returns when the last
 * one had recovered.
 */
function recover(world: World, deadlineMs: number): number {
  const away = () => honest(world).filter((host) => !isHome(world, host));
  for (;;) {
    if (!world.runUntil(() => away().length === 0, deadlineMs)) {
      const names = away().map((host) => `${host.name} (${host.status()?.state})`).join(", ");
      throw new InvariantBroken("everybody recovers after faults", names);
    }
    const recoveredMs = world.nowMs;
    if (!world.runUntil(() => away().length > 0, deadlineMs + STEADY_MS)) return recoveredMs;
    if (world.nowMs > deadlineMs) {
      const names = away().map((host) => `${host.name} (${host.status()?.state})`).join(", ");
      throw new InvariantBroken("a registration stays while nothing goes wrong", names);
    }
  }
}

function checkPings(world: World): void {
  const sentMs = world.nowMs;
  for (const host of honest(world)) {
    world.correspondent.ping(host.homeAddress);
    world.correspondent.pingFrom(host, world.correspondent.address);
  }
  world.run(sentMs + PING_MS);
  for (const host of honest(world)) {
    const { downLastMs, upLastMs } = world.correspondent.counters(host.homeAddress);
    if (downLastMs >= sentMs && upLastMs >= sentMs) continue;
    const way = downLastMs < sentMs ? "to the home address" : "from the home address";
    throw new InvariantBroken("pings both ways after recovery", `${host.name}: none ${way}`);
  }
}

/** After a de-registration nothing is left: no process, no binding, no timer. */
function stop(world: World): void {
  for (const host of world.mobileNodes) host.stop();
  world.run(world.nowMs + STOP_MS);
  const running = world.mobileNodes.filter((host) => host.running).map(({ name }) => name);
  if (running.length > 0) throw new InvariantBroken("a stopped mobile node finishes", running.join(", "));
  if (world.homeAgent.table.size > 0) {
    throw new InvariantBroken(
      "de-registration removes the binding",
      [...world.homeAgent.table.keys()].join(", "),
    );
  }
  world.run(world.nowMs + FORGET_MS);
  if (world.homeAgent.deadlineMs() < Infinity) {
    throw new InvariantBroken("nothing is left after de-registration", "the home agent still has a deadline");
  }
}

function honest(world: World): MobileHost[] {
  return world.mobileNodes.filter((host) => host.settings.honest);
}

function isHome(world: World, host: MobileHost): boolean {
  return isReachable(world, host) && host.status()?.state === "registered";
}

function setQuality(world: World, quality: LinkQuality): void {
  for (const network of world.networks) {
    network.quality.access = quality;
    network.quality.core = quality;
  }
}

/** The correspondent pings the host from time to time, and a talkative host the correspondent or another host. */
function keepPinging(world: World, host: MobileHost): void {
  const intervalMs = world.random.pick([2_000, 4_000, 90_000]);
  const targets = [world.correspondent.address, ...world.mobileNodes.map(({ homeAddress }) => homeAddress)];
  const again = () => {
    world.correspondent.ping(host.homeAddress);
    if (host.settings.talks) world.correspondent.pingFrom(host, world.random.pick(targets));
    world.schedule(intervalMs, again);
  };
  world.schedule(world.random.integer(0, intervalMs), again);
}
