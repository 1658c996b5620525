import { Capture } from "../capture.ts";
import { CheckList } from "../check.ts";
import {
  configureHomeAgent,
  configureMobileNode,
  type HomeAgentDaemon,
  type MobileNodeDaemon,
} from "../daemons.ts";
import type { Lab } from "../lab.ts";
import { Nat } from "../nat.ts";
import { takeSnapshot } from "../snapshot.ts";
import type { Way } from "../traffic.ts";
import * as place from "./topology.ts";

/** All that the steps of one run share. */
export class Stage {
  readonly checks = new CheckList();
  readonly nat: Nat;
  /** Seconds since 1970: from here on daemons end and start; until then no host may answer with an ICMP error. */
  restartsBegin = Infinity;
  readonly captures = new Map<"ha" | "mn", Capture>();
  /** IPv4 care-of addresses by node. */
  readonly careOfAddresses = new Map<string, string>();
  readonly #snapshots = new Map<string, ReadonlySet<string>>();

  private constructor(
    readonly lab: Lab,
    readonly behindNat: boolean,
    readonly homeAgent: HomeAgentDaemon,
    readonly mobileNode: MobileNodeDaemon,
    readonly secondMobileNode: MobileNodeDaemon,
    readonly strangerWithWrongKey: MobileNodeDaemon,
  ) {
    this.nat = new Nat(lab, "access", "wan", "192.0.2.1");
  }

  static async open(lab: Lab, behindNat: boolean): Promise<Stage> {
    const homeAgent = {
      node: "ha",
      ipv6Address: place.HOME_AGENT_IPV6,
      ipv4Address: place.HOME_AGENT_IPV4,
      homePrefix: place.HOME_PREFIX,
      natRefreshSeconds: NAT_REFRESH_SECONDS,
      mobileNodes: [place.FIRST_MOBILE_NODE, place.SECOND_MOBILE_NODE],
    };
    const first = { homeAgent, name: "mobile-node", node: "mn", mobileNode: place.FIRST_MOBILE_NODE };
    const second = { homeAgent, name: "mobile-node-2", node: "mn2", mobileNode: place.SECOND_MOBILE_NODE };
    return new Stage(
      lab,
      behindNat,
      await configureHomeAgent(lab, homeAgent),
      await configureMobileNode(lab, first),
      await configureMobileNode(lab, second),
      await configureMobileNode(lab, { ...second, name: "stranger", wrongKey: true }),
    );
  }

  /** From the correspondent to the first mobile node's home address. */
  get toMobileNode(): Way {
    return { from: "cn", to: "mn", address: place.FIRST_MOBILE_NODE.homeAddress };
  }

  /** From the first mobile node to the correspondent. */
  get toCorrespondent(): Way {
    return { from: "mn", to: "cn", address: place.CORRESPONDENT_IPV6 };
  }

  async remember(node: string): Promise<void> {
    this.#snapshots.set(node, await takeSnapshot(this.lab.network, node));
  }

  /** What a node's namespace was like before our daemons ran in it. */
  remembered(node: string): ReadonlySet<string> {
    return this.#snapshots.get(node) ?? new Set();
  }

  async capture(node: "ha" | "mn"): Promise<void> {
    const lan = place.ACCESS_NETWORK[this.behindNat ? "nat" : "public"];
    const neighbour = node === "ha" ? place.HOME_AGENT_ROUTER : `${lan}.1`;
    this.captures.set(node, await Capture.start(this.lab, node, "eth0", neighbour));
  }
}

/** Short, so that a run can wait for keepalives; a real home agent's is longer. */
export const NAT_REFRESH_SECONDS = 4;
