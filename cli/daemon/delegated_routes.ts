import { type Ipv6Address, type Ipv6Prefix, prefixText } from "../../core/wire/address.ts";
import { Netlink } from "../../ffi/netlink.ts";
import type { NewRoute } from "../../ffi/netlink_record.ts";
import { messageOf } from "../output/fault.ts";
import { ignoringGone } from "./host_leftovers.ts";
import type { Log } from "./log.ts";

/** Behind that of the tunnel (HostNetwork): it counts while the mobile router is not away. */
const HOME_METRIC = 30;
/** Behind whatever else leads there. */
const UNREACHABLE_METRIC = 1_000_000;

/**
 * What leads to delegated prefixes while no tunnel does. To mobile routers that are at home: the home link, and the home
 * address. (For a prefix of the configuration the administrator has such a route; who gets a delegated one, nobody knows
 * before.) To all others nothing: without an unreachable route, packets for them would leave by the default route, and come
 * back.
 */
export class DelegatedRoutes implements Disposable {
  readonly #netlink = new Netlink();
  /** Of the home link; undefined: the home network is virtual, and nobody is at home. */
  readonly #interfaceIndex: number | undefined;
  readonly #log: Log;
  readonly #pool: NewRoute;
  readonly #routes = new Map<Ipv6Address, ReadonlyMap<string, NewRoute>>();

  /** @throws SystemError: no such interface */
  constructor(
    { pool: { address, length }, homeLink, log }: {
      readonly pool: Ipv6Prefix;
      readonly homeLink: string | undefined;
      readonly log: Log;
    },
  ) {
    this.#log = log;
    const metric = UNREACHABLE_METRIC;
    this.#pool = { destination: address, prefixLength: length, type: "unreachable", metric };
    try {
      if (homeLink !== undefined) this.#interfaceIndex = this.#netlink.requireLink(homeLink).index;
      this.#netlink.replaceRoute(this.#pool);
    } catch (error) {
      this.#netlink.close();
      throw error;
    }
  }

  /** Replaces what there was for this home address. */
  set(homeAddress: Ipv6Address, prefixes: readonly Ipv6Prefix[]): void {
    if (this.#interfaceIndex === undefined) return;
    const before = this.#routes.get(homeAddress) ?? new Map<string, NewRoute>();
    const after = new Map(prefixes.map((prefix) => [prefixText(prefix), this.#routeOf(homeAddress, prefix)]));
    for (const [text, route] of before) {
      if (!after.has(text)) this.#change(text, () => ignoringGone(() => this.#netlink.deleteRoute(route)));
    }
    for (const [text, route] of after) {
      if (!before.has(text)) this.#change(text, () => this.#netlink.replaceRoute(route));
    }
    if (after.size === 0) this.#routes.delete(homeAddress);
    else this.#routes.set(homeAddress, after);
  }

  [Symbol.dispose](): void {
    for (const homeAddress of [...this.#routes.keys()]) this.set(homeAddress, []);
    const { destination, prefixLength } = this.#pool;
    this.#change(
      `${destination}/${prefixLength}`,
      () => ignoringGone(() => this.#netlink.deleteRoute(this.#pool)),
    );
    this.#netlink.close();
  }

  /** The gateway is on the link, though the way to it may be a tunnel now. */
  #routeOf(homeAddress: Ipv6Address, { address, length }: Ipv6Prefix): NewRoute {
    return {
      destination: address,
      prefixLength: length,
      gateway: homeAddress,
      isGatewayOnLink: true,
      interfaceIndex: this.#interfaceIndex,
      metric: HOME_METRIC,
    };
  }

  #change(prefix: string, change: () => void): void {
    try {
      change();
    } catch (error) {
      this.#log.error("the route of a delegated prefix is not changed", {
        prefix,
        error: messageOf(error),
      });
    }
  }
}
