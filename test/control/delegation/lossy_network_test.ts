import { prefixText } from "../../../core/wire/address.ts";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  DelegationClient,
  type DelegationClientAction,
  type DelegationClientEvent,
} from "../../../core/control/delegation/client.ts";
import { duidOf } from "../../../core/control/delegation/identifier.ts";
import {
  DelegationServer,
  type DelegationServerAction,
  type DelegationServerEvent,
} from "../../../core/control/delegation/server.ts";
import type { HomeAgentSettings } from "../../../core/control/settings.ts";
import { Random } from "../../../core/simulation/random.ts";
import { VirtualTime } from "../../../core/simulation/virtual_time.ts";
import { hmac, HOME_AGENT, homeAgentSettings } from "../script.ts";
import { entry, pool, SERVER_DUID } from "./script.ts";

/** Probabilities of 0..1, and the longest that a message is under way. */
interface Faults {
  readonly loss: number;
  readonly duplication: number;
  readonly delayMs: number;
}

const HOUR_MS = 3_600_000;
/** Longer than a lease that is not renewed. */
const LONG_MS = 25 * HOUR_MS;

/** Requesting routers and one delegating router, with a network between them that loses, repeats and overtakes. */
class World extends VirtualTime {
  faults: Faults;
  readonly random: Random;
  readonly #settings: HomeAgentSettings & { mobileNetworkPool: ReturnType<typeof pool> };
  #server: DelegationServer;
  readonly #clients = new Map<string, DelegationClient>();
  /** What each side believes. */
  readonly delegated = new Map<string, readonly string[]>();
  readonly received = new Map<string, readonly string[]>();
  readonly finished = new Set<string>();

  constructor({ seed, clients, count, networkLength, faults }: {
    readonly seed: number;
    readonly clients: number;
    readonly count: number;
    readonly networkLength: number;
    readonly faults: Faults;
  }) {
    super();
    this.random = new Random(seed);
    this.faults = faults;
    const homeAddresses = Array.from({ length: clients }, (_, i) => `2001:db8:100::${i + 1}00`);
    this.#settings = {
      ...homeAgentSettings({ mobileNodes: homeAddresses.map((homeAddress) => entry(homeAddress)) }),
      mobileNetworkPool: pool("2001:db8:200::/56", networkLength),
    };
    this.#server = this.#newServer();
    this.timedHosts.push({
      deadlineMs: () => this.#server.nextDeadline() ?? Infinity,
      passDeadline: () => this.#serve({ kind: "deadline" }),
    });
    for (const homeAddress of homeAddresses) {
      const settings = { homeAddress, homeAgentAddress: HOME_AGENT, duid: duidOf(homeAddress, hmac), count };
      const client = new DelegationClient(settings, () => this.random.fraction());
      this.#clients.set(homeAddress, client);
      this.timedHosts.push({
        deadlineMs: () => client.nextDeadline() ?? Infinity,
        passDeadline: () => this.tell(homeAddress, { kind: "deadline" }),
      });
    }
  }

  get homeAddresses(): readonly string[] {
    return [...this.#clients.keys()];
  }

  tell(homeAddress: string, event: DelegationClientEvent): void {
    const now = { monotonicMs: this.nowMs, unixMs: 0 };
    for (const action of this.#clients.get(homeAddress)!.handle(event, now)) {
      this.#performForClient(homeAddress, action);
    }
  }

  tellAll(event: DelegationClientEvent): void {
    for (const homeAddress of this.homeAddresses) this.tell(homeAddress, event);
  }

  /** All leases are forgotten, and all bindings; each mobile router finds out. */
  restartServer(): void {
    this.#server = this.#newServer();
    this.delegated.clear();
    this.tellAll({ kind: "homeAgentForgot" });
    this.tellAll({ kind: "reachable", way: "tunnel" });
  }

  #newServer(): DelegationServer {
    return new DelegationServer(this.#settings, { duid: SERVER_DUID, isBound: () => true });
  }

  #serve(event: DelegationServerEvent): void {
    for (const action of this.#server.handle(event, { monotonicMs: this.nowMs, unixMs: 0 })) {
      this.#performForServer(action);
    }
  }

  #performForClient(homeAddress: string, action: DelegationClientAction): void {
    if (action.kind === "delegatedPrefixes") this.received.set(homeAddress, action.prefixes.map(prefixText));
    if (action.kind === "finished") this.finished.add(homeAddress);
    if (action.kind !== "send") return;
    const { way, datagram } = action;
    this.#carry(() => this.#serve({ kind: "received", way, source: homeAddress, datagram }));
  }

  #performForServer(action: DelegationServerAction): void {
    if (action.kind === "delegatedPrefixes") {
      this.delegated.set(action.homeAddress, action.prefixes.map(prefixText));
      this.#checkThatNoneIsTwice();
    }
    if (action.kind !== "send") return;
    const { way, destination, datagram } = action;
    this.#carry(() => this.tell(destination, { kind: "received", way, source: HOME_AGENT, datagram }));
  }

  #checkThatNoneIsTwice(): void {
    const all = [...this.delegated.values()].flat();
    assertEquals(new Set(all).size, all.length, "a prefix is delegated twice");
  }

  #carry(arrive: () => void): void {
    const { loss, duplication, delayMs } = this.faults;
    const copies = this.random.chance(duplication) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      if (!this.random.chance(loss)) this.schedule(this.random.fraction() * delayMs, arrive);
    }
  }
}

/** Both sides believe the same, and everybody has as many as he wanted. */
function assertSettled(world: World, count: number): void {
  for (const homeAddress of world.homeAddresses) {
    const received = world.received.get(homeAddress) ?? [];
    assertEquals(received.length, count, `${homeAddress} has ${received.join(" ") || "none"}`);
    assertEquals(received.toSorted(), (world.delegated.get(homeAddress) ?? []).toSorted());
  }
  const all = world.homeAddresses.flatMap((homeAddress) => world.received.get(homeAddress)!);
  assertEquals(new Set(all).size, all.length);
}

const faults: fc.Arbitrary<Faults> = fc.record({
  loss: fc.double({ min: 0, max: 0.4, noNaN: true }),
  duplication: fc.double({ min: 0, max: 0.5, noNaN: true }),
  delayMs: fc.integer({ min: 0, max: 3000 }),
});
const shapes = fc.record({
  seed: fc.nat(),
  clients: fc.integer({ min: 1, max: 6 }),
  count: fc.integer({ min: 1, max: 4 }),
  networkLength: fc.constantFrom(61, 64),
  faults,
}).filter(({ clients, count, networkLength }) => clients * count <= 2 ** (networkLength - 56));
const NONE: Faults = { loss: 0, duplication: 0, delayMs: 20 };
const options = { numRuns: 25 };

Deno.test("Prefix delegation over a network with loss, repeats and overtaking: each has its prefixes, none is twice", () => {
  fc.assert(
    fc.property(shapes, (shape) => {
      const world = new World(shape);
      world.tellAll({ kind: "reachable", way: "tunnel" });
      // Who was not answered six times asks when something happens (RFC 6276 section 3.3), here a new registration.
      for (let hour = 1; hour <= 5; hour++) {
        world.run(hour * HOUR_MS);
        world.tellAll({ kind: "reachable", way: undefined });
        world.tellAll({ kind: "reachable", way: "tunnel" });
      }
      const first = new Map(world.received);
      world.run(LONG_MS);
      assertSettled(world, shape.count);
      for (const [homeAddress, prefixes] of first) {
        if (prefixes.length === shape.count) assertEquals(world.received.get(homeAddress), prefixes);
      }
    }),
    options,
  );
});

Deno.test("Prefix delegation: restarts of the home agent and gaps in the way end with everybody served", () => {
  const happenings = fc.array(
    fc.record({
      afterMs: fc.integer({ min: 1, max: 2 * HOUR_MS }),
      what: fc.constantFrom("restart", "gap", "home"),
    }),
    { maxLength: 12 },
  );
  fc.assert(
    fc.property(shapes, happenings, (shape, happenings) => {
      const world = new World(shape);
      world.tellAll({ kind: "reachable", way: "tunnel" });
      for (const { afterMs, what } of happenings) {
        world.run(world.nowMs + afterMs);
        const one = world.random.pick(world.homeAddresses);
        if (what === "restart") world.restartServer();
        if (what === "gap") world.tell(one, { kind: "reachable", way: undefined });
        if (what === "home") world.tell(one, { kind: "reachable", way: "tunnel" });
      }
      world.faults = NONE;
      world.tellAll({ kind: "reachable", way: undefined });
      world.tellAll({ kind: "reachable", way: "tunnel" });
      world.run(world.nowMs + LONG_MS);
      assertSettled(world, shape.count);
    }),
    options,
  );
});

Deno.test("Prefix delegation: with too small a pool, all of it is given, and the rest as others leave", () => {
  const shape = { seed: 1, clients: 6, count: 2, networkLength: 59, faults: { ...NONE, loss: 0.1 } };
  const world = new World(shape);
  world.tellAll({ kind: "reachable", way: "tunnel" });
  world.run(HOUR_MS);
  const given = () => [...world.received.values()].flat();
  assertEquals([given().length, new Set(given()).size], [8, 8]);
  world.faults = NONE;
  const leaving = world.homeAddresses.filter((homeAddress) => world.received.get(homeAddress)?.length).slice(
    0,
    2,
  );
  leaving.forEach((homeAddress) => world.tell(homeAddress, { kind: "stop" }));
  world.run(world.nowMs + 3000);
  assertEquals(world.finished, new Set(leaving));
  world.run(world.nowMs + LONG_MS);
  assertEquals([given().length, new Set(given()).size], [8, 8]);
  assertEquals(leaving.flatMap((homeAddress) => world.received.get(homeAddress)), []);
});
