import type { MobileNodeEvent } from "../control/event.ts";
import type { CareOfAddressCandidate } from "../control/movement/candidate.ts";
import type { MobileNodeSettings } from "../control/settings.ts";
import type { TunnelEnd } from "../control/tunnel.ts";
import type { Ipv4Address, Ipv6Address } from "../wire/address.ts";
import { isKilledAfter, type Kill } from "./kill.ts";
import type { MobileNodeMachine, MobileNodeStatus } from "./machine.ts";
import type { AccessNetwork } from "./network.ts";
import { type Data, type Flow, type OuterPacket, type Payload, Signalling } from "./packet.ts";
import { ProcessClock, type Surroundings } from "./surroundings.ts";

/** What a mobile node is, beside its machine's settings. */
export interface MobileHostSettings {
  readonly name: string;
  readonly machine: MobileNodeSettings;
  /** Has the key that the home agent has for its home address; otherwise it must never get a binding. */
  readonly honest: boolean;
  /** How late the host's timers fire, milliseconds. */
  readonly timerLatenessMs: number;
  /** The UDP port of its socket; 0 takes any, a new one for each care-of address. */
  readonly localPort: number;
  /** Sends pings of its own; a silent one only answers those that reach it. */
  readonly talks: boolean;
}

/** A running process: the machine, its clock, its UDP socket's port. */
interface Process {
  readonly machine: MobileNodeMachine;
  readonly clock: ProcessClock;
  port: number;
  tunnel: TunnelEnd | undefined;
  innerMtu: number;
  deadlineMs: number;
}

interface Attached {
  readonly network: AccessNetwork;
  readonly address: Ipv4Address;
}

/** A mobile node's machine with what the daemon has around it: its clock, its socket, its data path. */
export class MobileHost {
  readonly settings: MobileHostSettings;
  /** How far the wall clock is wrong, milliseconds. */
  skewMs = 0;
  /** Told to stop, and not started again since. */
  stopping = false;
  /** Has said that it has finished, and not been started again since. */
  finished = false;
  /** Counts processes. */
  starts = 0;
  /** Told to be killed in the middle of an event, and not yet. */
  armedKill: Kill | undefined;
  /** Data that came through the tunnel. */
  readonly #receiveData: (host: MobileHost, data: Data) => void;
  readonly #surroundings: Surroundings;
  #attached: Attached | undefined;
  #process: Process | undefined;

  constructor(
    settings: MobileHostSettings,
    surroundings: Surroundings,
    receiveData: (host: MobileHost, data: Data) => void,
  ) {
    this.settings = settings;
    this.#surroundings = surroundings;
    this.#receiveData = receiveData;
  }

  get name(): string {
    return this.settings.name;
  }

  get homeAddress(): Ipv6Address {
    return this.settings.machine.homeAddress;
  }

  get network(): AccessNetwork | undefined {
    return this.#attached?.network;
  }

  get careOfAddress(): Ipv4Address | undefined {
    return this.#attached?.address;
  }

  get running(): boolean {
    return this.#process !== undefined;
  }

  get tunnel(): TunnelEnd | undefined {
    return this.#process?.tunnel;
  }

  /** The MTU of the tunnel, octets; 0 without a process. */
  get innerMtu(): number {
    return this.#process?.innerMtu ?? 0;
  }

  /** Undefined while no process runs. */
  status(): MobileNodeStatus | undefined {
    return this.#process?.machine.status(this.#process.clock.now(this.skewMs));
  }

  start(): void {
    const { hmac, machines, random } = this.#surroundings;
    const processRandom = random.fork();
    this.stopping = false;
    this.finished = false;
    this.starts++;
    this.#process = {
      machine: machines.mobileNode(this.settings.machine, { hmac, random: () => processRandom.fraction() }),
      clock: new ProcessClock(this.#surroundings),
      port: this.#newPort(),
      tunnel: undefined,
      innerMtu: 0,
      deadlineMs: Infinity,
    };
    this.#tellCareOfAddress();
  }

  /** The process is gone, and its state with it. */
  kill(): void {
    this.#process = undefined;
  }

  /** De-register and end. */
  stop(): void {
    if (this.#process === undefined) return;
    this.stopping = true;
    this.#handle({ kind: "stop" }, undefined);
  }

  /** Moves to another network (or to a new address in the same one); undefined: off the net. */
  attach(network: AccessNetwork | undefined): void {
    if (this.#attached) this.#attached.network.detach(this.#attached.address);
    this.#attached = network && { network, address: network.attach(this) };
    if (this.#process) {
      this.#process.port = this.#newPort();
      this.#tellCareOfAddress();
    }
  }

  /** When the machine is to be called for its deadline, in virtual time. */
  deadlineMs(): number {
    return this.#process?.deadlineMs ?? Infinity;
  }

  passDeadline(): void {
    this.#handle({ kind: "deadline" }, undefined);
  }

  receive(packet: OuterPacket): void {
    const process = this.#process;
    if (process === undefined) return;
    if (packet.protocol === "udp" && packet.destinationPort !== process.port) return;
    const outer = { address: packet.source, port: packet.sourcePort };
    if (packet.payload.kind === "signalling") {
      this.#handle({ kind: "signalling", outer, packet: packet.payload.packet }, packet);
    } else if (process.tunnel && this.#comesFromHomeAgent(packet)) {
      if (packet.payload.destination === this.homeAddress) this.#receiveData(this, packet.payload);
    }
  }

  /** Sends a packet of the home address through the tunnel; without a tunnel it is dropped. */
  sendData(data: Data): void {
    const tunnel = this.#process?.tunnel;
    if (tunnel) this.#send(tunnel, data);
  }

  /** The outer source of what it sends through its tunnel now, as the home agent would see it. */
  publicSource(): { address: Ipv4Address; port: number } | undefined {
    const tunnel = this.#process?.tunnel;
    if (tunnel === undefined || this.#attached === undefined) return undefined;
    return this.#attached.network.publicSource(this.#flow(tunnel, this.#attached.address));
  }

  #comesFromHomeAgent(packet: OuterPacket): boolean {
    const { homeAgentIpv4Address, homeAgentPort } = this.settings.machine;
    return packet.source === homeAgentIpv4Address &&
      (packet.protocol === "ipv6InIpv4" || packet.sourcePort === homeAgentPort);
  }

  #newPort(): number {
    return this.settings.localPort || this.#surroundings.random.integer(1024, 65535);
  }

  #tellCareOfAddress(): void {
    const candidates = this.#attached === undefined ? [] : [candidateOf(this.#attached)];
    this.#handle({ kind: "careOfAddresses", candidates }, undefined);
  }

  #handle(event: MobileNodeEvent, cause: OuterPacket | undefined): void {
    const { machine, clock } = this.#process!;
    const now = clock.now(this.skewMs);
    this.#surroundings.note(
      this.name,
      cause ? { kind: "packet", what: event.kind, packet: cause } : { kind: "event", event },
    );
    const before = machine.status(now);
    const actions = machine.handle(event, now);
    for (const [index, action] of actions.entries()) {
      if (isKilledAfter(index, this, this.#surroundings)) return;
      this.#surroundings.note(this.name, { kind: "action", action });
      switch (action.kind) {
        case "setTunnel":
          this.#process!.tunnel = action.tunnel;
          this.#process!.innerMtu = action.innerMtu;
          break;
        case "clearTunnel":
          this.#process!.tunnel = undefined;
          break;
        case "sendSignalling": {
          const { destination: address, destinationPort: port } = action;
          this.#send({ encapsulation: "udp", address, port }, new Signalling(action.packet), action.source);
          break;
        }
        case "finished":
          this.finished = true;
          break;
        case "sendPacket":
          throw new Error("There is no IPv6 access network in this world");
        case "useCareOfAddress":
        case "holdTraffic":
        case "takeHomeAddress":
        case "registered":
        case "homeAgentFails":
        case "doubt":
        case "report":
      }
    }
    const after = machine.status(now);
    const nextDeadlineMs = machine.nextDeadline();
    this.#process!.deadlineMs = clock.virtualMs(nextDeadlineMs) + this.settings.timerLatenessMs;
    for (const watcher of this.#surroundings.watchers) {
      watcher.mobileNodeHandled?.({ host: this, event, cause, actions, before, after, nextDeadlineMs, now });
    }
    if (this.finished) this.#process = undefined;
  }

  #send(tunnel: TunnelEnd, payload: Payload, source?: Ipv4Address): void {
    if (this.#attached === undefined) return;
    const packet: OuterPacket = {
      ...this.#flow(tunnel, source ?? this.#attached.address),
      payload,
      origin: { kind: "mobileNode", name: this.name, authentic: this.settings.honest },
    };
    for (const watcher of this.#surroundings.watchers) watcher.mobileNodeSent?.(this, packet);
    this.#attached.network.fromHost(packet);
  }

  #flow(tunnel: TunnelEnd, source: Ipv4Address): Flow {
    return {
      protocol: tunnel.encapsulation,
      source,
      sourcePort: tunnel.encapsulation === "udp" ? this.#process!.port : 0,
      destination: tunnel.address,
      destinationPort: tunnel.port,
    };
  }
}

function candidateOf({ network, address }: Attached): CareOfAddressCandidate {
  const { linkMtu } = network.settings;
  return { interfaceName: "eg0", address, prefixLength: 24, gateway: undefined, linkMtu };
}
