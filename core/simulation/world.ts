import type { Hmac } from "../control/settings.ts";
import type { Ipv6Address } from "../wire/address.ts";
import { Correspondent } from "./correspondent.ts";
import { EventQueue } from "./event_queue.ts";
import { HomeAgentHost, type HomeAgentHostSettings } from "./home_agent_host.ts";
import type { Machines } from "./machine.ts";
import { MobileHost, type MobileHostSettings } from "./mobile_host.ts";
import { AccessNetwork, type AccessNetworkSettings, Internet } from "./network.ts";
import type { Random } from "./random.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Happening, Trace } from "./trace.ts";
import type { Watcher } from "./watcher.ts";

export interface WorldSettings {
  readonly homeAgent: HomeAgentHostSettings;
  readonly correspondentAddress: Ipv6Address;
  readonly networks: readonly AccessNetworkSettings[];
  readonly mobileNodes: readonly MobileHostSettings[];
}

/**
 * One home agent, its correspondent, access networks and mobile nodes in virtual time. Everything happens in
 * `step`, one event at a time, and is the same for the same random seed.
 */
export class World implements Surroundings {
  readonly random: Random;
  readonly hmac: Hmac;
  readonly machines: Machines;
  readonly watchers: Watcher[] = [];
  readonly internet: Internet;
  readonly networks: readonly AccessNetwork[];
  readonly homeAgent: HomeAgentHost;
  readonly correspondent: Correspondent;
  readonly mobileNodes: readonly MobileHost[];
  readonly #hosts: readonly (HomeAgentHost | MobileHost)[];
  readonly #trace: Trace;
  readonly #queue = new EventQueue();
  #nowMs = 0;
  #steps = 0;

  constructor(
    settings: WorldSettings,
    environment: {
      readonly random: Random;
      readonly hmac: Hmac;
      readonly machines: Machines;
      readonly trace: Trace;
    },
  ) {
    this.random = environment.random;
    this.hmac = environment.hmac;
    this.machines = environment.machines;
    this.#trace = environment.trace;
    this.internet = new Internet(this);
    this.correspondent = new Correspondent(
      settings.correspondentAddress,
      this,
      (data) => this.homeAgent.sendDown(data),
    );
    this.homeAgent = new HomeAgentHost(
      settings.homeAgent,
      this.internet,
      this,
      (data) => this.correspondent.receive(data),
    );
    this.networks = settings.networks.map((network) => new AccessNetwork(network, this.internet, this));
    this.mobileNodes = settings.mobileNodes.map((node) =>
      new MobileHost(node, this, (host, data) => this.correspondent.receiveAtMobileNode(host, data))
    );
    this.#hosts = [this.homeAgent, ...this.mobileNodes];
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  /** Events so far. */
  get steps(): number {
    return this.#steps;
  }

  schedule(afterMs: number, run: () => void): void {
    this.#queue.schedule(this.#nowMs + afterMs, run);
  }

  note(who: string, happening: Happening): void {
    this.#trace.note(this.#nowMs, who, happening);
  }

  /** Runs all events up to `untilMs` (included) of virtual time. */
  run(untilMs: number): void {
    this.runUntil(() => false, untilMs);
  }

  /** Runs until `condition` holds after an event; false where it did not up to `untilMs`. */
  runUntil(condition: () => boolean, untilMs: number): boolean {
    while (!condition()) {
      if (!this.#step(untilMs)) {
        this.#nowMs = untilMs;
        return false;
      }
    }
    return true;
  }

  /** One event; false where the next one is later than `untilMs`. */
  #step(untilMs: number): boolean {
    let atMs = this.#queue.nextAtMs();
    let late: { passDeadline(): void } | undefined;
    for (const host of this.#hosts) {
      const deadlineMs = host.deadlineMs();
      if (deadlineMs < atMs) {
        atMs = deadlineMs;
        late = host;
      }
    }
    if (atMs > untilMs) return false;
    // A deadline in the past is passed now: time never goes back.
    this.#nowMs = Math.max(this.#nowMs, atMs);
    if (late) late.passDeadline();
    else this.#queue.take()!();
    this.#steps++;
    for (const watcher of this.watchers) watcher.afterEvent?.();
    return true;
  }
}
