import { type Ipv4HomeAddress, ipv4NetworkOf, type PrefixPool } from "../../core/control/settings.ts";
import {
  type Ipv6Address,
  type Ipv6Prefix,
  prefixContains,
  prefixCovers,
  prefixText,
} from "../../core/wire/address.ts";
import { type Claim, type ClaimKind, wholeLength } from "./claims.ts";
import { reservedIn, SINGLE_IPV4_ADDRESS } from "./ipv4_home_address.ts";
import { addMistake, type RightValues, type TableSource } from "./read_table.ts";
import type { HOME_AGENT_KEYS } from "./schema.ts";

/* The home network, its pools, and what mobile nodes have of them. */

type HomeAgentValues = RightValues<typeof HOME_AGENT_KEYS>;

/** What a mobile node claims, in both kinds of file. */
interface ClaimingKeys {
  readonly home_address?: Ipv6Address;
  readonly ipv4_home_address?: Ipv4HomeAddress;
  readonly mobile_network_prefixes?: readonly Ipv6Prefix[];
}

export function poolOf<Prefix>(
  prefix: Prefix | undefined,
  networkLength: number,
): PrefixPool<Prefix> | undefined {
  return prefix === undefined ? undefined : { prefix, networkLength };
}

export function claimsOfHomeAgent(agent: HomeAgentValues, source: TableSource): Claim[] {
  const { ipv6_address: ipv6, ipv4_address: ipv4 } = agent;
  const claims: Claim[] = [];
  const add = (kind: ClaimKind, key: keyof HomeAgentValues, prefix: Claim["prefix"] | undefined) => {
    if (prefix !== undefined) claims.push({ kind, key, prefix, source });
  };
  add("agent", "ipv6_address", ipv6 === undefined ? undefined : wholeLength(ipv6));
  add("agent", "ipv4_address", ipv4 === undefined ? undefined : wholeLength(ipv4));
  add("home", "home_prefix", agent.home_prefix);
  add("home", "ipv4_home_prefix", agent.ipv4_home_prefix);
  add("addressPool", "ipv4_pool", agent.ipv4_pool);
  add("networkPool", "ipv4_network_pool", agent.ipv4_network_pool);
  add("networkPool", "mobile_network_pool", agent.mobile_network_pool);
  return claims;
}

export function claimsOfEntry(entry: ClaimingKeys, source: TableSource): Claim[] {
  const { home_address: homeAddress, ipv4_home_address: ipv4, mobile_network_prefixes: prefixes = [] } =
    entry;
  const claims: Claim[] = [];
  if (homeAddress !== undefined) {
    claims.push({ kind: "address", key: "home_address", prefix: wholeLength(homeAddress), source });
  }
  if (ipv4 !== undefined) {
    const kind = ipv4.prefixLength === SINGLE_IPV4_ADDRESS ? "address" : "network";
    claims.push({ kind, key: "ipv4_home_address", prefix: ipv4NetworkOf(ipv4), source });
  }
  for (const prefix of prefixes) {
    claims.push({ kind: "network", key: "mobile_network_prefixes", prefix, source });
  }
  return claims;
}

/** That the pools and the IPv4 home network can be what they are to be, overlaps aside. */
export function checkPools(
  agent: HomeAgentValues,
  present: (key: keyof HomeAgentValues) => boolean,
  source: TableSource,
): void {
  const { ipv4_address: address, ipv4_home_prefix: home, ipv4_pool: pool } = agent;
  const isVirtual = agent.home_link === undefined;
  if (home !== undefined && address !== undefined && isVirtual && prefixContains(home, address)) {
    const text = `: ${prefixText(home)} ends at the home agent and covers its ipv4_address ${address}; ` +
      "take another network, or name the interface that this one is on as home_link";
    addMistake(source, "ipv4_home_prefix", text);
  }
  if (pool !== undefined && !present("ipv4_home_prefix")) {
    addMistake(source, "ipv4_pool", " needs ipv4_home_prefix, the network that its addresses are in");
  }
  if (pool !== undefined && home !== undefined && !prefixCovers(home, pool)) {
    const text = `: ${prefixText(pool)} is not inside ipv4_home_prefix ${prefixText(home)}`;
    addMistake(source, "ipv4_pool", text);
  }
  for (const key of ["ipv4_network_pool", "mobile_network_pool"] as const) {
    const lengthKey = `${key}_length` as const;
    const { [key]: prefix, [lengthKey]: length } = agent;
    if (present(lengthKey) && !present(key)) {
      addMistake(source, lengthKey, `: is of no use without ${key}; add that, or remove it`);
    }
    if (prefix === undefined || length === undefined || length >= prefix.length) continue;
    const text = `: networks of ${length} bits are larger than ${key} ${prefixText(prefix)}; ` +
      `${lengthKey} must be at least ${prefix.length}`;
    addMistake(source, present(lengthKey) ? lengthKey : key, text);
  }
}

/** A single IPv4 home address is in the home network; a network behind a mobile router has a router. */
export function checkIpv4HomeAddress(
  ipv4HomeAddress: Ipv4HomeAddress | undefined,
  agent: HomeAgentValues,
  source: TableSource,
): void {
  if (ipv4HomeAddress === undefined) return;
  const { ipv4_home_prefix: home, home_link: homeLink } = agent;
  const { address, prefixLength } = ipv4HomeAddress;
  const isSingle = prefixLength === SINGLE_IPV4_ADDRESS;
  checkHostAddress(ipv4HomeAddress, source);
  if (home === undefined) {
    // A home prefix that is wrong itself has no value at all, and has been named already.
    if (!isSingle || !Object.hasOwn(agent, "ipv4_home_prefix")) return;
    const text =
      ` = "${address}": is in no home network; add its network to [home_agent] as ipv4_home_prefix, ` +
      "or write the length of the network that is its own, such as /28";
    return addMistake(source, "ipv4_home_address", text);
  }
  const reserved = isSingle && prefixContains(home, address) ? reservedIn(home, address) : undefined;
  if (reserved !== undefined) {
    addMistake(source, "ipv4_home_address", ` = "${address}": is ${reserved}, which no node may have`);
  } else if (isSingle && !prefixContains(home, address)) {
    addMistake(
      source,
      "ipv4_home_address",
      ` = "${address}": is outside ipv4_home_prefix ${prefixText(home)}`,
    );
  } else if (!isSingle && homeLink !== undefined && prefixContains(home, address)) {
    const text =
      `: ${address}/${prefixLength} is a part of ipv4_home_prefix ${prefixText(home)}, whose hosts ` +
      `look for it on ${homeLink} and not behind a router; take a network apart from it`;
    addMistake(source, "ipv4_home_address", text);
  }
}

/** The address is one that a node of its own network may have. */
export function checkHostAddress(ipv4HomeAddress: Ipv4HomeAddress, source: TableSource): void {
  const { address, prefixLength } = ipv4HomeAddress;
  const reserved = reservedIn(ipv4NetworkOf(ipv4HomeAddress), address);
  if (reserved === undefined) return;
  const text = ` = "${address}/${prefixLength}": is ${reserved}; write the router's own address`;
  addMistake(source, "ipv4_home_address", text);
}
