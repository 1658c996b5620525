import { MAXIMUM_PREFIX_LENGTHS } from "../forwarding/limits.ts";
import type { HomeAgentSettings } from "./settings.ts";

/* The data path looks for few lengths of networks: one node's parts must not take the room of another's network. */

/** Of parts, the likeliest first. */
const USUAL_IPV6_LENGTHS = [64, 56, 60, 48, 62, 52, 63, 61] as const;
const USUAL_IPV4_LENGTHS = [28, 24, 29, 27, 30, 26, 25, 31] as const;

/**
 * Lengths that mobile networks may have: those that the configuration and the pools give, and as far as there is room the
 * usual ones, for mobile routers that ask for a part of what is theirs.
 */
export function ipv6NetworkLengths(
  { mobileNodes, mobileNetworkPool }: HomeAgentSettings,
): ReadonlySet<number> {
  const given = mobileNodes.flatMap(({ mobileNetworkPrefixes }) =>
    mobileNetworkPrefixes.map(({ length }) => length)
  );
  if (mobileNetworkPool !== undefined) given.push(mobileNetworkPool.networkLength);
  return roomFor(given, USUAL_IPV6_LENGTHS);
}

/** The same for networks of IPv4 (RFC 5555 section 3.1.1). */
export function ipv4NetworkLengths({ mobileNodes, ipv4NetworkPool }: HomeAgentSettings): ReadonlySet<number> {
  const given = mobileNodes.flatMap(({ ipv4HomeAddress }) => ipv4HomeAddress?.prefixLength ?? []);
  if (ipv4NetworkPool !== undefined) given.push(ipv4NetworkPool.networkLength);
  return roomFor(given.filter((length) => length < 32), USUAL_IPV4_LENGTHS);
}

function roomFor(given: readonly number[], usual: readonly number[]): ReadonlySet<number> {
  const lengths = new Set(given);
  for (const length of usual) {
    if (lengths.size < MAXIMUM_PREFIX_LENGTHS) lengths.add(length);
  }
  return lengths;
}
