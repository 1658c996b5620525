import { type IpAddress, type Ipv6Address, isRoutableUnicastIpv6 } from "../wire/address.ts";
import { DSMIPV6_PORT } from "../wire/constants.ts";
import { encodeMobilityPacket } from "../wire/mobility_packet.ts";
import type { SendPacket, SendSignalling } from "./action.ts";
import type { OuterSource } from "./outer_source.ts";
import type { Encapsulation } from "./tunnel.ts";

/** How a mobility message of the home agent reaches a mobile node. */
export type SignallingPath =
  /** In UDP over IPv4, to where the last Binding Update came from (RFC 5555 section 4.2). */
  | { readonly kind: "udp"; readonly outer: OuterSource }
  /** Natively, to the IPv6 source of the last Binding Update (RFC 6275 section 9.5.4). */
  | { readonly kind: "ipv6"; readonly address: Ipv6Address };

/** The path back to the sender of a packet; `outer` is undefined where it came natively over IPv6. */
export function pathTo(outer: OuterSource | undefined, source: Ipv6Address): SignallingPath {
  return outer === undefined ? { kind: "ipv6", address: source } : { kind: "udp", outer };
}

/** The address that packets on this path go to. */
export function pathAddress(path: SignallingPath): IpAddress {
  return path.kind === "udp" ? path.outer.address : path.address;
}

/** For a log. */
export function describePath(path: SignallingPath): string {
  return path.kind === "udp" ? `${path.outer.address}:${path.outer.port}` : path.address;
}

/**
 * Sends a mobility header from the home agent `source` to the node that is known by `destination`: its home
 * address, which natively goes into a type 2 routing header unless the path leads there anyway.
 */
export function sendAlong(
  path: SignallingPath,
  { source, destination, mobilityHeader }: {
    readonly source: Ipv6Address;
    readonly destination: Ipv6Address;
    readonly mobilityHeader: Uint8Array;
  },
): SendSignalling | SendPacket {
  if (path.kind === "udp") {
    return {
      kind: "sendSignalling",
      source: undefined,
      destination: path.outer.address,
      destinationPort: path.outer.port,
      packet: encodeMobilityPacket({ source, destination, mobilityHeader }),
    };
  }
  const routingHomeAddress = destination === path.address ? undefined : destination;
  const packet = encodeMobilityPacket({
    source,
    destination: path.address,
    routingHomeAddress,
    mobilityHeader,
  });
  return { kind: "sendPacket", source, packet };
}

/** The way to the sender of a tunnelled packet; undefined where there is none that we could answer to. */
export function unboundPath(outer: OuterSource, encapsulation: Encapsulation): SignallingPath | undefined {
  switch (encapsulation) {
    case "udp":
      return { kind: "udp", outer };
    case "ipv6InIpv4":
      return { kind: "udp", outer: { address: outer.address, port: DSMIPV6_PORT } };
    case "ipv6InIpv6":
      return isRoutableUnicastIpv6(outer.address) ? { kind: "ipv6", address: outer.address } : undefined;
  }
}
