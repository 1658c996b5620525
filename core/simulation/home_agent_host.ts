import type { HomeAgentAction } from "../control/action.ts";
import { bindingFailure } from "../control/binding_failure.ts";
import type { HomeAgentEvent } from "../control/event.ts";
import type { Now } from "../control/now.ts";
import type { HomeAgentSettings } from "../control/settings.ts";
import { sameTunnelEnd, type TunnelEnd } from "../control/tunnel.ts";
import { type IpAddress, type Ipv4Address, type Ipv6Address, isIpv4 } from "../wire/address.ts";
import { DSMIPV6_PORT } from "../wire/constants.ts";
import { decodeIpv6Header } from "../wire/ipv6.ts";
import { acceptedUpdate } from "./exchange.ts";
import { isKilledAfter, type Kill } from "./kill.ts";
import type { BindingStatus, HomeAgentMachine } from "./machine.ts";
import type { Internet } from "./network.ts";
import { type Data, dataOctets, type OuterPacket, type Payload, Signalling } from "./packet.ts";
import { ProcessClock, type Surroundings } from "./surroundings.ts";

export interface HomeAgentHostSettings {
  readonly machine: HomeAgentSettings;
  readonly ipv4Address: Ipv4Address;
  /** How late the host's timers fire, milliseconds. */
  readonly timerLatenessMs: number;
}

/** A home agent's machine with what the daemon has around it: its clock, its socket, its data path. */
export class HomeAgentHost {
  readonly name = "home agent";
  readonly settings: HomeAgentHostSettings;
  /** The data path's binding table, as the machine's actions made it. */
  readonly table = new Map<Ipv6Address, TunnelEnd>();
  /** How far the wall clock is wrong, milliseconds. */
  skewMs = 0;
  /** What the host's wall clock is set to, milliseconds off: a process takes it over when it starts, and goes on by itself. */
  clockSetMs = 0;
  /** The data path and the kernel refuse every new binding. */
  refusesBindings = false;
  /** Told to be killed in the middle of an event, and not yet. */
  armedKill: Kill | undefined;
  /** Identities whose bindings the administrator has revoked since the process has its configuration. */
  readonly revoked = new Set<string>();
  /** Counts restarts. */
  incarnation = 0;
  readonly #surroundings: Surroundings;
  readonly #internet: Internet;
  readonly #toCorrespondent: (data: Data) => void;
  #machine: HomeAgentMachine | undefined;
  #clock!: ProcessClock;
  /** As the process has taken it over. */
  #startClockMs = 0;
  #deadlineMs = Infinity;

  constructor(
    settings: HomeAgentHostSettings,
    internet: Internet,
    surroundings: Surroundings,
    toCorrespondent: (data: Data) => void,
  ) {
    this.settings = settings;
    this.#internet = internet;
    this.#surroundings = surroundings;
    this.#toCorrespondent = toCorrespondent;
    internet.addHost(settings.ipv4Address, this);
    internet.addHost(settings.machine.address, this);
    this.#start();
  }

  get running(): boolean {
    return this.#machine !== undefined;
  }

  /** A crash and a new start: all state is lost. */
  restart(): void {
    this.kill();
    this.start();
  }

  /** The process is gone, and its state and its data path with it. */
  kill(): void {
    this.#machine = undefined;
    this.#deadlineMs = Infinity;
    this.table.clear();
    for (const watcher of this.#surroundings.watchers) watcher.homeAgentRestarted?.();
  }

  start(): void {
    this.incarnation++;
    this.#start();
  }

  bindings(): BindingStatus[] {
    return this.#machine?.bindings(this.#now()) ?? [];
  }

  /** When the machine is to be called for its deadline, in virtual time. */
  deadlineMs(): number {
    return this.#deadlineMs;
  }

  passDeadline(): void {
    this.#handle({ kind: "deadline" }, undefined);
  }

  receive(packet: OuterPacket): void {
    if (!this.running) return;
    if (packet.protocol === "udp" && packet.destinationPort !== DSMIPV6_PORT) return;
    const outer = { address: packet.source, port: packet.sourcePort };
    if (packet.payload.kind === "signalling") {
      const isNative = packet.protocol === "ipv6InIpv6";
      const event = {
        kind: "signalling",
        outer: isNative ? undefined : outer,
        packet: packet.payload.packet,
      } as const;
      return this.#handle(event, packet);
    }
    const data = packet.payload;
    const from: TunnelEnd = { encapsulation: packet.protocol, ...outer };
    if (sameTunnelEnd(this.table.get(data.source), from)) return this.#forward(data);
    this.#surroundings.note(this.name, { kind: "packet", what: "unbound", packet });
    this.#handle(
      { kind: "unboundTraffic", outer, encapsulation: packet.protocol, packet: dataOctets(data) },
      packet,
    );
  }

  /** Its administrator revokes by name what this identity has; a process that does not run has nothing. */
  revoke(identity: string): void {
    if (!this.running) return;
    this.revoked.add(identity);
    this.#handle({ kind: "revoked", identity }, undefined);
  }

  /** It loads its configuration again, which is the same. */
  reload(): void {
    if (!this.running) return;
    this.revoked.clear();
    this.#handle({ kind: "reconfigured", settings: this.settings.machine }, undefined);
  }

  /** Sends to a home address through its tunnel; what has no binding is dropped. */
  sendDown(data: Data): void {
    const tunnel = this.table.get(data.destination);
    if (tunnel === undefined) return;
    this.#send(tunnel.encapsulation, tunnel.address, tunnel.port, data, undefined);
  }

  #forward(data: Data): void {
    if (this.table.has(data.destination)) this.sendDown(data);
    else this.#toCorrespondent(data);
  }

  #start(): void {
    const { hmac, machines } = this.#surroundings;
    this.#clock = new ProcessClock(this.#surroundings);
    this.#deadlineMs = Infinity;
    this.revoked.clear();
    this.#startClockMs = this.clockSetMs;
    const startedUnixMs = this.#now().unixMs;
    this.#machine = machines.homeAgent(this.settings.machine, { hmac, startedUnixMs, random: () => 0.5 });
  }

  #now(): Now {
    return this.#clock.now(this.skewMs + this.#startClockMs);
  }

  #handle(event: HomeAgentEvent, cause: OuterPacket | undefined): void {
    const now = this.#now();
    this.#surroundings.note(
      this.name,
      cause ? { kind: "packet", what: event.kind, packet: cause } : { kind: "event", event },
    );
    const machine = this.#machine!;
    const before = machine.bindings(now);
    const actions: HomeAgentAction[] = [];
    let waiting = machine.handle(event, now);
    while (waiting.length > 0) {
      if (isKilledAfter(actions.length, this, this.#surroundings)) return;
      const [action, ...rest] = waiting;
      waiting = rest;
      if (this.#perform(action, cause)) {
        actions.push(action);
        continue;
      }
      const failure = bindingFailure(action, rest);
      if (failure !== undefined) waiting = [...machine.handle(failure.event, now), ...failure.rest];
    }
    const after = machine.bindings(now);
    const accepted = event.kind === "signalling" && cause ? acceptedUpdate(cause, actions) : undefined;
    const nextDeadlineMs = machine.nextDeadline();
    this.#deadlineMs = this.#clock.virtualMs(nextDeadlineMs) + this.settings.timerLatenessMs;
    for (const watcher of this.#surroundings.watchers) {
      watcher.homeAgentHandled?.({ event, cause, actions, accepted, before, after, nextDeadlineMs, now });
    }
  }

  /** False where it is refused. */
  #perform(action: HomeAgentAction, cause: OuterPacket | undefined): boolean {
    this.#surroundings.note(this.name, { kind: "action", action });
    switch (action.kind) {
      case "setBinding":
        if (this.refusesBindings) return false;
        this.table.set(action.homeAddress, action.tunnel);
        return true;
      case "removeBinding":
        this.table.delete(action.homeAddress);
        return true;
      case "sendSignalling":
        this.#send("udp", action.destination, action.destinationPort, new Signalling(action.packet), cause);
        return true;
      case "sendPacket": {
        const header = decodeIpv6Header(action.packet, 0);
        if (!header.ok) throw new Error("The home agent's packet has no IPv6 header");
        this.#send("ipv6InIpv6", header.value.destination, 0, new Signalling(action.packet), cause);
        return true;
      }
      case "probeHomeAddress":
      case "interceptHomeAddress":
      case "releaseHomeAddress":
        throw new Error("There is no home link in this world");
      default:
        return true;
    }
  }

  #send(
    protocol: OuterPacket["protocol"],
    destination: IpAddress,
    destinationPort: number,
    payload: Payload,
    cause: OuterPacket | undefined,
  ): void {
    const packet: OuterPacket = {
      protocol,
      source: isIpv4(destination) ? this.settings.ipv4Address : this.settings.machine.address,
      sourcePort: protocol === "udp" ? DSMIPV6_PORT : 0,
      destination,
      destinationPort,
      payload,
      origin: { kind: "homeAgent", incarnation: this.incarnation },
    };
    for (const watcher of this.#surroundings.watchers) watcher.homeAgentSent?.(packet, cause);
    this.#internet.route(packet);
  }
}
