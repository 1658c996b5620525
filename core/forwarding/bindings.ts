import type { TunnelEnd } from "../control/tunnel.ts";
import { type IpAddress, type IpPrefix, prefixContains } from "../wire/address.ts";

/** What a binding is for: a home address, or a prefix behind a mobile router, of 1 bit or more (RFC 3963
 * section 3, RFC 5555 section 3.1.1). */
export type Bound = IpAddress | IpPrefix;

export interface Binding {
  readonly tunnel: TunnelEnd;
  readonly innerMtu: number;
}

/** Whose traffic goes where: the plain counterpart of the binding table in shared memory. */
export class Bindings {
  readonly #byAddress = new Map<IpAddress, Binding>();
  readonly #byPrefix = new Map<string, { readonly prefix: IpPrefix; readonly binding: Binding }>();

  set(bound: Bound, binding: Binding): void {
    if (typeof bound === "string") this.#byAddress.set(bound, binding);
    else this.#byPrefix.set(textOf(bound), { prefix: bound, binding });
  }

  remove(bound: Bound): void {
    if (typeof bound === "string") this.#byAddress.delete(bound);
    else this.#byPrefix.delete(textOf(bound));
  }

  /** That of the address itself, else that of the longest prefix with the address in it. */
  find(address: IpAddress): Binding | undefined {
    const exact = this.#byAddress.get(address);
    if (exact !== undefined || this.#byPrefix.size === 0 || !address.includes(":")) return exact;
    let longest: { readonly prefix: IpPrefix; readonly binding: Binding } | undefined;
    for (const candidate of this.#byPrefix.values()) {
      const { prefix } = candidate;
      if (prefix.length <= (longest?.prefix.length ?? 0) || !prefixContains(prefix, address)) continue;
      longest = candidate;
    }
    return longest?.binding;
  }
}

function textOf({ address, length }: IpPrefix): string {
  return `${address}/${length}`;
}
