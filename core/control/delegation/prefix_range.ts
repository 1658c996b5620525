import {
  formatIpv6,
  IPV6_OCTETS,
  type Ipv6Address,
  ipv6Octets,
  type Ipv6Prefix,
} from "../../wire/address.ts";
import { type NumberRange, NumberRanges } from "../number_ranges.ts";
import type { PrefixPool } from "../settings.ts";

const ADDRESS_BITS = 128;
/** Our own limit: of a pool with more networks, the first of them. */
const MAXIMUM_NETWORK_BITS = 32;

/** The networks of a pool by number, without those that are not to be given away. */
export class PrefixRange {
  /** Networks, the reserved ones included. */
  readonly size: number;
  readonly #base: bigint;
  readonly #networkLength: number;
  readonly #reserved: NumberRanges;

  /** @param reserved nothing that has an address in common with one of these is given away */
  constructor({ prefix, networkLength }: PrefixPool<Ipv6Prefix>, reserved: readonly Ipv6Prefix[]) {
    this.#base = numberOf(prefix.address);
    this.#networkLength = networkLength;
    this.size = 2 ** Math.min(MAXIMUM_NETWORK_BITS, networkLength - prefix.length);
    this.#reserved = new NumberRanges(reserved.flatMap((one) => this.#rangeOf(one)));
  }

  prefixAt(index: number): Ipv6Prefix {
    const address = addressOf(this.#base + (BigInt(index) << this.#shift));
    return { address, length: this.#networkLength };
  }

  /** Undefined where it is no network of this pool, or reserved. */
  indexOf({ address, length }: Ipv6Prefix): number | undefined {
    if (length !== this.#networkLength) return undefined;
    const offset = numberOf(address) - this.#base;
    if (offset < 0n || offset % (1n << this.#shift) !== 0n) return undefined;
    const index = offset >> this.#shift;
    if (index >= BigInt(this.size)) return undefined;
    return this.#reservation(Number(index)) === undefined ? Number(index) : undefined;
  }

  /**
   * The first network from `start` on, and round to it again, that nobody has; undefined where there is none.
   * @param limit how many may be had: so many steps are enough
   */
  firstFree(start: number, isTaken: (index: number) => boolean, limit: number): number | undefined {
    let index = start;
    let remaining = this.size;
    for (let steps = 0; remaining > 0 && steps <= limit; steps++) {
      const reservation = this.#reservation(index);
      if (reservation === undefined && !isTaken(index)) return index;
      const next = (reservation?.last ?? index) + 1;
      if (reservation !== undefined) steps--;
      remaining -= next - index;
      index = next === this.size ? 0 : next;
    }
    return undefined;
  }

  get #shift(): bigint {
    return BigInt(ADDRESS_BITS - this.#networkLength);
  }

  /** The numbers of the networks that have an address in common with this prefix. */
  #rangeOf({ address, length }: Ipv6Prefix): NumberRange[] {
    const start = numberOf(address);
    const end = start + (1n << BigInt(ADDRESS_BITS - length)) - 1n;
    const first = start <= this.#base ? 0n : start - this.#base >> this.#shift;
    const last = end - this.#base >> this.#shift;
    if (end < this.#base || first >= BigInt(this.size)) return [];
    const lastHere = last < BigInt(this.size) ? Number(last) : this.size - 1;
    return [{ first: Number(first), last: lastHere }];
  }

  #reservation(index: number): NumberRange | undefined {
    return this.#reserved.overlapping({ first: index, last: index });
  }
}

function numberOf(address: Ipv6Address): bigint {
  return ipv6Octets(address).reduce((value, octet) => value << 8n | BigInt(octet), 0n);
}

function addressOf(value: bigint): Ipv6Address {
  const octets = new Uint8Array(IPV6_OCTETS);
  for (let i = IPV6_OCTETS - 1, rest = value; i >= 0; i--, rest >>= 8n) octets[i] = Number(rest & 0xffn);
  return formatIpv6(octets);
}
