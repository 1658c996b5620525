import { prefixText } from "../../core/control/mobile_network_prefixes.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../core/wire/address.ts";
import { Netlink } from "../../ffi/netlink.ts";
import type { NewRoute } from "../../ffi/netlink_record.ts";
import { messageOf } from "../output/fault.ts";
import { ignoringGone } from "./host_leftovers.ts";
import type { Log } from "./log.ts";

/** Behind that of the tunnel (HostNetwork): it counts while the mobile router is not away. */
const HOME_METRIC = 30;

/**
 * Routes of delegated prefixes to mobile routers that are at home: by the home link, to the home address. For a prefix of the
 * configuration the administrator has such a route; who gets a delegated one, nobody knows before.
 */
export class DelegatedRoutes implements Disposable {
  readonly #netlink = new Netlink();
  readonly #interfaceIndex: number;
  readonly #log: Log;
  readonly #routes = new Map<Ipv6Address, ReadonlyMap<string, NewRoute>>();

  /** @throws SystemError: no such interface */
  constructor({ homeLink, log }: { readonly homeLink: string; readonly log: Log }) {
    this.#log = log;
    try {
      this.#interfaceIndex = this.#netlink.requireLink(homeLink).index;
    } catch (error) {
      this.#netlink.close();
      throw error;
    }
  }

  /** Replaces what there was for this home address. */
  set(homeAddress: Ipv6Address, prefixes: readonly Ipv6Prefix[]): void {
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
      this.#log.error("the route of a delegated prefix on the home link is not changed", {
        prefix,
        error: messageOf(error),
      });
    }
  }
}
