import type { Ipv4Address, Ipv6Address, Ipv6Prefix } from "../../core/wire/address.ts";
import { Netlink } from "../../ffi/netlink.ts";
import { DSMIP_PROTOCOL, type NewAddress, type NewRoute } from "../../ffi/netlink_record.ts";
import { SilentTunnelTable } from "../../ffi/nft.ts";
import { readSysctl, writeSysctl } from "../../ffi/sysctl.ts";
import { Failure, messageOf } from "../output/fault.ts";
import { ignoringGone, removeLeftovers } from "./host_leftovers.ts";
import type { Log } from "./log.ts";

/** Below this the kernel switches IPv6 off on an interface and removes its addresses (RFC 8200 section 5). */
const IPV6_MINIMUM_MTU = 1280;
/** MTU of the home agent's TUN device: each mobile node's own limit is told by Packet Too Big. */
const HOME_AGENT_TUN_MTU = 1500;
/** The home agent's interface may take more (jumbo frames, loopback), the path to a mobile node does not. */
const INTERNET_MTU = 1500;
/** Metric of the mobile node's default route: preferred to what router advertisements bring (1024). */
const DEFAULT_ROUTE_METRIC = 10;

/** Of a mobile router's network at the home agent: preferred to the administrator's route for when the router is at home. */
const MOBILE_NETWORK_ROUTE_METRIC = 20;

const FORWARDING = "net/ipv6/conf/all/forwarding";

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
  #defaultRoute: NewRoute | undefined;

  private constructor(log: Log) {
    this.#log = log;
  }

  /** Changes nothing yet. @throws SystemError */
  static open(log: Log): HostNetwork {
    return new HostNetwork(log);
  }

  /**
   * Removes what an earlier run left behind, then, where the home network is virtual: the home agent's address on the
   * TUN device, with the home prefix, so that the kernel routes that there. (Nobody looks for neighbours on a TUN
   * device.) On a home link, the administrator has put the address.
   *
   * @param options `tun`: a TUN device that this process holds open; `ipv4Address`: the outer one; `homeLink`: the
   * interface of the home network, or undefined;
   * `forwarding`: switch IPv6 forwarding on for the whole host, until close()
   * @returns the MTU in octets to count on for outer packets
   * @throws SystemError; Failure when no interface has the IPv4 address
   */
  setUpHomeAgent(
    { tun, address, prefixLength, ipv4Address, homeLink, forwarding }: {
      readonly tun: string;
      readonly address: Ipv6Address;
      readonly prefixLength: number;
      readonly ipv4Address: Ipv4Address;
      readonly homeLink: string | undefined;
      readonly forwarding: boolean;
    },
  ): { readonly linkMtu: number } {
    const linkMtu = Math.min(INTERNET_MTU, this.#linkMtuOf(ipv4Address));
    this.#bringUp(tun, HOME_AGENT_TUN_MTU);
    if (homeLink === undefined) this.#addAddress(address, prefixLength);
    this.#seeToForwarding(forwarding);
    this.#silenceTunnelErrors();
    return { linkMtu };
  }

  /**
   * Removes what an earlier run left behind, then: the home address on the TUN device, which stays there
   * wherever the node is. Nothing is routed there before setTunnel().
   * @throws SystemError
   */
  setUpMobileNode(
    { tun, homeAddress }: { readonly tun: string; readonly homeAddress: Ipv6Address },
  ): void {
    this.#bringUp(tun, IPV6_MINIMUM_MTU);
    this.#addAddress(homeAddress, 128);
    this.#silenceTunnelErrors();
  }

  /**
   * The mobile node has a tunnel: the TUN device gets its MTU and the default route of IPv6.
   * @param options `innerMtu` in octets: below 1280 the device has 1280, as IPv6 demands, and outer packets
   * are fragmented (RFC 4213 section 3.2.1)
   * @throws SystemError EEXIST when another default route has our metric
   */
  setTunnel({ innerMtu }: { readonly innerMtu: number }): void {
    this.#netlink.setLink(this.#tun.index, { mtu: Math.max(IPV6_MINIMUM_MTU, innerMtu) });
    if (this.#defaultRoute !== undefined) return;
    const route: NewRoute = {
      destination: "::",
      prefixLength: 0,
      interfaceIndex: this.#tun.index,
      metric: DEFAULT_ROUTE_METRIC,
    };
    this.#netlink.addRoute(route);
    this.#defaultRoute = route;
    this.#log.debug("default route set", { device: this.#tun.name, metric: DEFAULT_ROUTE_METRIC });
  }

  /** Home agent: a mobile router's network is reached by the TUN device. @throws SystemError */
  addMobileNetwork(prefix: Ipv6Prefix): void {
    this.#netlink.replaceRoute(this.#mobileNetworkRoute(prefix));
  }

  removeMobileNetwork(prefix: Ipv6Prefix): void {
    ignoringGone(() => this.#netlink.deleteRoute(this.#mobileNetworkRoute(prefix)));
  }

  #mobileNetworkRoute({ address, length }: Ipv6Prefix): NewRoute {
    return {
      destination: address,
      prefixLength: length,
      interfaceIndex: this.#tun.index,
      metric: MOBILE_NETWORK_ROUTE_METRIC,
    };
  }

  /** The mobile node has no tunnel any more: the default route goes, the home address stays. */
  clearTunnel(): void {
    const route = this.#defaultRoute;
    if (route === undefined) return;
    this.#defaultRoute = undefined;
    ignoringGone(() => this.#netlink.deleteRoute(route));
    this.#log.debug("default route removed", { device: this.#tun.name });
  }

  /** Takes everything back, the last change first. What cannot be taken back is logged. Once only. */
  close(): void {
    this.#undo.push({ what: "remove the default route", action: () => this.clearTunnel() });
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
      protocol: DSMIP_PROTOCOL,
    };
    this.#netlink.addAddress(entry);
    this.#undo.push({
      what: `remove the address ${address}`,
      action: () => ignoringGone(() => this.#netlink.deleteAddress(entry)),
    });
    this.#log.debug("address set", { address, prefixLength, device: this.#tun.name });
  }

  #seeToForwarding(wanted: boolean): void {
    const before = readSysctl(FORWARDING);
    if (before !== "0") return;
    if (!wanted) {
      this.#log.warning("IPv6 forwarding is off: no packets pass between mobile nodes and other hosts", {
        command: `sysctl -w ${FORWARDING}=1`,
      });
      return;
    }
    writeSysctl(FORWARDING, "1");
    this.#undo.push({
      what: `set ${FORWARDING} back to ${before}`,
      action: () => writeSysctl(FORWARDING, before),
    });
    this.#log.info("IPv6 forwarding switched on", { key: FORWARDING });
  }

  #silenceTunnelErrors(): void {
    try {
      const table = new SilentTunnelTable(this.#tun.name);
      this.#undo.push({ what: "remove the nftables table", action: () => table.close() });
    } catch (error) {
      this.#log.warning("this host may answer tunnelled packets with ICMP errors", {
        error: messageOf(error),
      });
    }
  }
}
