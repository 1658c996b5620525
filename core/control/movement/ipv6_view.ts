import { type IpAddress, type Ipv6Address, prefixContains } from "../../wire/address.ts";
import type { CareOfAddressCandidate } from "./candidate.ts";
import type { EgressRoute, HomeConfiguration } from "./egress_action.ts";
import { type HomeAddress, homePrefixAmong } from "./home_address.ts";
import type { Ipv6View } from "./ipv6_interface.ts";
import { AUTONOMOUS_PREFIX_LENGTH } from "./ipv6_limits.ts";
import { type OwnAddress, type OwnAddresses, preferredUntilMs, validUntilMs } from "./own_addresses.ts";
import type { Prefix, PrefixList } from "./prefix_list.ts";
import { compareRouters, type Router, type RouterList } from "./router_list.ts";

/** What an egress interface knows of IPv6 at an instant. */
export interface Ipv6State {
  readonly nowMs: number;
  readonly interfaceName: string;
  /** Undefined: it carries no IPv6 now. `mtu` in octets. */
  readonly link: { readonly mtu: number } | undefined;
  readonly routers: RouterList;
  readonly prefixes: PrefixList;
  readonly addresses: OwnAddresses;
  readonly home: HomeAddress;
  /** The care-of address, of either family; undefined: not one of this interface. */
  readonly chosen: IpAddress | undefined;
}

interface UsableAddress {
  readonly own: OwnAddress;
  /** The best of the routers that advertise its prefix (RFC 6275 11.5.4). */
  readonly gateway: Router;
}

/** How the interface should be configured; `isThere` tells which addresses it has already. */
export function viewOf(state: Ipv6State, isThere: (address: Ipv6Address) => boolean): Ipv6View {
  const { link, routers, nowMs } = state;
  const defaults = routers.defaults(nowMs);
  const usable = usableAddresses(state);
  const neighbors = new Map<Ipv6Address, Uint8Array>();
  for (const { address, hardwareAddress } of defaults) {
    if (!neighbors.has(address)) neighbors.set(address, hardwareAddress);
  }
  const routes = routesOf(state, routerInUse(state));
  const { home } = state;
  if (home.isThere && home.homeAgent !== undefined) {
    neighbors.set(home.homeAgent.address, home.homeAgent.hardwareAddress);
  }
  return {
    addresses: addressesOf(state, isThere),
    neighbors,
    routes,
    home: home.isThere ? homeConfiguration(home, routes) : undefined,
    candidates: link === undefined ? [] : candidatesOf(state, usable, link.mtu),
  };
}

/** The prefix that makes this the home link; undefined: it is another. */
export function homePrefixOf({ home, prefixes, nowMs, link }: Ipv6State): Prefix | undefined {
  return link === undefined ? undefined : homePrefixAmong(prefixes.all, home, nowMs);
}

function holdsHomeAddress(prefix: Prefix, { address }: HomeAddress): boolean {
  return address !== undefined && prefixContains(prefix, address);
}

function homeConfiguration(home: HomeAddress, routes: readonly EgressRoute[]): HomeConfiguration {
  return {
    address: home.address!,
    prefixLength: AUTONOMOUS_PREFIX_LENGTH,
    routes: home.isHome ? routes : [],
  };
}

/**
 * On the home link, the home address once it can be used, before all others. Addresses in other prefixes stay: somebody may
 * only pretend that this is the home link. No other address in the home prefix leads to anything elsewhere.
 */
function candidatesOf(
  state: Ipv6State,
  usable: readonly UsableAddress[],
  linkMtu: number,
): CareOfAddressCandidate[] {
  const homePrefix = homePrefixOf(state);
  const elsewhere = usable.filter(({ own }) =>
    own.prefix === undefined || !holdsHomeAddress(own.prefix, state.home)
  )
    .map((address) => candidateOf(address, state, linkMtu));
  const isHome = homePrefix !== undefined && state.home.isOffered(state.nowMs);
  return isHome ? [homeCandidate(state, homePrefix, linkMtu), ...elsewhere] : elsewhere;
}

function homeCandidate(state: Ipv6State, prefix: Prefix, linkMtu: number): CareOfAddressCandidate {
  const gateway = homeGateway(state, prefix);
  return {
    interfaceName: state.interfaceName,
    address: state.home.address!,
    prefixLength: AUTONOMOUS_PREFIX_LENGTH,
    gateway: gateway?.address,
    linkMtu: Math.min(linkMtu, gateway?.mtu ?? linkMtu),
    atHome: true,
  };
}

/** The best of the routers that advertise the home prefix; where none of them is a default router, another. */
function homeGateway({ routers, nowMs }: Ipv6State, prefix: Prefix): Router | undefined {
  const defaults = routers.defaults(nowMs);
  return defaults.find((router) => prefix.routers.has(router)) ?? defaults[0];
}

/** What the care-of address, or at home the home address, leaves by; without one, what the best address would. */
export function routerInUse(state: Ipv6State): Router | undefined {
  const homePrefix = state.home.isThere ? homePrefixOf(state) : undefined;
  if (homePrefix !== undefined) return homeGateway(state, homePrefix);
  const usable = usableAddresses(state);
  const inUse = usable.find(({ own }) => own.address === state.chosen) ?? usable[0];
  return inUse?.gateway ?? state.routers.defaults(state.nowMs)[0];
}

/** The end of a lifetime after now that comes first; Infinity: nothing ends. */
export function nextLifetimeEnd({ nowMs, routers, prefixes, addresses }: Ipv6State): number {
  const ends = [
    ...routers.all.map(({ defaultUntilMs }) => defaultUntilMs),
    ...[...prefixes.all].flatMap((prefix) => [prefix.onLinkUntilMs, prefix.validUntilMs]),
    ...addresses.global.flatMap((own) => [preferredUntilMs(own), validUntilMs(own)]),
  ];
  return Math.min(Infinity, ...ends.filter((end) => end > nowMs));
}

/** An address of a link that may be a former one is not put on the interface, but stays where it is there. */
function addressesOf(
  { addresses, link }: Ipv6State,
  isThere: (address: Ipv6Address) => boolean,
): Map<Ipv6Address, number> {
  const wanted = addresses.all.filter(({ address, prefix }) =>
    isThere(address) || (prefix === undefined ? link !== undefined : isHere(prefix.routers))
  );
  return new Map(wanted.map(({ address }) => [address, AUTONOMOUS_PREFIX_LENGTH]));
}

function isHere(routers: ReadonlySet<Router>): boolean {
  return [...routers].some(({ state }) => state !== "unconfirmed");
}

/** Addresses from which packets can leave, the best first; deprecated ones only where there is nothing else (RFC 4862 5.5.4). */
function usableAddresses({ addresses, routers, nowMs }: Ipv6State): UsableAddress[] {
  const defaults = routers.defaults(nowMs);
  const reachable = addresses.global.flatMap((own) => {
    const gateway = defaults.find((router) => own.prefix?.routers.has(router));
    return gateway === undefined ? [] : [{ own, gateway }];
  }).sort(compareAddresses);
  const preferred = reachable.filter(({ own }) => preferredUntilMs(own) > nowMs);
  return preferred.length > 0 ? preferred : reachable;
}

/** The better router first; of one router the newest prefix: it may be another network's, with a router that looks the same. */
function compareAddresses(one: UsableAddress, other: UsableAddress): number {
  const learned = ({ own }: UsableAddress) => own.prefix?.learnedAtMs ?? 0;
  return compareRouters(one.gateway, other.gateway) || learned(other) - learned(one);
}

function candidateOf(
  { own, gateway }: UsableAddress,
  state: Ipv6State,
  linkMtu: number,
): CareOfAddressCandidate {
  return {
    interfaceName: state.interfaceName,
    address: own.address,
    prefixLength: AUTONOMOUS_PREFIX_LENGTH,
    gateway: gateway.address,
    linkMtu: Math.min(linkMtu, gateway.mtu ?? linkMtu),
  };
}

/** The home agent is reached through the router, but at home: a link that only looks like home must not draw it there. */
function routesOf({ prefixes, nowMs, home }: Ipv6State, gateway: Router | undefined): EgressRoute[] {
  const routes: EgressRoute[] = [];
  for (const prefix of prefixes.all) {
    const { address, length, onLinkUntilMs, routers } = prefix;
    if (onLinkUntilMs <= nowMs || !isHere(routers)) continue;
    if (!home.isThere && holdsHomeAddress(prefix, home)) continue;
    routes.push({ destination: address, prefixLength: length, gateway: undefined });
  }
  if (gateway !== undefined) routes.push({ destination: "::", prefixLength: 0, gateway: gateway.address });
  return routes;
}
