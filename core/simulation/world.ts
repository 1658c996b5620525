import { BaseWorld, type BaseWorldSettings, type WorldEnvironment } from "./base_world.ts";
import { MobileHost, type MobileHostSettings } from "./mobile_host.ts";
import { AccessNetwork, type AccessNetworkSettings } from "./network.ts";

export interface WorldSettings extends BaseWorldSettings {
  readonly networks: readonly AccessNetworkSettings[];
  readonly mobileNodes: readonly MobileHostSettings[];
}

/**
 * One home agent, its correspondent, access networks and mobile nodes in virtual time. Everything is the same
 * for the same random seed.
 */
export class World extends BaseWorld {
  readonly networks: readonly AccessNetwork[];
  readonly mobileNodes: readonly MobileHost[];

  constructor(settings: WorldSettings, environment: WorldEnvironment) {
    super(settings, environment);
    this.networks = settings.networks.map((network) => new AccessNetwork(network, this.internet, this));
    this.mobileNodes = settings.mobileNodes.map((node) =>
      new MobileHost(node, this, (host, data) => this.correspondent.receiveAtMobileNode(host, data))
    );
    this.timedHosts.push(...this.mobileNodes);
  }
}
