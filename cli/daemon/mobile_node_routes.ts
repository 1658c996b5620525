import type { Ipv4HomeAddress } from "../../core/control/settings.ts";
import type { Ipv4Address } from "../../core/wire/address.ts";
import type { Netlink } from "../../ffi/netlink.ts";
import type { IpFamily } from "../../ffi/netlink_ip.ts";
import { DSMIP_PROTOCOL, MAIN_TABLE, type NewAddress, type NewRoute } from "../../ffi/netlink_record.ts";
import { ignoringGone } from "./host_leftovers.ts";
import type { Log } from "./log.ts";

/** Of the default routes: preferred to those of router advertisements (1024) and of DHCP clients that give a metric. */
const DEFAULT_ROUTE_METRIC = 10;
const ANYWHERE = { 6: "::", 4: "0.0.0.0" } as const;

/** Where a default route leads. */
type Way = Omit<NewRoute, "destination" | "prefixLength" | "metric">;

/** The router of the home link that DHCP has told. */
export interface Ipv4HomeRouter {
  readonly interfaceName: string;
  readonly address: Ipv4Address;
}

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
  /** The IPv4 home address on the interface of the home link. */
  #atHome: NewAddress | undefined;
  /** At home; IPv4 goes there while there is no tunnel. */
  #homeRouter: Ipv4HomeRouter | undefined;
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
    this.#addRoute(6, { interfaceIndex: this.#tun.index });
    this.#fitIpv4Route();
  }

  /** There is none any more: the default routes go, addresses stay. */
  clearTunnel(): void {
    this.#hasTunnel = false;
    this.#removeRoute(6);
    this.#fitIpv4Route();
  }

  /** At home behind this router from now on; undefined: away, or without one. @throws SystemError */
  setHomeRouter(router: Ipv4HomeRouter | undefined): void {
    this.#homeRouter = router;
    this.#fitIpv4Route();
  }

  /**
   * The IPv4 home address, in place of the one before: on the TUN device alone, whatever network goes with it, with an IPv4
   * default route while there is a tunnel. Undefined takes both away. @throws SystemError
   */
  setIpv4HomeAddress(ipv4HomeAddress: Ipv4HomeAddress | undefined): void {
    const before = this.#ipv4;
    if (ipv4HomeAddress?.address === before?.address) return;
    this.#ipv4 = undefined;
    this.#fitIpv4Route();
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
    this.#fitIpv4Route();
  }

  /** Through the tunnel, at home by the router there, else nowhere. */
  #fitIpv4Route(): void {
    const way = this.#ipv4Way();
    const before = this.#routes.get(4);
    if (before?.interfaceIndex === way?.interfaceIndex && before?.gateway === way?.gateway) {
      if (before?.preferredSource === way?.preferredSource) return;
    }
    this.#removeRoute(4);
    this.#fitAddressAtHome(way?.gateway === undefined ? undefined : way.interfaceIndex);
    if (way !== undefined) this.#addRoute(4, way);
  }

  /**
   * At home the IPv4 home address is on the home link's interface, too: when the last IPv4 address of an interface goes, as
   * a care-of address does that was left, the kernel takes away all IPv4 routes by it.
   */
  #fitAddressAtHome(interfaceIndex: number | undefined): void {
    const before = this.#atHome;
    this.#atHome = undefined;
    if (before !== undefined) ignoringGone(() => this.#netlink.deleteAddress(before));
    if (interfaceIndex === undefined || this.#ipv4 === undefined) return;
    const entry = { ...this.#ipv4, interfaceIndex };
    this.#netlink.addAddress(entry);
    this.#atHome = entry;
  }

  #ipv4Way(): Way | undefined {
    if (this.#ipv4 === undefined) return undefined;
    const { address: preferredSource } = this.#ipv4;
    if (this.#hasTunnel) return { interfaceIndex: this.#tun.index, preferredSource };
    if (this.#homeRouter === undefined) return undefined;
    const { interfaceName, address: gateway } = this.#homeRouter;
    const link = this.#netlink.link(interfaceName);
    return link && { interfaceIndex: link.index, gateway, isGatewayOnLink: true, preferredSource };
  }

  #addRoute(family: IpFamily, way: Way): void {
    if (this.#routes.has(family)) return;
    const route: NewRoute = {
      destination: ANYWHERE[family],
      prefixLength: 0,
      metric: DEFAULT_ROUTE_METRIC,
      ...way,
    };
    this.#netlink.addRoute(route);
    this.#routes.set(family, route);
    this.#log.debug("default route set", {
      family: `IPv${family}`,
      by: way.gateway ?? this.#tun.name,
      metric: DEFAULT_ROUTE_METRIC,
    });
    if (family === 4) this.#lookForBetterRoutes();
  }

  #removeRoute(family: IpFamily): void {
    const route = this.#routes.get(family);
    if (route === undefined) return;
    this.#routes.delete(family);
    ignoringGone(() => this.#netlink.deleteRoute(route));
    this.#log.debug("default route removed", { family: `IPv${family}` });
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
