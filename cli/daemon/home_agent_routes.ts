import type { HomeAgentSettings, Ipv4HomeAddress } from "../../core/control/settings.ts";
import type { TunnelEnd } from "../../core/control/tunnel.ts";
import { type Bound, boundText } from "../../core/forwarding/bindings.ts";
import {
  type IpPrefix,
  type Ipv6Address,
  type Ipv6Prefix,
  prefixAround,
  prefixContains,
} from "../../core/wire/address.ts";
import type { DataPathGroup } from "./data_path_group.ts";
import type { HostNetwork } from "./host_network.ts";

type BoundTable = Pick<DataPathGroup, "setBinding" | "removeBinding">;
type NetworkRoutes = Pick<HostNetwork, "addMobileNetwork" | "removeMobileNetwork">;

/** What goes the same way as a home address. */
export interface BoundNetworks {
  readonly prefixes: readonly Ipv6Prefix[];
  readonly ipv4HomeAddresses: readonly Ipv4HomeAddress[];
}

/** Something bound, and the kernel's route that leads there; undefined where another route does already. */
interface Entry {
  readonly bound: Bound;
  readonly route: IpPrefix | undefined;
}

const SINGLE = 32;

/** What a mobile node may have in the data path's table: its home address, 16 prefixes, 8 IPv4 home addresses, and 7 SPIs. */
const ENTRIES_OF_NODE = 32;
const FEWEST_ENTRIES = 65_536;

/** Room that so many mobile nodes need in the data path's table. */
export function entriesFor(mobileNodes: number): number {
  return Math.max(FEWEST_ENTRIES, ENTRIES_OF_NODE * mobileNodes);
}

/** What a home agent forwards: home addresses and mobile networks, in the data path and in the kernel's routes. */
export class HomeAgentRoutes {
  readonly #dataPath: BoundTable;
  readonly #network: NetworkRoutes;
  readonly #ipv4HomePrefix: HomeAgentSettings["ipv4HomePrefix"];
  /** Of each home address what goes along with it, by its text. */
  readonly #entries = new Map<Ipv6Address, Map<string, Entry>>();

  constructor(
    dataPath: BoundTable,
    network: NetworkRoutes,
    { ipv4HomePrefix }: Pick<HomeAgentSettings, "ipv4HomePrefix">,
  ) {
    this.#dataPath = dataPath;
    this.#network = network;
    this.#ipv4HomePrefix = ipv4HomePrefix;
  }

  /**
   * Replaces what there was for this home address. Routes that stay are not touched.
   * @throws Error where the table has no room or the kernel refuses a route: remove() takes back what was done
   */
  set(homeAddress: Ipv6Address, networks: BoundNetworks, tunnel: TunnelEnd, innerMtu: number): void {
    const wanted = this.#entriesOf(networks);
    const present = this.#entries.get(homeAddress) ?? new Map<string, Entry>();
    this.#entries.set(homeAddress, present);
    for (const text of [...present.keys()]) {
      if (!wanted.has(text)) this.#removeEntry(present, text);
    }
    this.#dataPath.setBinding(homeAddress, tunnel, innerMtu);
    for (const [text, entry] of wanted) {
      const isNew = !present.has(text);
      present.set(text, entry);
      this.#dataPath.setBinding(entry.bound, tunnel, innerMtu);
      if (isNew && entry.route !== undefined) this.#network.addMobileNetwork(entry.route);
    }
  }

  remove(homeAddress: Ipv6Address): void {
    this.#dataPath.removeBinding(homeAddress);
    const present = this.#entries.get(homeAddress);
    if (present === undefined) return;
    this.#entries.delete(homeAddress);
    for (const text of [...present.keys()]) this.#removeEntry(present, text);
  }

  #removeEntry(present: Map<string, Entry>, text: string): void {
    const { bound, route } = present.get(text)!;
    present.delete(text);
    this.#dataPath.removeBinding(bound);
    if (route !== undefined) this.#network.removeMobileNetwork(route);
  }

  #entriesOf({ prefixes, ipv4HomeAddresses }: BoundNetworks): ReadonlyMap<string, Entry> {
    const entries = [
      ...prefixes.map((prefix): Entry => ({ bound: prefix, route: prefix })),
      ...ipv4HomeAddresses.map((ipv4HomeAddress) => this.#ipv4Entry(ipv4HomeAddress)),
    ];
    return new Map(entries.map((entry) => [boundText(entry.bound), entry]));
  }

  /** A single address of the IPv4 home network needs no route: that network has one, or the home link sees to it. */
  #ipv4Entry({ address, prefixLength }: Ipv4HomeAddress): Entry {
    const network = prefixAround(address, prefixLength);
    if (prefixLength < SINGLE) return { bound: network, route: network };
    const isAtHome = this.#ipv4HomePrefix !== undefined && prefixContains(this.#ipv4HomePrefix, address);
    return { bound: address, route: isAtHome ? undefined : network };
  }
}
