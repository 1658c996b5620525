import {
  formatIpv4,
  formatIpv6,
  type IpAddress,
  type Ipv6Address,
  isIpv4,
  prefixAround,
  prefixText,
} from "../wire/address.ts";
import { type HomeAgentSettings, isHomeAddress } from "./settings.ts";

/** Whose is the source of an inner packet, as the configuration has it? */
export class SourceOwners {
  readonly #settings: HomeAgentSettings;
  /** Home addresses by network, as "2001:db8:200::/64"; an address is a network of all its bits. */
  readonly #byNetwork = new Map<string, Ipv6Address>();
  readonly #ipv4Lengths = new Set<number>();
  readonly #ipv6Lengths = new Set<number>();

  constructor(settings: HomeAgentSettings) {
    this.#settings = settings;
    for (const { homeAddress, mobileNetworkPrefixes, ipv4HomeAddress: ipv4 } of settings.mobileNodes) {
      this.#add(homeAddress, 128, homeAddress);
      for (const { address, length } of mobileNetworkPrefixes) this.#add(address, length, homeAddress);
      if (ipv4 !== undefined) this.#add(ipv4.address, ipv4.prefixLength, homeAddress);
    }
  }

  /**
   * The home address of the node that has the source, or has it behind it. No two networks overlap. Where nobody needs a key,
   * any address of the home prefix may be a mobile node's.
   */
  homeAddressOf(source: IpAddress): Ipv6Address | undefined {
    for (const length of this.#lengthsOf(source)) {
      const homeAddress = this.#byNetwork.get(prefixText(prefixAround(source, length)));
      if (homeAddress !== undefined) return homeAddress;
    }
    const isOpen = !this.#settings.requireAuthentication && !isIpv4(source);
    return isOpen && isHomeAddress(this.#settings, source) ? source : undefined;
  }

  #add(address: IpAddress, length: number, homeAddress: Ipv6Address): void {
    this.#lengthsOf(address).add(length);
    this.#byNetwork.set(prefixText(prefixAround(address, length)), homeAddress);
  }

  #lengthsOf(address: IpAddress): Set<number> {
    return isIpv4(address) ? this.#ipv4Lengths : this.#ipv6Lengths;
  }
}

/** Of an inner packet; undefined where it has been cut off. */
export function sourceOf(packet: Uint8Array): IpAddress | undefined {
  if (packet[0] >> 4 === 4) return packet.length < 20 ? undefined : formatIpv4(packet, 12);
  return packet.length < 40 ? undefined : formatIpv6(packet, 8);
}
