import type { IpAddress } from "../../wire/address.ts";
import { isIpv4 } from "../../wire/address.ts";
import { REAL_MACHINES } from "../machine.ts";
import { type Outcome, outcomeOf, type RunOptions } from "../outcome.ts";
import { Random } from "../random.ts";
import { Trace } from "../trace.ts";
import { InvariantBroken } from "../watcher.ts";
import { applyMovementFault } from "./movement_fault.ts";
import { MovementInvariants } from "./movement_invariants.ts";
import { makeMovementPlan, type MovementPlan } from "./movement_plan.ts";
import { MovementWorld } from "./movement_world.ts";

const TRACE_LINES = 60;
const PING_INTERVAL_MS = 700;
/**
 * A node that still registers when faults end waits for MAX_BINDACK_TIMEOUT at most; one that has lost its router without
 * a sign, and asks nobody, learns it at its next refresh, after 30 s. Then some retransmissions.
 */
const RECOVERY_MS = 32_000 + 10_000;
/** How long the world has to stay recovered after that. */
const STEADY_MS = 20_000;
const PING_MS = 1_000;
/** A de-registration is over after this, acknowledged or not; nothing is remembered after the rest. */
const STOP_MS = 6_000;
const FORGET_MS = 12_000;

/** Plays the seed's plan of movements and faults, then a world without them; checks the invariants after every event. */
export function runMovementSeed(seed: number, options: RunOptions): Outcome {
  const random = new Random(seed);
  const plan = makeMovementPlan(random.fork());
  const trace = new Trace(TRACE_LINES, options.listener);
  const machines = options.machines ?? REAL_MACHINES;
  const world = new MovementWorld(plan.world, { random, hmac: options.hmac, machines, trace });
  return outcomeOf(seed, world, trace, () => play(plan, world));
}

function play(plan: MovementPlan, world: MovementWorld): number {
  const { mobileNode, correspondent } = world;
  world.watchers.push(new MovementInvariants(world));
  mobileNode.ports.forEach((port, index) => port.move(world.links[plan.startLinks[index]]));
  plan.faults.forEach(({ atMs, fault }, index) => {
    world.schedule(atMs, () => applyMovementFault(fault, world, index + 1));
  });
  const ping = () => {
    correspondent.ping(mobileNode.homeAddress);
    correspondent.pingFrom(mobileNode, correspondent.address);
    world.schedule(PING_INTERVAL_MS, ping);
  };
  ping();
  world.run(plan.faultsEndMs);

  world.note("fault", { kind: "remark", text: "no more faults" });
  for (const link of world.links) link.mend();
  mobileNode.ports.forEach((port, index) => {
    const link = world.links[plan.endLinks[index]];
    if (port.link !== link) port.move(link);
  });
  const recoveredMs = recover(world);
  checkPings(world);
  stop(world);
  return recoveredMs;
}

/** Waits until the node is registered where it is, and then a while to see that it stays so. Returns how long it took. */
function recover(world: MovementWorld): number {
  const calmSinceMs = world.nowMs;
  const deadlineMs = calmSinceMs + RECOVERY_MS;
  for (;;) {
    if (!world.runUntil(() => isReachable(world), deadlineMs)) {
      throw new InvariantBroken("the node recovers after faults", describe(world));
    }
    const recoveredMs = world.nowMs;
    if (!world.runUntil(() => !isReachable(world), recoveredMs + STEADY_MS)) return recoveredMs - calmSinceMs;
    if (world.nowMs > deadlineMs) {
      throw new InvariantBroken("a registration stays while nothing goes wrong", describe(world));
    }
  }
}

function describe({ mobileNode, homeAgent }: MovementWorld): string {
  const bound = homeAgent.table.get(mobileNode.homeAddress)?.address ?? "nothing";
  const { state, careOfAddress } = mobileNode.status();
  const places = mobileNode.ports.map((port) => `${port.name} on ${port.link?.name}`).join(", ");
  return `${state} from ${careOfAddress}; the home agent has ${bound}; ${places}`;
}

/** Registered from an address that the node has, on a link that carries it, and the home agent's binding is the same. */
export function isReachable({ mobileNode, homeAgent }: MovementWorld): boolean {
  const address = mobileNode.careOfAddress;
  if (address === undefined || mobileNode.status().state !== "registered") return false;
  const link = mobileNode.ports.find((port) => port.hasAddress(address))?.link;
  if (link === undefined || !link.carries(address)) return false;
  const bound: IpAddress | undefined = homeAgent.table.get(mobileNode.homeAddress)?.address;
  const nat = isIpv4(address) ? link.settings.ipv4Router?.nat : undefined;
  return bound === (nat?.publicAddress ?? address);
}

function checkPings(world: MovementWorld): void {
  const { correspondent, mobileNode: { homeAddress } } = world;
  const sentMs = world.nowMs;
  correspondent.ping(homeAddress);
  correspondent.pingFrom(world.mobileNode, correspondent.address);
  world.run(sentMs + PING_MS);
  const { downLastMs, upLastMs } = correspondent.counters(homeAddress);
  if (downLastMs >= sentMs && upLastMs >= sentMs) return;
  const way = downLastMs < sentMs ? "to" : "from";
  throw new InvariantBroken("pings both ways after recovery", `none ${way} the home address`);
}

/** After a de-registration nothing is left: no binding, no address, no timer. */
function stop(world: MovementWorld): void {
  const { mobileNode, homeAgent } = world;
  mobileNode.stop();
  world.run(world.nowMs + STOP_MS);
  if (!mobileNode.finished) throw new InvariantBroken("a stopped mobile node finishes", describe(world));
  if (homeAgent.table.size > 0) {
    throw new InvariantBroken("de-registration removes the binding", describe(world));
  }
  world.run(world.nowMs + FORGET_MS);
  const left = mobileNode.ports.flatMap(({ addresses }) => [...addresses]);
  if (left.length > 0) {
    throw new InvariantBroken("the interfaces are left as they were found", left.join(", "));
  }
  const timers = [homeAgent, mobileNode, ...mobileNode.ports].filter((host) => host.deadlineMs() < Infinity);
  if (timers.length > 0) throw new InvariantBroken("nothing is left after de-registration", "a deadline");
}
