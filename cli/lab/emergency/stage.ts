import { Air, UNPLUGGED_MS } from "../access/air.ts";
import type { AccessNetwork } from "../access/access_network.ts";
import { buildInternet } from "../access/build.ts";
import { CORRESPONDENT, CORRESPONDENT_IPV4, homeAgentOptions } from "../access/internet.ts";
import { registeredIn } from "../access/registered.ts";
import { startAccessNetworks } from "../access/start.ts";
import {
  configureHomeAgent,
  configureMobileNode,
  type HomeAgentDaemon,
  type MobileNodeDaemon,
} from "../daemons.ts";
import type { Lab } from "../lab.ts";
import { Mesh } from "../mesh/mesh.ts";
import { bothWays, type FlowEnd } from "../mesh/plan.ts";
import { pause } from "../process.ts";
import { snapshotDifference, takeSnapshot } from "../snapshot.ts";
import type { Conversation, EmergencyPlan, PlannedMove } from "./plan.ts";
import {
  ACCESS_NETWORKS,
  ALL_ROUTERS,
  EGRESS,
  emergencyTopology,
  mobileRouterIdentity,
  nodeAddress,
  nodeName,
  type NodePlace,
  routerName,
} from "./topology.ts";

const START_LIMIT_MS = 30_000;
const FLOW_INTERVAL_MS = 50;
const NODE_PORT = 9000;
/** The correspondent's port of a conversation is this and its number. */
const FIRST_CORRESPONDENT_PORT = 10_000;

const HOME_AGENT = homeAgentOptions({ mobileNodes: ALL_ROUTERS.map(mobileRouterIdentity) });

/** The home agent, ten mobile routers and fifty nodes, all running. */
export class EmergencyStage {
  private constructor(
    readonly lab: Lab,
    readonly air: Air,
    readonly homeAgent: HomeAgentDaemon,
    readonly routers: readonly MobileNodeDaemon[],
    readonly before: ReadonlyMap<string, ReadonlySet<string>>,
  ) {}

  /** Builds the network and starts the home agent; the routers are not attached yet. */
  static async open(lab: Lab): Promise<EmergencyStage> {
    await buildInternet(lab, emergencyTopology(), 0);
    await startAccessNetworks(lab, ACCESS_NETWORKS);
    const air = await Air.open(lab);
    await Promise.all(ALL_ROUTERS.map((router) => air.cut(routerName(router))));
    const before = new Map<string, ReadonlySet<string>>();
    for (const node of ["ha", ...ALL_ROUTERS.map(routerName)]) {
      before.set(node, await takeSnapshot(lab.network, node));
    }
    const homeAgent = await configureHomeAgent(lab, HOME_AGENT);
    homeAgent.start();
    await homeAgent.ready(START_LIMIT_MS);
    const routers = await Promise.all(ALL_ROUTERS.map((router) =>
      configureMobileNode(lab, {
        homeAgent: HOME_AGENT,
        name: routerName(router),
        node: routerName(router),
        mobileNode: HOME_AGENT.mobileNodes[router],
        egresses: [EGRESS],
      })
    ));
    return new EmergencyStage(lab, air, homeAgent, routers, before);
  }

  /** Starts every mobile router in its first network; resolves when all are registered. */
  async startRouters({ routers }: EmergencyPlan): Promise<void> {
    await Promise.all(routers.map(({ first }, router) => this.air.attach(routerName(router), first)));
    for (const router of this.routers) router.start();
    await Promise.all(
      routers.map(({ first }, router) => registeredIn(this.routers[router], first, START_LIMIT_MS)),
    );
  }

  /** Resolves when something has arrived of every conversation, both ways: flows 2n and 2n+1 are those of number n. */
  startFlows({ conversations }: EmergencyPlan): Promise<Mesh> {
    const flows = conversations.flatMap(({ one, other, family }, index) =>
      bothWays(
        this.#endAt(one, family),
        other ? this.#endAt(other, family) : this.#correspondent(index, family),
      )
    );
    return Mesh.start(this.lab, { flows, intervalMs: FLOW_INTERVAL_MS });
  }

  #endAt(place: NodePlace, family: Conversation["family"]): FlowEnd {
    const namespace = this.lab.network.namespace(nodeName(place));
    return { namespace, address: nodeAddress(place, family), port: NODE_PORT };
  }

  #correspondent(index: number, family: Conversation["family"]): FlowEnd {
    const address = family === 6 ? CORRESPONDENT : CORRESPONDENT_IPV4;
    return { namespace: this.lab.network.namespace("cn"), address, port: FIRST_CORRESPONDENT_PORT + index };
  }

  /** Moves every router as planned. Returns how many moves each has made, and when the last of all was done. */
  async play({ routers }: EmergencyPlan): Promise<{ readonly moves: number[]; readonly stoppedMs: number }> {
    const startMs = performance.now();
    const moves = await Promise.all(routers.map(async ({ moves }, router) => {
      for (const move of moves) {
        await pause(Math.max(0, startMs + move.atMs - performance.now()));
        this.lab.signal.throwIfAborted();
        await this.#move(routerName(router), move);
      }
      return moves.length;
    }));
    return { moves, stoppedMs: Date.now() };
  }

  async #move(port: string, { to, isSilent }: PlannedMove): Promise<void> {
    if (!isSilent) {
      await this.air.cut(port);
      await pause(UNPLUGGED_MS);
    }
    await this.air.attach(port, to);
  }

  /** Resolves when the router is registered from the network; false when the limit passes before. */
  async isBack(router: number, network: AccessNetwork, limitMs: number): Promise<boolean> {
    return await registeredIn(this.routers[router], network, limitMs).then(() => true, () => {
      this.lab.signal.throwIfAborted();
      return false;
    });
  }

  /** What a router says of itself. */
  async stateOf(router: number): Promise<string> {
    const status = await this.routers[router].ask();
    if (status === undefined) return "no answer";
    return `${status.state}, ${status.careOfAddress ?? "no care-of address"}`;
  }

  /** Ends the daemons. Returns what they have left in their nodes, and how the routers ended. */
  async endDaemons(): Promise<{ readonly left: string[]; readonly codes: number[] }> {
    const codes = (await Promise.all(this.routers.map((router) => router.end("SIGTERM")))).map(({ code }) =>
      code
    );
    await this.homeAgent.end("SIGTERM");
    const left: string[] = [];
    for (const [node, before] of this.before) {
      const difference = snapshotDifference(before, await takeSnapshot(this.lab.network, node));
      left.push(...difference.map((line) => `${node}: ${line}`));
    }
    return { left, codes };
  }
}
