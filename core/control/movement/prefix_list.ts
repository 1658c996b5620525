import { type Ipv6Address, isRoutableUnicastIpv6, parseIpv6Prefix } from "../../wire/address.ts";
import type { PrefixInformation } from "../../wire/neighbor_discovery_option.ts";
import { instantAfter } from "../lifetime.ts";
import {
  AUTONOMOUS_PREFIX_LENGTH,
  MAXIMUM_PREFIXES,
  MINIMUM_ON_LINK_PREFIX_LENGTH,
  MINIMUM_SHORTENED_LIFETIME_MS,
} from "./ipv6_limits.ts";
import type { Router } from "./router_list.ts";

/** A prefix of the link, with what was advertised of it (RFC 4861 6.3.4, RFC 4862 5.5.3). */
export interface Prefix {
  readonly address: Ipv6Address;
  readonly length: number;
  /** When it was heard of first. */
  readonly learnedAtMs: number;
  /** Who advertises it. */
  readonly routers: Set<Router>;
  onLinkUntilMs: number;
  /** Of addresses made in it; -Infinity where none may be made. */
  preferredUntilMs: number;
  validUntilMs: number;
  /** The DAD counter of the next address in it (RFC 7217). */
  attempt: number;
}

export class PrefixList {
  readonly #prefixes = new Map<string, Prefix>();

  get all(): Iterable<Prefix> {
    return this.#prefixes.values();
  }

  find(option: PrefixInformation): Prefix | undefined {
    const prefix = parseIpv6Prefix(`${option.prefix}/${option.prefixLength}`);
    return prefix && this.#prefixes.get(`${prefix.address}/${prefix.length}`);
  }

  /** Takes what a router says of a prefix. Returns why it was refused, the whole of it or a part. */
  learn(option: PrefixInformation, router: Router, nowMs: number): string | undefined {
    const canonical = parseIpv6Prefix(`${option.prefix}/${option.prefixLength}`);
    if (canonical === undefined) return "the prefix is longer than an address";
    if (!isRoutableUnicastIpv6(canonical.address)) return "the prefix is not one of routable addresses";
    if (option.preferredLifetimeSeconds > option.validLifetimeSeconds) {
      return "the preferred lifetime is longer than the valid lifetime";
    }
    const onLink = option.onLink && canonical.length >= MINIMUM_ON_LINK_PREFIX_LENGTH;
    const autonomous = option.autonomous && canonical.length === AUTONOMOUS_PREFIX_LENGTH;
    const key = `${canonical.address}/${canonical.length}`;
    let prefix = this.#prefixes.get(key);
    if (prefix === undefined && (onLink || autonomous) && option.validLifetimeSeconds > 0) {
      if (this.#prefixes.size >= MAXIMUM_PREFIXES) return "there are too many prefixes";
      prefix = newPrefix(canonical.address, canonical.length, nowMs);
      this.#prefixes.set(key, prefix);
    }
    if (prefix !== undefined) {
      prefix.routers.add(router);
      if (onLink) prefix.onLinkUntilMs = instantAfter(option.validLifetimeSeconds, nowMs);
      if (autonomous) takeLifetimes(prefix, option, nowMs);
    }
    if (option.onLink && !onLink) return "the prefix is too short to be one link";
    if (option.autonomous && !autonomous) return "addresses are made in prefixes of 64 bits only";
    return undefined;
  }

  /** Removes what is neither on the link nor good for addresses any more. */
  expire(nowMs: number): void {
    this.#removeWhere(({ onLinkUntilMs, validUntilMs }) => onLinkUntilMs <= nowMs && validUntilMs <= nowMs);
  }

  /** The router is gone, and with it what nobody else advertises (RFC 6275 11.5.4). */
  removeRouter(router: Router): void {
    for (const prefix of this.#prefixes.values()) prefix.routers.delete(router);
    this.#removeWhere(({ routers }) => routers.size === 0);
  }

  clear(): void {
    this.#prefixes.clear();
  }

  #removeWhere(isGone: (prefix: Prefix) => boolean): void {
    for (const [key, prefix] of this.#prefixes) if (isGone(prefix)) this.#prefixes.delete(key);
  }
}

function newPrefix(address: Ipv6Address, length: number, learnedAtMs: number): Prefix {
  const never = -Infinity;
  return {
    address,
    length,
    learnedAtMs,
    routers: new Set(),
    onLinkUntilMs: never,
    preferredUntilMs: never,
    validUntilMs: never,
    attempt: 0,
  };
}

/** RFC 4862 5.5.3 e: the valid lifetime grows freely, and shrinks to two hours at most. */
function takeLifetimes(prefix: Prefix, option: PrefixInformation, nowMs: number): void {
  const advertised = instantAfter(option.validLifetimeSeconds, nowMs);
  const shortest = nowMs + MINIMUM_SHORTENED_LIFETIME_MS;
  if (prefix.validUntilMs <= nowMs || advertised > shortest || advertised > prefix.validUntilMs) {
    prefix.validUntilMs = advertised;
  } else {
    prefix.validUntilMs = Math.min(prefix.validUntilMs, shortest);
  }
  prefix.preferredUntilMs = instantAfter(option.preferredLifetimeSeconds, nowMs);
}
