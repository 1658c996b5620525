import type { Ipv6Address } from "../../wire/address.ts";
import type { RouterAdvertisement } from "../../wire/neighbor_discovery.ts";
import { findNeighborDiscoveryOption, type RoutePreference } from "../../wire/neighbor_discovery_option.ts";
import { equalOctets } from "../../wire/octets.ts";
import {
  MAXIMUM_ROUTERS,
  MINIMUM_ADVERTISEMENT_INTERVAL_MS,
  MINIMUM_IPV6_MTU,
  MINIMUM_PROBE_GAP_MS,
  PROBE_WAITS_MS,
} from "./ipv6_limits.ts";

/**
 * confirmed: heard on this link. suspected: a router of another network was heard since, so this one comes last.
 * unconfirmed: heard before the link went away, and not yet since it is back (RFC 6059): not to be used.
 */
type RouterState = "confirmed" | "suspected" | "unconfirmed";

/** A router that advertises (RFC 4861 6.3.4). Known by address and hardware address: many networks have an fe80::1. */
export interface Router {
  readonly address: Ipv6Address;
  hardwareAddress: Uint8Array;
  state: RouterState;
  preference: RoutePreference;
  /** It is a default router up to this instant. */
  defaultUntilMs: number;
  /** Undefined: that of the link. */
  mtu: number | undefined;
  /** The Advertisement Interval option's (RFC 6275 7.3). */
  advertisementIntervalMs: number | undefined;
  /** The order of appearance on another link: the greater, the newer. */
  rank: number;
  confirmedAtMs: number;
  probe: Probe | undefined;
  /** The last Neighbor Solicitation to it. */
  probedAtMs: number;
}

/** Solicitations on their way: how many, and when the next one goes or, after the last one, hope ends. */
interface Probe {
  sent: number;
  dueAtMs: number;
}

const PREFERENCE_ORDER = { high: 2, medium: 1, low: 0 } as const;

export class RouterList {
  #routers: Router[] = [];
  #rank = 0;

  get all(): readonly Router[] {
    return this.#routers;
  }

  find(address: Ipv6Address, hardwareAddress: Uint8Array): Router | undefined {
    return this.#routers.find((router) =>
      router.address === address && equalOctets(router.hardwareAddress, hardwareAddress)
    );
  }

  /** A router heard now that is no default router yet; undefined where there are too many. */
  add(address: Ipv6Address, hardwareAddress: Uint8Array, nowMs: number): Router | undefined {
    if (this.#routers.length >= MAXIMUM_ROUTERS) return undefined;
    const router: Router = {
      address,
      hardwareAddress,
      state: "confirmed",
      preference: "medium",
      defaultUntilMs: nowMs,
      mtu: undefined,
      advertisementIntervalMs: undefined,
      rank: 0,
      confirmedAtMs: nowMs,
      probe: undefined,
      probedAtMs: -Infinity,
    };
    this.#routers.push(router);
    return router;
  }

  remove(router: Router): void {
    this.#routers = this.#routers.filter((other) => other !== router);
  }

  clear(): void {
    this.#routers = [];
  }

  /** It is here: heard, or it has answered. */
  confirm(router: Router, nowMs: number): void {
    router.state = "confirmed";
    router.confirmedAtMs = nowMs;
    router.probe = undefined;
  }

  /** The node has come to its link: from now on it comes before all that are there. */
  promote(router: Router): void {
    router.rank = ++this.#rank;
  }

  /** The link is gone: nobody knows which routers will be there when it is back. */
  unconfirmAll(): void {
    for (const router of this.#routers) {
      router.state = "unconfirmed";
      router.probe = undefined;
    }
  }

  /** Usable default routers, the best first. */
  defaults(nowMs: number): Router[] {
    return this.#routers.filter((router) => router.state !== "unconfirmed" && router.defaultUntilMs > nowMs)
      .sort(compareRouters);
  }
}

/** Sorts the better router first: heard here, then by preference (RFC 4191), then the newest link. */
export function compareRouters(one: Router, other: Router): number {
  return Number(one.state === "suspected") - Number(other.state === "suspected") ||
    PREFERENCE_ORDER[other.preference] - PREFERENCE_ORDER[one.preference] ||
    other.rank - one.rank;
}

/** Takes what a router says of itself and of the link. Returns why a part of it was refused. */
export function takeParameters(
  router: Router,
  message: RouterAdvertisement,
  linkMtu: number,
  nowMs: number,
): string | undefined {
  router.preference = message.preference;
  router.defaultUntilMs = nowMs + 1000 * message.routerLifetimeSeconds;
  const interval = findNeighborDiscoveryOption(message.options, "advertisementInterval")?.intervalMs;
  router.advertisementIntervalMs = interval && Math.max(interval, MINIMUM_ADVERTISEMENT_INTERVAL_MS);
  const mtu = findNeighborDiscoveryOption(message.options, "mtu")?.mtu;
  if (mtu !== undefined && (mtu < MINIMUM_IPV6_MTU || mtu > linkMtu)) {
    return `an MTU of ${mtu} octets is not one of this link`;
  }
  router.mtu = mtu;
  return undefined;
}

/** Asks whether the router is there, unless that is under way. */
export function startProbe(router: Router, nowMs: number): void {
  router.probe ??= { sent: 0, dueAtMs: Math.max(nowMs, router.probedAtMs + MINIMUM_PROBE_GAP_MS) };
}

/** Has another network been heard just now, and this router been asked but once? */
export function awaitsFirstAnswer({ state, probe }: Router): boolean {
  return state === "suspected" && probe !== undefined && probe.sent <= 1;
}

/** What a probe wants now: nothing, a solicitation, or to give the router up. */
export function takeProbe(router: Router, nowMs: number): "nothing" | "send" | "unanswered" {
  const { probe } = router;
  if (probe === undefined || probe.dueAtMs > nowMs) return "nothing";
  if (probe.sent === PROBE_WAITS_MS.length) {
    router.probe = undefined;
    return "unanswered";
  }
  probe.dueAtMs = nowMs + PROBE_WAITS_MS[probe.sent];
  probe.sent++;
  router.probedAtMs = nowMs;
  return "send";
}
