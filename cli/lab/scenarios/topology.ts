import type { Topology } from "../network.ts";

/*
 *   cn ---- core ---- ha          core is the Internet, ha the home agent, cn the correspondent node
 *            |
 *          access                 IPv4 only; in "nat" it hides what is behind it
 *          |    |
 *         mn    mn2               mobile nodes
 */

export const HOME_AGENT_IPV4 = "203.0.113.1";
/** Of the core, toward the home agent. */
export const HOME_AGENT_ROUTER = "203.0.113.126";
export const HOME_AGENT_IPV6 = "2001:db8:100::1";
export const HOME_PREFIX = "2001:db8:100::/64";
export const CORRESPONDENT_IPV6 = "2001:db8:200::10";
/** For the comparison with bare links only: the correspondent's own traffic is IPv6. */
export const CORRESPONDENT_IPV4 = "203.0.113.130";
/** Of the access router, toward the core: what the NAT shows to the Internet. */
export const ACCESS_IPV4 = "192.0.2.2";

export const FIRST_MOBILE_NODE = {
  identity: "mn1@example.org",
  homeAddress: "2001:db8:100::100",
  spi: 1000,
} as const;

export const SECOND_MOBILE_NODE = {
  identity: "mn2@example.org",
  homeAddress: "2001:db8:100::200",
  spi: 2000,
} as const;

/** The access network: the first three numbers of its /24, by what it is. */
export const ACCESS_NETWORK = { public: "198.51.100", nat: "192.168.77" } as const;

/** The lab's network: routed public addresses behind the access router, or private ones. */
export function labTopology(kind: keyof typeof ACCESS_NETWORK): Topology {
  const lan = ACCESS_NETWORK[kind];
  return {
    nodes: [
      {
        name: "core",
        router: true,
        addresses: [
          ["ha", `${HOME_AGENT_ROUTER}/25`],
          ["ha", "2001:db8:1::ffff/64"],
          ["cn", "203.0.113.129/25"],
          ["cn", "2001:db8:200::1/64"],
          ["access", "192.0.2.1/24"],
        ],
        routes: [
          [HOME_PREFIX, "2001:db8:1::1"],
          // Nobody on the Internet knows the way to private addresses.
          ...(kind === "public" ? [[`${lan}.0/24`, ACCESS_IPV4]] as const : []),
        ],
      },
      {
        name: "ha",
        router: true,
        addresses: [["eth0", `${HOME_AGENT_IPV4}/25`], ["eth0", "2001:db8:1::1/64"]],
        routes: [["default", HOME_AGENT_ROUTER], ["::/0", "2001:db8:1::ffff"]],
      },
      {
        name: "cn",
        addresses: [["eth0", `${CORRESPONDENT_IPV6}/64`], ["eth0", `${CORRESPONDENT_IPV4}/25`]],
        routes: [["default", "203.0.113.129"], ["::/0", "2001:db8:200::1"]],
      },
      {
        name: "access",
        router: true,
        ipv4Only: ["wan", "lan", "mn", "mn2"],
        bridges: [{ name: "lan", ports: ["mn", "mn2"] }],
        addresses: [["wan", `${ACCESS_IPV4}/24`], ["lan", `${lan}.1/24`]],
        routes: [["default", "192.0.2.1"]],
      },
      { name: "mn", ipv4Only: ["eth0"] },
      { name: "mn2", ipv4Only: ["eth0"] },
    ],
    links: [
      [["ha", "eth0"], ["core", "ha"]],
      [["cn", "eth0"], ["core", "cn"]],
      [["access", "wan"], ["core", "access"]],
      [["mn", "eth0"], ["access", "mn"]],
      [["mn2", "eth0"], ["access", "mn2"]],
    ],
  };
}
