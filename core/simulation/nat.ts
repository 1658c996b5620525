import type { IpAddress, Ipv4Address } from "../wire/address.ts";
import type { Flow, OuterPacket } from "./packet.ts";
import type { Random } from "./random.ts";

/** Our own limit, as every NAT has one. */
const MAXIMUM_MAPPINGS = 4096;

/** Does a mapping keep the inside's port where it is free (Linux masquerade), or take any? */
export type PortChoice = "preserve" | "random";

export interface NatSettings {
  readonly publicAddress: Ipv4Address;
  readonly portChoice: PortChoice;
  /** How long a mapping lives without a packet, milliseconds. */
  readonly idleTimeoutMs: number;
}

interface Mapping {
  readonly insideAddress: IpAddress;
  readonly insidePort: number;
  readonly publicPort: number;
  lastUsedAtMs: number;
}

/**
 * A NAT with one public address. Mappings and filters depend on the far end's address and port, as in Linux;
 * protocol 41 has no ports, so only one inside host can talk it to one far end.
 */
export class Nat {
  readonly settings: NatSettings;
  readonly #random: Random;
  /** By inside end and far end. */
  #outbound = new Map<string, Mapping>();
  /** By public port and far end. */
  #inbound = new Map<string, Mapping>();
  /** Ports that a mapping flushed away had: not given again at once. */
  #avoidedPorts = new Set<number>();

  constructor(settings: NatSettings, random: Random) {
    this.settings = settings;
    this.#random = random;
  }

  /** A packet from inside with its new source; undefined where no mapping can be made. */
  translateOutbound(packet: OuterPacket, nowMs: number): OuterPacket | undefined {
    const inside = outboundKey(packet);
    const mapping = this.#live(this.#outbound.get(inside), nowMs) ?? this.#create(packet, inside, nowMs);
    if (mapping === undefined) return undefined;
    mapping.lastUsedAtMs = nowMs;
    return { ...packet, source: this.settings.publicAddress, sourcePort: mapping.publicPort };
  }

  /** A packet from outside with its new destination; undefined where no mapping fits. */
  translateInbound(packet: OuterPacket, nowMs: number): OuterPacket | undefined {
    const mapping = this.#live(this.#inbound.get(inboundKey(packet, packet.destinationPort)), nowMs);
    if (mapping === undefined) return undefined;
    mapping.lastUsedAtMs = nowMs;
    return { ...packet, destination: mapping.insideAddress, destinationPort: mapping.insidePort };
  }

  /** The port that stands for an inside end now; undefined where a packet would make a new mapping. */
  publicPort(flow: Flow, nowMs: number): number | undefined {
    const mapping = this.#outbound.get(outboundKey(flow));
    return this.#live(mapping, nowMs)?.publicPort;
  }

  /** Forgets all mappings. `otherPorts`: what comes next gets a port that it did not have. */
  flush(otherPorts: boolean): void {
    this.#avoidedPorts = new Set(
      otherPorts ? [...this.#inbound.values()].map((mapping) => mapping.publicPort) : [],
    );
    this.#outbound = new Map();
    this.#inbound = new Map();
  }

  #live(mapping: Mapping | undefined, nowMs: number): Mapping | undefined {
    if (mapping === undefined || nowMs - mapping.lastUsedAtMs > this.settings.idleTimeoutMs) return undefined;
    return mapping;
  }

  #create(packet: OuterPacket, inside: string, nowMs: number): Mapping | undefined {
    this.#dropExpired(nowMs);
    if (this.#inbound.size >= MAXIMUM_MAPPINGS) return undefined;
    const publicPort = packet.protocol === "udp" ? this.#choosePort(packet) : 0;
    const outside = farKey(packet.protocol, packet.destination, packet.destinationPort, publicPort);
    if (this.#inbound.has(outside)) return undefined;
    const mapping = {
      insideAddress: packet.source,
      insidePort: packet.sourcePort,
      publicPort,
      lastUsedAtMs: nowMs,
    };
    this.#outbound.set(inside, mapping);
    this.#inbound.set(outside, mapping);
    return mapping;
  }

  #choosePort(packet: OuterPacket): number {
    let port = this.settings.portChoice === "preserve"
      ? packet.sourcePort
      : this.#random.integer(1024, 65535);
    while (
      this.#avoidedPorts.has(port) ||
      this.#inbound.has(farKey("udp", packet.destination, packet.destinationPort, port))
    ) {
      port = this.#random.integer(1024, 65535);
    }
    return port;
  }

  #dropExpired(nowMs: number): void {
    for (const mappings of [this.#outbound, this.#inbound]) {
      for (const [key, mapping] of mappings) if (!this.#live(mapping, nowMs)) mappings.delete(key);
    }
  }
}

function outboundKey({ protocol, destination, destinationPort, source, sourcePort }: Flow): string {
  return `${protocol} ${destination} ${destinationPort} ${source} ${sourcePort}`;
}

function inboundKey(packet: OuterPacket, publicPort: number): string {
  return farKey(packet.protocol, packet.source, packet.sourcePort, publicPort);
}

function farKey(protocol: string, address: IpAddress, port: number, publicPort: number): string {
  return `${protocol} ${address} ${port} ${publicPort}`;
}
