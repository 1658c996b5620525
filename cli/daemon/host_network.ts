import type { Ipv4HomeAddress } from "../../core/control/settings.ts";
import type { IpPrefix, Ipv4Address, Ipv6Address } from "../../core/wire/address.ts";
import { Netlink } from "../../ffi/netlink.ts";
import { DSMIP_PROTOCOL, type NewAddress, type NewRoute } from "../../ffi/netlink_record.ts";
import { SilentTunnelTables, type SilentTunnelTablesOptions } from "../../ffi/nft.ts";
import { writeSysctl } from "../../ffi/sysctl.ts";
import type { HomeAgentConfiguration } from "../configuration/record.ts";
import { Failure, messageOf } from "../output/fault.ts";
import { forwardedFamilies, seeToForwarding } from "./forwarding.ts";
import { ignoringGone, removeLeftovers } from "./host_leftovers.ts";
import type { Log } from "./log.ts";
import { type Ipv4HomeRouter, MobileNodeRoutes } from "./mobile_node_routes.ts";
import type { SavedSysctls } from "./saved_sysctls.ts";

/** Below this the kernel switches IPv6 off on an interface and removes its addresses (RFC 8200 section 5). */
const IPV6_MINIMUM_MTU = 1280;
/** MTU of the home agent's TUN device: each mobile node's own limit is told by Packet Too Big. */
const HOME_AGENT_TUN_MTU = 1500;
/** The home agent's interface may take more (jumbo frames, loopback), the path to a mobile node does not. */
const INTERNET_MTU = 1500;
/**
 * Of the home network and of mobile routers' networks at the home agent: preferred to the administrator's routes for when
 * a mobile router is at home.
 */
const NETWORK_ROUTE_METRIC = 20;

/** What a home agent's configuration says of the host. */
export type HomeAgentNetwork = Pick<
  HomeAgentConfiguration,
  "settings" | "ipv4Address" | "homeLink" | "linkMtu" | "forwarding"
>;

interface Undo {
  /** The end of "cannot ...". */
  readonly what: string;
  readonly action: () => void;
}

/**
 * What a daemon does to the host's network. Each change is written down with how to take it back;
 * close() does that in reverse order. What kill -9 leaves is removed by the next run.
 */
export class HostNetwork implements Disposable {
  readonly #log: Log;
  readonly #netlink = new Netlink();
  readonly #undo: Undo[] = [];
  #tun = { name: "", index: 0 };
  #routes: MobileNodeRoutes | undefined;
  #silentTables: SilentTunnelTables | undefined;

  private constructor(log: Log) {
    this.#log = log;
  }

  /** Changes nothing yet. @throws SystemError */
  static open(log: Log): HostNetwork {
    return new HostNetwork(log);
  }

  /**
   * Removes what an earlier run left behind, then, where the home network is virtual: the home agent's address on the
   * TUN device, and routes that lead the home prefixes there. (Nobody looks for neighbours on a TUN device.) On a home
   * link, the administrator has put the address.
   *
   * @param options `tun`: a TUN device that this process holds open; `sysctls`: where forwarding is noted that is switched
   * on for the whole host
   * @returns the MTU in octets to count on for outer packets
   * @throws SystemError; Failure when no interface has the IPv4 address
   */
  setUpHomeAgent(
    { settings, ipv4Address, homeLink, linkMtu: wantedMtu, forwarding }: HomeAgentNetwork,
    { tun, sysctls }: { readonly tun: string; readonly sysctls: SavedSysctls },
  ): { readonly linkMtu: number } {
    const linkMtu = Math.min(wantedMtu ?? INTERNET_MTU, this.#linkMtuOf(ipv4Address));
    this.#bringUp(tun, Math.max(HOME_AGENT_TUN_MTU, linkMtu));
    if (homeLink === undefined) {
      this.#addAddress(settings.address, settings.homePrefix.length);
      this.#addHomePrefix(settings.homePrefix);
      if (settings.ipv4HomePrefix !== undefined) this.#addHomePrefix(settings.ipv4HomePrefix);
    }
    seeToForwarding(forwardedFamilies(settings), { wanted: forwarding, sysctls, log: this.#log });
    this.#silence({ end: { homeAgentAddress: settings.address, isThe: "destination" } });
    return { linkMtu };
  }

  /**
   * Removes what an earlier run left behind, then: the home address on the TUN device, which stays there
   * wherever the node is. Nothing is routed there before setTunnel().
   * @throws SystemError
   */
  setUpMobileNode(
    { tun, homeAddress, homeAgentAddress }: {
      readonly tun: string;
      readonly homeAddress: Ipv6Address;
      readonly homeAgentAddress: Ipv6Address;
    },
  ): void {
    this.#bringUp(tun, IPV6_MINIMUM_MTU);
    this.#addAddress(homeAddress, 128);
    const routes = new MobileNodeRoutes(this.#netlink, { log: this.#log, tun: this.#tun });
    this.#routes = routes;
    this.#undo.push(
      { what: "remove the IPv4 home address", action: () => routes.setIpv4HomeAddress(undefined) },
      { what: "remove the default routes", action: () => routes.clearTunnel() },
    );
    this.#silence({ end: { homeAgentAddress, isThe: "source" }, tun: this.#tun.index });
  }

  /** Warns of interfaces that the configuration names and that are not there: they may come, or the name is wrong. */
  warnOfMissing(interfaceNames: readonly string[]): void {
    for (const name of interfaceNames) {
      if (this.#netlink.link(name) !== undefined) continue;
      this.#log.warning("there is no such interface yet: see `ip link`", { interface: name });
    }
  }

  /**
   * The mobile node has a tunnel: the TUN device gets its MTU and the default routes.
   * @param options `innerMtu` in octets: below 1280 the device has 1280, as IPv6 demands, and outer packets
   * are fragmented (RFC 4213 section 3.2.1)
   * @throws SystemError EEXIST when another default route has our metric
   */
  setTunnel({ innerMtu }: { readonly innerMtu: number }): void {
    this.#netlink.setLink(this.#tun.index, { mtu: Math.max(IPV6_MINIMUM_MTU, innerMtu) });
    this.#routes?.setTunnel();
  }

  /** The mobile node has no tunnel any more: the default routes go, its home addresses stay. */
  clearTunnel(): void {
    this.#routes?.clearTunnel();
  }

  /** The mobile node's IPv4 home address, or none, from now on. @throws SystemError */
  setIpv4HomeAddress(ipv4HomeAddress: Ipv4HomeAddress | undefined): void {
    this.#routes?.setIpv4HomeAddress(ipv4HomeAddress);
  }

  /** The mobile node is at home behind this IPv4 router; undefined: away, or without one. @throws SystemError */
  setHomeRouter(router: Ipv4HomeRouter | undefined): void {
    this.#routes?.setHomeRouter(router);
  }

  /** ESP with one of these SPIs is not for the kernel from now on: it neither takes nor answers it. @throws SystemError */
  setSpis(spis: ReadonlySet<number>): void {
    this.#silentTables?.setSpis(spis);
  }

  /** Home agent: a mobile router's network is reached by the TUN device. @throws SystemError */
  addMobileNetwork(prefix: IpPrefix): void {
    this.#netlink.replaceRoute(this.#routeOf(prefix));
  }

  removeMobileNetwork(prefix: IpPrefix): void {
    ignoringGone(() => this.#netlink.deleteRoute(this.#routeOf(prefix)));
  }

  #routeOf({ address, length }: IpPrefix): NewRoute {
    return {
      destination: address,
      prefixLength: length,
      interfaceIndex: this.#tun.index,
      metric: NETWORK_ROUTE_METRIC,
    };
  }

  /** Takes everything back, the last change first. What cannot be taken back is logged. Once only. */
  close(): void {
    for (const { what, action } of this.#undo.toReversed()) {
      try {
        action();
      } catch (error) {
        this.#log.warning(`cannot ${what}`, { error: messageOf(error) });
      }
    }
    this.#netlink.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #linkMtuOf(address: Ipv4Address): number {
    const holder = this.#netlink.addresses().find((entry) => entry.address === address);
    const link = this.#netlink.links().find(({ index }) => index === holder?.interfaceIndex);
    if (link === undefined) {
      throw new Failure(`No interface of this host has the address ${address}: see \`ip address\``);
    }
    return link.mtu;
  }

  #bringUp(tun: string, mtu: number): void {
    removeLeftovers(this.#netlink, { log: this.#log, tun });
    this.#tun = this.#netlink.requireLink(tun);
    // By itself the kernel would give the device a link-local address and solicit routers, through the tunnel; and it would
    // not take ICMPv4 errors of our data path, which come from an address of this host.
    const parameters = [
      ["ipv6", "disable_ipv6", "0"],
      ["ipv6", "addr_gen_mode", "1"],
      ["ipv6", "accept_ra", "0"],
      ["ipv4", "accept_local", "1"],
    ];
    for (const [version, name, value] of parameters) {
      const key = `net/${version}/conf/${tun}/${name}`;
      try {
        writeSysctl(key, value);
      } catch (error) {
        this.#log.warning("kernel parameter not set", { key, value, error: messageOf(error) });
      }
    }
    this.#netlink.setLink(this.#tun.index, { up: true, mtu });
  }

  #addAddress(address: Ipv6Address, prefixLength: number): void {
    const entry: NewAddress = {
      interfaceIndex: this.#tun.index,
      address,
      prefixLength,
      noDad: true,
      noPrefixRoute: true,
      protocol: DSMIP_PROTOCOL,
    };
    this.#netlink.addAddress(entry);
    this.#undo.push({
      what: `remove the address ${address}`,
      action: () => ignoringGone(() => this.#netlink.deleteAddress(entry)),
    });
    this.#log.debug("address set", { address, prefixLength, device: this.#tun.name });
  }

  #addHomePrefix(prefix: IpPrefix): void {
    const route = this.#routeOf(prefix);
    this.#netlink.addRoute(route);
    this.#undo.push({
      what: `remove the route ${prefix.address}/${prefix.length}`,
      action: () => ignoringGone(() => this.#netlink.deleteRoute(route)),
    });
  }

  #silence(options: Omit<SilentTunnelTablesOptions, "suffix">): void {
    try {
      const tables = new SilentTunnelTables({ ...options, suffix: this.#tun.name });
      this.#silentTables = tables;
      this.#undo.push({ what: "remove the nftables tables", action: () => tables.close() });
    } catch (error) {
      this.#log.warning("this host may answer tunnelled packets with ICMP errors", {
        error: messageOf(error),
      });
    }
  }
}
