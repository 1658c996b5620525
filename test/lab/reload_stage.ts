import { assert } from "@std/assert";
import {
  configureHomeAgent,
  configureMobileNode,
  type HomeAgentDaemon,
  type HomeAgentOptions,
  type MobileNodeDaemon,
} from "../../cli/lab/daemons.ts";
import { dsmipCommand, type Lab } from "../../cli/lab/lab.ts";
import type { Topology } from "../../cli/lab/network.ts";
import { type Finished, runProgram } from "../../cli/lab/process.ts";

/*
 * mn ---- ha ---- cn
 *
 * The access network has both IP versions; the mobile node's addresses are there already.
 */
const TOPOLOGY: Topology = {
  nodes: [
    {
      name: "ha",
      router: true,
      addresses: [["access", "203.0.113.1/24"], ["access", "2001:db8:f::1/64"], ["cn", "2001:db8:200::1/64"]],
    },
    { name: "cn", addresses: [["eth0", "2001:db8:200::10/64"]], routes: [["::/0", "2001:db8:200::1"]] },
    {
      name: "mn",
      addresses: [["eth0", "203.0.113.10/24"], ["eth0", "2001:db8:f::10/64"]],
      routes: [["::/0", "2001:db8:f::1"]],
    },
  ],
  links: [[["ha", "access"], ["mn", "eth0"]], [["ha", "cn"], ["cn", "eth0"]]],
};
export const MOBILE_NODE = {
  identity: "mn@example.org",
  homeAddress: "2001:db8:100::100",
  spi: 1000,
  mobileNetworkPrefixes: ["2001:db8:300::/64"],
  ipv4HomeAddress: "10.1.0.1/24",
};
export const HOME_AGENT: HomeAgentOptions = {
  node: "ha",
  ipv6Address: "2001:db8:100::1",
  ipv4Address: "203.0.113.1",
  homePrefix: "2001:db8:100::/64",
  natRefreshSeconds: 25,
  mobileNodes: [MOBILE_NODE],
};
export const LIMIT_MS = 15_000;

/** The network with a running home agent, and a mobile node that is configured and not yet started. */
export async function openStage(
  lab: Lab,
  prefer: "ipv4" | "ipv6",
): Promise<{ readonly homeAgent: HomeAgentDaemon; readonly mobileNode: MobileNodeDaemon }> {
  await lab.network.build(TOPOLOGY);
  const homeAgent = await configureHomeAgent(lab, HOME_AGENT);
  const mobileNode = await configureMobileNode(lab, {
    name: "mn",
    node: "mn",
    mobileNode: MOBILE_NODE,
    homeAgent: HOME_AGENT,
    prefer,
  });
  homeAgent.start();
  await homeAgent.ready(LIMIT_MS);
  return { homeAgent, mobileNode };
}

/** Changes a daemon's configuration file, and nothing else. */
export async function rewrite(lab: Lab, kind: "ha" | "mn", change: (text: string) => string): Promise<void> {
  const file = lab.path(`${kind}.toml`);
  const text = await Deno.readTextFile(file);
  assert(change(text) !== text, "the test changes nothing");
  await Deno.writeTextFile(file, change(text));
}

/** Runs `dsmip ha reload` or `dsmip mn reload`, as a person would. */
export function reload(lab: Lab, kind: "ha" | "mn"): Promise<Finished> {
  return runProgram(dsmipCommand(kind, "reload", "--config", lab.path(`${kind}.toml`)), {
    signal: lab.signal,
  });
}
