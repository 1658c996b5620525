import type { IpAddress, Ipv4Address } from "../wire/address.ts";
import { GOOD_LINK, type LinkQuality, transits } from "./link.ts";
import { Nat, type NatSettings } from "./nat.ts";
import type { Flow, OuterPacket } from "./packet.ts";
import type { Surroundings } from "./surroundings.ts";

/** Something with an address that packets can be brought to. */
export interface Attachment {
  receive(packet: OuterPacket): void;
}

export interface AccessNetworkSettings {
  readonly name: string;
  /** The first three octets of its addresses: "10.1.0". */
  readonly addressPrefix: string;
  readonly nat: NatSettings | undefined;
  /** Octets. */
  readonly linkMtu: number;
}

/** Between the hosts and the gateway, and between the gateway and the Internet. */
export type NetworkPart = "access" | "core";

/** An IPv4 access network: hosts on a link, and a gateway to the Internet that may be a NAT. */
export class AccessNetwork implements RoutedNetwork {
  readonly settings: AccessNetworkSettings;
  readonly nat: Nat | undefined;
  readonly quality: Record<NetworkPart, LinkQuality> = { access: GOOD_LINK, core: GOOD_LINK };
  readonly #internet: Internet;
  readonly #surroundings: Surroundings;
  readonly #hosts = new Map<IpAddress, Attachment>();
  #nextHost = 10;

  constructor(settings: AccessNetworkSettings, internet: Internet, surroundings: Surroundings) {
    this.settings = settings;
    this.nat = settings.nat && new Nat(settings.nat, surroundings.random.fork());
    this.#internet = internet;
    this.#surroundings = surroundings;
    internet.addNetwork(this);
  }

  get name(): string {
    return this.settings.name;
  }

  /** Gives the host an address that no host had lately. */
  attach(host: Attachment): Ipv4Address {
    const address = `${this.settings.addressPrefix}.${this.#nextHost}`;
    this.#nextHost = this.#nextHost === 250 ? 10 : this.#nextHost + 1;
    this.#hosts.set(address, host);
    return address;
  }

  detach(address: Ipv4Address): void {
    this.#hosts.delete(address);
  }

  owns(address: IpAddress): boolean {
    return this.nat === undefined ? this.#hosts.has(address) : address === this.nat.settings.publicAddress;
  }

  fromHost(packet: OuterPacket): void {
    this.#carry(this.quality.access, packet, () => this.#leave(packet));
  }

  fromInternet(packet: OuterPacket): void {
    this.#carry(this.quality.core, packet, () => this.#enter(packet));
  }

  /** The outer source that a packet from inside has in the Internet now; undefined where it would be a new one. */
  publicSource(flow: Flow): { address: IpAddress; port: number } | undefined {
    if (this.nat === undefined) return { address: flow.source, port: flow.sourcePort };
    const port = this.nat.publicPort(flow, this.#surroundings.nowMs);
    return port === undefined ? undefined : { address: this.nat.settings.publicAddress, port };
  }

  #leave(packet: OuterPacket): void {
    const outside = this.nat ? this.nat.translateOutbound(packet, this.#surroundings.nowMs) : packet;
    if (outside === undefined) return this.#drop("NAT cannot map", packet);
    this.#carry(this.quality.core, outside, () => this.#internet.route(outside));
  }

  #enter(packet: OuterPacket): void {
    const inside = this.nat ? this.nat.translateInbound(packet, this.#surroundings.nowMs) : packet;
    if (inside === undefined) return this.#drop("NAT has no mapping", packet);
    this.#carry(this.quality.access, inside, () => {
      const host = this.#hosts.get(inside.destination);
      if (host === undefined) this.#drop("no such host", inside);
      else host.receive(inside);
    });
  }

  #carry(quality: LinkQuality, packet: OuterPacket, arrive: () => void): void {
    const delays = transits(quality, this.#surroundings.random);
    if (delays.length === 0) this.#drop("lost", packet);
    for (const delayMs of delays) this.#surroundings.schedule(delayMs, arrive);
  }

  #drop(what: string, packet: OuterPacket): void {
    this.#surroundings.note(this.name, { kind: "packet", what, packet });
  }
}

/** A network that the Internet brings packets to. */
export interface RoutedNetwork {
  /** Does the Internet bring packets for this address here? */
  owns(address: IpAddress): boolean;
  fromInternet(packet: OuterPacket): void;
}

/** Brings packets to the network or the host that has their destination address. */
export class Internet {
  readonly #networks: RoutedNetwork[] = [];
  readonly #hosts = new Map<IpAddress, Attachment>();
  readonly #surroundings: Surroundings;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  addNetwork(network: RoutedNetwork): void {
    this.#networks.push(network);
  }

  addHost(address: IpAddress, host: Attachment): void {
    this.#hosts.set(address, host);
  }

  route(packet: OuterPacket): void {
    const host = this.#hosts.get(packet.destination);
    if (host !== undefined) return host.receive(packet);
    const network = this.#networks.find((network) => network.owns(packet.destination));
    if (network !== undefined) return network.fromInternet(packet);
    this.#surroundings.note("internet", { kind: "packet", what: "no such address", packet });
  }
}
