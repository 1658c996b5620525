import type { MobileNodeAction } from "../../control/action.ts";
import type { MobileNodeEvent } from "../../control/event.ts";
import type { CareOfAddressCandidate } from "../../control/movement/candidate.ts";
import type { MobileNodeSettings } from "../../control/settings.ts";
import type { TunnelEnd } from "../../control/tunnel.ts";
import { type IpAddress, type Ipv6Address, isIpv4 } from "../../wire/address.ts";
import { decodeIpv6Header } from "../../wire/ipv6.ts";
import type { MobileNodeMachine, MobileNodeStatus } from "../machine.ts";
import { type Data, type OuterPacket, Signalling } from "../packet.ts";
import { ProcessClock, type Surroundings } from "../surroundings.ts";
import { EgressPort, type EgressPortSettings } from "./egress_port.ts";

export interface RoamingHostSettings {
  readonly name: string;
  readonly machine: MobileNodeSettings;
  /** The most preferred first. */
  readonly ports: readonly EgressPortSettings[];
  readonly timerLatenessMs: number;
}

/** What an invariant hears of the packets that leave. */
export type SentListener = (port: EgressPort, packet: OuterPacket) => void;

/** The UDP socket of a care-of address. */
interface Attachment {
  readonly address: IpAddress;
  readonly port: number;
}

/** The attachment in use, and the one before it, as in `cli/daemon/attachments.ts`. */
const MAXIMUM_KEPT = 2;

/** A mobile node that finds its care-of addresses itself: its machine, those of its egresses, and the daemon around them. */
export class RoamingHost {
  readonly settings: RoamingHostSettings;
  readonly ports: readonly EgressPort[];
  /** Has said that it has finished. */
  finished = false;
  tunnel: TunnelEnd | undefined;
  onSent: SentListener = () => {};
  readonly #machine: MobileNodeMachine;
  readonly #clock: ProcessClock;
  readonly #surroundings: Surroundings;
  readonly #receiveData: (host: RoamingHost, data: Data) => void;
  #chosen: CareOfAddressCandidate | undefined;
  #attachments: readonly Attachment[] = [];
  #deadlineMs = Infinity;
  #quiet = false;

  constructor(
    settings: RoamingHostSettings,
    surroundings: Surroundings,
    receiveData: (host: RoamingHost, data: Data) => void,
  ) {
    this.settings = settings;
    this.#surroundings = surroundings;
    this.#receiveData = receiveData;
    this.#clock = new ProcessClock(surroundings);
    const random = surroundings.random.fork();
    this.#machine = surroundings.machines.mobileNode(settings.machine, {
      hmac: surroundings.hmac,
      random: () => random.fraction(),
    });
    this.ports = settings.ports.map((port) => new EgressPort(port, this, surroundings));
  }

  get homeAddress(): Ipv6Address {
    return this.settings.machine.homeAddress;
  }

  get careOfAddress(): IpAddress | undefined {
    return this.#chosen?.address;
  }

  status(): MobileNodeStatus {
    return this.#machine.status(this.#clock.now(0));
  }

  /** De-registers, and then leaves the interfaces as they were found. */
  stop(): void {
    this.#quiet = true;
    this.#handle({ kind: "stop" }, undefined);
  }

  switchTo(interfaceName: string): void {
    this.#handle({ kind: "switchTo", interfaceName }, undefined);
  }

  deadlineMs(): number {
    return this.#deadlineMs;
  }

  passDeadline(): void {
    this.#handle({ kind: "deadline" }, undefined);
  }

  candidatesChanged(): void {
    if (this.#quiet) return;
    this.#soon(() => {
      if (this.#quiet) return;
      const candidates = this.ports.flatMap((port) => port.candidates);
      this.#handle({ kind: "careOfAddresses", candidates }, undefined);
    });
  }

  receivePacket(_port: EgressPort, packet: OuterPacket): void {
    const { payload, protocol, source, sourcePort } = packet;
    const attachment = this.#attachments.find(({ address }) => address === packet.destination);
    if (this.finished || attachment === undefined) return;
    if (protocol === "udp" && packet.destinationPort !== attachment.port) return;
    if (payload.kind === "signalling") {
      const outer = protocol === "ipv6InIpv6" ? undefined : { address: source, port: sourcePort };
      this.#handle({ kind: "signalling", outer, packet: payload.packet }, packet);
    } else if (this.tunnel !== undefined && payload.destination === this.homeAddress) {
      this.#receiveData(this, payload);
    }
  }

  /** Sends a packet of the home address through the tunnel; without one, or a care-of address, it is dropped. */
  sendData(data: Data): void {
    const { tunnel } = this;
    const source = this.careOfAddress;
    if (tunnel === undefined || source === undefined) return;
    if (isIpv4(tunnel.address) !== isIpv4(source)) return;
    this.#send(source, tunnel, data);
  }

  #handle(event: MobileNodeEvent, cause: OuterPacket | undefined): void {
    if (this.finished) return;
    const { name } = this.settings;
    this.#surroundings.note(
      name,
      cause ? { kind: "packet", what: event.kind, packet: cause } : { kind: "event", event },
    );
    for (const action of this.#machine.handle(event, this.#clock.now(0))) {
      this.#surroundings.note(name, { kind: "action", action });
      this.#perform(action);
    }
    this.#deadlineMs = this.#clock.virtualMs(this.#machine.nextDeadline()) + this.settings.timerLatenessMs;
  }

  #perform(action: MobileNodeAction): void {
    switch (action.kind) {
      case "useCareOfAddress":
        return this.#use(action.candidate);
      case "doubt":
        return this.#soon(() => this.#portOf(action.interfaceName)?.tell({ kind: "doubt" }));
      case "setTunnel":
        this.tunnel = action.tunnel;
        return;
      case "clearTunnel":
        this.tunnel = undefined;
        return;
      case "sendSignalling": {
        const { source, destination: address, destinationPort: port, packet } = action;
        const end: TunnelEnd = { encapsulation: "udp", address, port };
        return source === undefined ? undefined : this.#send(source, end, new Signalling(packet));
      }
      case "sendPacket": {
        const header = decodeIpv6Header(action.packet, 0);
        if (!header.ok) throw new Error("The mobile node's packet has no IPv6 header");
        const end: TunnelEnd = { encapsulation: "ipv6InIpv6", address: header.value.destination, port: 0 };
        return this.#send(action.source, end, new Signalling(action.packet));
      }
      case "finished":
        this.finished = true;
        this.#quiet = true;
        this.#deadlineMs = Infinity;
        return this.#soon(() => this.ports.forEach((port) => port.tell({ kind: "stop" })));
      case "takeHomeAddress":
        throw new Error("There is no home link in this world");
      case "holdTraffic":
      case "homeAgentFails":
      case "registered":
      case "report":
    }
  }

  /** The interface is ready before anything is sent from the new care-of address. */
  #use(candidate: CareOfAddressCandidate | undefined): void {
    this.#chosen = candidate;
    for (const port of this.ports) {
      const address = port.name === candidate?.interfaceName ? candidate.address : undefined;
      port.tell({ kind: "chosen", address });
    }
    if (candidate === undefined) return;
    const { address } = candidate;
    const known = this.#attachments.find((attachment) => attachment.address === address);
    const attachment = known ?? { address, port: this.#surroundings.random.integer(1024, 65535) };
    const others = this.#attachments.filter((other) => other !== known);
    this.#attachments = [attachment, ...others].slice(0, MAXIMUM_KEPT);
  }

  #send(source: IpAddress, tunnel: TunnelEnd, payload: Data | Signalling): void {
    const port = this.ports.find((port) => port.hasAddress(source));
    const socket = this.#attachments.find(({ address }) => address === source);
    const packet: OuterPacket = {
      protocol: tunnel.encapsulation,
      source,
      sourcePort: tunnel.encapsulation === "udp" ? socket?.port ?? 0 : 0,
      destination: tunnel.address,
      destinationPort: tunnel.port,
      payload,
      origin: { kind: "mobileNode", name: this.settings.name, authentic: true },
    };
    if (port?.send(packet)) this.onSent(port, packet);
  }

  #portOf(interfaceName: string): EgressPort | undefined {
    return this.ports.find(({ name }) => name === interfaceName);
  }

  /** After what happens now: the daemon's loops take events from queues. */
  #soon(run: () => void): void {
    this.#surroundings.schedule(0, run);
  }
}
