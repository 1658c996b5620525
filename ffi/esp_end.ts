import type { Ipv6Address } from "../core/wire/address.ts";

/**
 * The home agent as one end of the ESP that is ours: all of it has that address, and arrives here as its destination (at
 * the home agent) or its source (at a mobile node).
 */
export interface EspEnd {
  readonly homeAgentAddress: Ipv6Address;
  readonly isThe: "source" | "destination";
}

/** Where the two addresses stand in an IPv6 header. */
export const IPV6_ADDRESS_OFFSETS: Readonly<Record<EspEnd["isThe"], number>> = { source: 8, destination: 24 };
