import type { EgressRoute, HomeConfiguration } from "../../core/control/movement/egress_action.ts";
import {
  type IpAddress,
  IPV4_OCTETS,
  IPV6_OCTETS,
  type Ipv6Prefix,
  prefixContains,
} from "../../core/wire/address.ts";
import { EEXIST, SystemError } from "../../ffi/errno.ts";
import type { Netlink } from "../../ffi/netlink.ts";
import type { IpFamily } from "../../ffi/netlink_ip.ts";
import type { NewNeighbor } from "../../ffi/netlink_neighbor.ts";
import { DSMIP_PROTOCOL, type NewAddress, type NewRoute, type NewRule } from "../../ffi/netlink_record.ts";
import { messageOf } from "../output/fault.ts";
import { ignoringGone } from "./host_leftovers.ts";
import type { Log } from "./log.ts";
import { loosenReversePathFilter } from "./reverse_path_filter.ts";
import type { SavedSysctls } from "./saved_sysctls.ts";

/** The routing table of the first egress; the second has the next number, and so on. Named after UDP port 4191. */
const FIRST_TABLE = 41910;
/** Of the home link's routes in the main table: preferred to what the kernel learns from router advertisements (1024). */
const HOME_ROUTE_METRIC = 20;
/** Of all rules of egresses: before the main table (32766), behind the table of local addresses (0). */
const RULE_PRIORITY = 4191;

const LINK_LOCAL: Ipv6Prefix = { address: "fe80::", length: 10 };

/**
 * What the kernel would do by itself with an interface, and must not while dsmip does it: take addresses, routes and
 * parameters from router advertisements, make addresses, ask for routers. `promote_secondaries`: without it, removing
 * an IPv4 address takes along those of the same subnet that came later.
 */
const IPV6_SETTINGS = { accept_ra: "0", addr_gen_mode: "1", router_solicitations: "0" } as const;
const IPV4_SETTINGS = { promote_secondaries: "1" } as const;

const HOME_ADDRESS_OPTIONS = { noDad: true, noPrefixRoute: true, protocol: DSMIP_PROTOCOL } as const;

export interface EgressHostOptions {
  /** The interface as it is now. */
  readonly name: string;
  readonly interfaceIndex: number;
  /** Which egress of this node it is, from 0. */
  readonly position: number;
  readonly netlink: Netlink;
  readonly sysctls: SavedSysctls;
  readonly log: Log;
}

/**
 * What dsmip puts on one egress interface, as long as that has one name and one index: addresses, neighbours, routes in a
 * table of its own, and the rules that lead there (what is sent from an address of the interface, or bound to the
 * interface). So outer packets leave by this interface, and nothing else does, but at home: the home address has no rule,
 * and its routes are the main table's. Link-local addresses alone bring their
 * route along and need no rule: nobody sends from them without naming the interface.
 */
export class EgressHost {
  readonly #options: EgressHostOptions;
  readonly #table: number;
  readonly #addresses = new Map<IpAddress, NewAddress>();
  readonly #neighbors = new Map<IpAddress, NewNeighbor>();
  readonly #routes: Record<IpFamily, readonly NewRoute[]> = { 4: [], 6: [] };
  readonly #rules = new Map<string, NewRule>();
  /** The home address, if we have put it there, and the routes that go with it. */
  #home: { readonly entry: NewAddress | undefined; readonly routes: readonly NewRoute[] } | undefined;

  /** Takes the interface over: kernel parameters and the rules for what is bound to it. */
  constructor(options: EgressHostOptions) {
    this.#options = options;
    this.#table = FIRST_TABLE + options.position;
    this.#attempt("set kernel parameters", () => this.#setSysctls());
    for (const family of [4, 6] as const) {
      this.#attempt("add a routing rule", () => this.#addRule({ family, outputInterface: options.name }));
    }
  }

  /**
   * Puts an address on the interface.
   * @returns whether the interface had it already, so that nothing will be told of it
   * @throws SystemError
   */
  addAddress(address: IpAddress, prefixLength: number): boolean {
    const { netlink, interfaceIndex } = this.#options;
    const isLinkLocal = prefixContains(LINK_LOCAL, address);
    const entry: NewAddress = {
      interfaceIndex,
      address,
      prefixLength,
      noDad: familyOf(address) === 6,
      noPrefixRoute: !isLinkLocal,
      protocol: DSMIP_PROTOCOL,
    };
    const hadIt = !succeedsUnlessThere(() => netlink.addAddress(entry));
    // Of an address that somebody else has put there we are only a user.
    if (!hadIt) this.#addresses.set(address, entry);
    if (!isLinkLocal) {
      const family = familyOf(address);
      const source = { address, prefixLength: 8 * (family === 4 ? IPV4_OCTETS : IPV6_OCTETS) };
      this.#addRule({ family, source });
    }
    return hadIt;
  }

  removeAddress(address: IpAddress): void {
    const entry = this.#addresses.get(address);
    this.#addresses.delete(address);
    if (entry !== undefined) ignoringGone(() => this.#options.netlink.deleteAddress(entry));
    for (const [name, rule] of [...this.#rules]) {
      if (rule.source?.address === address) this.#deleteRule(name, rule);
    }
  }

  /** Says what the hardware address of a neighbour is. @throws SystemError */
  setNeighbor(address: IpAddress, hardwareAddress: Uint8Array): void {
    const { netlink, interfaceIndex } = this.#options;
    const neighbor = { interfaceIndex, address, hardwareAddress, isProxy: false };
    netlink.setNeighbor(neighbor);
    this.#neighbors.set(address, neighbor);
  }

  /** All routes of one family; they replace those before. @throws SystemError */
  setRoutes(family: IpFamily, routes: readonly EgressRoute[]): void {
    const { netlink } = this.#options;
    const before = this.#routes[family];
    const wanted = routes.map((route): NewRoute => ({
      ...route,
      interfaceIndex: this.#options.interfaceIndex,
      table: this.#table,
      isGatewayOnLink: route.gateway !== undefined,
    }));
    this.#routes[family] = wanted;
    const isWanted = (route: NewRoute) => wanted.some((other) => hasSameDestination(other, route));
    try {
      for (const route of wanted) netlink.replaceRoute(route);
    } finally {
      for (const route of before) {
        if (!isWanted(route)) ignoringGone(() => netlink.deleteRoute(route));
      }
    }
  }

  /**
   * Puts the home address on the home link, where the main table leads: no rule goes with it. Nobody looks for duplicates:
   * the home agent may still defend it (RFC 6275 section 11.5.5). Undefined takes it away. @throws SystemError
   */
  setHome(home: HomeConfiguration | undefined): void {
    const { netlink, interfaceIndex } = this.#options;
    const before = this.#home;
    const wanted = home?.routes.map((route): NewRoute => ({
      ...route,
      interfaceIndex,
      metric: HOME_ROUTE_METRIC,
      preferredSource: home.address,
      isGatewayOnLink: route.gateway !== undefined,
    })) ?? [];
    const isWanted = (route: NewRoute) => wanted.some((other) => hasSameDestination(other, route));
    for (const route of before?.routes ?? []) {
      if (!isWanted(route)) ignoringGone(() => netlink.deleteRoute(route));
    }
    if (home === undefined) {
      this.#home = undefined;
      if (before?.entry !== undefined) ignoringGone(() => netlink.deleteAddress(before.entry!));
      return;
    }
    const { address, prefixLength } = home;
    const entry = { interfaceIndex, address, prefixLength, ...HOME_ADDRESS_OPTIONS };
    const isOurs = succeedsUnlessThere(() => netlink.addAddress(entry)) || before?.entry !== undefined;
    this.#home = { entry: isOurs ? entry : undefined, routes: wanted };
    for (const route of wanted) netlink.replaceRoute(route);
  }

  /** Takes everything back. @param name what the interface is called now */
  close(name: string): void {
    const { netlink, sysctls } = this.#options;
    this.#attempt("remove the home address", () => this.setHome(undefined));
    this.#attempt("remove routes", () => {
      for (const family of [4, 6] as const) this.setRoutes(family, []);
    });
    for (const [rule, entry] of [...this.#rules]) {
      this.#attempt("remove a routing rule", () => this.#deleteRule(rule, entry));
    }
    for (const neighbor of this.#neighbors.values()) {
      this.#attempt("remove a neighbour", () => ignoringGone(() => netlink.deleteNeighbor(neighbor)));
    }
    this.#neighbors.clear();
    for (const address of [...this.#addresses.keys()]) {
      this.#attempt("remove an address", () => this.removeAddress(address));
    }
    sysctls.giveBack((key) => key.split("/").includes(name));
  }

  #attempt(what: string, action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#options.log.warning(`cannot ${what}`, { interface: this.#options.name, error: messageOf(error) });
    }
  }

  #setSysctls(): void {
    const { sysctls, name } = this.#options;
    for (const [key, value] of Object.entries(IPV6_SETTINGS)) {
      sysctls.set(`net/ipv6/conf/${name}/${key}`, value);
    }
    for (const [key, value] of Object.entries(IPV4_SETTINGS)) {
      sysctls.set(`net/ipv4/conf/${name}/${key}`, value);
    }
    // Before there is an address, no rule of ours says where an answer would leave.
    loosenReversePathFilter(sysctls, name);
  }

  #addRule(selector: Pick<NewRule, "family" | "source" | "outputInterface">): void {
    const rule: NewRule = { ...selector, priority: RULE_PRIORITY, table: this.#table };
    const { family, source, outputInterface } = selector;
    this.#rules.set(`${family} ${source?.address} ${outputInterface}`, rule);
    succeedsUnlessThere(() => this.#options.netlink.addRule(rule));
  }

  #deleteRule(name: string, rule: NewRule): void {
    this.#rules.delete(name);
    ignoringGone(() => this.#options.netlink.deleteRule(rule));
  }
}

function familyOf(address: IpAddress): IpFamily {
  return address.includes(":") ? 6 : 4;
}

function hasSameDestination(one: NewRoute, other: NewRoute): boolean {
  return one.destination === other.destination && one.prefixLength === other.prefixLength;
}

/** @returns false when what was to be added is there already */
function succeedsUnlessThere(addition: () => void): boolean {
  try {
    addition();
    return true;
  } catch (error) {
    if (error instanceof SystemError && error.errno === EEXIST) return false;
    throw error;
  }
}
