import type { Hmac, MobilitySecurityAssociation } from "../control/settings.ts";
import type { Encapsulation } from "../control/tunnel.ts";
import { allInvariants } from "./invariants/all.ts";
import { isReachable } from "./invariants/mobile_node.ts";
import { REAL_MACHINES } from "./machine.ts";
import type { MobileHost, MobileHostSettings } from "./mobile_host.ts";
import type { AccessNetworkSettings } from "./network.ts";
import { Random } from "./random.ts";
import { seconds, Trace } from "./trace.ts";
import { InvariantBroken } from "./watcher.ts";
import { World } from "./world.ts";

/** Something that the scenario measured, as in the lab's summary. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly value: number | string;
  readonly unit: string;
  readonly limit: number | string;
}

export interface ScenarioResult {
  readonly ok: boolean;
  readonly checks: readonly Check[];
}

export type ScenarioName = "nat" | "public";

const SEED = 1;
const LIFETIME_SECONDS = 60;
const KEEPALIVE_SECONDS = 20;
const REGISTRATION_LIMIT_MS = 1000;
const FLUSH_LIMIT_MS = 5_000;
/** A refresh at three quarters of the lifetime, and a few round trips. */
const RESTART_LIMIT_MS = LIFETIME_SECONDS * 750 + 3_000;
const PINGS = 10;
const PING_INTERVAL_MS = 200;
const REFUSAL_WATCHED_MS = 10_000;
const DEREGISTRATION_LIMIT_MS = 5_000;
const NOTHING_LEFT_AFTER_MS = 12_000;

/**
 * The lab's story in the simulator, for machines where the lab cannot run: registration, NAT found or not,
 * pings both ways, the NAT's state flushed (or another care-of address), a second mobile node, restarts of both
 * ends, a wrong key, de-registration. Virtual time; `report` gets a line for every step as it happens.
 */
export function playScenario(name: ScenarioName, report: (line: string) => void, hmac: Hmac): ScenarioResult {
  return new Story(name, report, hmac).play();
}

class Story {
  readonly #name: ScenarioName;
  readonly #report: (line: string) => void;
  readonly #world: World;
  readonly #checks: Check[] = [];

  constructor(name: ScenarioName, report: (line: string) => void, hmac: Hmac) {
    this.#name = name;
    this.#report = report;
    const random = new Random(SEED);
    const environment = { random, hmac, machines: REAL_MACHINES, trace: new Trace(1) };
    this.#world = new World(worldSettings(name, random), environment);
    // Calm never: the story's own limits are the ones to keep.
    this.#world.watchers.push(...allInvariants(this.#world, () => Infinity));
  }

  play(): ScenarioResult {
    const invariants = "invariants of the simulator";
    try {
      this.#tell();
      this.#check(invariants, true, "all hold", "", "all hold");
    } catch (error) {
      if (!(error instanceof InvariantBroken)) throw error;
      this.#check(invariants, false, `${error.invariant}: ${error.message}`, "", "all hold");
    }
    return { ok: this.#checks.every(({ ok }) => ok), checks: this.#checks };
  }

  #tell(): void {
    const world = this.#world;
    const [first, second, wrongKey] = world.mobileNodes;
    this.#step("the first mobile node starts");
    this.#checkRegistration(first);
    this.#checkEncapsulation(first);
    this.#checkPings(first);

    if (this.#name === "nat") {
      this.#step("the NAT forgets its mappings, and gives other ports");
      world.networks[0].nat!.flush(true);
      this.#checkReturn("traffic back after the NAT flush", [first], FLUSH_LIMIT_MS);
    } else {
      this.#step("the first mobile node gets another care-of address");
      first.attach(world.networks[0]);
      this.#checkReturn("traffic back after the move", [first], FLUSH_LIMIT_MS);
    }

    this.#step(`a second mobile node starts${this.#name === "nat" ? " behind the same NAT" : ""}`);
    this.#checkRegistration(second);
    this.#checkPings(first);
    this.#checkPings(second);

    this.#step("the home agent restarts and has lost its state");
    world.homeAgent.restart();
    this.#checkReturn("traffic back after the home agent's restart", [first, second], RESTART_LIMIT_MS);
    this.#step("the first mobile node crashes and restarts");
    first.kill();
    this.#checkRegistration(first);
    this.#checkPings(first);

    this.#step("a mobile node with a wrong key tries");
    this.#checkRefusal(wrongKey);
    this.#step("the mobile nodes stop");
    this.#checkDeregistration([first, second, wrongKey]);
  }

  #checkRegistration(host: MobileHost): void {
    const startedMs = this.#world.nowMs;
    if (!host.network) host.attach(this.#world.networks[0]);
    host.start();
    this.#world.runUntil(() => isHome(this.#world, host), startedMs + 10 * REGISTRATION_LIMIT_MS);
    const tookMs = this.#world.nowMs - startedMs;
    this.#check(
      `registration of ${host.name}`,
      tookMs <= REGISTRATION_LIMIT_MS,
      tookMs,
      "ms",
      REGISTRATION_LIMIT_MS,
    );
  }

  #checkEncapsulation(host: MobileHost): void {
    const expected: Encapsulation = this.#name === "nat" ? "udp" : "ipv6InIpv4";
    const status = host.status();
    const natDetected = status?.natDetected ?? null;
    this.#check(
      "NAT found",
      natDetected === (this.#name === "nat"),
      String(natDetected),
      "",
      String(this.#name === "nat"),
    );
    this.#check(
      "encapsulation",
      status?.encapsulation === expected,
      status?.encapsulation ?? "none",
      "",
      expected,
    );
  }

  #checkPings(host: MobileHost): void {
    const world = this.#world;
    const before = { ...world.correspondent.counters(host.homeAddress) };
    for (let sent = 0; sent < PINGS; sent++) {
      world.correspondent.ping(host.homeAddress);
      world.correspondent.pingFrom(host, world.correspondent.address);
      world.run(world.nowMs + PING_INTERVAL_MS);
    }
    const { downAnswered, upAnswered, downRoundTripMs } = world.correspondent.counters(host.homeAddress);
    const downLost = PINGS - (downAnswered - before.downAnswered);
    const upLost = PINGS - (upAnswered - before.upAnswered);
    this.#report(`  round trip ${downRoundTripMs} ms`);
    this.#check(`pings lost, correspondent to ${host.name}`, downLost === 0, downLost, "packets", 0);
    this.#check(`pings lost, ${host.name} to correspondent`, upLost === 0, upLost, "packets", 0);
  }

  /** Traffic goes on while the mobile nodes find out that something has changed. */
  #checkReturn(name: string, hosts: readonly MobileHost[], limitMs: number): void {
    const world = this.#world;
    const sinceMs = world.nowMs;
    const back = () =>
      hosts.every((host) => {
        const { downLastMs, upLastMs } = world.correspondent.counters(host.homeAddress);
        return downLastMs >= sinceMs && upLastMs >= sinceMs;
      });
    while (!back() && world.nowMs - sinceMs < 2 * limitMs) {
      for (const host of hosts) {
        world.correspondent.ping(host.homeAddress);
        world.correspondent.pingFrom(host, world.correspondent.address);
      }
      world.runUntil(back, world.nowMs + PING_INTERVAL_MS);
    }
    const tookMs = world.nowMs - sinceMs;
    this.#check(name, tookMs <= limitMs, tookMs, "ms", limitMs);
  }

  #checkRefusal(host: MobileHost): void {
    host.attach(this.#world.networks[0]);
    host.start();
    this.#world.run(this.#world.nowMs + REFUSAL_WATCHED_MS);
    const bound = this.#world.homeAgent.table.has(host.homeAddress) || host.tunnel !== undefined;
    this.#check("wrong key refused", !bound, bound ? "bound" : "not bound", "", "not bound");
    const refusal = host.status()?.lastRefusal?.name ?? "none";
    this.#report(`  the mobile node was told: ${refusal}`);
  }

  #checkDeregistration(hosts: readonly MobileHost[]): void {
    const world = this.#world;
    const sinceMs = world.nowMs;
    for (const host of hosts) host.stop();
    world.runUntil(() => world.homeAgent.table.size === 0, sinceMs + DEREGISTRATION_LIMIT_MS);
    const tookMs = world.nowMs - sinceMs;
    this.#check(
      "bindings removed by de-registration",
      world.homeAgent.table.size === 0,
      tookMs,
      "ms",
      DEREGISTRATION_LIMIT_MS,
    );
    world.run(world.nowMs + NOTHING_LEFT_AFTER_MS);
    const running = hosts.filter((host) => host.running).length;
    const left = running + world.homeAgent.bindings().length +
      (world.homeAgent.deadlineMs() < Infinity ? 1 : 0);
    this.#check("processes, bindings and timers left", left === 0, left, "", 0);
  }

  #step(text: string): void {
    this.#report(`${seconds(this.#world.nowMs).padStart(10)}  ${text}`);
  }

  #check(name: string, ok: boolean, value: number | string, unit: string, limit: number | string): void {
    this.#checks.push({
      name,
      ok,
      value: typeof value === "number" ? Math.round(value * 100) / 100 : value,
      unit,
      limit,
    });
    this.#report(`  ${ok ? "ok" : "NOT OK"}: ${name}: ${value}${unit && ` ${unit}`}`);
  }
}

function isHome(world: World, host: MobileHost): boolean {
  return isReachable(world, host) && host.status()?.state === "registered";
}

function worldSettings(name: ScenarioName, random: Random) {
  const homeAgentAddress = "2001:db8:100::1";
  const homeAgentIpv4Address = "203.0.113.1";
  const names = ["mn1", "mn2", "wrong-key"];
  const entries = names.map((name, index) => ({
    identity: `${name}@example.org`,
    homeAddress: `2001:db8:100::${100 + index}`,
    security: {
      spi: 1000 + index,
      algorithm: "hmac-sha256-128",
      key: random.octets(32),
    } satisfies MobilitySecurityAssociation,
  }));
  const network: AccessNetworkSettings = name === "nat"
    ? {
      name: "nat",
      addressPrefix: "10.1.0",
      nat: { publicAddress: "198.51.100.1", portChoice: "preserve", idleTimeoutMs: 30_000 },
      linkMtu: 1500,
    }
    : { name: "public", addressPrefix: "192.0.2", nat: undefined, linkMtu: 1500 };
  const mobileNodes = entries.map((entry, index): MobileHostSettings => ({
    name: names[index],
    honest: names[index] !== "wrong-key",
    timerLatenessMs: 0,
    localPort: 0,
    talks: true,
    machine: {
      ...entry,
      security: names[index] === "wrong-key" ? { ...entry.security, key: random.octets(32) } : entry.security,
      homeAgentAddress,
      homeAgentIpv4Address,
      homeAgentPort: 4191,
      lifetimeSeconds: LIFETIME_SECONDS,
      forceUdp: false,
      keepaliveSeconds: undefined,
      dsmip: true,
      prefer: "ipv6",
      mobileNetworkPrefixes: [],
    },
  }));
  return {
    correspondentAddress: "2001:db8:200::1",
    networks: [network],
    mobileNodes,
    homeAgent: {
      ipv4Address: homeAgentIpv4Address,
      timerLatenessMs: 0,
      machine: {
        address: homeAgentAddress,
        homePrefix: { address: "2001:db8:100::", length: 64 },
        mobileNodes: entries.map((entry) => ({ ...entry, mobileNetworkPrefixes: [] })),
        requireAuthentication: true,
        maximumLifetimeSeconds: LIFETIME_SECONDS,
        natRefreshSeconds: KEEPALIVE_SECONDS,
        forceUdp: false,
        acceptForceUdp: true,
        prefixAdvertisements: true,
        clockToleranceMs: 7000,
        homeLink: false,
        preference: 0,
      },
    },
  };
}
