import { assert, assertEquals } from "@std/assert";
import { hmac } from "../../cli/daemon/hmac.ts";
import { isReachable } from "../../core/simulation/invariants/mobile_node.ts";
import { REAL_MACHINES } from "../../core/simulation/machine.ts";
import type { MobileHost } from "../../core/simulation/mobile_host.ts";
import type { OuterPacket } from "../../core/simulation/packet.ts";
import { Random } from "../../core/simulation/random.ts";
import { Trace } from "../../core/simulation/trace.ts";
import { World } from "../../core/simulation/world.ts";
import { dayWorld } from "./day_world.ts";

/** Every packet of a day, sent again to where it went: from where it came and from elsewhere, in any order. */

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ATTACKER = "192.0.2.251";
/** So long before the end of the day that its update is still fresh then. */
const LAST_MOVE_MS = 2000;
const RECOVERY_MS = 60_000;

interface Captured {
  readonly toHomeAgent: readonly OuterPacket[];
  readonly toMobileNodes: ReadonlyMap<MobileHost, readonly OuterPacket[]>;
}

/** Moves each 45 minutes, a NAT that forgets, each node switched off for ten minutes, and a last move. */
function liveADay(world: World): Captured {
  const toHomeAgent: OuterPacket[] = [];
  const toMobileNodes = new Map<MobileHost, OuterPacket[]>(world.mobileNodes.map((host) => [host, []]));
  world.watchers.push({
    homeAgentHandled: ({ cause }) => void (cause && toHomeAgent.push(cause)),
    mobileNodeHandled: ({ host, cause }) => void (cause && toMobileNodes.get(host)!.push(cause)),
  });
  for (const [index, host] of world.mobileNodes.entries()) {
    host.attach(world.networks[index]);
    host.start();
    for (let move = 1; 0.75 * HOUR_MS * move < DAY_MS; move++) {
      const network = world.networks[(index + move) % world.networks.length];
      world.schedule(0.75 * HOUR_MS * move, () => host.attach(network));
    }
    world.schedule(DAY_MS - LAST_MOVE_MS, () => host.attach(world.networks[index]));
    const offMs = (6 + 7 * index) * HOUR_MS;
    world.schedule(offMs, () => host.stop());
    world.schedule(offMs + HOUR_MS / 6, () => host.start());
    for (let minute = 10; minute < 24 * 60; minute += 10) {
      world.schedule(minute * 60_000, () => world.correspondent.pingFrom(host, world.correspondent.address));
    }
  }
  for (const hour of [3, 9.1, 20.3]) {
    for (const { nat } of world.networks) world.schedule(hour * HOUR_MS, () => nat?.flush(true));
  }
  world.run(DAY_MS);
  return { toHomeAgent, toMobileNodes };
}

function orders(packets: readonly OuterPacket[], random: Random): readonly OuterPacket[][] {
  const shuffled = packets.map((packet) => ({ packet, lot: random.fraction() }))
    .sort((one, other) => one.lot - other.lot).map(({ packet }) => packet);
  return [[...packets], packets.toReversed(), shuffled];
}

/** From where it came, from the attacker's address, and from where another packet came. */
function sources(packets: readonly OuterPacket[], random: Random): OuterPacket[] {
  return packets.map((packet) => {
    const { source, sourcePort } = random.pick([
      packet,
      { source: ATTACKER, sourcePort: 4191 },
      random.pick(packets),
    ]);
    return { ...packet, source, sourcePort };
  });
}

function homeAgentState({ homeAgent }: World) {
  return { bindings: homeAgent.bindings(), table: [...homeAgent.table], deadlineMs: homeAgent.deadlineMs() };
}

function newWorld(random: Random): World {
  return new World(dayWorld(), { random, hmac, machines: REAL_MACHINES, trace: new Trace(1) });
}

/** A Binding Error or a Binding Refresh Request: all that it does is to make a mobile node ask sooner. */
function isHint({ payload }: OuterPacket): boolean {
  const decoded = payload.kind === "signalling" ? payload.decode() : undefined;
  if (!decoded?.ok) return false;
  return ["bindingError", "bindingRefreshRequest"].includes(decoded.value.header.message.kind);
}

/** A node that talks is told of a binding that is gone. */
function assertRecovers(world: World): void {
  for (let afterMs = 0; afterMs < RECOVERY_MS; afterMs += RECOVERY_MS / 10) {
    for (const host of world.mobileNodes) world.correspondent.pingFrom(host, world.correspondent.address);
    world.run(world.nowMs + RECOVERY_MS / 10);
  }
  for (const host of world.mobileNodes) assert(isReachable(world, host), host.name);
}

Deno.test("replay of a day to the home agent: no binding changes, and after a restart none is made", () => {
  const random = new Random(1);
  const world = newWorld(random);
  const { toHomeAgent } = liveADay(world);
  assert(toHomeAgent.length > 4000, `${toHomeAgent.length} packets`);
  for (const isRestarted of [false, true]) {
    if (isRestarted) world.homeAgent.restart();
    const before = homeAgentState(world);
    assertEquals(before.bindings.length, isRestarted ? 0 : world.mobileNodes.length);
    for (const order of orders(toHomeAgent, random)) {
      for (const packet of sources(order, random)) world.homeAgent.receive(packet);
    }
    assertEquals(homeAgentState(world), before);
  }
  assertRecovers(world);
});

Deno.test("replay of a day to the mobile nodes: no registration and no tunnel changes", () => {
  const random = new Random(2);
  const world = newWorld(random);
  const { toMobileNodes } = liveADay(world);
  for (const [host, packets] of toMobileNodes) {
    const hints = packets.filter(isHint);
    const others = packets.filter((packet) => !isHint(packet));
    assert(hints.length >= 1 && others.length > 1000, `${hints.length} and ${others.length} packets`);
    const before = [host.status(), host.tunnel, host.deadlineMs()];
    for (const order of orders(others, random)) {
      for (const packet of sources(order, random)) host.receive(packet);
    }
    assertEquals([host.status(), host.tunnel, host.deadlineMs()], before);
    let updates = 0;
    world.watchers.push({ mobileNodeSent: (from) => void (updates += Number(from === host)) });
    for (let round = 0; round < 100; round++) {
      for (const packet of sources(hints, random)) host.receive(packet);
    }
    assertEquals([host.tunnel, host.status()!.careOfAddress], [before[1], host.careOfAddress]);
    assert(updates <= 3, `${updates} updates within a second`);
  }
  assertRecovers(world);
});
