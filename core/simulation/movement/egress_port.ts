import type { CareOfAddressCandidate } from "../../control/movement/candidate.ts";
import type { EgressAction, EgressRoute } from "../../control/movement/egress_action.ts";
import type { EgressEvent } from "../../control/movement/egress_event.ts";
import type { EgressSettings } from "../../control/movement/egress_interface.ts";
import { type IpAddress, isIpv4 } from "../../wire/address.ts";
import type { EgressMachine } from "../machine.ts";
import type { OuterPacket } from "../packet.ts";
import { ProcessClock, type Surroundings } from "../surroundings.ts";
import type { AccessLink, HostStation } from "./access_link.ts";
import type { Frame } from "./frame.ts";

export interface EgressPortSettings {
  readonly machine: EgressSettings;
  /** Six octets. */
  readonly hardwareAddress: Uint8Array;
  /** How late the host's timers fire, milliseconds. */
  readonly timerLatenessMs: number;
}

/** What a port tells the host that it belongs to. */
export interface EgressPortOwner {
  candidatesChanged(): void;
  receivePacket(port: EgressPort, packet: OuterPacket): void;
}

/** The kernel tells of a new address only after it has it, milliseconds. */
const ADDRESS_NEWS_MS = 0.5;
/** One egress interface: its machine, and the kernel and the link around it, as `cli/daemon/egress.ts` has them. */
export class EgressPort implements HostStation {
  readonly settings: EgressPortSettings;
  /** What is on the interface. */
  readonly addresses = new Set<IpAddress>();
  /** The carrier told of its last move. */
  isAnnounced = true;
  /** After each event that the machine has handled. */
  onHandled: (event: EgressEvent) => void = () => {};
  readonly #machine: EgressMachine;
  readonly #clock: ProcessClock;
  readonly #surroundings: Surroundings;
  readonly #owner: EgressPortOwner;
  readonly #ready = new Set<IpAddress>();
  #routes: Record<4 | 6, readonly EgressRoute[]> = { 4: [], 6: [] };
  #offered: readonly CareOfAddressCandidate[] = [];
  #link: AccessLink | undefined;
  #carrier = false;
  #deadlineMs = Infinity;

  constructor(settings: EgressPortSettings, owner: EgressPortOwner, surroundings: Surroundings) {
    this.settings = settings;
    this.#owner = owner;
    this.#surroundings = surroundings;
    this.#clock = new ProcessClock(surroundings);
    const random = surroundings.random.fork();
    this.#machine = surroundings.machines.egress(settings.machine, {
      hmac: surroundings.hmac,
      random: () => random.fraction(),
    });
  }

  get name(): string {
    return this.settings.machine.interfaceName;
  }

  get hardwareAddress(): Uint8Array {
    return this.settings.hardwareAddress;
  }

  get link(): AccessLink | undefined {
    return this.#link;
  }

  /** IPv6 from the moment that the kernel has told of the address. */
  get candidates(): readonly CareOfAddressCandidate[] {
    return this.#offered.filter(({ address }) => isIpv4(address) || this.#ready.has(address));
  }

  /** Plugs it in elsewhere (undefined: nowhere); the kernel tells of the carrier, or of nothing where it is silent. */
  move(link: AccessLink | undefined, silently = false): void {
    this.#link?.detach(this);
    this.#link = link;
    link?.attach(this);
    this.isAnnounced = !(silently && this.#carrier && link !== undefined);
    if (!this.isAnnounced) return;
    if (this.#carrier) this.#tellLink(false);
    if (link !== undefined) this.#tellLink(true);
  }

  tell(event: EgressEvent): void {
    this.#handle(event);
  }

  deadlineMs(): number {
    return this.#deadlineMs;
  }

  passDeadline(): void {
    this.#handle({ kind: "deadline" });
  }

  receiveFrame({ etherType, sourceHardwareAddress, payload }: Frame): void {
    this.#handle({ kind: "frame", etherType, sourceHardwareAddress, payload });
  }

  hasAddress(address: IpAddress): boolean {
    return this.addresses.has(address);
  }

  receivePacket(packet: OuterPacket): void {
    this.#owner.receivePacket(this, packet);
  }

  /** Sends by the interface's default route; false where there is none. */
  send(packet: OuterPacket): boolean {
    const routes = this.#routes[isIpv4(packet.source) ? 4 : 6];
    const gateway = routes.find(({ prefixLength }) => prefixLength === 0)?.gateway;
    if (this.#link === undefined || gateway === undefined) return false;
    this.#link.fromHost(packet, gateway);
    return true;
  }

  #tellLink(carrier: boolean): void {
    const { hardwareAddress } = this;
    this.#carrier = carrier;
    const mtu = this.#link?.settings.linkMtu ?? 1500;
    this.#handle({ kind: "link", up: true, carrier, mtu, hardwareAddress });
  }

  #handle(event: EgressEvent): void {
    this.#surroundings.note(this.name, { kind: "event", event });
    const actions = this.#machine.handle(event, this.#clock.now(0));
    for (const action of actions) this.#perform(action);
    const deadlineMs = this.#machine.nextDeadline();
    if (deadlineMs !== undefined && !Number.isFinite(deadlineMs)) {
      throw new Error(`${this.name}: no deadline`);
    }
    this.#deadlineMs = this.#clock.virtualMs(deadlineMs) + this.settings.timerLatenessMs;
    this.onHandled(event);
  }

  #perform(action: EgressAction): void {
    this.#surroundings.note(this.name, { kind: "action", action });
    switch (action.kind) {
      case "report":
      case "setNeighbor":
        return;
      case "sendFrame":
        return this.#link?.send({ ...action, sourceHardwareAddress: this.hardwareAddress });
      case "addAddress":
        this.addresses.add(action.address);
        return this.#surroundings.schedule(ADDRESS_NEWS_MS, () => this.#tellAddress(action.address));
      case "removeAddress":
        this.addresses.delete(action.address);
        this.#ready.delete(action.address);
        return;
      case "setRoutes":
        this.#routes[action.family] = action.routes;
        return;
      case "candidates":
        this.#offered = action.candidates;
        return this.#owner.candidatesChanged();
      case "setHome":
        throw new Error("There is no home link in this world");
    }
  }

  #tellAddress(address: IpAddress): void {
    if (!this.addresses.has(address)) return;
    this.#handle({ kind: "addressReady", address });
    if (this.#ready.has(address)) return;
    this.#ready.add(address);
    this.#owner.candidatesChanged();
  }
}
