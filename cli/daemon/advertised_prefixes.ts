import { type Ipv6Prefix, prefixText } from "../../core/wire/address.ts";

/**
 * The prefixes that hosts are told of, and those before that they are told to leave. A prefix that is not ours any more is
 * told as deprecated for a while: hosts then take none of its addresses for new connections (RFC 4862 section 5.5.4).
 */
export class AdvertisedPrefixes {
  readonly #deprecationMs: number;
  readonly #deprecated = new Map<string, { readonly prefix: Ipv6Prefix; readonly untilMs: number }>();
  #current: readonly Ipv6Prefix[] = [];

  /** @param deprecationMs how long a prefix is told of that was taken away */
  constructor(deprecationMs: number) {
    this.#deprecationMs = deprecationMs;
  }

  get current(): readonly Ipv6Prefix[] {
    return this.#current;
  }

  set(prefixes: readonly Ipv6Prefix[], nowMs: number): void {
    const names = new Set(prefixes.map(prefixText));
    for (const prefix of this.#current) {
      const untilMs = nowMs + this.#deprecationMs;
      if (!names.has(prefixText(prefix))) this.#deprecated.set(prefixText(prefix), { prefix, untilMs });
    }
    for (const name of names) this.#deprecated.delete(name);
    this.#current = prefixes;
  }

  deprecated(nowMs: number): readonly Ipv6Prefix[] {
    return [...this.#deprecated.values()].filter(({ untilMs }) => untilMs > nowMs).map(({ prefix }) =>
      prefix
    );
  }

  /** When deprecated() will be another; undefined: never. Forgets what is over. */
  nextChangeMs(nowMs: number): number | undefined {
    for (const [name, { untilMs }] of [...this.#deprecated]) {
      if (untilMs <= nowMs) this.#deprecated.delete(name);
    }
    if (this.#deprecated.size === 0) return undefined;
    return Math.min(...[...this.#deprecated.values()].map(({ untilMs }) => untilMs));
  }
}
