import {
  type Ipv4Address,
  type Ipv4Prefix,
  type Ipv6Address,
  prefixAround,
  prefixContains,
} from "../wire/address.ts";
import { ipv4Count, ipv4Number, ipv4OfNumber } from "./ipv4_number.ts";
import { type NumberRange, NumberRanges } from "./number_ranges.ts";
import type { PrefixPool } from "./settings.ts";

/**
 * Blocks of IPv4 addresses of one size, one for each home address that asks. It keeps its block when it is released,
 * until nothing else is left for another.
 */
export class Ipv4Pool {
  readonly #pool: PrefixPool<Ipv4Prefix>;
  /** Addresses that are not given. */
  #reserved!: NumberRanges;
  readonly #ownerOf = new Map<Ipv4Address, Ipv6Address>();
  readonly #blockOf = new Map<Ipv6Address, Ipv4Address>();
  /** Owners that have released their blocks, the one that did so first in front. */
  readonly #released = new Set<Ipv6Address>();
  /** Where the search for a block that nobody has had goes on. */
  #next = 0;

  /** @param reserved what belongs to somebody else: blocks that it touches are left out */
  constructor(pool: PrefixPool<Ipv4Prefix>, reserved: readonly Ipv4Prefix[]) {
    this.#pool = pool;
    this.reserve(reserved);
  }

  /** Replaces what is not given. Blocks that it touches are taken from those who have them. */
  reserve(reserved: readonly Ipv4Prefix[]): void {
    this.#reserved = new NumberRanges(reserved.map(rangeOf));
    for (const [owner, address] of this.#blockOf) {
      if (!this.#isReserved(ipv4Number(address))) continue;
      this.#blockOf.delete(owner);
      this.#ownerOf.delete(address);
      this.#released.delete(owner);
    }
    this.#next = ipv4Number(this.#pool.prefix.address);
  }

  /** Of each block, bits. */
  get blockLength(): number {
    return this.#pool.networkLength;
  }

  /** Is this address in the range that the pool hands out? */
  covers(address: Ipv4Address): boolean {
    return prefixContains(this.#pool.prefix, address);
  }

  /** Is the address in the block that the owner has, or had? */
  has(owner: Ipv6Address, address: Ipv4Address): boolean {
    return this.#blockOf.get(owner) === prefixAround(address, this.blockLength).address;
  }

  /**
   * The block that the owner has, or had; else the one around the address that it wishes, if that is free; else any.
   * Undefined when there is none.
   */
  take(owner: Ipv6Address, wished?: Ipv4Address): Ipv4Prefix | undefined {
    const length = this.blockLength;
    const had = this.#blockOf.get(owner);
    this.#released.delete(owner);
    if (had !== undefined) return { address: had, length };
    const address = this.#free(wished) ?? this.#neverTaken() ?? this.#longestReleased();
    if (address === undefined) return undefined;
    this.#blockOf.set(owner, address);
    this.#ownerOf.set(address, owner);
    return { address, length };
  }

  /** The owner has no binding any more. */
  release(owner: Ipv6Address): void {
    if (this.#blockOf.has(owner)) this.#released.add(owner);
  }

  #free(wished: Ipv4Address | undefined): Ipv4Address | undefined {
    if (wished === undefined || !this.covers(wished)) return undefined;
    const { address } = prefixAround(wished, this.blockLength);
    return this.#isFree(ipv4Number(address)) ? address : undefined;
  }

  #neverTaken(): Ipv4Address | undefined {
    const { prefix } = this.#pool;
    const end = ipv4Number(prefix.address) + ipv4Count(prefix.length);
    while (this.#next < end) {
      const first = this.#next;
      this.#next += ipv4Count(this.blockLength);
      if (this.#isFree(first)) return ipv4OfNumber(first);
    }
    return undefined;
  }

  #longestReleased(): Ipv4Address | undefined {
    const [owner] = this.#released;
    if (owner === undefined) return undefined;
    this.#released.delete(owner);
    const address = this.#blockOf.get(owner)!;
    this.#blockOf.delete(owner);
    return address;
  }

  #isFree(first: number): boolean {
    return !this.#ownerOf.has(ipv4OfNumber(first)) && !this.#isReserved(first);
  }

  #isReserved(first: number): boolean {
    const last = first + ipv4Count(this.blockLength) - 1;
    return this.#reserved.overlapping({ first, last }) !== undefined;
  }
}

function rangeOf({ address, length }: Ipv4Prefix): NumberRange {
  const first = ipv4Number(prefixAround(address, length).address);
  return { first, last: first + ipv4Count(length) - 1 };
}
