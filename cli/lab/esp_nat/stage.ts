import type { BindingStatus } from "../../../core/control/binding_cache.ts";
import type { AccessNetwork } from "../access/access_network.ts";
import { Air, UNPLUGGED_MS } from "../access/air.ts";
import { buildInternet } from "../access/build.ts";
import { newAssociations } from "../../esp/new_associations.ts";
import { CORRESPONDENT, HOME_AGENT_IPV6 } from "../access/internet.ts";
import { registeredIn } from "../access/registered.ts";
import { startAccessNetworks } from "../access/start.ts";
import {
  configureHomeAgent,
  configureMobileNode,
  type HomeAgentDaemon,
  type MobileNodeDaemon,
} from "../daemons.ts";
import type { Lab } from "../lab.ts";
import { pause } from "../process.ts";
import type { Way } from "../traffic.ts";
import { ACCESS_NETWORKS, EGRESS, espNatTopology, HOME_AGENT, MOBILE_NODE } from "./topology.ts";
import { WireCapture } from "./wire.ts";

const LIMIT_MS = 15_000;

const ENDS = { homeAddress: MOBILE_NODE.homeAddress, homeAgentAddress: HOME_AGENT_IPV6 };

/** Keys for both ways, as both ends have them in a file; they begin to protect at that time, or at once. */
export function newKeys(validFrom?: Date): string {
  return newAssociations({ ...ENDS, validFrom: validFrom?.toISOString() });
}

export const TO_MOBILE_NODE: Way = { from: "cn", to: "mn", address: MOBILE_NODE.homeAddress };
export const TO_CORRESPONDENT: Way = { from: "mn", to: "cn", address: CORRESPONDENT };

/** A home agent and a mobile node that speak under ESP, and what passes between them on the wire. */
export class EspNatStage {
  private constructor(
    readonly lab: Lab,
    readonly air: Air,
    readonly wire: WireCapture,
    readonly homeAgent: HomeAgentDaemon,
    readonly mobileNode: MobileNodeDaemon,
  ) {}

  /** Builds the network and starts the home agent. */
  static async open(lab: Lab, keys: string): Promise<EspNatStage> {
    await buildInternet(lab, espNatTopology(), 0);
    await startAccessNetworks(lab, ACCESS_NETWORKS);
    const air = await Air.open(lab);
    await air.cut(EGRESS);
    await lab.writeFile(MOBILE_NODE.espFile!, keys);
    const homeAgent = await configureHomeAgent(lab, HOME_AGENT);
    const mobileNode = await configureMobileNode(lab, {
      name: "mn",
      node: "mn",
      homeAgent: HOME_AGENT,
      mobileNode: MOBILE_NODE,
      egresses: [EGRESS],
    });
    const wire = await WireCapture.start(lab);
    homeAgent.start();
    await homeAgent.ready(LIMIT_MS);
    return new EspNatStage(lab, air, wire, homeAgent, mobileNode);
  }

  /** Puts the mobile node into a network and waits for its registration from there. */
  async moveTo(network: AccessNetwork): Promise<void> {
    await this.air.detach(EGRESS);
    await pause(UNPLUGGED_MS);
    await this.air.attach(EGRESS, network);
    if (!this.mobileNode.running) this.mobileNode.start();
    await registeredIn(this.mobileNode, network, LIMIT_MS);
  }

  /** What the home agent says of the mobile node. */
  async binding(): Promise<BindingStatus | undefined> {
    return (await this.homeAgent.ask())?.bindings[0];
  }

  /** Gives both ends these keys in place of all others while they run. */
  async rekey(keys: string): Promise<void> {
    await this.lab.writeFile(MOBILE_NODE.espFile!, keys);
    await this.homeAgent.reload();
    await this.mobileNode.reload();
  }

  /** Resolves when the home agent has accepted so many more Binding Updates. */
  async untilUpdates(count: number): Promise<void> {
    const before = (await this.binding())?.sequenceNumber ?? 0;
    await this.lab.until(`${count} Binding Updates`, LIMIT_MS, async () => {
      const sequenceNumber = (await this.binding())?.sequenceNumber;
      return sequenceNumber !== undefined && (sequenceNumber - before & 0xffff) >= count;
    });
  }

  async endDaemons(): Promise<readonly number[]> {
    const mobileNode = await this.mobileNode.end("SIGTERM");
    const homeAgent = await this.homeAgent.end("SIGTERM");
    return [mobileNode.code, homeAgent.code];
  }
}
