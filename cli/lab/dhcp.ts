import type { Lab } from "./lab.ts";

/** A DHCP server on an interface of a node: a real dnsmasq. */
export interface DhcpServer {
  readonly node: string;
  readonly interfaceName: string;
  readonly router: string;
  readonly firstAddress: string;
  readonly lastAddress: string;
}

/** Where the server keeps its leases: time, hardware address, IPv4 address, name and identifier in each line. */
export function leaseFile(lab: Lab, node: string): string {
  return lab.path(`dnsmasq-${node}.leases`);
}

export async function startDhcpServer(lab: Lab, server: DhcpServer): Promise<void> {
  const child = lab.start(server.node, `dnsmasq-${server.node}`, [
    "dnsmasq",
    // In the foreground, without changing the user, which a user namespace does not allow.
    "--no-daemon",
    "--conf-file=/dev/null",
    "--port=0",
    // An answer at once: an address is given without asking first who has it, and a client may ask for it in one step.
    "--no-ping",
    "--dhcp-rapid-commit",
    "--no-resolv",
    "--dhcp-authoritative",
    `--interface=${server.interfaceName}`,
    "--bind-dynamic",
    `--dhcp-range=${server.firstAddress},${server.lastAddress},255.255.255.0,1h`,
    `--dhcp-option=option:router,${server.router}`,
    `--dhcp-leasefile=${leaseFile(lab, server.node)}`,
  ]);
  await child.said("sockets bound exclusively to interface", 5000, lab.signal);
}

/** What the DHCP client runs at each event (udhcpc(8)). */
const CLIENT_SCRIPT = `#!/bin/sh
case "$1" in
  deconfig)
    ip -4 address flush dev "$interface" ;;
  bound | renew)
    ip -4 address replace "$ip/$mask" dev "$interface"
    [ -z "$router" ] || ip -4 route replace default via "\${router%% *}" dev "$interface" ;;
esac
`;

/** Starts a real DHCP client on a node's eth0, which keeps its lease; resolves with the address. */
export async function startDhcpClient(lab: Lab, node: string): Promise<string> {
  const script = await lab.writeFile("udhcpc.script", CLIENT_SCRIPT, 0o700);
  const client = lab.start(node, `udhcpc-${node}`, [
    ...["udhcpc", "-f", "-i", "eth0", "-s", script, "-t", "5", "-T", "1"],
  ]);
  await client.said("obtained", 10_000, lab.signal);
  return await lab.until(`IPv4 address on ${node}`, 2000, () => ipv4Address(lab, node));
}

async function ipv4Address(lab: Lab, node: string): Promise<string | undefined> {
  const [link] = JSON.parse(await lab.network.ip(node, ["-json", "-4", "address", "show", "dev", "eth0"]));
  const routes = await lab.network.ip(node, ["-4", "route", "show", "default"]);
  return routes === "" ? undefined : link?.addr_info?.[0]?.local;
}
