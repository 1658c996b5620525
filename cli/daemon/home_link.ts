import { EtherType } from "../../core/control/movement/egress_event.ts";
import {
  formatIpv6,
  type IpAddress,
  type Ipv4Address,
  type Ipv6Address,
  ipv6Octets,
  isIpv4,
  UNSPECIFIED_IPV6,
} from "../../core/wire/address.ts";
import { ArpOperation, encodeArp } from "../../core/wire/arp.ts";
import {
  decodeNeighborDiscoveryPacket,
  encodeNeighborDiscoveryPacket,
  multicastHardwareAddress,
  type NeighborDiscoveryPacket,
  type RouterAdvertisement,
  solicitedNodeAddress,
} from "../../core/wire/neighbor_discovery.ts";
import { EgressSocket } from "../../ffi/egress_socket.ts";
import { Netlink } from "../../ffi/netlink.ts";
import type { NewNeighbor } from "../../ffi/netlink_neighbor.ts";
import type { NewRoute } from "../../ffi/netlink_record.ts";
import { NetworkLayerListener } from "../../ffi/network_layer_listener.ts";
import { messageOf } from "../output/fault.ts";
import { ignoringGone } from "./host_leftovers.ts";
import type { Log } from "./log.ts";
import type { SavedSysctls } from "./saved_sysctls.ts";

export interface HomeLinkOptions {
  readonly interfaceName: string;
  /** An address of this host on the home link: the source of what is advertised. */
  readonly homeAgentAddress: Ipv6Address;
  /** The TUN device that intercepted packets go to. */
  readonly tun: string;
  readonly sysctls: SavedSysctls;
  readonly log: Log;
  /** A router on the home link, by its link-local address. */
  readonly onRouterAdvertisement: (source: Ipv6Address, advertisement: RouterAdvertisement) => void;
  /** Nothing is heard of the home link any more. */
  readonly onFailure: (error: unknown) => void;
}

/** A mobile node that is away from home. */
export interface AbsentNode {
  readonly homeAddress: Ipv6Address;
  /** Its link-local address, too: that with the same interface identifier (L flag, RFC 6275 section 6.1.7). */
  readonly linkLocalCompatibility: boolean;
  /** It is a router, and is advertised as one (RFC 3963 section 6.2). */
  readonly mobileRouter: boolean;
}

/** RetransTimer, with one transmission (RFC 4862 section 5.1). */
const DUPLICATE_ADDRESS_DETECTION_MS = 1000;
const ALL_NODES: Ipv6Address = "ff02::1";
const BROADCAST_HARDWARE_ADDRESS = new Uint8Array(6).fill(0xff);

/** What was put on the host for one mobile node. */
interface Interception {
  readonly proxies: readonly NewNeighbor[];
  readonly route: NewRoute;
}

/**
 * The home agent's place on the home link (RFC 6275 section 10.4.1): it answers there for the addresses of nodes that are
 * away, by the kernel's proxy entries, and takes in what is sent to them. IPv4 home addresses in the same way, by ARP.
 */
export class HomeLink implements AsyncDisposable {
  readonly #options: HomeLinkOptions;
  readonly #netlink = new Netlink();
  readonly #interfaceIndex: number;
  readonly #hardwareAddress: Uint8Array;
  readonly #tunIndex: number;
  readonly #socket: EgressSocket;
  readonly #listener: NetworkLayerListener;
  readonly #interceptions = new Map<IpAddress, Interception>();
  /** What to call when another node turns out to have the address. */
  readonly #probes = new Map<Ipv6Address, Set<() => void>>();
  #closed: Promise<void> | undefined;

  /** @throws SystemError: no such interface, no permission */
  constructor(options: HomeLinkOptions) {
    const { interfaceName, sysctls, onFailure } = options;
    this.#options = options;
    const link = this.#netlink.requireLink(interfaceName);
    this.#interfaceIndex = link.index;
    this.#hardwareAddress = link.hardwareAddress;
    this.#tunIndex = this.#netlink.requireLink(options.tun).index;
    // Another node that wants the address asks for it by the address's own multicast group.
    this.#socket = new EgressSocket({ interfaceIndex: link.index, allMulticast: true });
    this.#listener = new NetworkLayerListener(this.#socket, {
      onPacket: ({ etherType, payload }) => {
        if (etherType === EtherType.ipv6) this.#hear(payload);
      },
      onFailure,
    });
    sysctls.set(`net/ipv6/conf/${interfaceName}/proxy_ndp`, "1");
    sysctls.set(`net/ipv6/neigh/${interfaceName}/proxy_delay`, "0");
    sysctls.set(`net/ipv4/neigh/${interfaceName}/proxy_delay`, "0");
  }

  /**
   * Does another node on the home link have the home address, or the link-local address that goes with it? Asks once and
   * waits a second (RFC 4862 section 5.4; RFC 6275 section 10.3.1). True also when the home link is closed before.
   */
  async isDuplicate(
    { homeAddress, linkLocalCompatibility }: Pick<AbsentNode, "homeAddress" | "linkLocalCompatibility">,
  ): Promise<boolean> {
    const addresses = linkLocalCompatibility ? [homeAddress, linkLocalOf(homeAddress)] : [homeAddress];
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const found = () => resolve(true);
    for (const address of addresses) {
      this.#probes.set(address, (this.#probes.get(address) ?? new Set()).add(found));
    }
    for (const target of addresses) {
      this.#sendNeighborDiscovery({
        source: UNSPECIFIED_IPV6,
        destination: solicitedNodeAddress(target),
        message: { kind: "neighborSolicitation", target, options: [] },
      });
    }
    const timer = setTimeout(() => resolve(false), DUPLICATE_ADDRESS_DETECTION_MS);
    const answer = await promise;
    clearTimeout(timer);
    for (const address of addresses) {
      const waiting = this.#probes.get(address);
      waiting?.delete(found);
      if (waiting?.size === 0) this.#probes.delete(address);
    }
    return answer;
  }

  /**
   * Answers for the node's addresses from now on, says so to all nodes on the home link, and routes the home address to
   * the TUN device. Once more for the same node: only says it again. @throws SystemError
   */
  intercept({ homeAddress, linkLocalCompatibility, mobileRouter }: AbsentNode): void {
    const addresses = linkLocalCompatibility ? [homeAddress, linkLocalOf(homeAddress)] : [homeAddress];
    this.#takeOver(homeAddress, { addresses, isRouter: mobileRouter });
    for (const address of addresses) this.#advertise(address, mobileRouter);
  }

  /**
   * The same for an IPv4 home address, by ARP (RFC 5555 section 4.5). Nobody looks for duplicates: an address that is
   * bound belongs to its mobile node. @throws SystemError
   */
  interceptIpv4(address: Ipv4Address): void {
    // The kernel does ARP for others only where it forwards for others.
    this.#options.sysctls.set(`net/ipv4/conf/${this.#options.interfaceName}/forwarding`, "1");
    this.#takeOver(address, { addresses: [address], isRouter: false });
    this.#announceByArp(address);
  }

  /** Answers for the node no longer: before it is told that it may use its address at home. */
  release(homeAddress: Ipv6Address): void {
    this.#giveUp(homeAddress);
  }

  releaseIpv4(address: Ipv4Address): void {
    this.#giveUp(address);
  }

  #takeOver(
    homeAddress: IpAddress,
    { addresses, isRouter }: { readonly addresses: readonly IpAddress[]; readonly isRouter: boolean },
  ): void {
    const interception: Interception = {
      proxies: addresses.map((address) => ({
        interfaceIndex: this.#interfaceIndex,
        address,
        isProxy: true,
        isRouter,
      })),
      route: {
        destination: homeAddress,
        prefixLength: isIpv4(homeAddress) ? 32 : 128,
        interfaceIndex: this.#tunIndex,
      },
    };
    this.#interceptions.set(homeAddress, interception);
    this.#netlink.replaceRoute(interception.route);
    for (const proxy of interception.proxies) this.#netlink.setNeighbor(proxy);
  }

  #giveUp(homeAddress: IpAddress): void {
    const interception = this.#interceptions.get(homeAddress);
    if (interception === undefined) return;
    this.#interceptions.delete(homeAddress);
    for (const proxy of interception.proxies) ignoringGone(() => this.#netlink.deleteNeighbor(proxy));
    ignoringGone(() => this.#netlink.deleteRoute(interception.route));
  }

  /** Releases every address and gives the interface back as it was. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const { interfaceName, sysctls, log } = this.#options;
    for (const homeAddress of [...this.#interceptions.keys()]) {
      try {
        this.#giveUp(homeAddress);
      } catch (error) {
        log.warning("cannot release a home address", { homeAddress, error: messageOf(error) });
      }
    }
    for (const waiting of this.#probes.values()) waiting.forEach((found) => found());
    sysctls.giveBack((key) => key.split("/").includes(interfaceName));
    await this.#listener.close();
    this.#netlink.close();
  }

  /**
   * A router; an advertisement of a probed address, or a node that is about to take it (RFC 4862 sections 5.4.3, 5.4.4).
   */
  #hear(packet: Uint8Array): void {
    const decoded = decodeNeighborDiscoveryPacket(packet);
    if (!decoded.ok) return;
    const { source, message } = decoded.value;
    if (message.kind === "routerAdvertisement") {
      return this.#options.onRouterAdvertisement(source, message);
    }
    const isClaim = message.kind === "neighborAdvertisement" ||
      message.kind === "neighborSolicitation" && source === UNSPECIFIED_IPV6;
    if (isClaim) this.#probes.get(message.target)?.forEach((found) => found());
  }

  #advertise(target: Ipv6Address, router: boolean): void {
    this.#sendNeighborDiscovery({
      source: this.#options.homeAgentAddress,
      destination: ALL_NODES,
      message: {
        kind: "neighborAdvertisement",
        router,
        solicited: false,
        override: true,
        target,
        options: [{ kind: "targetLinkLayerAddress", hardwareAddress: this.#hardwareAddress }],
      },
    });
  }

  /** RFC 5227 section 2.3. */
  #announceByArp(address: Ipv4Address): void {
    const payload = encodeArp({
      operation: ArpOperation.request,
      senderHardwareAddress: this.#hardwareAddress,
      senderAddress: address,
      targetHardwareAddress: new Uint8Array(6),
      targetAddress: address,
    });
    this.#send(EtherType.arp, BROADCAST_HARDWARE_ADDRESS, payload);
  }

  #sendNeighborDiscovery(packet: NeighborDiscoveryPacket): void {
    const hardwareAddress = multicastHardwareAddress(packet.destination);
    this.#send(EtherType.ipv6, hardwareAddress, encodeNeighborDiscoveryPacket(packet));
  }

  #send(etherType: number, destinationHardwareAddress: Uint8Array, payload: Uint8Array): void {
    const fault = this.#socket.send({ etherType, destinationHardwareAddress, payload });
    if (fault !== undefined) this.#options.log.warning("not sent on the home link", { error: fault.message });
  }
}

/** fe80::/64 with the same interface identifier. */
function linkLocalOf(address: Ipv6Address): Ipv6Address {
  const octets = ipv6Octets("fe80::");
  octets.set(ipv6Octets(address).subarray(8), 8);
  return formatIpv6(octets);
}
