import type {
  Configuration,
  HomeAgentConfiguration,
  MobileNodeConfiguration,
} from "../configuration/record.ts";
import {
  associationsOf,
  type Ipv4HomeAddress,
  type MobilitySecurityAssociation,
} from "../../core/control/settings.ts";
import { type Ipv6Address, UNSPECIFIED_IPV4 } from "../../core/wire/address.ts";
import type { Colours } from "./colours.ts";
import { describeIpv4HomeAddress, describePool, describePrefixes } from "./prefix_text.ts";
import { formatRecord, formatTable } from "./table.ts";

/** What a configuration means, for people. Keys are not shown, only how long they are. */
export function describeConfiguration(configuration: Configuration, colours: Colours): string {
  return configuration.kind === "homeAgent"
    ? describeHomeAgent(configuration, colours)
    : describeMobileNode(configuration, colours);
}

function describeHomeAgent(configuration: HomeAgentConfiguration, colours: Colours): string {
  const { settings, file, ipv4Address, port, tun, workers, forwarding, controlSocket } = configuration;
  const { homePrefix, ipv4HomePrefix, ipv4Pool, ipv4NetworkPool, mobileNetworkPool, natRefreshSeconds } =
    settings;
  const rows = [
    ["configuration", `${file}: a home agent`],
    ["home agent", `${settings.address} at ${ipv4Address} port ${port}`],
    ["home prefix", describePrefixes([homePrefix])],
    ["IPv4 home prefix", describePrefixes(ipv4HomePrefix ? [ipv4HomePrefix] : [])],
    ["IPv4 pool", describePrefixes(ipv4Pool ? [ipv4Pool] : [])],
    ["IPv4 network pool", ipv4NetworkPool ? describePool(ipv4NetworkPool) : "-"],
    ["mobile network pool", mobileNetworkPool ? describePool(mobileNetworkPool) : "-"],
    ["home link", configuration.homeLink ?? "none: the home network is virtual"],
    ["authentication", settings.requireAuthentication ? "mn-ha" : "none"],
    ["lifetime", `up to ${settings.maximumLifetimeSeconds} s`],
    ["NAT refresh", natRefreshSeconds === 0 ? "as the mobile node likes" : `${natRefreshSeconds} s`],
    [
      "UDP",
      settings.forceUdp ? "always" : settings.acceptForceUdp ? "behind a NAT or on request" : "behind a NAT",
    ],
    ["clock tolerance", `${settings.clockToleranceMs / 1000} s`],
    ["interface", tun],
    [
      "link MTU",
      configuration.linkMtu === undefined ? "as the interface has it" : `${configuration.linkMtu} octets`,
    ],
    ["workers", String(workers)],
    ["forwarding", forwarding ? "switched on" : "as the host has it"],
    ["control socket", controlSocket],
    ["mobile nodes", String(settings.mobileNodes.length)],
  ] as const;
  const spis = espSpis(configuration);
  const nodes = settings.mobileNodes.map((node) => [
    node.identity,
    node.homeAddress,
    node.ipv4HomeAddress === undefined ? "-" : describeIpv4HomeAddress(node.ipv4HomeAddress),
    describePrefixes(node.mobileNetworkPrefixes),
    describeSecurity(associationsOf(node), spis.get(node.homeAddress)),
  ]);
  const titles = ["IDENTITY", "HOME ADDRESS", "IPv4 HOME ADDRESS", "MOBILE NETWORKS", "SECURITY"];
  const columns = titles.map((title) => ({ title }));
  return formatRecord(rows, colours) +
    (nodes.length === 0 ? "" : "\n" + formatTable(columns, nodes, colours));
}

function describeMobileNode(configuration: MobileNodeConfiguration, colours: Colours): string {
  const { settings, file, egress, requestPrefixes, localPort, tun, workers, controlSocket } = configuration;
  const homeAgentAddress = settings.homeAgentAddress ?? "to be discovered";
  return formatRecord([
    ["configuration", `${file}: a mobile node`],
    ["identity", settings.identity],
    ["home address", settings.homeAddress],
    ["IPv4 home address", describeWanted(settings.ipv4HomeAddress)],
    [
      "home agent",
      settings.homeAgentIpv4Address === undefined
        ? homeAgentAddress
        : `${homeAgentAddress}, ${settings.homeAgentIpv4Address} port ${settings.homeAgentPort}`,
    ],
    [
      "security",
      describeSecurity(associationsOf(settings), espSpis(configuration).get(settings.homeAddress)),
    ],
    ["lifetime", `${settings.lifetimeSeconds} s`],
    [
      "keepalive",
      settings.keepaliveSeconds === undefined ? "as the home agent says" : `${settings.keepaliveSeconds} s`,
    ],
    ["UDP", settings.forceUdp ? "always" : "behind a NAT"],
    ["mobile networks", describePrefixes(settings.mobileNetworkPrefixes)],
    ["more networks", requestPrefixes === 0 ? "-" : `${requestPrefixes} of the home agent's`],
    ["hosts behind it", describeMobileNetwork(configuration.mobileNetwork)],
    ["care-of address", settings.dsmip ? `prefer ${settings.prefer}` : "IPv6 only"],
    ["configured by", configuration.manage ? "dsmip" : "somebody else"],
    ["router probe", configuration.routerProbeMs === 0 ? "none" : `every ${configuration.routerProbeMs} ms`],
    ["egress", `${egress.join(", ")}, ${localPort === 0 ? "any local port" : `local port ${localPort}`}`],
    ["interface", tun],
    ["workers", String(workers)],
    ["control socket", controlSocket],
  ], colours);
}

function describeMobileNetwork(network: MobileNodeConfiguration["mobileNetwork"]): string {
  if (network === undefined) return "-";
  const { interfaceName, serve, dns } = network;
  if (!serve) return `on ${interfaceName}, served by the operator`;
  return `on ${interfaceName}, served by radvd and dnsmasq${
    dns.length === 0 ? "" : `, DNS ${dns.join(", ")}`
  }`;
}

function describeWanted(ipv4HomeAddress: Ipv4HomeAddress | undefined): string {
  if (ipv4HomeAddress === undefined) return "none";
  const { address, prefixLength } = ipv4HomeAddress;
  if (address !== UNSPECIFIED_IPV4) return describeIpv4HomeAddress(ipv4HomeAddress);
  return prefixLength === 32 ? "any" : `any, with a network of ${prefixLength} bits`;
}

function describeSecurity(
  associations: readonly MobilitySecurityAssociation[],
  spis: readonly number[] = [],
): string {
  const parts = associations.map(({ spi, algorithm, key }) =>
    `SPI ${spi}, ${algorithm}, key of ${key.length} octets`
  );
  if (spis.length > 0) parts.push(`ESP with SPIs ${spis.join(", ")}`);
  return parts.length === 0 ? "none" : parts.join("; ");
}

/** The SPIs of ESP from and to each address. */
function espSpis({ securityAssociations }: Configuration): ReadonlyMap<Ipv6Address, number[]> {
  const spis = new Map<Ipv6Address, number[]>();
  for (const { spi, source, destination } of securityAssociations) {
    for (const end of [source, destination]) {
      const known = spis.get(end);
      if (known === undefined) spis.set(end, [spi]);
      else known.push(spi);
    }
  }
  return spis;
}
