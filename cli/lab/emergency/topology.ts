import type { AccessNetwork } from "../access/access_network.ts";
import { internetParts } from "../access/internet.ts";
import type { Family } from "../families.ts";
import type { LinkDescription, NodeDescription, Topology } from "../network.ts";

/*
 * A rescue team's vehicles, on the lab's Internet; the home network is virtual:
 *
 *      ipv6a ipv6b ipv4 nat dual      access routers
 *        |     |    |    |   |
 *                  air
 *         |   |          |
 *        mr0 mr1 ...    mr9           mobile routers with one egress interface each
 *       /|\              |
 *   n00 .. n04 ...      n90 .. n94    five nodes behind each
 */

export const ACCESS_NETWORKS: readonly AccessNetwork[] = [
  { name: "ipv6a", family: 6, title: "IPv6", addressesBegin: "2001:db8:a1:", behindNat: false },
  { name: "ipv6b", family: 6, title: "IPv6 (second)", addressesBegin: "2001:db8:b1:", behindNat: false },
  { name: "ipv4", family: 4, title: "IPv4", addressesBegin: "198.51.100.", behindNat: false },
  { name: "nat", family: 4, title: "IPv4 behind NAT", addressesBegin: "192.168.77.", behindNat: true },
  {
    name: "dual",
    family: 6,
    title: "both families",
    addressesBegin: "2001:db8:d1:",
    behindNat: false,
    ipv4Beside: "198.19.5.",
  },
];

export const ROUTERS = 10;
export const NODES_PER_ROUTER = 5;

/** A mobile router's interface to the outside, and the one to its nodes. */
export const EGRESS = "eg0";
export const LAN_OF_ROUTER = "lan0";

/** One node behind a mobile router. Both are counted from 0. */
export interface NodePlace {
  readonly router: number;
  readonly node: number;
}

export function routerName(router: number): string {
  return `mr${router}`;
}

export function nodeName({ router, node }: NodePlace): string {
  return `n${router}${node}`;
}

export const ALL_ROUTERS: readonly number[] = Array.from({ length: ROUTERS }, (_, router) => router);
export const ALL_NODES: readonly NodePlace[] = ALL_ROUTERS.flatMap((router) =>
  Array.from({ length: NODES_PER_ROUTER }, (_, node) => ({ router, node }))
);

export function mobileRouterIdentity(router: number) {
  return {
    identity: `${routerName(router)}@example.org`,
    homeAddress: `2001:db8:100::1:${router}`,
    spi: 1000 + router,
    mobileNetworkPrefixes: [mobileNetworkPrefix(router)],
    ipv4HomeAddress: `198.18.${router}.1/24`,
  };
}

export function mobileNetworkPrefix(router: number): string {
  return `2001:db8:40${router}::/64`;
}

function mobileNetworkIpv4Prefix(router: number): string {
  return `198.18.${router}.0/24`;
}

export function nodeAddress({ router, node }: NodePlace, family: Family): string {
  return family === 6 ? `2001:db8:40${router}::${10 + node}` : `198.18.${router}.${10 + node}`;
}

/** Namespaces and cables, but that to the home agent; nothing is attached yet. */
export function emergencyTopology(): Topology {
  const internet = internetParts({
    networks: ACCESS_NETWORKS,
    ports: ALL_ROUTERS.map(routerName),
    mobilePrefixes: ALL_ROUTERS.flatMap((router) => [
      mobileNetworkPrefix(router),
      mobileNetworkIpv4Prefix(router),
    ]),
  });
  return {
    nodes: [...internet.nodes, ...ALL_ROUTERS.map(mobileRouter), ...ALL_NODES.map(mobileNetworkNode)],
    links: [
      ...internet.links,
      ...ALL_ROUTERS.map((router): LinkDescription => [[routerName(router), EGRESS], [
        "air",
        routerName(router),
      ]]),
      ...ALL_NODES.map((place): LinkDescription => [
        [routerName(place.router), nodeName(place)],
        [nodeName(place), "eth0"],
      ]),
    ],
  };
}

function mobileRouter(router: number): NodeDescription {
  const ports = ALL_NODES.filter((place) => place.router === router).map(nodeName);
  return {
    name: routerName(router),
    router: true,
    bridges: [{ name: LAN_OF_ROUTER, ports }],
    addresses: [[LAN_OF_ROUTER, `2001:db8:40${router}::1/64`], [LAN_OF_ROUTER, `198.18.${router}.1/24`]],
  };
}

function mobileNetworkNode(place: NodePlace): NodeDescription {
  return {
    name: nodeName(place),
    addresses: [["eth0", `${nodeAddress(place, 6)}/64`], ["eth0", `${nodeAddress(place, 4)}/24`]],
    routes: [["::/0", `2001:db8:40${place.router}::1`], ["default", `198.18.${place.router}.1`]],
  };
}
