import type { OuterSource } from "../control/outer_source.ts";
import type { Encapsulation, TunnelEnd } from "../control/tunnel.ts";

/** Does a packet in this encapsulation, from this outer source, come from the far end of the tunnel? */
export function isFarEnd(tunnel: TunnelEnd, encapsulation: Encapsulation, outer: OuterSource): boolean {
  return tunnel.encapsulation === encapsulation && tunnel.address === outer.address &&
    (encapsulation !== "udp" || tunnel.port === outer.port);
}

/**
 * From the care-of address? A node behind no NAT uses UDP until it knows that, and until the acknowledgement has reached it
 * (RFC 5555 section 4.1); a NAT's address alone would not tell its hosts apart.
 */
export function isFromNode(tunnel: TunnelEnd, encapsulation: Encapsulation, outer: OuterSource): boolean {
  const isNotYetTold = encapsulation === "udp" && tunnel.encapsulation === "ipv6InIpv4";
  return isNotYetTold ? tunnel.address === outer.address : isFarEnd(tunnel, encapsulation, outer);
}
