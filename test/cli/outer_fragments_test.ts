import { assert, assertEquals } from "@std/assert";
import { DataPathGroup } from "../../cli/daemon/data_path_group.ts";
import { ALL_OFFLOADS, NO_OFFLOADS } from "../../cli/daemon/offloads.ts";
import { isRoot, run } from "../ffi/in_namespace.ts";
import { HOME_ADDRESS, HOME_AGENT } from "../forwarding/packets.ts";
import {
  AGENT_TUN,
  AGENT_V4,
  AGENT_V6,
  DataPathNetwork,
  NODE_TUN,
  NODE_V4,
  NODE_V6,
} from "./data_path_network.ts";

/** A tunnel over a link of 1280 octets, the least that IPv6 allows: the far end's kernel joins our fragments. */

const LINK_MTU = 1280;
const TUN_MTU = 1280;
const KINDS = [
  { name: "IPv6", encapsulation: "ipv6InIpv6", agent: AGENT_V6, node: NODE_V6, headers: 40 },
  { name: "IPv4", encapsulation: "ipv6InIpv4", agent: AGENT_V4, node: NODE_V4, headers: 20 },
] as const;
const TRANSFER = new URL("./tcp_transfer.ts", import.meta.url).pathname;

/** Packets that the kernel of this namespace has put together from fragments, and those that it could not. */
function reassembled(namespace: string, name: "IPv4" | "IPv6"): [whole: number, failed: number] {
  const show = (file: string) => run("ip", "netns", "exec", namespace, "cat", file);
  if (name === "IPv6") {
    const counters = show("/proc/net/snmp6");
    const read = (name: string) => Number(counters.match(new RegExp(`^${name}\\s+(\\d+)$`, "m"))?.[1]);
    return [read("Ip6ReasmOKs"), read("Ip6ReasmFails")];
  }
  const [names, values] = show("/proc/net/snmp").split("\n").map((line) => line.split(" "));
  return [Number(values[names.indexOf("ReasmOKs")]), Number(values[names.indexOf("ReasmFails")])];
}

const TESTS = KINDS.flatMap((kind) =>
  ([["without offloads", NO_OFFLOADS], ["with", ALL_OFFLOADS]] as const).map((how) => [kind, ...how] as const)
);

for (const [kind, kernel, offloads] of TESTS) {
  const { name: version, encapsulation, agent: agentAddress, node: nodeAddress, headers } = kind;
  const innerMtu = LINK_MTU - headers;
  Deno.test({
    name:
      `RFC 2473 7.1, RFC 4213 3.2.1: a link of 1280 octets carries inner packets of 1280 octets in ${version}, both ways, ${kernel} (root)`,
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
          ...isAgent ? { role: "homeAgent", homeAgentAddress: HOME_AGENT } : {
            role: "mobileNode",
            homeAddress: HOME_ADDRESS,
            homeAgentAddress: AGENT_V6,
            homeAgentIpv4Address: AGENT_V4,
          },
          tuns: [tun],
          onSignalling: () => {},
          onFailure: (error) => {
            throw error;
          },
        });
        stack.defer(() => group.close());
        const ipv4 = {
          udpFileDescriptor: network.udp(namespace, 4191).fileDescriptor,
          rawIpv6FileDescriptor: network.raw(namespace, 41),
          outerSource: network.outerAddress(namespace),
        };
        await group.setSockets({ ipv4: [ipv4], ipv6: [network.ipv6Sockets(namespace)] });
        return group;
      };
      const agent = await start("agent");
      const node = await start("node");
      agent.setBinding(HOME_ADDRESS, { encapsulation, address: nodeAddress, port: 0 }, innerMtu);
      node.setTunnel({ encapsulation, address: agentAddress, port: 0 }, innerMtu);
      const ping = (namespace: string, address: string, octets: number) =>
        run("ip", "netns", "exec", namespace, "ping", "-n", "-c1", "-W3", "-s", `${octets}`, address);
      ping(network.node, AGENT_V6, 56);
      // With 48 octets of headers: whole, in two outer fragments, and what the kernel cuts before.
      for (const octets of [innerMtu - 48, innerMtu - 47, TUN_MTU - 48, 1400, 4000]) {
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
        const [whole, failed] = reassembled(namespace, version);
        // Each of 16 MiB in segments of 1220 octets, and none for want of its other half.
        assert(whole > 13_000, `${whole} packets from fragments`);
        assertEquals(failed, 0);
      }
    },
  });
}
