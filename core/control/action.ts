import type { IpAddress, Ipv4Address, Ipv6Address, Ipv6Prefix } from "../wire/address.ts";
import type { HomeAgentFailure } from "./home_agent_turns.ts";
import type { CareOfAddressCandidate } from "./movement/candidate.ts";
import type { Ipv4HomeAddress } from "./settings.ts";
import type { TunnelEnd } from "./tunnel.ts";

/** Something worth a line in the log. Details never hold a secret. */
export interface Report {
  readonly kind: "report";
  readonly level: "debug" | "info" | "warning" | "error";
  /** A sentence without its full stop: "binding accepted". */
  readonly message: string;
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** Send an inner IPv6 packet in UDP over IPv4 (RFC 5555 4.2). */
export interface SendSignalling {
  readonly kind: "sendSignalling";
  /** The mobile node's care-of address; undefined at the home agent, which has one socket. */
  readonly source: Ipv4Address | undefined;
  readonly destination: Ipv4Address;
  readonly destinationPort: number;
  readonly packet: Uint8Array;
}

/** Send a whole IPv6 packet natively, its extension headers included (RFC 6275 section 11.7.1, 10.3.1). */
export interface SendPacket {
  readonly kind: "sendPacket";
  /** Of its IPv6 header, an address of this host. */
  readonly source: Ipv6Address;
  readonly packet: Uint8Array;
}

export type MobileNodeAction =
  | Report
  | SendSignalling
  | SendPacket
  /** What is sent from now on leaves by this interface, from this address; undefined: there is none. */
  | { readonly kind: "useCareOfAddress"; readonly candidate: CareOfAddressCandidate | undefined }
  /** The home agent does not answer by this interface: is its router there? */
  | { readonly kind: "doubt"; readonly interfaceName: string }
  /** The home agent says that it has no binding for us (RFC 6275 section 9.3.3): what else it knew may be gone, too. */
  | { readonly kind: "homeAgentForgot" }
  /** Another home agent may serve (RFC 6275 section 11.7.1, RFC 3963 section 5.4.2). */
  | { readonly kind: "homeAgentFails"; readonly failure: HomeAgentFailure }
  /** Traffic of the home address goes this way from now on. `innerMtu` is the TUN's MTU, octets. */
  | { readonly kind: "setTunnel"; readonly tunnel: TunnelEnd; readonly innerMtu: number }
  | { readonly kind: "clearTunnel" }
  /** The home agent has accepted this care-of address. `prefixDiscovery`: and says that home prefixes have changed (status 1). */
  | { readonly kind: "registered"; readonly careOfAddress: IpAddress; readonly prefixDiscovery: boolean }
  /** The home agent forwards to this IPv4 home address from now on; undefined: to none any more. */
  | { readonly kind: "setIpv4HomeAddress"; readonly ipv4HomeAddress: Ipv4HomeAddress | undefined }
  /** The home agent forwards for these mobile network prefixes from now on, and for no others. */
  | { readonly kind: "setMobileNetworks"; readonly prefixes: readonly Ipv6Prefix[] }
  /** Traffic that would leave by the tunnel waits, no longer than this from now on; 0: it goes on. */
  | { readonly kind: "holdTraffic"; readonly forMs: number }
  /**
   * The home address is an address of this interface like others (RFC 6275 section 11.5.5). `detectDuplicates`: no
   * binding stood, so another node may have taken it meanwhile.
   */
  | { readonly kind: "takeHomeAddress"; readonly interfaceName: string; readonly detectDuplicates: boolean }
  /** All is said; the daemon may end. */
  | { readonly kind: "finished" };

export type HomeAgentAction =
  | Report
  | SendSignalling
  | SendPacket
  /** Packets for the home address and for the mobile network prefixes go this way; replaces what was there. */
  | {
    readonly kind: "setBinding";
    readonly homeAddress: Ipv6Address;
    readonly tunnel: TunnelEnd;
    readonly prefixes: readonly Ipv6Prefix[];
    /** More binding cache entries (RFC 5555 section 4.5): addresses, or the whole prefix around one. */
    readonly ipv4HomeAddresses: readonly Ipv4HomeAddress[];
  }
  | {
    readonly kind: "removeBinding";
    readonly homeAddress: Ipv6Address;
    readonly prefixes: readonly Ipv6Prefix[];
  }
  /** Duplicate address detection on the home link, to be answered by `homeAddressProbed` (RFC 6275 10.3.1). */
  | {
    readonly kind: "probeHomeAddress";
    readonly homeAddress: Ipv6Address;
    /** The link-local address with the same interface identifier, too (L flag). */
    readonly linkLocalCompatibility: boolean;
  }
  /** Defend the home address on the home link by proxy neighbour discovery (RFC 6275 10.4.1). */
  | {
    readonly kind: "interceptHomeAddress";
    readonly homeAddress: Ipv6Address;
    readonly linkLocalCompatibility: boolean;
    /** Sets the R bit of its Neighbor Advertisements (RFC 3963 section 6.2). */
    readonly mobileRouter: boolean;
  }
  | { readonly kind: "releaseHomeAddress"; readonly homeAddress: Ipv6Address }
  /** Defend the IPv4 home address of this binding on the home link by proxy ARP (RFC 5555 section 4.5.2). */
  | {
    readonly kind: "interceptIpv4HomeAddress";
    readonly homeAddress: Ipv6Address;
    readonly address: Ipv4Address;
  }
  | { readonly kind: "releaseIpv4HomeAddress"; readonly address: Ipv4Address };
