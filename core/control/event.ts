import type { Ipv6Address, Ipv6Prefix } from "../wire/address.ts";
import type { RouterAdvertisement } from "../wire/neighbor_discovery.ts";
import type { ReceivedProtection } from "./esp/security_association.ts";
import type { CareOfAddressCandidate } from "./movement/candidate.ts";
import type { OuterSource } from "./outer_source.ts";
import type { ChangeableSettings, HomeAgentSettings } from "./settings.ts";
import type { Encapsulation } from "./tunnel.ts";
import type { KeptUpdate } from "./update_origin.ts";

/**
 * A mobility message in its whole IPv6 packet; `outer` is undefined where it came natively over IPv6, with its
 * extension headers. `protection`: the security association whose ESP header has been taken off (RFC 3776).
 */
export interface SignallingEvent {
  readonly kind: "signalling";
  readonly outer: OuterSource | undefined;
  readonly packet: Uint8Array;
  readonly protection?: ReceivedProtection;
}

/** What can happen to a mobile node. */
export type MobileNodeEvent =
  /** All addresses of all egress interfaces that could be the care-of address now, the most preferred first. */
  | { readonly kind: "careOfAddresses"; readonly candidates: readonly CareOfAddressCandidate[] }
  /** Somebody wants this interface used, as long as it has a care-of address. */
  | { readonly kind: "switchTo"; readonly interfaceName: string }
  | SignallingEvent
  /** The instant that nextDeadline() named has come. */
  | { readonly kind: "deadline" }
  /** Mobile network prefixes that were delegated to us, beside those of the settings; replaces those before. */
  | { readonly kind: "delegatedPrefixes"; readonly prefixes: readonly Ipv6Prefix[] }
  /** The configuration has changed. */
  | { readonly kind: "reconfigured"; readonly settings: ChangeableSettings }
  /** De-register and end. */
  | { readonly kind: "stop" };

/** What can happen to a home agent. It has nothing to say when it ends: mobile nodes find out by themselves. */
export type HomeAgentEvent =
  | SignallingEvent
  /** A tunnelled packet whose source has no binding from this outer address (its first octets, from the inner header on). */
  | {
    readonly kind: "unboundTraffic";
    readonly outer: OuterSource;
    readonly encapsulation: Encapsulation;
    readonly packet: Uint8Array;
  }
  /** A request of home agent address discovery or for the prefixes of the home link, in its whole IPv6 packet. */
  | { readonly kind: "discovery"; readonly packet: Uint8Array; readonly protection?: ReceivedProtection }
  /** What a router on the home link says, from its link-local address. */
  | {
    readonly kind: "routerAdvertised";
    readonly source: Ipv6Address;
    readonly advertisement: RouterAdvertisement;
  }
  /** Mobile network prefixes that are delegated to this home address, beside the configured ones; replaces those before. */
  | {
    readonly kind: "delegatedPrefixes";
    readonly homeAddress: Ipv6Address;
    readonly prefixes: readonly Ipv6Prefix[];
  }
  /** Does another node on the home link have the address that `probeHomeAddress` named? */
  | { readonly kind: "homeAddressProbed"; readonly homeAddress: Ipv6Address; readonly duplicate: boolean }
  /**
   * An action that the last event wanted for this binding could not be performed, and no other for it has been since: its
   * acknowledgement neither. Comes before every other event.
   */
  | { readonly kind: "bindingFailed"; readonly homeAddress: Ipv6Address }
  /** The home agent has started: what its bindings were made of before that, each at the latest. Comes first. */
  | { readonly kind: "keptUpdates"; readonly updates: readonly KeptUpdate[] }
  /** Somebody revokes the bindings of this identity, and it gets no other before the next "reconfigured". */
  | { readonly kind: "revoked"; readonly identity: string }
  /** The configuration has changed: mobile nodes, lifetimes and limits; addresses, home network and pools are the same. */
  | { readonly kind: "reconfigured"; readonly settings: HomeAgentSettings }
  | { readonly kind: "deadline" };
