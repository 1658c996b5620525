import { type Ipv6Address, ipv6Octets, type Ipv6Prefix } from "../../wire/address.ts";
import type { Duid } from "../../wire/dhcpv6_option.ts";
import { DeadlineQueue } from "../deadline_queue.ts";
import { MAXIMUM_ASSOCIATIONS } from "./constants.ts";
import type { PrefixRange } from "./prefix_range.ts";

/** Leases that are kept, those that are over included; our own limit. */
const MAXIMUM_LEASES = 100_000;

export interface ServerLease {
  readonly homeAddress: Ipv6Address;
  readonly iaid: number;
  readonly duid: Duid;
  /** Number of its prefix in the pool. */
  readonly index: number;
  readonly prefix: Ipv6Prefix;
  /** Undefined: it is over, and only remembered, so that the mobile router finds it again. */
  readonly validUntilMs: number | undefined;
}

/**
 * Who has which prefix of the pool. A home address comes back to the prefixes that it had: a lease that is over is
 * remembered until another mobile router finds no other prefix; and where the search for a free one begins is computed from
 * the home address, so that most of them get the same again even when all is forgotten.
 */
export class LeaseTable {
  #range: PrefixRange;
  readonly #byIndex = new Map<number, ServerLease>();
  readonly #byHomeAddress = new Map<Ipv6Address, readonly ServerLease[]>();
  /** Indices of leases that are over, the oldest first. */
  readonly #remembered = new Set<number>();
  readonly #deadlines = new DeadlineQueue();

  constructor(range: PrefixRange) {
    this.#range = range;
  }

  /**
   * Takes another range of the same pool. Leases of what is not in it, and of home addresses that are gone, are forgotten.
   * @returns the home addresses that have less than before
   */
  useRange(range: PrefixRange, isGone: (homeAddress: Ipv6Address) => boolean): Ipv6Address[] {
    this.#range = range;
    const losers = new Set<Ipv6Address>();
    for (const lease of [...this.#byIndex.values()]) {
      const { homeAddress, prefix, validUntilMs } = lease;
      if (range.indexOf(prefix) !== undefined && !isGone(homeAddress)) continue;
      this.#forget(lease);
      if (validUntilMs !== undefined) losers.add(homeAddress);
    }
    return [...losers];
  }

  prefixAt(index: number): Ipv6Prefix {
    return this.#range.prefixAt(index);
  }

  /** Of leases that are not over, in the order of the pool. */
  prefixesOf(homeAddress: Ipv6Address): Ipv6Prefix[] {
    return this.leasesOf(homeAddress).map(({ prefix }) => prefix);
  }

  leasesOf(homeAddress: Ipv6Address): ServerLease[] {
    return this.#allOf(homeAddress).filter(({ validUntilMs }) => validUntilMs !== undefined);
  }

  /** Not one that is over. */
  find(homeAddress: Ipv6Address, iaid: number): ServerLease | undefined {
    return this.leasesOf(homeAddress).find((lease) => lease.iaid === iaid);
  }

  /**
   * The prefix that this association gets: the one it has or had, one that the mobile router names, a free one, or the one
   * that somebody else gave back longest ago.
   * @param wanted what the mobile router would like to have
   * @param chosen what others of its associations get in the same message
   * @returns the prefix's number in the pool; undefined: there is none, or it has enough
   */
  choose(
    homeAddress: Ipv6Address,
    iaid: number,
    { wanted, chosen }: { readonly wanted: readonly Ipv6Prefix[]; readonly chosen: ReadonlySet<number> },
  ): number | undefined {
    const own = this.#allOf(homeAddress);
    const current = own.find((lease) => lease.iaid === iaid && lease.validUntilMs !== undefined);
    if (current !== undefined) return current.index;
    if (this.leasesOf(homeAddress).length + chosen.size >= MAXIMUM_ASSOCIATIONS) return undefined;
    const former = own.filter(({ validUntilMs, index }) => validUntilMs === undefined && !chosen.has(index));
    const isFree = (index: number) => !this.#byIndex.has(index) && !chosen.has(index);
    const named = wanted.map((prefix) => this.#range.indexOf(prefix))
      .find((index) => index !== undefined && (isFree(index) || former.some((one) => one.index === index)));
    if (named !== undefined) return named;
    const kept = former.find((lease) => lease.iaid === iaid) ?? former[0];
    if (kept !== undefined) return kept.index;
    const limit = this.#byIndex.size + chosen.size;
    const start = placeOf(homeAddress, iaid) % this.#range.size;
    const free = limit < MAXIMUM_LEASES
      ? this.#range.firstFree(start, (index) => !isFree(index), limit)
      : undefined;
    return free ?? [...this.#remembered.values().filter((index) => !chosen.has(index)).take(1)].at(0);
  }

  /** What choose() has chosen is this association's from now on. */
  grant(lease: Omit<ServerLease, "prefix"> & { readonly validUntilMs: number }): void {
    const { homeAddress, index, validUntilMs } = lease;
    const before = this.#byIndex.get(index);
    if (before !== undefined) this.#forget(before);
    const own = this.#allOf(homeAddress).filter((one) => one.index !== index);
    // Of what it had once, no more is remembered than it could have.
    const surplus = own.find(({ validUntilMs }) => validUntilMs === undefined);
    if (own.length >= MAXIMUM_ASSOCIATIONS && surplus !== undefined) this.#forget(surplus);
    this.#keep({ ...lease, prefix: this.#range.prefixAt(index) });
    this.#deadlines.schedule(`${index}`, validUntilMs);
  }

  /** The lease is over, by its mobile router's wish or its lifetime. */
  end(lease: ServerLease): void {
    this.#forget(lease);
    this.#keep({ ...lease, validUntilMs: undefined });
    this.#remembered.add(lease.index);
  }

  nextDeadline(): number | undefined {
    return this.#deadlines.next();
  }

  /** Ends a lease whose lifetime is over; undefined: there is none. */
  takeExpired(nowMs: number): ServerLease | undefined {
    const key = this.#deadlines.takeDue(nowMs);
    const lease = key === undefined ? undefined : this.#byIndex.get(Number(key));
    if (lease !== undefined) this.end(lease);
    return lease;
  }

  #allOf(homeAddress: Ipv6Address): readonly ServerLease[] {
    return this.#byHomeAddress.get(homeAddress) ?? [];
  }

  #keep(lease: ServerLease): void {
    this.#byIndex.set(lease.index, lease);
    const own = [...this.#allOf(lease.homeAddress), lease].sort((one, other) => one.index - other.index);
    this.#byHomeAddress.set(lease.homeAddress, own);
  }

  #forget({ homeAddress, index }: ServerLease): void {
    this.#byIndex.delete(index);
    this.#remembered.delete(index);
    this.#deadlines.cancel(`${index}`);
    const own = this.#allOf(homeAddress).filter((lease) => lease.index !== index);
    if (own.length === 0) this.#byHomeAddress.delete(homeAddress);
    else this.#byHomeAddress.set(homeAddress, own);
  }
}

/** A number of 32 bits that is the same after every start (FNV-1a). */
function placeOf(homeAddress: Ipv6Address, iaid: number): number {
  let hash = 0x811c9dc5;
  const mix = (octet: number) => hash = Math.imul(hash ^ octet, 0x01000193) >>> 0;
  ipv6Octets(homeAddress).forEach(mix);
  for (const shift of [24, 16, 8, 0]) mix(iaid >>> shift & 0xff);
  return hash;
}
