import { BaseWorld, type BaseWorldSettings, type WorldEnvironment } from "../base_world.ts";
import { AccessLink, type AccessLinkSettings } from "./access_link.ts";
import { RoamingHost, type RoamingHostSettings } from "./roaming_host.ts";

export interface MovementWorldSettings extends BaseWorldSettings {
  readonly links: readonly AccessLinkSettings[];
  readonly mobileNode: RoamingHostSettings;
}

/**
 * One mobile node that roams between access links, its home agent and its correspondent. Beside `World`, whose networks
 * give addresses away and carry no frames: here the node's egress machines find routers and leases on the links.
 */
export class MovementWorld extends BaseWorld {
  readonly links: readonly AccessLink[];
  readonly mobileNode: RoamingHost;

  constructor(settings: MovementWorldSettings, environment: WorldEnvironment) {
    super(settings, environment);
    this.links = settings.links.map((link) => new AccessLink(link, this.internet, this));
    this.mobileNode = new RoamingHost(
      settings.mobileNode,
      this,
      (host, data) => this.correspondent.receiveAtMobileNode(host, data),
    );
    this.timedHosts.push(this.mobileNode, ...this.mobileNode.ports);
  }
}
