import type { Network } from "./network.ts";

interface Rule {
  readonly priority: number;
  readonly src?: string;
  readonly dst?: string;
  readonly iif?: string;
  readonly oif?: string;
  readonly table?: string;
}

interface Route {
  readonly type?: string;
  readonly dst: string;
  readonly dev?: string;
  readonly gateway?: string;
  readonly table?: string;
  readonly metric?: number;
}

interface Link {
  readonly ifname: string;
  readonly mtu: number;
  readonly addr_info?: readonly { readonly local: string; readonly prefixlen: number }[];
}

/**
 * What programs can leave behind in a node's namespace, one line for each thing: links, addresses, routes of
 * all tables, rules and nft tables. Neighbours and lifetimes, which change by themselves, are not in it.
 */
export async function takeSnapshot(network: Network, node: string): Promise<ReadonlySet<string>> {
  const list = async <T>(args: string[]): Promise<T[]> => {
    const text = await network.ip(node, ["-json", ...args]);
    return text.trim() === "" ? [] : JSON.parse(text) as T[];
  };
  const [links, routes, routes6, rules, rules6, tables] = await Promise.all([
    list<Link>(["address", "show"]),
    list<Route>(["-4", "route", "show", "table", "all"]),
    list<Route>(["-6", "route", "show", "table", "all"]),
    list<Rule>(["-4", "rule", "show"]),
    list<Rule>(["-6", "rule", "show"]),
    network.exec(node, ["nft", "list", "tables"]),
  ]);
  const lines = [
    ...links.map((link) => `link ${link.ifname} mtu ${link.mtu}`),
    ...links.flatMap((link) =>
      (link.addr_info ?? []).map((address) =>
        `address ${address.local}/${address.prefixlen} dev ${link.ifname}`
      )
    ),
    ...[...routes, ...routes6].map((route) =>
      words("route", route.type, route.dst, "via", route.gateway, "dev", route.dev, "table", route.table)
    ),
    ...[...rules.map((rule) => ({ ...rule, family: 4 })), ...rules6.map((rule) => ({ ...rule, family: 6 }))]
      .map(
        (rule) =>
          words(`rule${rule.family}`, rule.priority, rule.src, rule.dst, rule.iif, rule.oif, rule.table),
      ),
    ...tables.split("\n").filter((line) => line !== "").map((line) => `nft ${line}`),
  ];
  return new Set(lines);
}

function words(...parts: readonly (string | number | undefined)[]): string {
  return parts.map((part) => part ?? "-").join(" ");
}

/** What is in `after` and was not in `before`, and what is gone: "+ link tun0", "- address …". */
export function snapshotDifference(before: ReadonlySet<string>, after: ReadonlySet<string>): string[] {
  const added = [...after].filter((line) => !before.has(line)).map((line) => `+ ${line}`);
  const removed = [...before].filter((line) => !after.has(line)).map((line) => `- ${line}`);
  return [...added, ...removed];
}
