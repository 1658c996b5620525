import {
  configureHomeAgent,
  configureMobileNode,
  type HomeAgentDaemon,
  type HomeAgentOptions,
  type MobileNodeDaemon,
  type MobileNodeOptions,
} from "../../cli/lab/daemons.ts";
import type { Lab } from "../../cli/lab/lab.ts";
import type { Topology } from "../../cli/lab/network.ts";
import { labTest } from "./support.ts";

/*
 *   cn ---- ha ---- mr ---- mnn
 *
 * The mobile router's access network is IPv4 only; the host behind it knows nothing.
 */
export const TOPOLOGY: Topology = {
  nodes: [
    {
      name: "ha",
      router: true,
      addresses: [["access", "203.0.113.1/24"], ["cn", "2001:db8:200::1/64"], ["cn", "192.0.2.1/24"]],
    },
    {
      name: "cn",
      addresses: [["eth0", "2001:db8:200::10/64"], ["eth0", "192.0.2.10/24"]],
      routes: [["::/0", "2001:db8:200::1"], ["default", "192.0.2.1"]],
    },
    { name: "mr", ipv4Only: ["eth0"], addresses: [["eth0", "203.0.113.10/24"]] },
    { name: "mnn" },
  ],
  links: [
    [["ha", "cn"], ["cn", "eth0"]],
    [["ha", "access"], ["mr", "eth0"]],
    [["mr", "lan0"], ["mnn", "eth0"]],
  ],
};

export const CORRESPONDENT = "2001:db8:200::10";
export const MOBILE_ROUTER = {
  identity: "mr@example.org",
  homeAddress: "2001:db8:100::100",
  spi: 1000,
  mobileNetworkPrefixes: ["2001:db8:300::/56"],
  ipv4HomeAddress: "10.1.0.1/24",
};
export const HOME_AGENT: HomeAgentOptions = {
  node: "ha",
  ipv6Address: "2001:db8:100::1",
  ipv4Address: "203.0.113.1",
  homePrefix: "2001:db8:100::/64",
  natRefreshSeconds: 25,
  mobileNodes: [MOBILE_ROUTER],
};
export const CORRESPONDENT_IPV4 = "192.0.2.10";
export const LIMIT_MS = 15_000;
/** Of the access network, octets. */
export const LINK_MTU = 1440;
export const SERVED = '\n[mobile_network]\ninterface = "lan0"\ndns = ["2001:db8:200::53"]\n';

/** The network, with a smaller link than most to the mobile router, and a host that configures itself. */
export async function build(lab: Lab, topology: Topology): Promise<void> {
  await lab.network.build(topology);
  await lab.network.ip("ha", ["link", "set", "access", "mtu", `${LINK_MTU}`]);
  await lab.network.ip("mr", ["link", "set", "eth0", "mtu", `${LINK_MTU}`]);
  await lab.exec("mnn", ["sysctl", "-qw", "net.ipv6.conf.eth0.accept_ra=1"]);
}

/** The network with a running home agent, and a mobile router that is configured and not yet started. */
export async function openStage(
  lab: Lab,
  table: string,
  options = HOME_AGENT,
): Promise<{ readonly homeAgent: HomeAgentDaemon; readonly mobileRouter: MobileNodeDaemon }> {
  await build(lab, TOPOLOGY);
  const homeAgent = await configureHomeAgent(lab, options);
  const mobileRouter = await configureRouter(lab, {
    name: "mr",
    mobileNode: options.mobileNodes[0],
    homeAgent: options,
  }, table);
  homeAgent.start();
  await homeAgent.ready(LIMIT_MS);
  return { homeAgent, mobileRouter };
}

/** With a table for its network; its node has its name. */
export async function configureRouter(
  lab: Lab,
  options: Omit<MobileNodeOptions, "node">,
  table = SERVED,
): Promise<MobileNodeDaemon> {
  const router = await configureMobileNode(lab, { ...options, node: options.name });
  const file = lab.path(`${options.name}.toml`);
  await Deno.writeTextFile(file, await Deno.readTextFile(file) + table);
  return router;
}

export async function mtuOfHost(lab: Lab): Promise<number> {
  return Number(await lab.exec("mnn", ["cat", "/proc/sys/net/ipv6/conf/eth0/mtu"]));
}

/** The addresses that the host's kernel has made and takes for new connections. */
export async function hostAddresses(lab: Lab): Promise<string[]> {
  const [link] = JSON.parse(
    await lab.network.ip("mnn", ["-json", "-6", "address", "show", "dev", "eth0", "scope", "global"]),
  );
  const addresses: { local?: string; deprecated?: boolean }[] = link?.addr_info ?? [];
  return addresses.filter(({ local, deprecated }) => local !== undefined && !deprecated).map(({ local }) =>
    local!
  );
}

export function hasDefaultRoute(lab: Lab): Promise<boolean> {
  return lab.network.ip("mnn", ["-6", "route", "show", "default"]).then((text) => text !== "");
}

export function ping(lab: Lab, address: string, ...args: string[]): Promise<string> {
  return lab.exec("mnn", ["ping", "-c1", "-W2", ...args, address]);
}

export async function untilPing(lab: Lab, address = CORRESPONDENT): Promise<void> {
  const isAnswered = () => ping(lab, address).then(() => true, () => false);
  await lab.until(`an answer of ${address}`, LIMIT_MS, isAnswered);
}

export async function programs(lab: Lab): Promise<string> {
  const pids = await lab.exec("mr", ["ip", "netns", "pids", lab.network.namespace("mr")]);
  const names = pids.split("\n").filter((line) => line !== "").map((pid) => {
    try {
      return Deno.readTextFileSync(`/proc/${pid}/comm`).trim();
    } catch {
      return "";
    }
  });
  return names.filter((name) => name === "radvd" || name === "dnsmasq").join(" ");
}

/** A test with a lab and the programs that serve a mobile network and its hosts. */
export function servedTest(name: string, play: (lab: Lab) => Promise<void>): void {
  labTest(name, play, ["radvd", "dnsmasq", "setpriv", "udhcpc"]);
}
