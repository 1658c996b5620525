import { type IpAddress, isIpv4 } from "../../core/wire/address.ts";
import type { ConfigurationSource, MobileNetworkConfiguration } from "./record.ts";
import { addMistake, isTable, readTable, type TableSource } from "./read_table.ts";
import { DNS_SERVERS_OF_FAMILY, MOBILE_NETWORK_KEYS } from "./schema.ts";

/** What [mobile_node] says, as far as it was right. */
export interface MobileRouterKeys {
  readonly tun?: string;
  readonly egress?: readonly string[];
}

/** Reads [mobile_network] of a mobile router; undefined where there is none, and after a mistake, which is in the source then. */
export function readMobileNetwork(
  source: ConfigurationSource,
  node: MobileRouterKeys,
): MobileNetworkConfiguration | undefined {
  const table = source.document.mobile_network;
  if (table === undefined) return undefined;
  const own: TableSource = { ...source, title: "[mobile_network]", name: "mobile_network" };
  if (!isTable(table)) {
    const text = "must be one table, written [mobile_network]: a mobile router serves one interface";
    source.mistakes.push({ line: source.lines.get("mobile_network.0") ?? source.lines.get(own.name), text });
    return undefined;
  }
  const { interface: interfaceName, serve, dns } = readTable(table, MOBILE_NETWORK_KEYS, own);
  const why = whyNot(interfaceName, node);
  if (why !== undefined) {
    addMistake(
      own,
      "interface",
      ` = "${interfaceName}": ${why}; name the one that leads to the mobile network`,
    );
  }
  for (const family of ["IPv4", "IPv6"]) {
    const isOfFamily = (address: IpAddress) => isIpv4(address) === (family === "IPv4");
    if ((dns ?? []).filter(isOfFamily).length <= DNS_SERVERS_OF_FAMILY) continue;
    addMistake(own, "dns", `: more than ${DNS_SERVERS_OF_FAMILY} ${family} addresses; hosts ask no more`);
  }
  if (interfaceName === undefined || serve === undefined || dns === undefined) return undefined;
  if (!serve && dns.length > 0) {
    addMistake(own, "dns", ": contradicts serve = false, which tells hosts nothing; remove one of them");
  }
  return { interfaceName, serve, dns };
}

function whyNot(interfaceName: string | undefined, { tun, egress }: MobileRouterKeys): string | undefined {
  if (interfaceName === undefined) return undefined;
  if (interfaceName === "lo") return "is the loopback interface";
  if (interfaceName === tun) return "is the interface of the tunnel itself (tun)";
  return egress?.includes(interfaceName) ? "is an egress, which leads to the Internet" : undefined;
}
