import type { Encapsulation } from "../core/control/tunnel.ts";
import { IPV6_IN_IPV4_ENCAPSULATION, IPV6_IN_IPV6_ENCAPSULATION, UDP_ENCAPSULATION } from "./memory_map.ts";

/** What the forwarder calls an encapsulation. */
export const ENCAPSULATION_NUMBERS: Readonly<Record<Encapsulation, number>> = {
  udp: UDP_ENCAPSULATION,
  ipv6InIpv4: IPV6_IN_IPV4_ENCAPSULATION,
  ipv6InIpv6: IPV6_IN_IPV6_ENCAPSULATION,
};

/** @throws RangeError for a number that the forwarder does not use */
export function encapsulationOf(number: number): Encapsulation {
  for (const [encapsulation, value] of Object.entries(ENCAPSULATION_NUMBERS)) {
    if (value === number) return encapsulation as Encapsulation;
  }
  throw new RangeError(`Not an encapsulation: ${number}`);
}
