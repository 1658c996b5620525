import type { Ipv6Prefix } from "../wire/address.ts";

/**
 * The mobile network prefixes that a mobile router asks its home agent for: all of them, until one is refused. A home agent
 * refuses an update as a whole and does not say which prefix it means (RFC 3963 section 6.2), so that each is tried in turn,
 * beside those that were taken: the mobile networks that may be served are.
 */
export class AskedPrefixes {
  /** Taken in the trial; before any refusal all of them, not asked for yet. */
  #taken: readonly Ipv6Prefix[];
  #untried: readonly Ipv6Prefix[] = [];

  constructor(prefixes: readonly Ipv6Prefix[]) {
    this.#taken = prefixes;
  }

  /** What the next Binding Update names. */
  get current(): readonly Ipv6Prefix[] {
    return [...this.#taken, ...this.#untried.slice(0, 1)];
  }

  /** What an update named was taken. @returns whether there is more to try */
  take(): boolean {
    const [tried, ...rest] = this.#untried;
    if (tried === undefined) return false;
    this.#taken = [...this.#taken, tried];
    this.#untried = rest;
    return rest.length > 0;
  }

  /**
   * What an update named was refused.
   * @returns the prefix that it was for, as far as that is known; and whether anything is left to ask for
   */
  refuse(): { readonly refused: Ipv6Prefix | undefined; readonly isAnyLeft: boolean } {
    const [tried, ...rest] = this.#untried;
    if (tried !== undefined) {
      this.#untried = rest;
      return { refused: tried, isAnyLeft: this.#taken.length + rest.length > 0 };
    }
    const all = this.#taken;
    this.#taken = [];
    if (all.length <= 1) return { refused: all[0], isAnyLeft: false };
    this.#untried = all;
    return { refused: undefined, isAnyLeft: true };
  }
}
