import type { ConfigurationSource, MobileNodeConfiguration } from "./record.ts";
import { readMobileNetwork } from "./mobile_network.ts";
import { addMistake, isTable, readTable } from "./read_table.ts";
import { MOBILE_NODE_KEYS } from "./schema.ts";
import { readSecurity } from "./security.ts";

/** Reads [mobile_node]; undefined after a mistake, which is in the source then. */
export function readMobileNode(source: ConfigurationSource): MobileNodeConfiguration | undefined {
  const table = source.document.mobile_node;
  if (!isTable(table)) return undefined;
  const own = { ...source, title: "[mobile_node]", name: "mobile_node" };
  const node = readTable(table, MOBILE_NODE_KEYS, own);
  if (node.home_address !== undefined && node.home_address === node.home_agent_ipv6_address) {
    addMistake(
      own,
      "home_address",
      ` = "${node.home_address}": is the home agent's address, too; each needs its own`,
    );
  }
  for (const egress of node.egress ?? []) {
    if (egress !== node.tun && egress !== "lo") continue;
    const why = egress === "lo" ? "is the loopback interface" : "is the interface of the tunnel itself (tun)";
    addMistake(own, "egress", ` = "${egress}": ${why}; name the interface that leads to the Internet`);
  }
  if (node.dsmip === true && !Object.hasOwn(table, "home_agent_ipv4_address")) {
    addMistake(
      own,
      "home_agent_ipv4_address",
      " is missing: IPv4 networks need it; dsmip = false does without them",
    );
  }
  const security = readSecurity(node, (key) => Object.hasOwn(table, key), node.authentication, own);
  const mobileNetwork = readMobileNetwork(source, node);
  if (source.mistakes.length > 0) return undefined;
  const right = node as Required<typeof node>;
  return {
    kind: "mobileNode",
    file: source.file,
    settings: {
      identity: right.identity,
      homeAddress: right.home_address,
      homeAgentAddress: node.home_agent_ipv6_address,
      homeAgentIpv4Address: node.home_agent_ipv4_address,
      homeAgentPort: right.home_agent_port,
      security,
      lifetimeSeconds: right.lifetime_seconds,
      forceUdp: right.force_udp,
      keepaliveSeconds: node.keepalive_seconds,
      prefer: right.prefer,
      dsmip: right.dsmip,
      mobileNetworkPrefixes: right.mobile_network_prefixes,
    },
    egress: right.egress,
    manage: right.manage,
    routerProbeMs: right.router_probe_ms,
    localPort: right.local_port,
    tun: right.tun,
    mobileNetwork,
    workers: right.workers,
    controlSocket: source.resolvePath(right.control_socket),
    warnings: right.authentication === "none"
      ? ['authentication = "none": nothing proves who the home agent and the mobile node are']
      : [],
  };
}
