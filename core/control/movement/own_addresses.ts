import type { Ipv6Address } from "../../wire/address.ts";
import {
  type IdentifierSource,
  type InterfaceIdentifierMethod,
  makeAddress,
} from "./interface_identifier.ts";
import {
  RETRANS_TIMER_MS,
  TEMPORARY_DESYNCHRONIZATION,
  TEMPORARY_PREFERRED_MS,
  TEMPORARY_VALID_MS,
} from "./ipv6_limits.ts";
import type { Prefix } from "./prefix_list.ts";

/** An address of the interface. */
export interface OwnAddress {
  readonly address: Ipv6Address;
  /** Undefined: link-local. */
  readonly prefix: Prefix | undefined;
  /** Duplicate address detection is under way up to this instant (RFC 4429); undefined: nobody else has it. */
  optimisticUntilMs: number | undefined;
  /** Ends of a temporary address, whatever its prefix lives on to (RFC 8981). */
  readonly preferredCapMs: number;
  readonly validCapMs: number;
}

const LINK_LOCAL_PREFIX = "fe80::";

/** The addresses that the node has made for itself: one that is link-local, and at least one in each prefix. */
export class OwnAddresses {
  linkLocal: OwnAddress | undefined;
  #global: OwnAddress[] = [];
  #linkLocalAttempt = 0;
  readonly #method: InterfaceIdentifierMethod;

  constructor(method: InterfaceIdentifierMethod) {
    this.#method = method;
  }

  /** In prefixes of routers, older ones first. */
  get global(): readonly OwnAddress[] {
    return this.#global;
  }

  get all(): OwnAddress[] {
    return this.linkLocal === undefined ? this.#global : [this.linkLocal, ...this.#global];
  }

  find(address: Ipv6Address): OwnAddress | undefined {
    return this.all.find((own) => own.address === address);
  }

  /** Is it ours, with duplicate address detection under way? */
  isOptimistic(address: Ipv6Address): boolean {
    return this.find(address)?.optimisticUntilMs !== undefined;
  }

  /** Makes the link-local address; it is the same from day to day even where others are temporary. */
  makeLinkLocal(source: IdentifierSource, nowMs: number): void {
    const method = this.#method === "temporary" ? "stable" : this.#method;
    const made = makeAddress(method, LINK_LOCAL_PREFIX, this.#linkLocalAttempt, source);
    if (made === undefined) return;
    this.#linkLocalAttempt = made.attempt;
    this.linkLocal = {
      address: made.address,
      prefix: undefined,
      optimisticUntilMs: nowMs + RETRANS_TIMER_MS,
      preferredCapMs: Infinity,
      validCapMs: Infinity,
    };
  }

  /** Makes a new address in each prefix that is good for one and has none that stays. Returns them. */
  makeMissing(prefixes: Iterable<Prefix>, source: IdentifierSource, nowMs: number): OwnAddress[] {
    const made: OwnAddress[] = [];
    for (const prefix of prefixes) {
      if (prefix.validUntilMs <= nowMs || this.#hasLasting(prefix, nowMs)) continue;
      const own = this.#make(prefix, source, nowMs);
      if (own !== undefined) made.push(own);
    }
    return made;
  }

  /** A deprecated prefix keeps its old temporary addresses and gets no new one (RFC 8981 3.4). */
  #hasLasting(prefix: Prefix, nowMs: number): boolean {
    const those = this.#global.filter((own) => own.prefix === prefix);
    if (those.length === 0) return false;
    return prefix.preferredUntilMs <= nowMs || those.some(({ preferredCapMs }) => preferredCapMs > nowMs);
  }

  #make(prefix: Prefix, source: IdentifierSource, nowMs: number): OwnAddress | undefined {
    const made = makeAddress(this.#method, prefix.address, prefix.attempt, source);
    if (made === undefined) return undefined;
    prefix.attempt = made.attempt;
    const temporary = this.#method === "temporary";
    const spread = temporary ? 1 - TEMPORARY_DESYNCHRONIZATION * source.random() : 1;
    const own: OwnAddress = {
      address: made.address,
      prefix,
      optimisticUntilMs: nowMs + RETRANS_TIMER_MS,
      preferredCapMs: temporary ? nowMs + spread * TEMPORARY_PREFERRED_MS : Infinity,
      validCapMs: temporary ? nowMs + TEMPORARY_VALID_MS : Infinity,
    };
    this.#global.push(own);
    return own;
  }

  /** Somebody else has it: the next one will be made with another DAD counter. */
  removeDuplicate(own: OwnAddress): void {
    if (own.prefix === undefined) {
      this.linkLocal = undefined;
      this.#linkLocalAttempt++;
    } else {
      own.prefix.attempt++;
      this.#global = this.#global.filter((other) => other !== own);
    }
  }

  /** Removes what is invalid, and what was made in prefixes that are not there any more. */
  expire(prefixes: Iterable<Prefix>, nowMs: number): void {
    const known = new Set(prefixes);
    this.#global = this.#global.filter((own) => known.has(own.prefix!) && validUntilMs(own) > nowMs);
  }

  /** Removes all; the next link-local address is the first choice again. */
  clear(): void {
    this.linkLocal = undefined;
    this.#linkLocalAttempt = 0;
    this.#global = [];
  }
}

/** Up to when connections may begin with it (RFC 4862 5.5.4). */
export function preferredUntilMs(own: OwnAddress): number {
  return Math.min(own.prefix?.preferredUntilMs ?? Infinity, own.preferredCapMs, validUntilMs(own));
}

export function validUntilMs(own: OwnAddress): number {
  return Math.min(own.prefix?.validUntilMs ?? Infinity, own.validCapMs);
}
