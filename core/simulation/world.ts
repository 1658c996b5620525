import type { Hmac } from "../control/settings.ts";
import type { Ipv6Address } from "../wire/address.ts";
import { Correspondent } from "./correspondent.ts";
import { HomeAgentHost, type HomeAgentHostSettings } from "./home_agent_host.ts";
import type { Machines } from "./machine.ts";
import { MobileHost, type MobileHostSettings } from "./mobile_host.ts";
import { AccessNetwork, type AccessNetworkSettings, Internet } from "./network.ts";
import type { Random } from "./random.ts";
import type { Surroundings } from "./surroundings.ts";
import type { Happening, Trace } from "./trace.ts";
import { VirtualTime } from "./virtual_time.ts";

export interface WorldSettings {
  readonly homeAgent: HomeAgentHostSettings;
  readonly correspondentAddress: Ipv6Address;
  readonly networks: readonly AccessNetworkSettings[];
  readonly mobileNodes: readonly MobileHostSettings[];
}

/**
 * One home agent, its correspondent, access networks and mobile nodes in virtual time. Everything is the same
 * for the same random seed.
 */
export class World extends VirtualTime implements Surroundings {
  readonly random: Random;
  readonly hmac: Hmac;
  readonly machines: Machines;
  readonly internet: Internet;
  readonly networks: readonly AccessNetwork[];
  readonly homeAgent: HomeAgentHost;
  readonly correspondent: Correspondent;
  readonly mobileNodes: readonly MobileHost[];
  readonly #trace: Trace;

  constructor(
    settings: WorldSettings,
    environment: {
      readonly random: Random;
      readonly hmac: Hmac;
      readonly machines: Machines;
      readonly trace: Trace;
    },
  ) {
    super();
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
    this.timedHosts.push(this.homeAgent, ...this.mobileNodes);
  }

  note(who: string, happening: Happening): void {
    this.#trace.note(this.nowMs, who, happening);
  }
}
