import type { HomeAgentOptions } from "../daemons.ts";
import type { LinkDescription, NodeDescription } from "../network.ts";
import { type AccessNetwork, accessParts, routerPort } from "./access_network.ts";

/*
 *   cn ---- core ---- ha              core is the Internet, cn the correspondent node
 *          | | | |    |
 *     access routers  |               each with radvd, dnsmasq or both; some are NATs
 *          | | | |    |
 *           air ------+               one bridge for each access network, and one for the home link, if there is one;
 *            |                        moving is moving a port between them
 *      mobile nodes
 */

export const HOME_AGENT_IPV4 = "203.0.113.1";
/** On the home link, or on no link where the home network is virtual; the core knows the way. */
export const HOME_AGENT_IPV6 = "2001:db8:100::1";
/** Of the home agent, toward the core. */
export const HOME_AGENT_OUTSIDE = "2001:db8:1::1";
export const HOME_PREFIX = "2001:db8:100::/64";
export const CORRESPONDENT = "2001:db8:200::10";
export const CORRESPONDENT_IPV4 = "203.0.113.130";

/** The home link; its router is the home agent. */
export const HOME: AccessNetwork = {
  name: "home",
  family: 6,
  title: "home",
  addressesBegin: "2001:db8:100:",
  behindNat: false,
};
/** The home agent's interface there. */
export const HOME_LINK = "home";

/** The home agent of this Internet. */
export function homeAgentOptions(
  more: Pick<HomeAgentOptions, "mobileNodes" | "homeLink">,
): HomeAgentOptions {
  return {
    node: "ha",
    ipv6Address: HOME_AGENT_IPV6,
    ipv4Address: HOME_AGENT_IPV4,
    homePrefix: HOME_PREFIX,
    natRefreshSeconds: 25,
    ...more,
  };
}

/** The cable to the home agent. */
export const HOME_AGENT_CABLE: LinkDescription = [["ha", "eth0"], ["core", "ha"]];

export interface InternetOptions {
  readonly networks: readonly AccessNetwork[];
  /** Ports in "air", one for each egress interface of a mobile node. */
  readonly ports: readonly string[];
  /** Prefixes of either family that are reached by the home agent, beside its own. */
  readonly mobilePrefixes: readonly string[];
  /** The home agent's further addresses on the home link, and its routes there; left out, the home network is virtual. */
  readonly home?: {
    readonly addresses: readonly string[];
    readonly routes: readonly (readonly [string, string])[];
  };
  /** What the core has more. */
  readonly core?: {
    readonly addresses: readonly (readonly [string, string])[];
    readonly routes: readonly (readonly [string, string])[];
  };
}

/** The nodes core, ha, cn, air and the access routers, and their cables but that of the home agent. */
export function internetParts(
  { networks, ports, mobilePrefixes, home, core }: InternetOptions,
): { readonly nodes: readonly NodeDescription[]; readonly links: readonly LinkDescription[] } {
  const access = accessParts(networks);
  const bridges = [...networks.map(({ name }) => name), ...(home === undefined ? [] : [HOME.name])];
  return {
    nodes: [
      {
        name: "core",
        router: true,
        addresses: [
          ["ha", "203.0.113.126/25"],
          ["ha", "2001:db8:1::ffff/64"],
          ["cn", "203.0.113.129/25"],
          ["cn", "2001:db8:200::1/64"],
          ...access.coreAddresses,
          ...(core?.addresses ?? []),
        ],
        routes: [
          ...[HOME_PREFIX, ...mobilePrefixes].map((prefix) =>
            [prefix, prefix.includes(":") ? HOME_AGENT_OUTSIDE : HOME_AGENT_IPV4] as const
          ),
          ...access.coreRoutes,
          ...(core?.routes ?? []),
        ],
      },
      {
        name: "ha",
        router: true,
        addresses: [
          ["eth0", `${HOME_AGENT_IPV4}/25`],
          ["eth0", `${HOME_AGENT_OUTSIDE}/64`],
          ...(home === undefined
            ? []
            : [`${HOME_AGENT_IPV6}/64`, ...home.addresses].map((address) => [HOME_LINK, address] as const)),
        ],
        routes: [["default", "203.0.113.126"], ["::/0", "2001:db8:1::ffff"], ...(home?.routes ?? [])],
      },
      {
        name: "cn",
        addresses: [["eth0", `${CORRESPONDENT}/64`], ["eth0", `${CORRESPONDENT_IPV4}/25`]],
        routes: [["::/0", "2001:db8:200::1"], ["default", "203.0.113.129"]],
      },
      ...access.nodes,
      // Bridges carry no traffic of their own: without IPv6 they answer nothing, either.
      {
        name: "air",
        ipv4Only: [...bridges, ...ports],
        bridges: bridges.map((name) => ({ name, ports: [routerPort(name)] })),
      },
    ],
    links: [
      [["cn", "eth0"], ["core", "cn"]],
      ...access.links,
      ...(home === undefined ? [] : [[["ha", HOME_LINK], ["air", routerPort(HOME.name)]] as LinkDescription]),
    ],
  };
}
