import type { TunnelEnd } from "../../core/control/tunnel.ts";
import type { Ipv6Address, Ipv6Prefix } from "../../core/wire/address.ts";
import type { DataPathGroup } from "./data_path_group.ts";
import type { HostNetwork } from "./host_network.ts";

type BoundTable = Pick<DataPathGroup, "setBinding" | "removeBinding">;
type NetworkRoutes = Pick<HostNetwork, "addMobileNetwork" | "removeMobileNetwork">;

/** What a home agent forwards: home addresses and mobile networks, in the data path and in the kernel's routes. */
export class HomeAgentRoutes {
  readonly #dataPath: BoundTable;
  readonly #network: NetworkRoutes;
  readonly #prefixes = new Map<Ipv6Address, readonly Ipv6Prefix[]>();

  constructor(dataPath: BoundTable, network: NetworkRoutes) {
    this.#dataPath = dataPath;
    this.#network = network;
  }

  /** Replaces what there was for this home address. */
  set(homeAddress: Ipv6Address, prefixes: readonly Ipv6Prefix[], tunnel: TunnelEnd, innerMtu: number): void {
    const isKept = (old: Ipv6Prefix) =>
      prefixes.some(({ address, length }) => address === old.address && length === old.length);
    this.#removeNetworks(this.#prefixesOf(homeAddress).filter((old) => !isKept(old)));
    this.#prefixes.set(homeAddress, prefixes);
    this.#dataPath.setBinding(homeAddress, tunnel, innerMtu);
    for (const prefix of prefixes) {
      this.#dataPath.setBinding(prefix, tunnel, innerMtu);
      this.#network.addMobileNetwork(prefix);
    }
  }

  remove(homeAddress: Ipv6Address): void {
    this.#dataPath.removeBinding(homeAddress);
    this.#removeNetworks(this.#prefixesOf(homeAddress));
    this.#prefixes.delete(homeAddress);
  }

  #prefixesOf(homeAddress: Ipv6Address): readonly Ipv6Prefix[] {
    return this.#prefixes.get(homeAddress) ?? [];
  }

  #removeNetworks(prefixes: readonly Ipv6Prefix[]): void {
    for (const prefix of prefixes) {
      this.#dataPath.removeBinding(prefix);
      this.#network.removeMobileNetwork(prefix);
    }
  }
}
