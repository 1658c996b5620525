import type { CareOfAddressCandidate } from "../../core/control/movement/candidate.ts";
import type { IpAddress } from "../../core/wire/address.ts";
import { Netlink } from "../../ffi/netlink.ts";
import type { IpFamily } from "../../ffi/netlink_ip.ts";
import type { InterfaceAddress, Link } from "../../ffi/netlink_record.ts";
import { type NetlinkEvent, NetlinkSubscription } from "../../ffi/netlink_subscription.ts";

export interface EgressWatchOptions {
  /** The interface to watch. It need not be there yet, and may go and come back. */
  readonly interfaceName: string;
  /** An address counts once the kernel has a route from it to the home agent's address of its family. */
  readonly homeAgent: Readonly<Record<IpFamily, IpAddress | undefined>>;
  /** Is never a care-of address. */
  readonly homeAddress: IpAddress;
  /** Called at once, and then at every change: IPv6 first, at most one address of a family. */
  readonly onCandidates: (candidates: readonly CareOfAddressCandidate[]) => void;
  /** The watch has ended by itself. Called once at most. */
  readonly onFailure: (error: unknown) => void;
}

const FAMILIES: readonly IpFamily[] = [6, 4];

/**
 * The care-of addresses that an egress interface offers while somebody else configures it (`manage = false`): the
 * first global address of each family that is neither tentative nor deprecated; none while the interface is missing,
 * switched off or without carrier.
 *
 * A DHCP client sets the address a moment before the route. A Binding Update sent in between is lost (with
 * SO_BINDTODEVICE the kernel looks for the home agent on the link), and the next one goes 1.5 s later; so a
 * new address waits for its route. Once reported it stays until the address itself goes, whatever the routes do.
 */
export class EgressWatch implements AsyncDisposable {
  readonly #options: EgressWatchOptions;
  readonly #netlink = new Netlink();
  readonly #changes = new NetlinkSubscription(["link", "address", "route"]);
  readonly #ended: Promise<void>;
  #index: number | undefined;
  #candidates: readonly CareOfAddressCandidate[] = [];

  /** @throws SystemError */
  constructor(options: EgressWatchOptions) {
    this.#options = options;
    this.#candidates = this.#look();
    options.onCandidates(this.#candidates);
    this.#ended = this.#follow();
  }

  /** Ends the watch: no call of onCandidates comes after this one. */
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
        if (!this.#concernsUs(event)) continue;
        const before = this.#candidates;
        this.#candidates = this.#look();
        if (!sameCandidates(before, this.#candidates)) this.#options.onCandidates(this.#candidates);
      }
    } catch (error) {
      this.#options.onFailure(error);
    } finally {
      this.#netlink.close();
    }
  }

  #concernsUs(event: NetlinkEvent): boolean {
    switch (event.kind) {
      case "overrun":
        return true;
      case "link":
        return event.link.name === this.#options.interfaceName || event.link.index === this.#index;
      case "address":
        return event.address.interfaceIndex === this.#index;
      case "route":
        // A multipath route names no interface, and a route can lead out of the egress by a rule alone.
        return this.#candidateOf(event.route.family) === undefined;
      case "setting":
        return false;
    }
  }

  /** Events only say that something happened: the state is what the kernel has now. */
  #look(): CareOfAddressCandidate[] {
    const link = this.#netlink.link(this.#options.interfaceName);
    this.#index = link?.index;
    if (link === undefined || !link.up || !link.carrier) return [];
    const addresses = this.#netlink.addresses();
    return FAMILIES.flatMap((family) => this.#lookAtFamily(family, link, addresses) ?? []);
  }

  #lookAtFamily(
    family: IpFamily,
    link: Link,
    addresses: readonly InterfaceAddress[],
  ): CareOfAddressCandidate | undefined {
    const { homeAgent, homeAddress, interfaceName } = this.#options;
    const destination = homeAgent[family];
    if (destination === undefined) return undefined;
    const known = this.#candidateOf(family)?.address;
    const usable = addresses.filter((entry) =>
      entry.family === family && entry.interfaceIndex === link.index && isCareOfAddress(entry) &&
      entry.address !== homeAddress
    );
    const entry = usable.find(({ address }) => address === known) ?? usable[0];
    if (entry === undefined) return undefined;
    const { address, prefixLength } = entry;
    const query = { destination, source: address, interfaceIndex: link.index };
    if (address !== known && this.#netlink.routeTo(query) === undefined) return undefined;
    return { interfaceName, address, prefixLength, gateway: undefined, linkMtu: link.mtu };
  }

  #candidateOf(family: IpFamily): CareOfAddressCandidate | undefined {
    return this.#candidates.find(({ address }) => address.includes(":") === (family === 6));
  }
}

/** Of IPv4, the first address of its subnet; of IPv6, one that has passed duplicate address detection. */
function isCareOfAddress({ family, scope, secondary, tentative, deprecated }: InterfaceAddress): boolean {
  return scope === "global" && !deprecated && !tentative && (family === 6 || !secondary);
}

function sameCandidates(
  one: readonly CareOfAddressCandidate[],
  other: readonly CareOfAddressCandidate[],
): boolean {
  return one.length === other.length &&
    one.every(({ address, linkMtu }, index) =>
      address === other[index].address && linkMtu === other[index].linkMtu
    );
}
