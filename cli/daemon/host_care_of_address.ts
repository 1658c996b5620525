import type { Ipv4Address } from "../../core/wire/address.ts";
import { Netlink } from "../../ffi/netlink.ts";
import type { InterfaceAddress } from "../../ffi/netlink_record.ts";
import { type NetlinkEvent, NetlinkSubscription } from "../../ffi/netlink_subscription.ts";

export interface CareOfAddressOptions {
  /** The interface to watch. It need not be there yet, and may go and come back. */
  readonly egress: string;
  /** An address counts once the kernel has a route from it to here. */
  readonly homeAgentAddress: Ipv4Address;
  /** Called at once, and then at every change. `linkMtu` in octets, the last known while there is no link. */
  readonly onChange: (address: Ipv4Address | undefined, linkMtu: number) => void;
  /** The watch has ended by itself. Called once at most. */
  readonly onFailure: (error: unknown) => void;
}

/** Before the interface was ever seen. */
const USUAL_MTU = 1500;

/**
 * Reports the primary global IPv4 address of the egress interface: undefined while the interface is missing,
 * switched off or without carrier, or has no such address that is not deprecated.
 *
 * A DHCP client sets the address a moment before the route. A Binding Update sent in between is lost (with
 * SO_BINDTODEVICE the kernel looks for the home agent on the link), and the next one goes 1.5 s later; so a
 * new address waits for its route. Once reported it stays until the address itself goes, whatever the routes do.
 */
export class CareOfAddressWatch implements AsyncDisposable {
  readonly #options: CareOfAddressOptions;
  readonly #netlink = new Netlink();
  readonly #changes = new NetlinkSubscription(["link", "address", "route"]);
  readonly #ended: Promise<void>;
  #egressIndex: number | undefined;
  #address: Ipv4Address | undefined;
  #linkMtu = USUAL_MTU;

  /** @throws SystemError */
  constructor(options: CareOfAddressOptions) {
    this.#options = options;
    this.#look();
    options.onChange(this.#address, this.#linkMtu);
    this.#ended = this.#follow();
  }

  /** Ends the watch: no call of onChange comes after this one. */
  async close(): Promise<void> {
    await this.#changes.close();
    await this.#ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #follow(): Promise<void> {
    try {
      for await (const event of this.#changes) {
        if (!this.#concernsEgress(event)) continue;
        const before = { address: this.#address, linkMtu: this.#linkMtu };
        this.#look();
        if (this.#address !== before.address || this.#linkMtu !== before.linkMtu) {
          this.#options.onChange(this.#address, this.#linkMtu);
        }
      }
    } catch (error) {
      this.#options.onFailure(error);
    } finally {
      this.#netlink.close();
    }
  }

  #concernsEgress(event: NetlinkEvent): boolean {
    switch (event.kind) {
      case "overrun":
        return true;
      case "link":
        return event.link.name === this.#options.egress || event.link.index === this.#egressIndex;
      case "address":
        return event.address.interfaceIndex === this.#egressIndex;
      case "route":
        // A multipath route names no interface, and a route can lead out of the egress by a rule alone.
        return event.route.family === 4 && this.#address === undefined;
    }
  }

  /** Events only say that something happened: the state is what the kernel has now. */
  #look(): void {
    const { egress, homeAgentAddress } = this.#options;
    const link = this.#netlink.link(egress);
    this.#egressIndex = link?.index;
    if (link === undefined || !link.up || !link.carrier) {
      this.#address = undefined;
      return;
    }
    this.#linkMtu = link.mtu;
    const address = this.#netlink.addresses().find((entry) => isPrimaryGlobal(entry, link.index))?.address;
    const usable = address !== undefined && (address === this.#address ||
      this.#netlink.routeTo({
          destination: homeAgentAddress,
          source: address,
          interfaceIndex: link.index,
        }) !== undefined);
    this.#address = usable ? address : undefined;
  }
}

function isPrimaryGlobal(entry: InterfaceAddress, interfaceIndex: number): boolean {
  return entry.family === 4 && entry.interfaceIndex === interfaceIndex && entry.scope === "global" &&
    !entry.secondary && !entry.deprecated;
}
