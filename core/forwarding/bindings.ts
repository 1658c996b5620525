import type { TunnelEnd } from "../control/tunnel.ts";
import { type IpAddress, type IpPrefix, isIpv4, prefixContains, prefixText } from "../wire/address.ts";

/**
 * What a binding is for: a home address, or a prefix behind a mobile router, of 1 bit or more (RFC 3963 section 3, RFC
 * 5555 section 3.1.1). A prefix of all bits is its address.
 */
export type Bound = IpAddress | IpPrefix;

/** An address as a prefix of all its bits. */
export function prefixOf(bound: Bound): IpPrefix {
  return typeof bound === "string" ? { address: bound, length: isIpv4(bound) ? 32 : 128 } : bound;
}

export interface Binding {
  readonly tunnel: TunnelEnd;
  readonly innerMtu: number;
  /** Longer inner packets leave in outer fragments, octets. */
  readonly wholeOctets: number;
}

interface Entry {
  readonly prefix: IpPrefix;
  readonly binding: Binding;
}

/** Whose traffic goes where: the plain counterpart of the binding table in shared memory. */
export class Bindings {
  readonly #entries = new Map<string, Entry>();

  set(bound: Bound, binding: Binding): void {
    this.#entries.set(boundText(bound), { prefix: prefixOf(bound), binding });
  }

  remove(bound: Bound): void {
    this.#entries.delete(boundText(bound));
  }

  /** Is the address bound by a prefix alone: that of somebody behind a mobile router? */
  isInNetwork(address: IpAddress): boolean {
    return !this.#entries.has(boundText(address)) && this.find(address) !== undefined;
  }

  /** That of the address itself, else that of the longest prefix with the address in it. */
  find(address: IpAddress): Binding | undefined {
    let longest = this.#entries.get(boundText(address));
    if (longest !== undefined) return longest.binding;
    for (const entry of this.#entries.values()) {
      const { prefix } = entry;
      if (prefix.length > (longest?.prefix.length ?? 0) && prefixContains(prefix, address)) longest = entry;
    }
    return longest?.binding;
  }
}

/** One text for what is bound, which may be a key. */
export function boundText(bound: Bound): string {
  return prefixText(prefixOf(bound));
}
