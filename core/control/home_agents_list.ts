import { type Ipv6Address, isRoutableUnicastIpv6 } from "../wire/address.ts";
import type { RouterAdvertisement } from "../wire/neighbor_discovery.ts";
import { instantAfter } from "./lifetime.ts";
import { findNeighborDiscoveryOption } from "../wire/neighbor_discovery_option.ts";

/** Our own limits; what comes later is not taken. */
const MAXIMUM_HOME_AGENTS = 32;
const MAXIMUM_ADDRESSES = 8;

/** A home agent of the link, as its Router Advertisements tell. */
export interface HomeAgentEntry {
  /** 16 bits; the higher one is preferred. */
  readonly preference: number;
  /** It serves mobile routers (RFC 3963 section 7.3). */
  readonly mobileRouters: boolean;
  /** Global ones. */
  readonly addresses: readonly Ipv6Address[];
}

interface HeardHomeAgent extends Omit<HomeAgentEntry, "addresses"> {
  /** When the prefix of each address ends. */
  readonly addresses: ReadonlyMap<Ipv6Address, number>;
  readonly untilMs: number;
}

/** The Home Agents List of a home link (RFC 6275 sections 10.1 and 10.5.1): the other home agents there. */
export class HomeAgentsList {
  /** By the link-local address of each. */
  readonly #heard = new Map<Ipv6Address, HeardHomeAgent>();

  /** Takes a valid Router Advertisement that came from this link-local address. */
  hear(source: Ipv6Address, advertisement: RouterAdvertisement, nowMs: number): void {
    this.#expire(nowMs);
    const { homeAgent, options, routerLifetimeSeconds } = advertisement;
    const information = findNeighborDiscoveryOption(options, "homeAgentInformation");
    const lifetimeSeconds = information?.lifetimeSeconds ?? routerLifetimeSeconds;
    if (!homeAgent || lifetimeSeconds === 0) return void this.#heard.delete(source);
    const known = this.#heard.get(source);
    if (known === undefined && this.#heard.size >= MAXIMUM_HOME_AGENTS) return;
    const addresses = new Map(known?.addresses);
    for (const option of options) {
      if (option.kind !== "prefixInformation" || !option.routerAddress) continue;
      if (!isRoutableUnicastIpv6(option.prefix)) continue;
      const untilMs = instantAfter(option.validLifetimeSeconds, nowMs);
      if (untilMs <= nowMs) addresses.delete(option.prefix);
      else if (addresses.has(option.prefix) || addresses.size < MAXIMUM_ADDRESSES) {
        addresses.set(option.prefix, untilMs);
      }
    }
    this.#heard.set(source, {
      preference: information?.preference ?? 0,
      mobileRouters: information?.mobileRouters ?? false,
      addresses,
      untilMs: nowMs + 1000 * lifetimeSeconds,
    });
  }

  /**
   * The addresses of all home agents, `own` among them, the most preferred first; those of equal preference, and those of
   * one home agent, in random order.
   * @param random a number from 0 (inclusive) to 1 (exclusive)
   */
  addresses(
    own: HomeAgentEntry,
    { mobileRouters, nowMs, random }: {
      /** Only home agents that serve mobile routers. */
      readonly mobileRouters: boolean;
      readonly nowMs: number;
      readonly random: () => number;
    },
  ): Ipv6Address[] {
    this.#expire(nowMs);
    const others = [...this.#heard.values()].map((heard) => ({
      ...heard,
      addresses: [...heard.addresses.keys()],
    }));
    const ranked = [own, ...others].filter((entry) => entry.mobileRouters || !mobileRouters)
      .map((entry) => ({ entry, lot: random() }))
      .sort((one, other) => other.entry.preference - one.entry.preference || one.lot - other.lot);
    return [...new Set(ranked.flatMap(({ entry }) => shuffled(entry.addresses, random)))];
  }

  #expire(nowMs: number): void {
    for (const [source, heard] of this.#heard) {
      if (heard.untilMs <= nowMs) {
        this.#heard.delete(source);
        continue;
      }
      const addresses = new Map([...heard.addresses].filter(([, untilMs]) => untilMs > nowMs));
      this.#heard.set(source, { ...heard, addresses });
    }
  }
}

function shuffled<T>(items: readonly T[], random: () => number): T[] {
  return items.map((item) => ({ item, lot: random() })).sort((one, other) => one.lot - other.lot)
    .map(({ item }) => item);
}
