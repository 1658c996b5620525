import { assert, assertEquals } from "@std/assert";
import { DataPathGroup } from "../../cli/daemon/data_path_group.ts";
import { ALL_OFFLOADS, NO_OFFLOADS } from "../../cli/daemon/offloads.ts";
import { isRoot, run } from "../ffi/in_namespace.ts";
import { HOME_ADDRESS, HOME_AGENT } from "../forwarding/packets.ts";
import { AGENT_TUN, AGENT_V6, DataPathNetwork, NODE_TUN, NODE_V6 } from "./data_path_network.ts";

/** A tunnel in IPv6 over a link of 1280 octets, the least that IPv6 allows: the far end's kernel joins our fragments. */

const LINK_MTU = 1280;
const INNER_MTU = 1240;
const TUN_MTU = 1280;
const TRANSFER = new URL("./tcp_transfer.ts", import.meta.url).pathname;

/** Packets that the kernel of this namespace has put together from fragments, and those that it could not. */
function reassembled(namespace: string): { readonly whole: number; readonly failed: number } {
  const counters = run("ip", "netns", "exec", namespace, "cat", "/proc/net/snmp6");
  const read = (name: string) => Number(counters.match(new RegExp(`^${name}\\s+(\\d+)$`, "m"))?.[1]);
  return { whole: read("Ip6ReasmOKs"), failed: read("Ip6ReasmFails") };
}

for (const [kernel, offloads] of [["without offloads", NO_OFFLOADS], ["with", ALL_OFFLOADS]] as const) {
  Deno.test({
    name:
      `RFC 2473 7.1: a link of 1280 octets carries inner packets of 1280 octets, both ways, ${kernel} (root)`,
    ignore: !isRoot,
    fn: async () => {
      await using stack = new AsyncDisposableStack();
      const network = stack.use(new DataPathNetwork(offloads.tun));
      const start = async (side: "agent" | "node") => {
        const namespace = network[side];
        network.ip(namespace, "link", "set", "wan", "mtu", String(LINK_MTU));
        const isAgent = side === "agent";
        const [name, address, route] = isAgent
          ? [AGENT_TUN, HOME_AGENT, HOME_ADDRESS]
          : [NODE_TUN, HOME_ADDRESS, HOME_AGENT];
        const tun = network.tun(namespace, name, [`${address}/128`], [`${route}/128`]);
        network.ip(namespace, "link", "set", name, "mtu", String(TUN_MTU));
        const group = await DataPathGroup.start({
          ...isAgent
            ? { role: "homeAgent", homeAgentAddress: HOME_AGENT }
            : { role: "mobileNode", homeAddress: HOME_ADDRESS, homeAgentAddress: AGENT_V6 },
          tuns: [tun],
          onSignalling: () => {},
          onFailure: (error) => {
            throw error;
          },
        });
        stack.defer(() => group.close());
        await group.setSockets({ ipv6: [network.ipv6Sockets(namespace)] });
        return group;
      };
      const agent = await start("agent");
      const node = await start("node");
      const tunnel = (address: string) => ({ encapsulation: "ipv6InIpv6", address, port: 0 } as const);
      agent.setBinding(HOME_ADDRESS, tunnel(NODE_V6), INNER_MTU);
      node.setTunnel(tunnel(AGENT_V6), INNER_MTU);
      const ping = (namespace: string, address: string, octets: number) =>
        run("ip", "netns", "exec", namespace, "ping", "-n", "-c1", "-W3", "-s", `${octets}`, address);
      ping(network.node, AGENT_V6, 56);
      // With 48 octets of headers: whole, in two outer fragments, and what the kernel cuts before.
      for (const octets of [INNER_MTU - 48, INNER_MTU - 47, TUN_MTU - 48, 1400, 4000]) {
        ping(network.node, HOME_AGENT, octets);
        ping(network.agent, HOME_ADDRESS, octets);
      }
      const results = await Promise.all([
        network.deno(network.node, TRANSFER, "serve", HOME_ADDRESS),
        network.deno(network.agent, TRANSFER, "connect", HOME_ADDRESS),
      ]);
      assertEquals(results, ["all is right\n", "all is right\n"]);
      for (const [group, namespace] of [[agent, network.agent], [node, network.node]] as const) {
        const reasons = Object.keys(group.counters().dropped).filter((reason) => !reason.endsWith("Full"));
        assertEquals(reasons, []);
        const { whole, failed } = reassembled(namespace);
        // Each of 16 MiB in segments of 1220 octets, and none for want of its other half.
        assert(whole > 13_000, `${whole} packets from fragments`);
        assertEquals(failed, 0);
      }
    },
  });
}
