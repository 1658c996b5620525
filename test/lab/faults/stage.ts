import {
  configureHomeAgent,
  configureMobileNode,
  type HomeAgentDaemon,
  type HomeAgentOptions,
  type MobileNodeDaemon,
} from "../../../cli/lab/daemons.ts";
import { startDhcpServer } from "../../../cli/lab/dhcp.ts";
import type { Lab } from "../../../cli/lab/lab.ts";
import type { Topology } from "../../../cli/lab/network.ts";
import { takeSnapshot } from "../../../cli/lab/snapshot.ts";
import { assertEquals } from "@std/assert";
import { EchoFlow } from "./echo_flow.ts";

/*
 *   cn ---- ha ---- air ---- mn
 *
 * "air" is a bridge, so that what is at one end of it can go and come back. The access network has IPv4 only, with DHCP.
 */
const TOPOLOGY: Topology = {
  nodes: [
    {
      name: "ha",
      router: true,
      addresses: [["access", "203.0.113.1/24"], ["cn", "2001:db8:200::1/64"], ["home", "2001:db8:100::1/64"]],
    },
    { name: "cn", addresses: [["eth0", "2001:db8:200::10/64"]], routes: [["::/0", "2001:db8:200::1"]] },
    { name: "air", bridges: [{ name: "bridge", ports: ["ha", "mn"] }] },
    { name: "mn" },
    { name: "at" },
  ],
  links: [
    [["ha", "cn"], ["cn", "eth0"]],
    [["ha", "access"], ["air", "ha"]],
    [["mn", "eth0"], ["air", "mn"]],
    [["ha", "home"], ["at", "eth0"]],
  ],
};

const MOBILE_NODE = { identity: "mn@example.org", homeAddress: "2001:db8:100::100", spi: 1000 };
export const CORRESPONDENT = "2001:db8:200::10";
export const LIMIT_MS = 30_000;

/** The network with both daemons, and packets from the mobile node to the correspondent and back, 50 a second. */
export interface Stage {
  readonly lab: Lab;
  readonly homeAgent: HomeAgentDaemon;
  readonly mobileNode: MobileNodeDaemon;
  readonly flow: EchoFlow;
  /** Ends both daemons: nothing of them is left. */
  end(): Promise<void>;
}

/** @param options of the home agent; `lines` go into its [home_agent] */
export async function openStage(
  lab: Lab,
  options: Partial<HomeAgentOptions> & { readonly lines?: string } = {},
): Promise<Stage> {
  await lab.network.build(TOPOLOGY);
  const dhcp = { firstAddress: "203.0.113.50", lastAddress: "203.0.113.250", router: "203.0.113.1" };
  await startDhcpServer(lab, { node: "ha", interfaceName: "access", ...dhcp });
  const homeAgentOptions: HomeAgentOptions = {
    node: "ha",
    ipv6Address: "2001:db8:100::1",
    ipv4Address: "203.0.113.1",
    homePrefix: "2001:db8:100::/64",
    natRefreshSeconds: 25,
    mobileNodes: [MOBILE_NODE],
    ...options,
  };
  const homeAgent = await configureHomeAgent(lab, homeAgentOptions);
  const mobileNode = await configureMobileNode(lab, {
    name: "mn",
    node: "mn",
    mobileNode: options.mobileNodes?.[0] ?? MOBILE_NODE,
    homeAgent: homeAgentOptions,
    egresses: ["eth0"],
  });
  const untouched = await left(lab);
  homeAgent.start();
  await homeAgent.ready(LIMIT_MS);
  mobileNode.start();
  const flow = await EchoFlow.start(lab, "mn", { node: "cn", address: CORRESPONDENT });
  return {
    lab,
    homeAgent,
    mobileNode,
    flow,
    end: async () => {
      await flow.end();
      for (const daemon of [mobileNode, homeAgent]) if (daemon.running) await daemon.end("SIGTERM");
      assertEquals(await left(lab), untouched);
    },
  };
}

/** What stands in the daemons' namespaces; a new interface has another link-local address. */
async function left(lab: Lab): Promise<string[]> {
  const lines = await Promise.all(["ha", "mn"].map((node) => takeSnapshot(lab.network, node)));
  return lines.flatMap((each) =>
    [...each].map((line) => line.replace(/fe80::[0-9a-f]+:[0-9a-f:]+/, "fe80::x"))
  )
    .toSorted();
}

/** The mobile node's interface is pulled out: it is gone, and its end of the cable. */
export async function unplug({ lab }: Stage): Promise<void> {
  await lab.network.ip("mn", ["link", "del", "eth0"]);
}

/** Another one with the same name is plugged in. */
export async function plugIn({ lab }: Stage): Promise<void> {
  const far = lab.network.namespace("air");
  await lab.network.ip("mn", ["link", "add", "eth0", "type", "veth", "peer", "name", "mn", "netns", far]);
  await lab.network.batch("air", ["link set mn master bridge", "link set mn up"]);
  await lab.network.ip("mn", ["link", "set", "eth0", "up"]);
}
