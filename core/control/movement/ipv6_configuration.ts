import type { IpAddress, Ipv6Address } from "../../wire/address.ts";
import {
  decodeNeighborDiscoveryPacket,
  type NeighborAdvertisement,
  type RouterAdvertisement,
} from "../../wire/neighbor_discovery.ts";
import { findNeighborDiscoveryOption, type PrefixInformation } from "../../wire/neighbor_discovery_option.ts";
import { describeWireError } from "../../wire/result.ts";
import { equalOctets } from "../../wire/octets.ts";
import type { Now } from "../now.ts";
import type { CareOfAddressCandidate } from "./candidate.ts";
import type { EgressAction } from "./egress_action.ts";
import { EgressReports } from "./egress_reports.ts";
import { type EgressEvent, EtherType } from "./egress_event.ts";
import type { IdentifierSource } from "./interface_identifier.ts";
import { Ipv6Interface } from "./ipv6_interface.ts";
import { HomeAddress } from "./home_address.ts";
import { RETRANS_TIMER_MS } from "./ipv6_limits.ts";
import { hardwareAddressOf, isUsable, type LinkEvent } from "./ipv6_link.ts";
import type { Ipv6Capabilities, Ipv6Settings } from "./ipv6_settings.ts";
import { homePrefixOf, type Ipv6State, nextLifetimeEnd, routerInUse, viewOf } from "./ipv6_view.ts";
import { duplicateAddressProbe, routerProbe, routerSolicitation } from "./neighbor_discovery_frames.ts";
import { type OwnAddress, OwnAddresses } from "./own_addresses.ts";
import { PrefixList } from "./prefix_list.ts";
import { type Router, RouterList, startProbe, takeParameters, takeProbe } from "./router_list.ts";
import { RouterSolicitations } from "./router_solicitations.ts";

/**
 * The IPv6 half of an egress interface: finds routers, makes addresses in their prefixes without waiting for duplicate
 * address detection (RFC 4861, 4862, 4429), and finds out that the node has moved (RFC 6275 11.5, RFC 6059). Neighbor
 * Solicitations for its addresses are answered by the kernel, which has them.
 */
export class Ipv6Configuration {
  readonly #settings: Ipv6Settings;
  readonly #capabilities: Ipv6Capabilities;
  readonly #addresses: OwnAddresses;
  readonly #routers = new RouterList();
  readonly #prefixes = new PrefixList();
  readonly #solicitations = new RouterSolicitations();
  readonly #interface = new Ipv6Interface();
  readonly #home: HomeAddress;
  /** As the kernel has it; undefined: there is none. */
  #link: LinkEvent | undefined;
  /** The care-of address, if it is of this interface. */
  #chosen: IpAddress | undefined;
  #nowMs = -Infinity;
  #stopped = false;
  readonly #reports: EgressReports;
  #frames: EgressAction[] = [];

  constructor(settings: Ipv6Settings, capabilities: Ipv6Capabilities) {
    this.#settings = settings;
    this.#capabilities = capabilities;
    this.#addresses = new OwnAddresses(settings.interfaceIdentifier);
    this.#reports = new EgressReports(settings.interfaceName);
    this.#home = new HomeAddress(settings.home, this.#reports);
  }

  /** All addresses that could be the care-of address now, the best first. */
  candidates(): readonly CareOfAddressCandidate[] {
    return this.#interface.candidates;
  }

  /** Takes what happened, and returns what is to be done, in this order. Nothing after `stop`. */
  handle(event: EgressEvent, { monotonicMs: nowMs }: Now): EgressAction[] {
    if (this.#stopped) return [];
    this.#nowMs = nowMs;
    this.#frames = [];
    this.#expire();
    switch (event.kind) {
      case "link":
        this.#linkChanged(event);
        break;
      case "linkGone":
        this.#interface.forgetConfiguration();
        this.#forgetNetwork();
        this.#link = undefined;
        break;
      case "frame":
        if (event.etherType === EtherType.ipv6) this.#received(event.payload, event.sourceHardwareAddress);
        break;
      case "addressDuplicate":
        this.#addressDuplicate(event.address);
        break;
      case "doubt":
        this.#doubt();
        break;
      case "chosen":
        this.#home.choose(event.address);
        this.#chosen = event.address;
        break;
      case "home":
        this.#frames.push(...this.#home.comeHome(event.detectDuplicates, this.#nowMs));
        break;
      case "addressReady":
      case "deadline":
        break;
      case "stop":
        this.#stopped = true;
        this.#forgetNetwork();
        return this.#interface.clear();
    }
    return this.#settle();
  }

  /** The instant at which a deadline event is due; undefined: there is none. */
  nextDeadline(): number | undefined {
    if (this.#stopped) return undefined;
    let next = nextLifetimeEnd(this.#state());
    const consider = (atMs: number | undefined) => {
      if (atMs !== undefined && atMs > this.#nowMs) next = Math.min(next, atMs);
    };
    this.#home.deadlines.forEach(consider);
    if (this.#attached) {
      consider(this.#solicitations.dueAtMs);
      for (const { probe } of this.#routers.all) consider(probe?.dueAtMs);
      for (const { optimisticUntilMs } of this.#addresses.all) consider(optimisticUntilMs);
      consider(this.#silentAtMs());
    }
    return next === Infinity ? undefined : next;
  }

  get #attached(): boolean {
    return this.#addresses.linkLocal !== undefined && isUsable(this.#link);
  }

  #state(): Ipv6State {
    return {
      nowMs: this.#nowMs,
      interfaceName: this.#settings.interfaceName,
      link: isUsable(this.#link) ? this.#link : undefined,
      routers: this.#routers,
      prefixes: this.#prefixes,
      addresses: this.#addresses,
      home: this.#home,
      chosen: this.#chosen,
    };
  }

  // The link

  #linkChanged(link: LinkEvent): void {
    const before = this.#link;
    this.#link = link;
    if (before !== undefined && !equalOctets(before.hardwareAddress, link.hardwareAddress)) {
      this.#forgetNetwork();
    }
    if (!link.up) this.#interface.forgetConfiguration();
    if (!isUsable(link)) return this.#detach();
    if (!isUsable(before) || this.#addresses.linkLocal === undefined) this.#attach();
  }

  /** Which network this is, nobody knows yet: routers known from before are asked, and all are solicited (RFC 6059). */
  #attach(): void {
    this.#reports.forgetComplaints();
    if (this.#addresses.linkLocal === undefined) this.#makeLinkLocal();
    if (!this.#attached) return;
    this.#solicitations.start(this.#nowMs);
    this.#sendSolicitation();
    for (const router of this.#routers.all) startProbe(router, this.#nowMs);
    for (const own of this.#addresses.all) {
      const again = own.prefix === undefined || own.optimisticUntilMs !== undefined;
      if (again) this.#detectDuplicates(own);
    }
  }

  /** Addresses stay: this may be the link on which the node will be again. */
  #detach(): void {
    this.#solicitations.stop();
    this.#routers.unconfirmAll();
  }

  #forgetNetwork(): void {
    this.#solicitations.stop();
    this.#routers.clear();
    this.#prefixes.clear();
    this.#addresses.clear();
  }

  // Addresses

  #makeLinkLocal(): void {
    this.#addresses.makeLinkLocal(this.#identifierSource(), this.#nowMs);
    if (this.#addresses.linkLocal !== undefined) return;
    this.#reports.add("error", "no link-local address is free: IPv6 is off on this link", {});
    this.#forgetNetwork();
  }

  #identifierSource(): IdentifierSource {
    const { interfaceName, stableSecret: secret } = this.#settings;
    return { interfaceName, secret, hardwareAddress: this.#link!.hardwareAddress, ...this.#capabilities };
  }

  /** Without the random delay of RFC 4862 5.4.2: RFC 6275 11.5.3 wants none of a node that moves. */
  #detectDuplicates(own: OwnAddress): void {
    own.optimisticUntilMs = this.#nowMs + RETRANS_TIMER_MS;
    this.#frames.push(duplicateAddressProbe(own.address));
  }

  #addressDuplicate(address: Ipv6Address): void {
    const own = this.#addresses.find(address);
    if (own === undefined) return;
    this.#reports.add("warning", "another node has the address", { address });
    this.#addresses.removeDuplicate(own);
    if (own.prefix !== undefined || !isUsable(this.#link)) return;
    this.#makeLinkLocal();
    if (this.#addresses.linkLocal !== undefined) this.#detectDuplicates(this.#addresses.linkLocal);
  }

  // What was received

  #received(payload: Uint8Array, hardwareAddress: Uint8Array): void {
    if (!this.#attached || equalOctets(hardwareAddress, this.#link!.hardwareAddress)) return;
    const decoded = decodeNeighborDiscoveryPacket(payload);
    if (!decoded.ok) {
      return this.#reports.complain("neighbor discovery packet ignored", {
        reason: describeWireError(decoded.error),
      });
    }
    const { source, message } = decoded.value;
    switch (message.kind) {
      case "routerAdvertisement":
        return this.#routerAdvertised(source, hardwareAddress, message);
      case "neighborAdvertisement":
        return this.#neighborAdvertised(hardwareAddress, message);
      case "neighborSolicitation":
        if (source !== "::") return;
        if (this.#home.heardProbe(message.target)) return;
        if (this.#addresses.isOptimistic(message.target)) this.#addressDuplicate(message.target);
        return;
      case "routerSolicitation":
        return;
    }
  }

  #neighborAdvertised(frameSource: Uint8Array, message: NeighborAdvertisement): void {
    const { target } = message;
    if (this.#home.heardAdvertisement(message, frameSource)) return;
    if (this.#addresses.find(target) !== undefined) {
      if (this.#addresses.isOptimistic(target)) return this.#addressDuplicate(target);
      return this.#reports.complain("another node advertises our address", { address: target });
    }
    const option = findNeighborDiscoveryOption(message.options, "targetLinkLayerAddress");
    const router = this.#routers.find(target, hardwareAddressOf(option, frameSource));
    if (router === undefined) return;
    if (!message.router) return this.#removeRouter(router, "it is a router no more");
    if (message.solicited) this.#routers.confirm(router, this.#nowMs);
  }

  #routerAdvertised(address: Ipv6Address, frameSource: Uint8Array, message: RouterAdvertisement): void {
    const option = findNeighborDiscoveryOption(message.options, "sourceLinkLayerAddress");
    const hardwareAddress = hardwareAddressOf(option, frameSource);
    const prefixes = message.options.filter((option) => option.kind === "prefixInformation");
    const neighbors = this.#routersOf(prefixes);
    const known = this.#routers.find(address, hardwareAddress) ??
      neighbors.find((router) => router.address === address);
    const isDefault = message.routerLifetimeSeconds > 0;
    const strangers = this.#routers.all.filter((other) => other !== known && !neighbors.includes(other));
    const moved = isDefault && prefixes.length > 0 && known?.state !== "confirmed" &&
      !neighbors.some((other) => other !== known && other.state === "confirmed");
    if (moved) this.#suspect(strangers);
    const router = known ?? this.#routers.add(address, hardwareAddress, this.#nowMs);
    if (router === undefined) {
      return this.#reports.complain("router ignored: there are too many", { router: address });
    }
    if (moved && strangers.length > 0) this.#routers.promote(router);
    this.#routers.confirm(router, this.#nowMs);
    router.hardwareAddress = hardwareAddress;
    this.#home.heardRouter(message, hardwareAddress);
    const fault = takeParameters(router, message, this.#link!.mtu, this.#nowMs);
    if (fault !== undefined) this.#reports.complain(fault, { router: address });
    for (const option of prefixes) {
      const refusal = this.#prefixes.learn(option, router, this.#nowMs);
      if (refusal === undefined) continue;
      this.#reports.complain(refusal, { router: address, prefix: `${option.prefix}/${option.prefixLength}` });
    }
    if (isDefault) this.#solicitations.stop();
  }

  /** Who is known to advertise one of these prefixes: a router of the same link. */
  #routersOf(options: readonly PrefixInformation[]): Router[] {
    return options.flatMap((option) => [...this.#prefixes.find(option)?.routers ?? []]);
  }

  // Routers that may be gone

  /** A router of another network is heard: those before are asked, and go at once where they did not answer already. */
  #suspect(routers: readonly Router[]): void {
    for (const router of routers) {
      const askedInVain = router.state === "unconfirmed" && router.probe === undefined;
      if (askedInVain) {
        this.#removeRouter(router, "the link is another");
        continue;
      }
      if (router.state === "confirmed") router.state = "suspected";
      startProbe(router, this.#nowMs);
    }
  }

  #doubt(): void {
    if (!this.#attached) return;
    for (const router of this.#routers.all) startProbe(router, this.#nowMs);
    this.#solicitations.start(this.#nowMs);
  }

  /** An unconfirmed router is kept until another network is heard: nothing may pass on a link that has just come up. */
  #probeUnanswered(router: Router): void {
    if (router.state !== "unconfirmed") return this.#removeRouter(router, "it does not answer");
    const elsewhere = this.#routers.all.some(({ state }) => state === "confirmed");
    if (elsewhere) this.#removeRouter(router, "the link is another");
  }

  #removeRouter(router: Router, reason: string): void {
    this.#reports.add("info", "router gone", { router: router.address, reason });
    this.#routers.remove(router);
    this.#prefixes.removeRouter(router);
  }

  /** When the router in use will have been silent for too long; Infinity: never (RFC 6275 7.3, 11.5.1). */
  #silentAtMs(): number {
    const router = routerInUse(this.#state());
    if (router === undefined || router.probe !== undefined) return Infinity;
    const { routerProbeMs } = this.#settings;
    const period = Math.min(routerProbeMs || Infinity, router.advertisementIntervalMs ?? Infinity);
    return router.confirmedAtMs + period;
  }

  // Time

  /** Ends what has had its time, up to now. */
  #expire(): void {
    const nowMs = this.#nowMs;
    this.#prefixes.expire(nowMs);
    for (const router of this.#routers.all) {
      const advertises = [...this.#prefixes.all].some(({ routers }) => routers.has(router));
      if (router.defaultUntilMs <= nowMs && !advertises) this.#removeRouter(router, "its lifetime is over");
    }
    if (!this.#attached) return;
    for (const own of this.#addresses.all) {
      if (own.optimisticUntilMs !== undefined && own.optimisticUntilMs <= nowMs) {
        own.optimisticUntilMs = undefined;
      }
    }
  }

  /** Sends what is due, and turns the state into actions. */
  #settle(): EgressAction[] {
    if (this.#attached) this.#sendDue();
    this.#addresses.expire(this.#prefixes.all, this.#nowMs);
    if (this.#attached) this.#makeMissingAddresses();
    this.#frames.push(
      ...this.#home.settle(homePrefixOf(this.#state()), this.#link, this.#addresses.linkLocal, this.#nowMs),
    );
    const { before, after } = this.#interface.update(
      viewOf(this.#state(), (address) => this.#interface.has(address)),
    );
    return [...this.#reports.take(), ...before, ...this.#frames, ...after];
  }

  #makeMissingAddresses(): void {
    const usable = [...this.#prefixes.all].filter(({ routers }) =>
      [...routers].some(({ state }) => state !== "unconfirmed")
    );
    for (const own of this.#addresses.makeMissing(usable, this.#identifierSource(), this.#nowMs)) {
      this.#detectDuplicates(own);
    }
  }

  #sendDue(): void {
    const nowMs = this.#nowMs;
    for (const router of this.#routers.all) this.#probe(router);
    if (this.#silentAtMs() <= nowMs) {
      const router = routerInUse(this.#state())!;
      startProbe(router, nowMs);
      this.#probe(router);
    }
    const alone = this.#routers.defaults(nowMs).length === 0;
    if (alone && this.#solicitations.dueAtMs === undefined) this.#solicitations.start(nowMs);
    this.#sendSolicitation();
  }

  /** The first silence is reason enough to look for other routers. */
  #probe(router: Router): void {
    switch (takeProbe(router, this.#nowMs)) {
      case "nothing":
        return;
      case "unanswered":
        return this.#probeUnanswered(router);
      case "send":
        this.#frames.push(routerProbe(this.#addresses.linkLocal!, this.#link!.hardwareAddress, router));
        if (router.state === "confirmed" && router.probe?.sent === 2) this.#solicitations.start(this.#nowMs);
    }
  }

  #sendSolicitation(): void {
    if (!this.#attached || !this.#solicitations.take(this.#nowMs)) return;
    this.#frames.push(routerSolicitation(this.#addresses.linkLocal!, this.#link!.hardwareAddress));
  }
}
