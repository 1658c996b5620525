import type { AccessNetwork } from "../access/access_network.ts";
import { Air } from "../access/air.ts";
import { registeredIn } from "../access/registered.ts";
import { startAccessNetworks, startHomeLink } from "../access/start.ts";
import type { CheckList } from "../check.ts";
import {
  configureHomeAgent,
  configureMobileNode,
  type HomeAgentDaemon,
  type MobileNodeDaemon,
} from "../daemons.ts";
import { dsmipCommand, type Lab } from "../lab.ts";
import { mustRun, runProgram } from "../process.ts";
import { buildInternet } from "../access/build.ts";
import { HOME_LINK, homeAgentOptions } from "../access/internet.ts";
import {
  ACCESS_NETWORKS,
  type Egress,
  EGRESSES,
  handoverTopology,
  MOBILE_NETWORK_PREFIX,
  MOBILE_ROUTER,
} from "./topology.ts";

const START_LIMIT_MS = 10_000;
/** Longer than any handover should take, shorter than anyone wants to wait. */
export const HANDOVER_LIMIT_MS = 15_000;

const HOME_AGENT = homeAgentOptions({
  homeLink: HOME_LINK,
  mobileNodes: [{ ...MOBILE_ROUTER, mobileNetworkPrefixes: [MOBILE_NETWORK_PREFIX] }],
});

export interface StageOptions {
  /** Between the core and the home agent, each way. */
  readonly delayMs: number;
  /** A folder for the traces of the mobile routers, which is there. */
  readonly out: string;
}

/** The network of Figure 3 with a running home agent, and at most one running mobile router. */
export class HandoverStage {
  mobileRouter: MobileNodeDaemon | undefined;

  private constructor(
    readonly lab: Lab,
    readonly checks: CheckList,
    readonly air: Air,
    readonly homeAgent: HomeAgentDaemon,
    /** A folder for the traces of the mobile routers. */
    readonly out: string,
  ) {}

  static async open(lab: Lab, checks: CheckList, { delayMs, out }: StageOptions): Promise<HandoverStage> {
    await buildInternet(lab, handoverTopology(), delayMs);
    await startHomeLink(lab);
    await startAccessNetworks(lab, Object.values(ACCESS_NETWORKS));
    const air = await Air.open(lab);
    for (const egress of EGRESSES) await air.cut(egress);
    const homeAgent = await configureHomeAgent(lab, HOME_AGENT);
    homeAgent.start();
    await homeAgent.ready(START_LIMIT_MS);
    return new HandoverStage(lab, checks, air, homeAgent, out);
  }

  /** Starts the mobile router for a scenario; its cables are where they are. */
  async startMobileRouter(
    name: string,
    { egresses, prefer, findsHomeAgent }: {
      readonly egresses: readonly Egress[];
      readonly prefer?: "keep";
      readonly findsHomeAgent?: boolean;
    },
  ): Promise<void> {
    const [mobileNode] = HOME_AGENT.mobileNodes;
    const node = { homeAgent: HOME_AGENT, name: `mobile-router-${name}`, node: "mr", mobileNode };
    this.mobileRouter = await configureMobileNode(this.lab, {
      ...node,
      egresses,
      prefer,
      findsHomeAgent,
      trace: `${this.out}/${name}.trace.json`,
    });
    this.mobileRouter.start();
    await this.mobileRouter.ready(START_LIMIT_MS);
  }

  /** Ends the mobile router: it takes its leave of the home agent where it can. */
  async endMobileRouter(): Promise<void> {
    await this.mobileRouter?.end("SIGTERM");
    this.mobileRouter = undefined;
    for (const egress of EGRESSES) await this.air.detach(egress);
  }

  /** Waits until the home agent has accepted a care-of address from the network, or at home has given up all of them. */
  async registeredIn(network: AccessNetwork, limitMs: number): Promise<void> {
    await registeredIn(this.mobileRouter!, network, limitMs);
  }

  /** Tells the mobile router to use an egress interface from now on, as a person would. */
  async switchTo(egress: Egress): Promise<void> {
    await mustRun(this.#switchCommand(egress), { signal: this.lab.signal });
  }

  /** Does it say that the egress interface has no care-of address? */
  async refusesToSwitchTo(egress: Egress): Promise<boolean> {
    const { code, stderr } = await runProgram(this.#switchCommand(egress), { signal: this.lab.signal });
    return code === 1 && stderr.includes(`${egress} has no care-of address`);
  }

  #switchCommand(egress: Egress): string[] {
    return dsmipCommand("mn", "switch", egress, "--control-socket", this.mobileRouter!.socket);
  }
}
