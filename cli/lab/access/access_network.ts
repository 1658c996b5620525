import type { LinkDescription, NodeDescription } from "../network.ts";

/** A network that a mobile node can attach to. Its bridge in "air" and its router have the network's name. */
export interface AccessNetwork {
  /** Short, letters and digits: "r6a". */
  readonly name: string;
  /** For people. */
  readonly title: string;
  /** The family of the care-of addresses that mobile nodes take here. */
  readonly family: 4 | 6;
  /** What care-of addresses from here begin with: "2001:db8:a1:", or "198.51.100." of a /24. */
  readonly addressesBegin: string;
  /** IPv4 only: the network's addresses are private ones behind a NAT. */
  readonly behindNat: boolean;
  /** An IPv6 network that has IPv4 as well: what the addresses of that /24 begin with. */
  readonly ipv4Beside?: string;
}

/** Of every access router: its interface to the mobile nodes, where it has ::1 or .1, and the one to the core. */
export const LAN = "lan";
export const WAN = "wan";

/** The port of a network's router in "air". */
export function routerPort(network: string): string {
  return `${network}p`;
}

/** What a topology needs for some access networks: routers, cables, and the core's side of them. */
export interface AccessParts {
  readonly nodes: readonly NodeDescription[];
  readonly links: readonly LinkDescription[];
  readonly coreAddresses: readonly (readonly [string, string])[];
  readonly coreRoutes: readonly (readonly [string, string])[];
}

/** Routers between the node "core", whose interfaces have the networks' names, and the bridges of the node "air". */
export function accessParts(networks: readonly AccessNetwork[]): AccessParts {
  const sides = networks.map((network, index) => ({ network, wan: wanAddresses(index) }));
  return {
    nodes: sides.map(({ network, wan }) => accessRouter(network, wan)),
    links: networks.flatMap(({ name }): LinkDescription[] => [
      [[name, WAN], ["core", name]],
      [[name, LAN], ["air", routerPort(name)]],
    ]),
    coreAddresses: sides.flatMap(({ network, wan }) => [
      ...(network.family === 6 ? [[network.name, `${wan.core6}/64`] as const] : []),
      ...(ipv4Of(network) === undefined ? [] : [[network.name, `${wan.core4}/30`] as const]),
    ]),
    coreRoutes: sides.flatMap(({ network, wan }) => {
      const ipv4 = ipv4Of(network);
      return [
        ...(network.family === 6 ? [[`${network.addressesBegin}:/64`, wan.router6] as const] : []),
        // Nobody on the Internet knows the way to private addresses.
        ...(ipv4 === undefined || network.behindNat ? [] : [[`${ipv4}0/24`, wan.router4] as const]),
      ];
    }),
  };
}

/** What the IPv4 addresses of a network begin with; undefined where it has none. */
export function ipv4Of({ family, addressesBegin, ipv4Beside }: AccessNetwork): string | undefined {
  return family === 4 ? addressesBegin : ipv4Beside;
}

/** The core's IPv4 address toward the router of a network, by its place in the list. */
export function coreAddress(index: number): string {
  return wanAddresses(index).core4;
}

function wanAddresses(index: number) {
  return {
    core4: `192.0.2.${4 * index + 1}`,
    router4: `192.0.2.${4 * index + 2}`,
    core6: `2001:db8:f${index}::1`,
    router6: `2001:db8:f${index}::2`,
  };
}

function accessRouter(network: AccessNetwork, wan: ReturnType<typeof wanAddresses>): NodeDescription {
  const { name, family, addressesBegin } = network;
  const ipv4 = ipv4Of(network);
  return {
    name,
    router: true,
    ...(family === 4 ? { ipv4Only: [WAN, LAN] } : {}),
    addresses: [
      ...(family === 6
        ? [[WAN, `${wan.router6}/64`] as const, [LAN, `${addressesBegin}:1/64`] as const]
        : []),
      ...(ipv4 === undefined ? [] : [[WAN, `${wan.router4}/30`] as const, [LAN, `${ipv4}1/24`] as const]),
    ],
    routes: [
      ...(family === 6 ? [["::/0", wan.core6] as const] : []),
      ...(ipv4 === undefined ? [] : [["default", wan.core4] as const]),
    ],
  };
}
