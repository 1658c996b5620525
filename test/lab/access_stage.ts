import { newAssociations } from "../../cli/esp/new_associations.ts";
import type { AccessNetwork } from "../../cli/lab/access/access_network.ts";
import { Air } from "../../cli/lab/access/air.ts";
import { buildInternet } from "../../cli/lab/access/build.ts";
import { HOME_AGENT_IPV6, internetParts } from "../../cli/lab/access/internet.ts";
import { startAccessNetworks, startHomeLink } from "../../cli/lab/access/start.ts";
import {
  configureHomeAgent,
  configureMobileNode,
  type HomeAgentDaemon,
  type HomeAgentOptions,
  type MobileNodeDaemon,
} from "../../cli/lab/daemons.ts";
import type { Lab } from "../../cli/lab/lab.ts";
import type { NodeDescription } from "../../cli/lab/network.ts";

export const IPV6: AccessNetwork = {
  name: "ipv6",
  family: 6,
  title: "IPv6",
  addressesBegin: "2001:db8:a1:",
  behindNat: false,
};
export const IPV4: AccessNetwork = {
  name: "ipv4",
  family: 4,
  title: "IPv4",
  addressesBegin: "198.51.100.",
  behindNat: false,
};
export const NAT: AccessNetwork = {
  name: "nat",
  family: 4,
  title: "IPv4 behind NAT",
  addressesBegin: "192.168.77.",
  behindNat: true,
};
/** The only egress interface of the mobile node, and its port in the air. */
export const EGRESS = "eg0";
export const LIMIT_MS = 15_000;

/** What stands on the lab's Internet for a test. */
export interface AccessStage {
  /** The cable of the mobile node is in no network at first. */
  readonly air: Air;
  /** It runs. */
  readonly homeAgent: HomeAgentDaemon;
  /** It is configured and not yet started. */
  readonly mobileNode: MobileNodeDaemon;
}

/**
 * The lab's Internet with these access networks, a home agent, and its first mobile node on that node. Keys for ESP are made where
 * the mobile node has it; the home network is a link, or virtual, as the home agent's options say.
 */
export async function openAccessStage(
  lab: Lab,
  { networks, homeAgent: options, node }: {
    readonly networks: readonly AccessNetwork[];
    readonly homeAgent: HomeAgentOptions;
    readonly node: NodeDescription;
  },
): Promise<AccessStage> {
  const { homeLink, mobileNetworkPool, mobileNodes: [identity] } = options;
  const { nodes, links } = internetParts({
    networks,
    ports: [EGRESS],
    mobilePrefixes: mobileNetworkPool === undefined ? [] : [mobileNetworkPool],
    home: homeLink === undefined ? undefined : { addresses: [], routes: [] },
  });
  await buildInternet(lab, {
    nodes: [...nodes, node],
    links: [...links, [[node.name, EGRESS], ["air", EGRESS]]],
  }, 0);
  if (homeLink !== undefined) await startHomeLink(lab);
  await startAccessNetworks(lab, networks);
  const air = await Air.open(lab);
  await air.cut(EGRESS);
  const { homeAddress, espFile } = identity;
  if (espFile !== undefined) {
    const ends = { homeAddress, homeAgentAddress: HOME_AGENT_IPV6 };
    await lab.writeFile(espFile, newAssociations({ ...ends, validFrom: undefined }));
  }
  const homeAgent = await configureHomeAgent(lab, options);
  const mobileNode = await configureMobileNode(lab, {
    name: node.name,
    node: node.name,
    homeAgent: options,
    mobileNode: identity,
    egresses: [EGRESS],
  });
  homeAgent.start();
  await homeAgent.ready(LIMIT_MS);
  return { air, homeAgent, mobileNode };
}
