import type { Hmac } from "../../control/settings.ts";
import type { Ipv6Address } from "../../wire/address.ts";
import { Correspondent } from "../correspondent.ts";
import { HomeAgentHost, type HomeAgentHostSettings } from "../home_agent_host.ts";
import type { Machines } from "../machine.ts";
import { Internet } from "../network.ts";
import type { Random } from "../random.ts";
import type { Surroundings } from "../surroundings.ts";
import type { Happening, Trace } from "../trace.ts";
import { VirtualTime } from "../virtual_time.ts";
import { AccessLink, type AccessLinkSettings } from "./access_link.ts";
import { RoamingHost, type RoamingHostSettings } from "./roaming_host.ts";

export interface MovementWorldSettings {
  readonly homeAgent: HomeAgentHostSettings;
  readonly correspondentAddress: Ipv6Address;
  readonly links: readonly AccessLinkSettings[];
  readonly mobileNode: RoamingHostSettings;
}

/**
 * One mobile node that roams between access links, its home agent and its correspondent. Beside `World`, whose networks
 * give addresses away and carry no frames: here the node's egress machines find routers and leases on the links.
 */
export class MovementWorld extends VirtualTime implements Surroundings {
  readonly random: Random;
  readonly hmac: Hmac;
  readonly machines: Machines;
  readonly links: readonly AccessLink[];
  readonly homeAgent: HomeAgentHost;
  readonly correspondent: Correspondent;
  readonly mobileNode: RoamingHost;
  readonly #trace: Trace;

  constructor(
    settings: MovementWorldSettings,
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
    const internet = new Internet(this);
    this.correspondent = new Correspondent(
      settings.correspondentAddress,
      this,
      (data) => this.homeAgent.sendDown(data),
    );
    this.homeAgent = new HomeAgentHost(
      settings.homeAgent,
      internet,
      this,
      (data) => this.correspondent.receive(data),
    );
    this.links = settings.links.map((link) => new AccessLink(link, internet, this));
    this.mobileNode = new RoamingHost(
      settings.mobileNode,
      this,
      (host, data) => this.correspondent.receiveAtMobileNode(host, data),
    );
    this.timedHosts.push(this.homeAgent, this.mobileNode, ...this.mobileNode.ports);
  }

  note(who: string, happening: Happening): void {
    this.#trace.note(this.nowMs, who, happening);
  }
}
