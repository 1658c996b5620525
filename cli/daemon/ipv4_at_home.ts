import type { CareOfAddressCandidate } from "../../core/control/movement/candidate.ts";
import { type Ipv4Address, isIpv4 } from "../../core/wire/address.ts";
import type { Ipv4HomeRouter } from "./mobile_node_routes.ts";

export interface Ipv4AtHomeOptions {
  /** The router of the home link, or none, from now on. */
  readonly setRouter: (router: Ipv4HomeRouter | undefined) => void;
  /** Tells the home link that this address is here. */
  readonly announce: (interfaceName: string, address: Ipv4Address) => void;
}

/**
 * The IPv4 home address on the home link. RFC 5555 section 4.4.4 knows a return over IPv6 only, and no message tells the
 * IPv4 router there: it is the one of the DHCP lease that the interface has got. Without a lease there is no IPv4 at home.
 */
export class Ipv4AtHome {
  readonly #options: Ipv4AtHomeOptions;
  #candidates: readonly CareOfAddressCandidate[] = [];
  #address: Ipv4Address | undefined;
  /** Of the home link; undefined while the node is away. */
  #interfaceName: string | undefined;
  #router: Ipv4HomeRouter | undefined;
  /** What the home link was told last, and where. */
  #announced = "";

  constructor(options: Ipv4AtHomeOptions) {
    this.#options = options;
  }

  /** What the egress interfaces offer now. */
  offer(candidates: readonly CareOfAddressCandidate[]): void {
    this.#candidates = candidates;
    this.#follow();
  }

  setAddress(address: Ipv4Address | undefined): void {
    this.#address = address;
    this.#follow();
  }

  comeHome(interfaceName: string): void {
    this.#interfaceName = interfaceName;
    this.#follow();
  }

  leave(): void {
    this.#interfaceName = undefined;
    this.#follow();
  }

  #follow(): void {
    const interfaceName = this.#interfaceName;
    const lease = this.#candidates.find((candidate) =>
      candidate.interfaceName === interfaceName && isIpv4(candidate.address)
    );
    const router = interfaceName === undefined || lease?.gateway === undefined
      ? undefined
      : { interfaceName, address: lease.gateway };
    if (router?.interfaceName !== this.#router?.interfaceName || router?.address !== this.#router?.address) {
      this.#router = router;
      this.#options.setRouter(router);
    }
    const isHere = interfaceName !== undefined && this.#address !== undefined;
    const announced = isHere ? `${this.#address} ${interfaceName}` : "";
    if (announced === this.#announced) return;
    this.#announced = announced;
    if (isHere) this.#options.announce(interfaceName, this.#address!);
  }
}
