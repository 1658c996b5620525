import type { Ipv6Address } from "../wire/address.ts";
import type { OuterSource } from "./outer_source.ts";

/**
 * The Binding Update that made a binding, as it came. A home agent that starts takes it again: it proves its origin as it did
 * then, with the key that the configuration has now, so that nobody has to believe whoever kept it. Where care-of addresses are
 * probed, it is not enough over IPv4, as it is not from a new place.
 */
export interface KeptUpdate {
  /** As in SignallingEvent. */
  readonly outer: OuterSource | undefined;
  /** The whole IPv6 packet. */
  readonly packet: Uint8Array;
  /** On the wall clock. */
  readonly receivedUnixMs: number;
}

/** The same in a binding cache entry, before it is written down. */
export interface UpdateOrigin extends Pick<KeptUpdate, "outer" | "receivedUnixMs"> {
  readonly source: Ipv6Address;
  readonly homeAddressOption: Ipv6Address | undefined;
  readonly mobilityHeader: Uint8Array;
}
