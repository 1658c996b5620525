import type { Ipv6Address } from "../../wire/address.ts";
import { equalOctets } from "../../wire/octets.ts";
import type { CareOfAddressCandidate } from "./candidate.ts";
import type { EgressAction, EgressRoute, HomeConfiguration } from "./egress_action.ts";

/** How the interface should be configured. */
export interface Ipv6View {
  /** Prefix length by address. */
  readonly addresses: ReadonlyMap<Ipv6Address, number>;
  /** Hardware addresses of routers. */
  readonly neighbors: ReadonlyMap<Ipv6Address, Uint8Array>;
  readonly routes: readonly EgressRoute[];
  readonly home: HomeConfiguration | undefined;
  readonly candidates: readonly CareOfAddressCandidate[];
}

const NOTHING: Ipv6View = {
  addresses: new Map(),
  neighbors: new Map(),
  routes: [],
  home: undefined,
  candidates: [],
};

/** What was asked of the interface so far; turns what should be into the actions that are missing. */
export class Ipv6Interface {
  #view = NOTHING;

  get candidates(): readonly CareOfAddressCandidate[] {
    return this.#view.candidates;
  }

  has(address: Ipv6Address): boolean {
    return this.#view.addresses.has(address);
  }

  /** The kernel drops addresses and routes of an interface that is set down, and of one that is no more. */
  forgetConfiguration(): void {
    this.#view = { ...NOTHING, candidates: this.#view.candidates };
  }

  /** `before` comes ahead of frames that are sent from new addresses, `after` when nobody uses the old ones. */
  update(view: Ipv6View): { readonly before: EgressAction[]; readonly after: EgressAction[] } {
    const last = this.#view;
    this.#view = view;
    const before: EgressAction[] = [];
    const after: EgressAction[] = [];
    for (const [address, prefixLength] of view.addresses) {
      if (!last.addresses.has(address)) before.push({ kind: "addAddress", address, prefixLength });
    }
    for (const [address, hardwareAddress] of view.neighbors) {
      const known = last.neighbors.get(address);
      if (known !== undefined && equalOctets(known, hardwareAddress)) continue;
      before.push({ kind: "setNeighbor", address, hardwareAddress });
    }
    if (!same(view.routes, last.routes)) before.push({ kind: "setRoutes", family: 6, routes: view.routes });
    if (!same([view.home ?? {}], [last.home ?? {}])) before.push({ kind: "setHome", home: view.home });
    if (!same(view.candidates, last.candidates)) {
      before.push({ kind: "candidates", candidates: view.candidates });
    }
    for (const [address, prefixLength] of last.addresses) {
      if (!view.addresses.has(address)) after.push({ kind: "removeAddress", address, prefixLength });
    }
    return { before, after };
  }

  /** Takes everything back. */
  clear(): EgressAction[] {
    const { before, after } = this.update(NOTHING);
    return [...before, ...after];
  }
}

/** Rows of plain records with the same members in the same order. */
function same(one: readonly object[], other: readonly object[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
