import type { LinkDescription, NodeDescription, Topology } from "../network.ts";

/*
 * Figure 3 of the paper, with two access networks of each IP version:
 *
 *   cn ---- core ---- ha              core is the Internet; the delay, if any, is between core and ha
 *          | | | |
 *      r6a r6b r4 r4n                 access routers: IPv6, IPv6, IPv4, IPv4 behind a NAT
 *          | | | |
 *           air ---- ha               one bridge for each access network, and one for the home link of the home agent;
 *                                     moving is moving a port between them
 *           | |
 *            mr ---- mnn              mobile router with two egress interfaces, and the node behind it
 */

export const HOME_AGENT_IPV4 = "203.0.113.1";
/** On its home link; the core knows the way. */
export const HOME_AGENT_IPV6 = "2001:db8:100::1";
/** Of the home agent, toward the core. */
export const HOME_AGENT_OUTSIDE = "2001:db8:1::1";
export const HOME_PREFIX = "2001:db8:100::/64";
export const CORRESPONDENT = "2001:db8:200::10";
export const MOBILE_NETWORK_PREFIX = "2001:db8:300::/64";
export const MOBILE_NETWORK_NODE = "2001:db8:300::10";

export const MOBILE_ROUTER = {
  identity: "mr@example.org",
  homeAddress: "2001:db8:100::100",
  spi: 1000,
} as const;

/** The mobile router's interfaces to the outside; the other ends, ports in "air", have the same names. */
export const EGRESSES = ["eg0", "eg1"] as const;
export type Egress = typeof EGRESSES[number];

/** A network that a mobile router can attach to. Its bridge in "air" and its router have the network's name. */
export interface AccessNetwork {
  readonly name: "r6a" | "r6b" | "r4" | "r4n" | "home";
  readonly family: 4 | 6;
  readonly title: string;
  /** What care-of addresses from here begin with. */
  readonly addressesBegin: string;
  readonly behindNat: boolean;
}

export const ACCESS_NETWORKS = {
  r6a: { name: "r6a", family: 6, title: "IPv6", addressesBegin: "2001:db8:a1:", behindNat: false },
  r6b: { name: "r6b", family: 6, title: "IPv6", addressesBegin: "2001:db8:b1:", behindNat: false },
  r4: { name: "r4", family: 4, title: "IPv4", addressesBegin: "198.51.100.", behindNat: false },
  r4n: { name: "r4n", family: 4, title: "IPv4 behind NAT", addressesBegin: "192.168.77.", behindNat: true },
} as const satisfies Record<string, AccessNetwork>;

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

const BRIDGES = [...Object.keys(ACCESS_NETWORKS), HOME.name];

/** The port of a network's router in "air". */
export function routerPort(network: string): string {
  return `${network}p`;
}

/** The IPv4 access networks' lans are /24s, and their routers have the address .1. */
export const LAN = "lan";
export const WAN = "wan";
export const CORE_OF_NAT = "192.0.2.5";

const CORE = {
  addresses: [
    ["ha", "203.0.113.126/25"],
    ["ha", "2001:db8:1::ffff/64"],
    ["cn", "2001:db8:200::1/64"],
    ["r6a", "2001:db8:a0::1/64"],
    ["r6b", "2001:db8:b0::1/64"],
    ["r4", "192.0.2.1/30"],
    ["r4n", `${CORE_OF_NAT}/30`],
  ],
  routes: [
    [HOME_PREFIX, HOME_AGENT_OUTSIDE],
    [MOBILE_NETWORK_PREFIX, HOME_AGENT_OUTSIDE],
    ["2001:db8:a1::/64", "2001:db8:a0::2"],
    ["2001:db8:b1::/64", "2001:db8:b0::2"],
    // Nobody on the Internet knows the way to the private addresses of r4n.
    ["198.51.100.0/24", "192.0.2.2"],
  ],
} as const;

/** Namespaces and cables; nothing is attached yet. `delayed`: a program makes the cable to the home agent. */
export function handoverTopology(delayed: boolean): Topology {
  const links = delayed ? CABLES : [HOME_AGENT_LINK, ...CABLES];
  return { nodes: NODES, links, madeByProgram: delayed ? [HOME_AGENT_LINK] : [] };
}

const HOME_AGENT_LINK: LinkDescription = [["ha", "eth0"], ["core", "ha"]];

const NODES: readonly NodeDescription[] = [
  { name: "core", router: true, ...CORE },
  {
    name: "ha",
    router: true,
    addresses: [
      ["eth0", `${HOME_AGENT_IPV4}/25`],
      ["eth0", `${HOME_AGENT_OUTSIDE}/64`],
      [HOME_LINK, `${HOME_AGENT_IPV6}/64`],
    ],
    routes: [
      ["default", "203.0.113.126"],
      ["::/0", "2001:db8:1::ffff"],
      // While the mobile router is at home (RFC 3963 section 5.8).
      [MOBILE_NETWORK_PREFIX, MOBILE_ROUTER.homeAddress],
    ],
  },
  { name: "cn", addresses: [["eth0", `${CORRESPONDENT}/64`]], routes: [["::/0", "2001:db8:200::1"]] },
  ipv6Router("r6a", "a"),
  ipv6Router("r6b", "b"),
  ipv4Router("r4", "192.0.2.2", "192.0.2.1", "198.51.100.1"),
  ipv4Router("r4n", "192.0.2.6", CORE_OF_NAT, "192.168.77.1"),
  // Bridges carry no traffic of their own: without IPv6 they answer nothing, either.
  {
    name: "air",
    ipv4Only: [...BRIDGES, ...EGRESSES],
    bridges: BRIDGES.map((name) => ({ name, ports: [routerPort(name)] })),
  },
  { name: "mr", router: true, addresses: [["eth0", "2001:db8:300::1/64"]] },
  {
    name: "mnn",
    addresses: [["eth0", `${MOBILE_NETWORK_NODE}/64`]],
    routes: [["::/0", "2001:db8:300::1"]],
  },
];

const CABLES: readonly LinkDescription[] = [
  [["cn", "eth0"], ["core", "cn"]],
  ...Object.keys(ACCESS_NETWORKS).flatMap((name): LinkDescription[] => [
    [[name, WAN], ["core", name]],
    [[name, LAN], ["air", routerPort(name)]],
  ]),
  [["ha", HOME_LINK], ["air", routerPort(HOME.name)]],
  ...EGRESSES.map((egress): LinkDescription => [["mr", egress], ["air", egress]]),
  [["mnn", "eth0"], ["mr", "eth0"]],
];

function ipv6Router(name: string, letter: string): NodeDescription {
  return {
    name,
    router: true,
    addresses: [[WAN, `2001:db8:${letter}0::2/64`], [LAN, `2001:db8:${letter}1::1/64`]],
    routes: [["::/0", `2001:db8:${letter}0::1`]],
  };
}

function ipv4Router(name: string, wan: string, core: string, lan: string): NodeDescription {
  return {
    name,
    router: true,
    ipv4Only: [WAN, LAN],
    addresses: [[WAN, `${wan}/30`], [LAN, `${lan}/24`]],
    routes: [["default", core]],
  };
}
