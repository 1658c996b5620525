import type { AccessNetwork } from "../access/access_network.ts";
import { Air, UNPLUGGED_MS } from "../access/air.ts";
import { buildInternet } from "../access/build.ts";
import { CORRESPONDENT } from "../access/internet.ts";
import { registeredIn } from "../access/registered.ts";
import { startAccessNetworks } from "../access/start.ts";
import {
  configureHomeAgent,
  configureMobileNode,
  type HomeAgentDaemon,
  type HomeAgentOptions,
  type MobileNodeDaemon,
} from "../daemons.ts";
import type { Lab } from "../lab.ts";
import { pause } from "../process.ts";
import type { Way } from "../traffic.ts";
import {
  ACCESS_NETWORKS,
  EGRESS,
  HOME_AGENT,
  HOST,
  LAN_OF_ROUTER,
  nestedTopology,
  OTHER_HOME_AGENT,
  OUTER_NETWORK,
  routeToHost,
} from "./topology.ts";

const START_LIMIT_MS = 15_000;

/** The host behind the inner mobile router and the correspondent, as seen from the other. */
export const TO_CORRESPONDENT: Way = { from: "host", to: "cn", address: CORRESPONDENT };
export const TO_HOST: Way = { from: "cn", to: "host", address: HOST };

/** Two home agents and the outer mobile router, running; the inner one comes and goes. */
export class NestedStage {
  #inner: MobileNodeDaemon | undefined;

  private constructor(
    readonly lab: Lab,
    readonly air: Air,
    readonly homeAgents: readonly HomeAgentDaemon[],
    readonly outer: MobileNodeDaemon,
  ) {}

  static async open(lab: Lab): Promise<NestedStage> {
    await buildInternet(lab, nestedTopology(), 0);
    await startAccessNetworks(lab, ACCESS_NETWORKS);
    const air = await Air.open(lab);
    await air.cut(EGRESS);
    const homeAgents: HomeAgentDaemon[] = [];
    for (const options of [HOME_AGENT, OTHER_HOME_AGENT]) {
      const homeAgent = await configureHomeAgent(lab, options);
      homeAgent.start();
      await homeAgent.ready(START_LIMIT_MS);
      homeAgents.push(homeAgent);
    }
    const [mobileNode] = HOME_AGENT.mobileNodes;
    const outer = await configureMobileNode(lab, {
      name: "outer",
      node: "outer",
      homeAgent: HOME_AGENT,
      mobileNode,
      egresses: [EGRESS],
      // Its router advertisements tell the inner one what its tunnels carry.
      mobileNetworkInterface: LAN_OF_ROUTER,
    });
    outer.start();
    await outer.ready(START_LIMIT_MS);
    return new NestedStage(lab, air, homeAgents, outer);
  }

  /** Attaches the outer mobile router to a network and waits for its registration from there. */
  async attachOuter(network: AccessNetwork): Promise<void> {
    if (this.air.networkOf(EGRESS) !== network.name) {
      await this.air.detach(EGRESS);
      await pause(UNPLUGGED_MS);
      await this.air.attach(EGRESS, network);
    }
    await registeredIn(this.outer, network, START_LIMIT_MS);
  }

  /** Starts the inner mobile router with one of the home agents and waits for its registration. */
  async startInner(homeAgent: HomeAgentOptions): Promise<void> {
    await this.lab.network.ip("core", routeToHost(homeAgent));
    this.#inner = await configureMobileNode(this.lab, {
      name: "inner",
      node: "inner",
      homeAgent,
      mobileNode: homeAgent.mobileNodes.at(-1)!,
      egresses: [EGRESS],
    });
    this.#inner.start();
    await this.#inner.ready(START_LIMIT_MS);
    await registeredIn(this.#inner, OUTER_NETWORK, START_LIMIT_MS);
  }

  async endInner(): Promise<void> {
    await this.#inner?.end("SIGTERM");
    this.#inner = undefined;
    // What the host has learnt of the path was that of this way.
    for (const node of ["host", "cn"]) await this.lab.network.ip(node, ["-6", "route", "flush", "cache"]);
  }

  /**
   * The MTU that a node learns of the path to an address when it sends packets of 1500 octets, in octets; undefined where
   * it learns none.
   */
  async pathMtu({ from, address }: Way): Promise<number | undefined> {
    const command = ["ping", "-n", "-c", "3", "-i", "0.1", "-W", "1", "-M", "do", "-s", "1452", address];
    // What is too big is not answered: that is not a failure here.
    await this.lab.exec(from, ["sh", "-c", '"$@" || :', "sh", ...command]);
    const [route] = JSON.parse(await this.lab.network.ip(from, ["-json", "-6", "route", "get", address]));
    return route.metrics?.[0]?.mtu;
  }
}
