import { UNSPECIFIED_IPV4 } from "../../core/wire/address.ts";
import type { ConfigurationSource, MobileNodeConfiguration } from "./record.ts";
import { checkClaims, type Claim, wholeLength } from "./claims.ts";
import { checkHostAddress, claimsOfEntry } from "./home_networks.ts";
import { EspFiles } from "./esp.ts";
import { readMobileNetwork } from "./mobile_network.ts";
import { addMistake, isTable, readTable, type RightValues, type TableSource } from "./read_table.ts";
import { MOBILE_NODE_KEYS } from "./schema.ts";
import { readSecurity } from "./security.ts";

/** Reads [mobile_node]; undefined after a mistake, which is in the source then. */
export function readMobileNode(source: ConfigurationSource): MobileNodeConfiguration | undefined {
  const table = source.document.mobile_node;
  if (!isTable(table)) return undefined;
  const own = { ...source, title: "[mobile_node]", name: "mobile_node" };
  const node = readTable(table, MOBILE_NODE_KEYS, own);
  checkAddresses(node, own);
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
  const securityAssociations = new EspFiles(source.resolvePath).associations(node.esp_file, {
    homeAddress: node.home_address,
    homeAgentAddress: node.home_agent_ipv6_address,
  }, own);
  const mobileNetwork = readMobileNetwork(source, node);
  if (source.mistakes.length > 0) return undefined;
  const right = node as Required<typeof node>;
  return {
    kind: "mobileNode",
    file: source.file,
    document: source.document,
    settings: {
      identity: right.identity,
      homeAddress: right.home_address,
      homeAgentAddress: node.home_agent_ipv6_address,
      homeAgentIpv4Address: node.home_agent_ipv4_address,
      homeAgentPort: right.home_agent_port,
      security,
      requiresEsp: node.esp_file !== undefined,
      lifetimeSeconds: right.lifetime_seconds,
      firstTimeoutMs: right.first_timeout_ms,
      forceUdp: right.force_udp,
      keepaliveSeconds: node.keepalive_seconds,
      prefer: right.prefer,
      dsmip: right.dsmip,
      mobileNetworkPrefixes: right.mobile_network_prefixes,
      requestsPrefixes: right.request_prefixes > 0,
      ipv4HomeAddress: node.ipv4_home_address,
    },
    requestPrefixes: right.request_prefixes,
    egress: right.egress,
    manage: right.manage,
    routerProbeMs: right.router_probe_ms,
    localPort: right.local_port,
    tun: right.tun,
    mobileNetwork,
    workers: right.workers,
    controlSocket: source.resolvePath(right.control_socket),
    stateDirectory: source.resolvePath(right.state_directory),
    securityAssociations,
    warnings: [
      ...(right.authentication === "none"
        ? ['authentication = "none": nothing proves who the home agent and the mobile node are']
        : []),
      ...(mobileNetwork === undefined || hasNetwork(node) ? [] : [
        "[mobile_network]: nothing to serve: no mobile_network_prefixes, request_prefixes or network in " +
        "ipv4_home_address",
      ]),
    ],
  };
}

/** Is there anything for hosts, at one time or another? */
function hasNetwork(node: RightValues<typeof MOBILE_NODE_KEYS>): boolean {
  const { mobile_network_prefixes: prefixes = [], request_prefixes: count = 0, ipv4_home_address: ipv4 } =
    node;
  return prefixes.length > 0 || count > 0 || ipv4 !== undefined && ipv4.prefixLength < 32;
}

/** What the mobile node claims is apart from its home agent's addresses. */
function checkAddresses(node: RightValues<typeof MOBILE_NODE_KEYS>, source: TableSource): void {
  const { home_agent_ipv6_address: ipv6, home_agent_ipv4_address: ipv4, ipv4_home_address: wanted } = node;
  const claims: Claim[] = [];
  if (ipv6 !== undefined) {
    claims.push({ kind: "agent", key: "home_agent_ipv6_address", prefix: wholeLength(ipv6), source });
  }
  if (ipv4 !== undefined) {
    claims.push({ kind: "agent", key: "home_agent_ipv4_address", prefix: wholeLength(ipv4), source });
  }
  const isAny = wanted?.address === UNSPECIFIED_IPV4;
  checkClaims([
    ...claims,
    ...claimsOfEntry({ ...node, ipv4_home_address: isAny ? undefined : wanted }, source),
  ]);
  if (wanted === undefined) return;
  if (!isAny) checkHostAddress(wanted, source);
  if (node.dsmip === false) {
    const text = ": contradicts dsmip = false, which knows IPv6 only; remove one of them";
    addMistake(source, "ipv4_home_address", text);
  }
}
