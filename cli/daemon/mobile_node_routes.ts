import type { Ipv4HomeAddress } from "../../core/control/settings.ts";
import type { IpAddress } from "../../core/wire/address.ts";
import type { Netlink } from "../../ffi/netlink.ts";
import type { IpFamily } from "../../ffi/netlink_ip.ts";
import { DSMIP_PROTOCOL, MAIN_TABLE, type NewAddress, type NewRoute } from "../../ffi/netlink_record.ts";
import { ignoringGone } from "./host_leftovers.ts";
import type { Log } from "./log.ts";

/** Of the default routes: preferred to those of router advertisements (1024) and of DHCP clients that give a metric. */
const DEFAULT_ROUTE_METRIC = 10;
const ANYWHERE = { 6: "::", 4: "0.0.0.0" } as const;

/**
 * A mobile node's own traffic: default routes that lead it into the tunnel while there is one, and the IPv4 home address
 * that it is sent from.
 */
export class MobileNodeRoutes {
  readonly #netlink: Netlink;
  readonly #log: Log;
  readonly #tun: { readonly name: string; readonly index: number };
  #hasTunnel = false;
  #ipv4: NewAddress | undefined;
  readonly #routes = new Map<IpFamily, NewRoute>();

  /** @param tun the device, as long as it has this index */
  constructor(netlink: Netlink, { log, tun }: {
    readonly log: Log;
    readonly tun: { readonly name: string; readonly index: number };
  }) {
    this.#netlink = netlink;
    this.#log = log;
    this.#tun = tun;
  }

  /** There is a tunnel from now on. @throws SystemError EEXIST when another default route has our metric */
  setTunnel(): void {
    this.#hasTunnel = true;
    this.#addRoute(6, undefined);
    if (this.#ipv4 !== undefined) this.#addRoute(4, this.#ipv4.address);
  }

  /** There is none any more: the default routes go, addresses stay. */
  clearTunnel(): void {
    this.#hasTunnel = false;
    this.#removeRoute(6);
    this.#removeRoute(4);
  }

  /**
   * The IPv4 home address, in place of the one before: on the TUN device alone, whatever network goes with it, with an IPv4
   * default route while there is a tunnel. Undefined takes both away. @throws SystemError
   */
  setIpv4HomeAddress(ipv4HomeAddress: Ipv4HomeAddress | undefined): void {
    const before = this.#ipv4;
    if (ipv4HomeAddress?.address === before?.address) return;
    this.#removeRoute(4);
    this.#ipv4 = undefined;
    if (before !== undefined) ignoringGone(() => this.#netlink.deleteAddress(before));
    if (ipv4HomeAddress === undefined) return;
    const { address } = ipv4HomeAddress;
    const entry: NewAddress = {
      interfaceIndex: this.#tun.index,
      address,
      prefixLength: 32,
      protocol: DSMIP_PROTOCOL,
    };
    this.#netlink.addAddress(entry);
    this.#ipv4 = entry;
    this.#log.debug("address set", { address, prefixLength: 32, device: this.#tun.name });
    if (this.#hasTunnel) this.#addRoute(4, address);
  }

  #addRoute(family: IpFamily, preferredSource: IpAddress | undefined): void {
    if (this.#routes.has(family)) return;
    const route: NewRoute = {
      destination: ANYWHERE[family],
      prefixLength: 0,
      interfaceIndex: this.#tun.index,
      metric: DEFAULT_ROUTE_METRIC,
      preferredSource,
    };
    this.#netlink.addRoute(route);
    this.#routes.set(family, route);
    this.#log.debug("default route set", {
      family: `IPv${family}`,
      device: this.#tun.name,
      metric: DEFAULT_ROUTE_METRIC,
    });
    if (family === 4) this.#lookForBetterRoutes();
  }

  #removeRoute(family: IpFamily): void {
    const route = this.#routes.get(family);
    if (route === undefined) return;
    this.#routes.delete(family);
    ignoringGone(() => this.#netlink.deleteRoute(route));
    this.#log.debug("default route removed", { family: `IPv${family}`, device: this.#tun.name });
  }

  /** An IPv4 default route without a metric, as some DHCP clients set it, is preferred to every other. */
  #lookForBetterRoutes(): void {
    for (const { family, prefixLength, table, type, metric = 0, gateway } of this.#netlink.routes()) {
      const isDefault = family === 4 && prefixLength === 0 && table === MAIN_TABLE && type === "unicast";
      if (!isDefault || metric >= DEFAULT_ROUTE_METRIC) continue;
      this.#log.warning(
        "another IPv4 default route is preferred: what others send does not take the tunnel",
        {
          gateway: gateway ?? "none",
          metric,
          advice: `give that route a metric above ${DEFAULT_ROUTE_METRIC}`,
        },
      );
    }
  }
}
