import { formatIpv6, type IpAddress, isIpv4, parseIpv6 } from "../../wire/address.ts";
import { equalOctets } from "../../wire/octets.ts";
import type { LinkQuality } from "../link.ts";
import { transits } from "../link.ts";
import type { Internet, RoutedNetwork } from "../network.ts";
import type { OuterPacket } from "../packet.ts";
import type { Surroundings } from "../surroundings.ts";
import { type Frame, type FrameKind, frameKind } from "./frame.ts";
import { Ipv4Router, type Ipv4RouterSettings } from "./ipv4_router.ts";
import { Ipv6Router, type Ipv6RouterSettings } from "./ipv6_router.ts";
import { Squatter } from "./squatter.ts";

/** Something on a link. */
export interface Station {
  /** Six octets. */
  readonly hardwareAddress: Uint8Array;
  receiveFrame(frame: Frame): void;
}

/** A station that packets from elsewhere are brought to. */
export interface HostStation extends Station {
  hasAddress(address: IpAddress): boolean;
  receivePacket(packet: OuterPacket): void;
}

export interface AccessLinkSettings {
  readonly name: string;
  readonly linkMtu: number;
  /** None: the link has no IPv6. */
  readonly ipv6Routers: readonly Ipv6RouterSettings[];
  /** Undefined: the link has no IPv4. */
  readonly ipv4Router: Ipv4RouterSettings | undefined;
}

/** What a fault can lose: a frame of a kind, or a mobility message. */
export type LossKind = Exclude<FrameKind, "unknown"> | "bindingUpdate" | "bindingAcknowledgement";

const PREFIX_OCTETS = 8;
/** Between the gateway and the Internet. */
export const CORE_DELAY_MS = 5;
/** A link that no fault has touched. */
export const GOOD_ACCESS: LinkQuality = {
  lossProbability: 0,
  duplicateProbability: 0,
  delayMs: 1,
  jitterMs: 0,
};

/** A link on which frames go by hardware address, with its routers, and its way to the Internet. */
export class AccessLink implements RoutedNetwork {
  readonly settings: AccessLinkSettings;
  readonly ipv6Routers: readonly Ipv6Router[];
  readonly ipv4Router: Ipv4Router | undefined;
  readonly squatter: Squatter;
  quality: LinkQuality = GOOD_ACCESS;
  /** How many more of each kind get lost. */
  readonly losses = new Map<LossKind, number>();
  readonly #hosts = new Set<HostStation>();
  readonly #internet: Internet;
  readonly #surroundings: Surroundings;

  constructor(settings: AccessLinkSettings, internet: Internet, surroundings: Surroundings) {
    this.settings = settings;
    this.#internet = internet;
    this.#surroundings = surroundings;
    this.squatter = new Squatter(this, surroundings);
    this.ipv6Routers = settings.ipv6Routers.map((router) => new Ipv6Router(router, this, surroundings));
    this.ipv4Router = settings.ipv4Router && new Ipv4Router(settings.ipv4Router, this, surroundings);
    internet.addNetwork(this);
  }

  get name(): string {
    return this.settings.name;
  }

  attach(host: HostStation): void {
    this.#hosts.add(host);
  }

  detach(host: HostStation): void {
    this.#hosts.delete(host);
  }

  /** Ends all faults: the link is good, all routers are there, and nobody else has the node's addresses. */
  mend(): void {
    this.quality = GOOD_ACCESS;
    this.losses.clear();
    this.squatter.leave();
    for (const router of this.ipv6Routers) router.revive();
    this.ipv4Router?.revive();
  }

  /** Could a packet from this address be answered here? */
  carries(address: IpAddress): boolean {
    if (this.squatter.taken.has(address)) return false;
    if (isIpv4(address)) return this.ipv4Router?.alive === true && this.ipv4Router.isOnLink(address);
    return this.ipv6Routers.some((router) => router.alive && router.forwards(address));
  }

  /** Is it an address that this link has given, whether somebody carries it now or not? */
  belongs(address: IpAddress, hardwareAddress: Uint8Array): boolean {
    if (isIpv4(address)) return this.ipv4Router?.dhcp.leaseOf(hardwareAddress) === address;
    return this.ipv6Routers.some(({ advertised }) => advertised.has(prefixOf(address)));
  }

  /** Brings a frame to those that it is for. */
  send(frame: Frame): void {
    if (this.losses.size > 0 && this.#isLost(frameKind(frame))) return this.#note("lost", frame);
    this.#note("on the link", frame);
    for (const delayMs of transits(this.quality, this.#surroundings.random)) {
      this.#surroundings.schedule(delayMs, () => this.#deliver(frame));
    }
  }

  /** A packet of a host, by this default router. */
  fromHost(packet: OuterPacket, gateway: IpAddress): void {
    if (this.#isPacketLost(packet)) return;
    for (const delayMs of transits(this.quality, this.#surroundings.random)) {
      this.#surroundings.schedule(delayMs, () => this.#leave(packet, gateway));
    }
  }

  owns(address: IpAddress): boolean {
    if (isIpv4(address)) return this.ipv4Router?.owns(address) === true;
    return this.ipv6Routers.some((router) => router.forwards(address));
  }

  fromInternet(packet: OuterPacket): void {
    const inside = isIpv4(packet.destination) ? this.ipv4Router?.fromInternet(packet) : packet;
    if (inside === undefined || !this.carries(inside.destination)) return this.#drop("no way to", packet);
    if (this.#isPacketLost(inside)) return;
    for (const delayMs of transits(this.quality, this.#surroundings.random)) {
      this.#surroundings.schedule(CORE_DELAY_MS + delayMs, () => {
        const host = [...this.#hosts].find((host) => host.hasAddress(inside.destination));
        if (host === undefined) this.#drop("no such host", inside);
        else host.receivePacket(inside);
      });
    }
  }

  #leave(packet: OuterPacket, gateway: IpAddress): void {
    if (!this.carries(packet.source)) return this.#drop("not from this link", packet);
    if (isIpv4(packet.source)) {
      const router = this.ipv4Router!;
      const outside = gateway === router.settings.address ? router.toInternet(packet) : undefined;
      if (outside === undefined) return this.#drop("no such router", packet);
      return this.#surroundings.schedule(CORE_DELAY_MS, () => this.#internet.route(outside));
    }
    const router = this.ipv6Routers.find(({ alive, settings }) => alive && settings.linkLocal === gateway);
    if (router === undefined) return this.#drop("no such router", packet);
    this.#surroundings.schedule(CORE_DELAY_MS, () => this.#internet.route(packet));
  }

  #deliver(frame: Frame): void {
    const { sourceHardwareAddress: source, destinationHardwareAddress: destination } = frame;
    const isGroup = (destination[0] & 1) === 1;
    const routers: readonly Station[] = this.ipv4Router
      ? [...this.ipv6Routers, this.ipv4Router]
      : this.ipv6Routers;
    for (const station of [...routers, this.squatter, ...this.#hosts]) {
      if (equalOctets(station.hardwareAddress, source)) continue;
      if (isGroup || equalOctets(station.hardwareAddress, destination)) station.receiveFrame(frame);
    }
  }

  #isPacketLost(packet: OuterPacket): boolean {
    if (this.losses.size === 0) return false;
    const decoded = packet.payload.kind === "signalling" ? packet.payload.decode() : undefined;
    const kind = decoded?.ok ? decoded.value.header.message.kind : undefined;
    const isLost = (kind === "bindingUpdate" || kind === "bindingAcknowledgement") && this.#isLost(kind);
    if (isLost) this.#drop("lost", packet);
    return isLost;
  }

  #isLost(kind: FrameKind | LossKind): boolean {
    const left = kind === "unknown" ? 0 : this.losses.get(kind) ?? 0;
    if (left > 0) this.losses.set(kind as LossKind, left - 1);
    return left > 0;
  }

  #note(what: string, frame: Frame): void {
    this.#surroundings.note(this.name, { kind: "frame", what, frame });
  }

  #drop(what: string, packet: OuterPacket): void {
    this.#surroundings.note(this.name, { kind: "packet", what, packet });
  }
}

/** The network of 64 bits that an address is in. */
function prefixOf(address: IpAddress): IpAddress {
  const octets = parseIpv6(address)!;
  return formatIpv6(octets.fill(0, PREFIX_OCTETS), 0);
}
