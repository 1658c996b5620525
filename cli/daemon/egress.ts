import type { CareOfAddressCandidate } from "../../core/control/movement/candidate.ts";
import type { EgressAction } from "../../core/control/movement/egress_action.ts";
import type { EgressEvent } from "../../core/control/movement/egress_event.ts";
import { arpAnnouncement } from "../../core/control/movement/arp_frame.ts";
import { type IpAddress, type Ipv4Address, isIpv4 } from "../../core/wire/address.ts";
import { equalOctets } from "../../core/wire/octets.ts";
import { EgressSocket } from "../../ffi/egress_socket.ts";
import { SystemError } from "../../ffi/errno.ts";
import { Netlink } from "../../ffi/netlink.ts";
import type { InterfaceAddress, Link } from "../../ffi/netlink_record.ts";
import { type NetlinkEvent, NetlinkSubscription } from "../../ffi/netlink_subscription.ts";
import { NetworkLayerListener } from "../../ffi/network_layer_listener.ts";
import { messageOf } from "../output/fault.ts";
import { ControlLoop, type Machine } from "./control_loop.ts";
import { EgressHost } from "./egress_host.ts";
import type { Log } from "./log.ts";
import type { SavedSysctls } from "./saved_sysctls.ts";
import { type Trace, traced, withoutOctets } from "./trace.ts";

export interface EgressOptions {
  /** It need not be there yet, may go and come back, and may be renamed to this name or from it. */
  readonly interfaceName: string;
  /** Which egress of this node it is, from 0: it tells their routing tables apart. */
  readonly position: number;
  readonly machine: Machine<EgressEvent, EgressAction>;
  readonly sysctls: SavedSysctls;
  readonly log: Log;
  readonly trace?: Trace;
  /** All addresses that could be the care-of address now, the best first; at each change. */
  readonly onCandidates: (candidates: readonly CareOfAddressCandidate[]) => void;
  /** The egress has ended by itself. */
  readonly onFailure: (error: unknown) => void;
}

/** What the rest of the daemon may tell an egress. */
export type EgressNews = Extract<EgressEvent, { readonly kind: "chosen" | "home" | "doubt" }>;

/** How long the kernel may take to tell that an address can be used. */
const READY_LIMIT_MS = 1000;

/** An interface that is there under its name. */
interface Attachment {
  readonly index: number;
  readonly socket: EgressSocket;
  readonly listener: NetworkLayerListener;
  readonly host: EgressHost;
  /** What the kernel said of it last. */
  link: Link;
}

/**
 * Owns one egress interface: gives its machine what the kernel tells and what comes in on the link, and does what the
 * machine wants. Addresses and routes are put on the interface only here, and all is taken back by close(). Whether the
 * interface is switched on stays the administrator's affair.
 */
export class Egress implements AsyncDisposable {
  readonly #options: EgressOptions;
  readonly #netlink = new Netlink();
  readonly #changes = new NetlinkSubscription(["link", "address"]);
  readonly #loop: ControlLoop<EgressEvent, EgressAction>;
  readonly #running: Promise<void>;
  readonly #following: Promise<void>;
  /** Listeners of interfaces that have gone, as they close. */
  readonly #closing = new Set<Promise<void>>();
  #attachment: Attachment | undefined;
  /** What the machine offers, and which addresses the interface has. */
  #offered: readonly CareOfAddressCandidate[] = [];
  readonly #ready = new Set<IpAddress>();
  /** Who waits for one of them. */
  readonly #awaited = new Map<IpAddress, () => void>();
  #closed: Promise<void> | undefined;

  /** @throws SystemError */
  constructor(options: EgressOptions) {
    this.#options = options;
    const { machine, log, trace, interfaceName } = options;
    this.#loop = new ControlLoop<EgressEvent, EgressAction>({
      machine,
      deadlineEvent: { kind: "deadline" },
      performAction: traced(trace, interfaceName, (action) => this.#perform(action)),
      onError: (error, { action }) =>
        log.warning("an egress interface could not be configured", {
          interface: interfaceName,
          action: action?.kind ?? "none",
          error: messageOf(error),
        }),
    });
    this.#look();
    this.#running = this.#loop.run();
    this.#following = this.#follow().catch(options.onFailure);
  }

  get interfaceName(): string {
    return this.#options.interfaceName;
  }

  /** Resolves when the interface is as the machine wants it then. */
  tell(news: EgressNews): Promise<void> {
    return this.#loop.pushAndWait(news);
  }

  /** Tells the link that this IPv4 address is here (RFC 5227 section 2.3). */
  announce(address: Ipv4Address): void {
    const hardwareAddress = this.#attachment?.link.hardwareAddress;
    if (hardwareAddress !== undefined) this.#perform(arpAnnouncement({ hardwareAddress, address }));
  }

  /** Resolves when packets can be sent from the address, or some time later. */
  async untilReady(address: IpAddress): Promise<void> {
    if (this.#ready.has(address)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#awaited.set(address, resolve);
    const timer = setTimeout(resolve, READY_LIMIT_MS);
    await promise;
    clearTimeout(timer);
    this.#awaited.delete(address);
  }

  /** Lets the machine say its last words on the link, then leaves the interface as it was found. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#changes.close();
    await this.#following;
    await this.#loop.pushAndWait({ kind: "stop" });
    this.#loop.stop();
    await this.#running;
    this.#detach();
    await Promise.all(this.#closing);
    this.#netlink.close();
  }

  #push(event: EgressEvent): void {
    this.#options.trace?.note(this.interfaceName, event.kind, withoutOctets(event));
    if (!this.#loop.push(event)) {
      this.#options.log.debug("dropped: too many events wait", { event: event.kind });
    }
  }

  async #follow(): Promise<void> {
    for await (const event of this.#changes) this.#handle(event);
  }

  #handle(event: NetlinkEvent): void {
    switch (event.kind) {
      case "overrun":
        return this.#look();
      case "link":
        return this.#handleLink(event.link, event.change === "deleted");
      case "address":
        if (event.change === "set") return this.#handleAddress(event.address);
        if (event.address.interfaceIndex === this.#attachment?.index) {
          this.#ready.delete(event.address.address);
        }
        return;
      case "route":
        return;
    }
  }

  /** Takes the state from lists: at the start, and when the kernel had to drop events. */
  #look(): void {
    const { interfaceName } = this.#options;
    const link = this.#netlink.link(interfaceName);
    if (link === undefined) return this.#lose();
    this.#handleLink(link, false);
    for (const address of this.#netlink.addresses()) this.#handleAddress(address);
  }

  #handleLink(link: Link, isDeleted: boolean): void {
    const { interfaceName } = this.#options;
    const known = this.#attachment;
    if (link.index === known?.index && (isDeleted || link.name !== interfaceName)) {
      return this.#lose();
    }
    if (isDeleted || link.name !== interfaceName) return;
    if (link.index !== known?.index) {
      if (known !== undefined) this.#lose();
      if (!this.#attach(link)) return;
    }
    const attachment = this.#attachment!;
    const before = attachment.link;
    attachment.link = link;
    // The kernel may tell of a carrier that went and came back in one event: another link, perhaps.
    const hasFlapped = before.up && before.carrier && link.carrier &&
      before.carrierChanges !== link.carrierChanges;
    if (hasFlapped) this.#pushLink({ ...link, carrier: false });
    if (link === before || hasFlapped || !isSame(link, before)) this.#pushLink(link);
  }

  #lose(): void {
    this.#detach();
    this.#push({ kind: "linkGone" });
  }

  #pushLink({ up, carrier, mtu, hardwareAddress }: Link): void {
    this.#push({ kind: "link", up, carrier, mtu, hardwareAddress });
  }

  #handleAddress({ interfaceIndex, address, tentative, isDuplicate }: InterfaceAddress): void {
    if (interfaceIndex !== this.#attachment?.index) return;
    if (isDuplicate) this.#push({ kind: "addressDuplicate", address });
    else if (!tentative) {
      this.#push({ kind: "addressReady", address });
      if (this.#ready.has(address)) return;
      this.#ready.add(address);
      this.#awaited.get(address)?.();
      if (this.#offered.some((candidate) => candidate.address === address)) {
        this.#options.onCandidates(this.#usable());
      }
    }
  }

  /**
   * IPv6 from the moment that the kernel has told of the address: what is sent before may wait for a second. The home
   * address is put on the home link when it is chosen.
   */
  #usable(): readonly CareOfAddressCandidate[] {
    return this.#offered.filter(({ address, atHome }) =>
      isIpv4(address) || atHome || this.#ready.has(address)
    );
  }

  /** False where the interface has gone in the meantime: the kernel tells of that, too. */
  #attach(link: Link): boolean {
    const { name, index } = link;
    const { position, sysctls, log, onFailure } = this.#options;
    try {
      const socket = new EgressSocket({ interfaceIndex: index });
      const listener = new NetworkLayerListener(socket, {
        onPacket: ({ etherType, sourceHardwareAddress, payload }) =>
          this.#push({ kind: "frame", etherType, sourceHardwareAddress, payload }),
        onFailure,
      });
      const host = new EgressHost({
        name,
        interfaceIndex: index,
        position,
        netlink: this.#netlink,
        sysctls,
        log,
      });
      this.#attachment = { index, socket, listener, host, link };
      return true;
    } catch (error) {
      if (!(error instanceof SystemError)) throw error;
      log.warning("an egress interface could not be taken over", { interface: name, error: error.message });
      return false;
    }
  }

  /** Takes everything back from the interface that we have. */
  #detach(): void {
    const attachment = this.#attachment;
    if (attachment === undefined) return;
    this.#attachment = undefined;
    this.#ready.clear();
    const closing = attachment.listener.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
    const { interfaceName, sysctls } = this.#options;
    const name = this.#netlink.links().find(({ index }) => index === attachment.index)?.name ?? interfaceName;
    sysctls.renameInterface(interfaceName, name);
    attachment.host.close(name);
  }

  #perform(action: EgressAction): void {
    const { log, onCandidates } = this.#options;
    const attachment = this.#attachment;
    switch (action.kind) {
      case "report":
        return log.report(action);
      case "candidates":
        this.#offered = action.candidates;
        return onCandidates(this.#usable());
      case "sendFrame": {
        const fault = attachment?.socket.send(action);
        if (fault !== undefined) log.debug("not sent on the link", { error: fault.message });
        return;
      }
      case "addAddress": {
        const { address, prefixLength } = action;
        if (attachment === undefined || !attachment.host.addAddress(address, prefixLength)) return;
        // Nothing new: the kernel will not tell of it.
        const isIt = (entry: InterfaceAddress) => entry.address === address;
        return this.#netlink.addresses().filter(isIt).forEach((entry) => this.#handleAddress(entry));
      }
      case "removeAddress":
        return attachment?.host.removeAddress(action.address);
      case "setNeighbor":
        return attachment?.host.setNeighbor(action.address, action.hardwareAddress);
      case "setRoutes":
        return attachment?.host.setRoutes(action.family, action.routes);
      case "setHome":
        return attachment?.host.setHome(action.home);
    }
  }
}

function isSame(one: Link, other: Link): boolean {
  return one.up === other.up && one.carrier === other.carrier && one.mtu === other.mtu &&
    equalOctets(one.hardwareAddress, other.hardwareAddress);
}
