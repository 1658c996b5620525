import type { Hmac } from "../control/settings.ts";
import type { Ipv6Address } from "../wire/address.ts";
import { Correspondent } from "./correspondent.ts";
import { HomeAgentHost, type HomeAgentHostSettings } from "./home_agent_host.ts";
import type { Machines } from "./machine.ts";
import { Internet } from "./network.ts";
import type { Random } from "./random.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Happening, Trace } from "./trace.ts";
import { VirtualTime } from "./virtual_time.ts";

export interface BaseWorldSettings {
  readonly homeAgent: HomeAgentHostSettings;
  readonly correspondentAddress: Ipv6Address;
}

export interface WorldEnvironment {
  readonly random: Random;
  readonly hmac: Hmac;
  readonly machines: Machines;
  readonly trace: Trace;
}

/** What every world has: an Internet with a home agent and its correspondent, in virtual time. */
export class BaseWorld extends VirtualTime implements Surroundings {
  readonly random: Random;
  readonly hmac: Hmac;
  readonly machines: Machines;
  readonly internet: Internet;
  readonly homeAgent: HomeAgentHost;
  readonly correspondent: Correspondent;
  readonly #trace: Trace;

  constructor(settings: BaseWorldSettings, { random, hmac, machines, trace }: WorldEnvironment) {
    super();
    this.random = random;
    this.hmac = hmac;
    this.machines = machines;
    this.#trace = trace;
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
    this.timedHosts.push(this.homeAgent);
  }

  note(who: string, happening: Happening): void {
    this.#trace.note(this.nowMs, who, happening);
  }
}
