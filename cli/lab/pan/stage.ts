import { Air, UNPLUGGED_MS } from "../access/air.ts";
import type { AccessNetwork } from "../access/access_network.ts";
import { buildInternet } from "../access/build.ts";
import { HOME_LINK, homeAgentOptions } from "../access/internet.ts";
import { registeredIn } from "../access/registered.ts";
import { startAccessNetworks, startHomeLink } from "../access/start.ts";
import {
  configureHomeAgent,
  configureMobileNode,
  type HomeAgentDaemon,
  type MobileNodeDaemon,
} from "../daemons.ts";
import { startDhcpClient, startDhcpServer } from "../dhcp.ts";
import type { Family } from "../families.ts";
import type { Lab } from "../lab.ts";
import { MobilityCapture } from "../mobility_capture.ts";
import { pause } from "../process.ts";
import { snapshotDifference, takeSnapshot } from "../snapshot.ts";
import {
  ACCESS_NETWORKS,
  EGRESS,
  HOME_LINK_ROUTER,
  LAN_OF_ROUTER,
  MOBILE_ROUTER,
  PAN_NODES,
  panTopology,
} from "./topology.ts";

const START_LIMIT_MS = 10_000;
const REGISTRATION_LIMIT_MS = 15_000;

const HOME_AGENT = homeAgentOptions({ homeLink: HOME_LINK, mobileNodes: [MOBILE_ROUTER] });

/** A move of the mobile router's cable. Milliseconds since 1970. */
export interface Move {
  readonly from: AccessNetwork;
  readonly to: AccessNetwork;
  /** The cable is taken out. */
  readonly leftMs: number;
  /** The cable is in the new network. */
  readonly movedMs: number;
  /** The home agent has accepted the new care-of address, or the return: as soon as this was seen. */
  readonly registeredMs: number;
}

/** The network of Figure 1 with home agent and mobile router, both running. */
export class PanStage {
  private constructor(
    readonly lab: Lab,
    readonly air: Air,
    readonly homeAgent: HomeAgentDaemon,
    readonly mobileRouter: MobileNodeDaemon,
    /** Of the nodes, as they got them. */
    readonly addresses: Readonly<Record<Family, string>>,
    readonly before: ReadonlyMap<string, ReadonlySet<string>>,
    /** Of what home agent and mobile router say to each other. */
    readonly capture: MobilityCapture,
  ) {}

  /** The mobile router is in the first network. `out`: a folder for its trace. */
  static async open(
    lab: Lab,
    { delayMs, out, first }: {
      readonly delayMs: number;
      readonly out: string;
      readonly first: AccessNetwork;
    },
  ): Promise<PanStage> {
    await buildInternet(lab, panTopology(), delayMs);
    await startHomeLink(lab);
    const begin = HOME_LINK_ROUTER.slice(0, HOME_LINK_ROUTER.lastIndexOf(".") + 1);
    await startDhcpServer(lab, {
      node: "ha",
      interfaceName: HOME_LINK,
      router: HOME_LINK_ROUTER,
      firstAddress: `${begin}100`,
      lastAddress: `${begin}199`,
    });
    await startAccessNetworks(lab, ACCESS_NETWORKS);
    const air = await Air.open(lab);
    await air.cut(EGRESS);
    await lab.until(`link-local address on ${LAN_OF_ROUTER}`, START_LIMIT_MS, async () => {
      return (await lab.network.ip("mr", ["-6", "address", "show", "dev", LAN_OF_ROUTER])).includes("fe80:");
    });
    const before = new Map<string, ReadonlySet<string>>();
    for (const node of ["ha", "mr"]) before.set(node, await takeSnapshot(lab.network, node));
    const capture = await MobilityCapture.start(lab, "ha");
    const homeAgent = await configureHomeAgent(lab, HOME_AGENT);
    homeAgent.start();
    await homeAgent.ready(START_LIMIT_MS);
    const mobileRouter = await configureMobileNode(lab, {
      homeAgent: HOME_AGENT,
      name: "mobile-router",
      node: "mr",
      mobileNode: HOME_AGENT.mobileNodes[0],
      egresses: [EGRESS],
      mobileNetworkInterface: LAN_OF_ROUTER,
      trace: `${out}/mobile-router.trace.json`,
    });
    mobileRouter.start();
    await mobileRouter.ready(START_LIMIT_MS);
    await air.attach(EGRESS, first);
    await registeredIn(mobileRouter, first, REGISTRATION_LIMIT_MS);
    const addresses = { 6: await autoconfigured(lab), 4: await startDhcpClient(lab, PAN_NODES[4].node) };
    return new PanStage(lab, air, homeAgent, mobileRouter, addresses, before, capture);
  }

  /** Takes the cable to another network and waits for the registration from there. */
  async move(from: AccessNetwork, to: AccessNetwork): Promise<Move> {
    const { timeMs: leftMs } = await this.air.cut(EGRESS);
    await pause(UNPLUGGED_MS);
    const { timeMs: movedMs } = await this.air.attach(EGRESS, to);
    await registeredIn(this.mobileRouter, to, REGISTRATION_LIMIT_MS);
    return { from, to, leftMs, movedMs, registeredMs: Date.now() };
  }

  /** Ends the daemons. Returns what they have left in their nodes: none where all is as it was. */
  async endDaemons(): Promise<string[]> {
    await this.mobileRouter.end("SIGTERM");
    await this.homeAgent.end("SIGTERM");
    const left: string[] = [];
    for (const [node, before] of this.before) {
      const difference = snapshotDifference(before, await takeSnapshot(this.lab.network, node));
      left.push(...difference.map((line) => `${node}: ${line}`));
    }
    return left;
  }
}

/** The address that the IPv6 node has made of what the mobile router advertises. */
function autoconfigured(lab: Lab): Promise<string> {
  const { node } = PAN_NODES[6];
  return lab.until(`IPv6 address on ${node}`, START_LIMIT_MS, async () => {
    const args = ["-json", "-6", "address", "show", "dev", "eth0", "scope", "global"];
    const [link] = JSON.parse(await lab.network.ip(node, args));
    const routes = await lab.network.ip(node, ["-6", "route", "show", "default"]);
    return routes === "" ? undefined : link?.addr_info?.[0]?.local as string | undefined;
  });
}
