import { ipv4Count } from "../../core/control/ipv4_number.ts";
import type { MobileNodeEntry } from "../../core/control/settings.ts";
import {
  type Ipv4Prefix,
  type Ipv6Address,
  type Ipv6Prefix,
  prefixContains,
} from "../../core/wire/address.ts";
import { checkClaims, checkNetworkLengths, type Claim } from "./claims.ts";
import { type ConfiguredAssociation, EspFiles } from "./esp.ts";
import {
  checkIpv4HomeAddress,
  checkPools,
  claimsOfEntry,
  claimsOfHomeAgent,
  poolOf,
} from "./home_networks.ts";
import type { ConfigurationSource, HomeAgentConfiguration } from "./record.ts";
import {
  addMistake,
  isTable,
  readTable,
  type RightValues,
  type Table,
  type TableSource,
} from "./read_table.ts";
import { HOME_AGENT_KEYS, MOBILE_NODE_ENTRY_KEYS } from "./schema.ts";
import { readPreviousSecurity, readSecurity } from "./security.ts";

/** What one home agent serves at most. */
export const MAXIMUM_MOBILE_NODES = 10_000;

/** Reads [home_agent] and its [[mobile_node]]s; undefined after a mistake, which is in the source then. */
export function readHomeAgent(source: ConfigurationSource): HomeAgentConfiguration | undefined {
  const { document, lines, mistakes, resolvePath } = source;
  const own: TableSource = { title: "[home_agent]", name: "home_agent", lines, mistakes };
  const table = document.home_agent;
  if (!isTable(table)) {
    addMistake(own, undefined, "must be one table, written [home_agent]");
    return undefined;
  }
  const agent = readTable(table, HOME_AGENT_KEYS, own);
  checkHomeAgent(agent, own);
  checkPools(agent, (key) => Object.hasOwn(table, key), own);
  const claims: Claim[] = claimsOfHomeAgent(agent, own);
  const { entries, securityAssociations } = readEntries(source, agent, claims);
  checkClaims(claims);
  checkNetworkLengths(claims, {
    ipv4_network_pool: agent.ipv4_network_pool_length,
    mobile_network_pool: agent.mobile_network_pool_length,
  });
  if (mistakes.length > 0) return undefined;
  const right = agent as Required<typeof agent>;
  const requireAuthentication = right.authentication === "mn-ha";
  return {
    kind: "homeAgent",
    file: source.file,
    document: source.document,
    settings: {
      address: right.ipv6_address,
      homePrefix: right.home_prefix,
      mobileNodes: entries,
      requireAuthentication,
      maximumLifetimeSeconds: right.maximum_lifetime_seconds,
      natRefreshSeconds: right.nat_refresh_seconds,
      forceUdp: right.force_udp,
      acceptForceUdp: right.accept_force_udp,
      prefixAdvertisements: right.prefix_advertisements,
      probeCareOfAddress: right.probe_care_of_address,
      clockToleranceMs: right.clock_tolerance_seconds * 1000,
      homeLink: agent.home_link !== undefined,
      preference: right.preference,
      ipv4HomePrefix: agent.ipv4_home_prefix,
      ipv4Pool: agent.ipv4_pool,
      ipv4NetworkPool: poolOf(agent.ipv4_network_pool, right.ipv4_network_pool_length),
      mobileNetworkPool: poolOf(agent.mobile_network_pool, right.mobile_network_pool_length),
    },
    ipv4Address: right.ipv4_address,
    homeLink: agent.home_link,
    port: right.port,
    tun: right.tun,
    linkMtu: agent.link_mtu,
    workers: right.workers,
    forwarding: right.forwarding,
    controlSocket: resolvePath(right.control_socket),
    stateDirectory: resolvePath(right.state_directory),
    securityAssociations,
    warnings: [
      ...(requireAuthentication
        ? []
        : ['authentication = "none": anybody can take over the traffic of any mobile node']),
      ...(entries.length > 0 ? [] : ["no [[mobile_node]]: every Binding Update will be refused"]),
      ...smallPoolWarning(agent.ipv4_pool, entries),
    ],
  };
}

/** A node that is at home has its address still, and nobody can tell it that another has got it. */
function smallPoolWarning(pool: Ipv4Prefix | undefined, entries: readonly MobileNodeEntry[]): string[] {
  if (pool === undefined) return [];
  const takers = entries.filter(({ ipv4HomeAddress }) => ipv4HomeAddress === undefined).length;
  const addresses = ipv4Count(pool.length);
  if (takers <= addresses) return [];
  return [
    `ipv4_pool has ${addresses} addresses for ${takers} mobile nodes without one of their own: the last ones get none, ` +
    "or one that a mobile node at home still has",
  ];
}

function checkHomeAgent(agent: RightValues<typeof HOME_AGENT_KEYS>, source: TableSource): void {
  const { ipv6_address: address, home_prefix: prefix } = agent;
  if (address !== undefined && prefix !== undefined) checkInPrefix(address, "ipv6_address", prefix, source);
  if (agent.force_udp === true && agent.accept_force_udp === false) {
    const text =
      " = false: contradicts force_udp = true, which puts every mobile node into UDP; remove one of them";
    addMistake(source, "accept_force_udp", text);
  }
}

/** An address of the home link: inside its prefix, and not the anycast address of its routers (RFC 4291 2.6.1). */
function checkInPrefix(address: Ipv6Address, key: string, prefix: Ipv6Prefix, source: TableSource): void {
  const written = `${prefix.address}/${prefix.length}`;
  if (!prefixContains(prefix, address)) {
    addMistake(source, key, ` = "${address}": is outside home_prefix ${written}`);
  } else if (address === prefix.address) {
    addMistake(source, key, ` = "${address}": is the routers' anycast address of home_prefix ${written}`);
  }
}

function readEntries(
  source: ConfigurationSource,
  agent: RightValues<typeof HOME_AGENT_KEYS>,
  claims: Claim[],
): Pick<HomeAgentConfiguration, "securityAssociations"> & { readonly entries: MobileNodeEntry[] } {
  const nothing = { entries: [], securityAssociations: [] };
  const { lines, mistakes } = source;
  const tables = source.document.mobile_node ?? [];
  if (!Array.isArray(tables) || !tables.every(isTable)) {
    const text = "[mobile_node] contradicts [home_agent]: a file is for one of them; " +
      "the mobile nodes that a home agent serves are written [[mobile_node]]";
    mistakes.push({ line: lines.get("mobile_node"), text });
    return nothing;
  }
  if (tables.length > MAXIMUM_MOBILE_NODES) {
    mistakes.push({
      line: undefined,
      text: `${tables.length} [[mobile_node]]s; at most ${MAXIMUM_MOBILE_NODES} are served`,
    });
    return nothing;
  }
  const seen = new Map<string, string>();
  const espFiles = new EspFiles(source.resolvePath);
  const read = tables.map((table: Table, index) =>
    readEntry(source, agent, table, index, { seen, claims, espFiles })
  );
  return {
    entries: read.map(({ entry }) => entry),
    securityAssociations: read.flatMap(({ associations }) => associations),
  };
}

/** One [[mobile_node]]. After a mistake the result is not whole and is thrown away by readHomeAgent. */
function readEntry(
  source: ConfigurationSource,
  agent: RightValues<typeof HOME_AGENT_KEYS>,
  table: Table,
  index: number,
  { seen, claims, espFiles }: { seen: Map<string, string>; claims: Claim[]; espFiles: EspFiles },
): { readonly entry: MobileNodeEntry; readonly associations: readonly ConfiguredAssociation[] } {
  const title = `[[mobile_node]] ${index + 1}`;
  const own = { ...source, title, name: `mobile_node.${index}` };
  const entry = readTable(table, MOBILE_NODE_ENTRY_KEYS, own);
  const { identity, home_address: homeAddress } = entry;
  if (homeAddress !== undefined && agent.home_prefix !== undefined) {
    checkInPrefix(homeAddress, "home_address", agent.home_prefix, own);
  }
  checkIpv4HomeAddress(entry.ipv4_home_address, agent, own);
  claims.push(...claimsOfEntry(entry, own));
  // The SPI alone indexes the security associations (RFC 4285 section 3.1), so that it is unique, too.
  for (const key of ["identity", "spi", "previous_spi"] as const) {
    const value = entry[key];
    if (value === undefined) continue;
    const name = `${key === "identity" ? key : "spi"} ${value}`;
    const first = seen.get(name);
    if (first === undefined) seen.set(name, title);
    else addMistake(own, key, ` = ${JSON.stringify(value)}: is that of ${first} already; each needs its own`);
  }
  const present = (key: string) => Object.hasOwn(table, key);
  const security = readSecurity(entry, present, agent.authentication, own);
  const previousSecurity = readPreviousSecurity(entry, present, agent.authentication, own);
  const ends = { homeAddress, homeAgentAddress: agent.ipv6_address };
  return {
    entry: {
      identity: identity!,
      homeAddress: homeAddress!,
      mobileNetworkPrefixes: entry.mobile_network_prefixes!,
      ipv4HomeAddress: entry.ipv4_home_address,
      security,
      ...(previousSecurity === undefined ? {} : { previousSecurity }),
      requiresEsp: entry.esp_file !== undefined,
    },
    associations: espFiles.associations(entry.esp_file, ends, own),
  };
}
