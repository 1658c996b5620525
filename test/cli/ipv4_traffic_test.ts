import { assert, assertEquals } from "@std/assert";
import { DataPathGroup } from "../../cli/daemon/data_path_group.ts";
import { ALL_OFFLOADS, NO_OFFLOADS, type Offloads } from "../../cli/daemon/offloads.ts";
import { openOuterIpv6Sockets, openOuterSockets } from "../../cli/daemon/outer_sockets.ts";
import type { Encapsulation } from "../../core/control/tunnel.ts";
import { inNetworkNamespace } from "../../ffi/namespace.ts";
import { isRoot, run, TestNamespace, until } from "../ffi/in_namespace.ts";
import { HOME_ADDRESS, HOME_AGENT } from "../forwarding/packets.ts";
import { payloadOf } from "../forwarding/offload_tools.ts";
import {
  AGENT_TUN,
  AGENT_V4,
  AGENT_V6,
  type Application,
  DataPathNetwork,
  NODE_TUN,
  NODE_V4,
  NODE_V6,
} from "./data_path_network.ts";

/**
 * IPv4 inside, by the kernel's own IPv4 on both sides, with the sockets and workers of the daemons: in UDP, and as protocol 4
 * in IPv4 and in IPv6.
 */

const PORT = 4191;
const ESP_END = { homeAgentAddress: HOME_AGENT, isThe: "destination" } as const;
const AGENT_IPV4 = "10.9.0.1";
const HOME_IPV4 = "10.9.0.100";
/** In the mobile node's own network, 10.9.0.96/27. */
const SECOND = "10.9.0.101";
const NETWORK = { address: "10.9.0.96", length: 27 };
const INNER_MTU = 1280;
const ENCAPSULATIONS = ["udp", "ipv6InIpv4", "ipv6InIpv6"] as const;
const TRANSFER = new URL("./tcp_transfer.ts", import.meta.url).pathname;

class Ipv4Traffic implements AsyncDisposable {
  readonly network: DataPathNetwork;
  readonly agent: DataPathGroup;
  readonly node: DataPathGroup;
  readonly #stack: AsyncDisposableStack;

  static async start(offloads: Offloads): Promise<Ipv4Traffic> {
    await using stack = new AsyncDisposableStack();
    const network = stack.use(new DataPathNetwork(offloads.tun));
    const open = async (side: "agent" | "node") => {
      const isAgent = side === "agent";
      const namespace = network[side];
      const tun = network.tun(
        namespace,
        isAgent ? AGENT_TUN : NODE_TUN,
        isAgent ? [`${AGENT_IPV4}/16`] : [`${HOME_IPV4}/32`, `${SECOND}/32`],
        isAgent ? [] : ["10.9.0.0/16"],
      );
      // As HostNetwork does: ICMPv4 errors come from an address of this host.
      network.sysctl(namespace, `net.ipv4.conf.${isAgent ? AGENT_TUN : NODE_TUN}.accept_local=1`);
      const [address, address6] = isAgent ? [AGENT_V4, AGENT_V6] : [NODE_V4, NODE_V6];
      const port = isAgent ? PORT : 0;
      const ipv4 = stack.use(inNetworkNamespace(
        namespace,
        () => openOuterSockets({ address, port, workers: 1, offloads, espEnd: ESP_END }),
      ));
      const ipv6 = stack.use(
        inNetworkNamespace(namespace, () => openOuterIpv6Sockets({ address: address6, workers: 1 })),
      );
      const group = await DataPathGroup.start({
        ...isAgent ? { role: "homeAgent", homeAgentAddress: HOME_AGENT, homeAgentIpv4Address: AGENT_V4 } : {
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
      await group.setSockets({ ipv4: ipv4.queues, ipv6: ipv6.queues });
      return { group, port: ipv4.port };
    };
    const agent = await open("agent");
    const node = await open("node");
    // From here on no packet waits for a neighbour.
    run("ip", "netns", "exec", network.agent, "ping", "-n", "-c", "1", "-W", "3", NODE_V6);
    return new Ipv4Traffic({ network, agent, node, stack: stack.move() });
  }

  readonly #ports: { readonly agent: number; readonly node: number };

  private constructor({ network, agent, node, stack }: {
    readonly network: DataPathNetwork;
    readonly agent: { readonly group: DataPathGroup; readonly port: number };
    readonly node: { readonly group: DataPathGroup; readonly port: number };
    readonly stack: AsyncDisposableStack;
  }) {
    this.network = network;
    this.agent = agent.group;
    this.node = node.group;
    this.#ports = { agent: agent.port, node: node.port };
    this.#stack = stack;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  /** Both ends, for the address alone or for the network around it. */
  async connect(encapsulation: Encapsulation, bound: string | typeof NETWORK): Promise<void> {
    const [agent, node] = encapsulation === "ipv6InIpv6" ? [AGENT_V6, NODE_V6] : [AGENT_V4, NODE_V4];
    const portOf = (port: number) => encapsulation === "udp" ? port : 0;
    this.node.setTunnel({ encapsulation, address: agent, port: portOf(this.#ports.agent) }, INNER_MTU);
    this.agent.setBinding(bound, { encapsulation, address: node, port: portOf(this.#ports.node) }, INNER_MTU);
    const prefixLength = typeof bound === "string" ? 32 : bound.length;
    await this.node.setIpv4HomeAddress({ address: HOME_IPV4, prefixLength });
  }

  application(side: "agent" | "node", address: string, port: number): Application {
    return this.network.application(this.network[side], mapped(address), port);
  }

  /** What the kernel sends has no DF, whatever it knows of the way. */
  forbidDf(): void {
    for (const side of ["agent", "node"] as const) {
      this.network.sysctl(this.network[side], "net.ipv4.ip_no_pmtu_disc=1");
    }
  }
}

function mapped(address: string): string {
  return `::ffff:${address}`;
}

function trafficTest(name: string, body: (traffic: Ipv4Traffic) => Promise<void>): void {
  for (const [kernel, offloads] of [["without offloads", NO_OFFLOADS], ["with", ALL_OFFLOADS]] as const) {
    Deno.test({
      name: `IPv4 traffic: ${name}, ${kernel} (root)`,
      ignore: !isRoot,
      fn: async () => {
        await using traffic = await Ipv4Traffic.start(offloads);
        await body(traffic);
      },
    });
  }
}

/** A datagram there and one back, each whole at the other end. */
async function exchange(
  one: Application,
  other: Application,
  addresses: readonly [string, string],
  octets: number,
) {
  const [address, otherAddress] = addresses;
  const content = payloadOf(octets);
  one.send(content, mapped(otherAddress), 7);
  assertEquals(await other.receive(), { bytes: content, address: mapped(address), port: 7 });
  other.send(content, mapped(address), 7);
  assertEquals(await one.receive(), { bytes: content, address: mapped(otherAddress), port: 7 });
}

for (const encapsulation of ENCAPSULATIONS) {
  trafficTest(
    `datagrams of every size are whole, though we cut them, in ${encapsulation}`,
    async (traffic) => {
      traffic.forbidDf();
      await traffic.connect(encapsulation, HOME_IPV4);
      const agent = traffic.application("agent", AGENT_IPV4, 7);
      const node = traffic.application("node", HOME_IPV4, 7);
      for (const octets of [0, 1, 1000, 1252, 1253, 1472, 1473, 3000, 9000, 65_507]) {
        await exchange(agent, node, [AGENT_IPV4, HOME_IPV4], octets);
      }
      for (const group of [traffic.agent, traffic.node]) assertEquals(group.counters().dropped, {});
      const { sent } = traffic.agent.counters();
      assert(sent.packets > 100, `${sent.packets} fragments`);
    },
  );

  trafficTest(`TCP without DF is whole, though we cut its segments, in ${encapsulation}`, async (traffic) => {
    traffic.forbidDf();
    await traffic.connect(encapsulation, HOME_IPV4);
    const { network } = traffic;
    const results = await Promise.all([
      network.deno(network.node, TRANSFER, "serve", HOME_IPV4),
      network.deno(network.agent, TRANSFER, "connect", HOME_IPV4),
    ]);
    assertEquals(results, ["all is right\n", "all is right\n"]);
    const reasons = Object.keys({ ...traffic.agent.counters().dropped, ...traffic.node.counters().dropped });
    assertEquals(reasons.filter((reason) => !reason.endsWith("Full")), []);
  });
}

trafficTest(
  "RFC 1191 4: what has DF and is too big is answered, and the kernel sends less from then on",
  async (traffic) => {
    await traffic.connect("ipv6InIpv4", HOME_IPV4);
    const agent = traffic.application("agent", AGENT_IPV4, 7);
    const node = traffic.application("node", HOME_IPV4, 7);
    const { network } = traffic;
    for (
      const [from, here, there, group] of [
        [agent, network.agent, HOME_IPV4, traffic.agent],
        [node, network.node, AGENT_IPV4, traffic.node],
      ] as const
    ) {
      from.send(payloadOf(1400), mapped(there), 7);
      const knows = () => run("ip", "-n", here, "route", "get", there).includes(`mtu ${INNER_MTU}`);
      await until("the kernel knows the way's MTU", knows, 1000);
      assertEquals(group.counters().dropped, { packetTooBig: 1 });
      assertEquals(group.counters().packetTooBigSent, 1);
    }
    await exchange(agent, node, [AGENT_IPV4, HOME_IPV4], 1400);
  },
);

trafficTest("RFC 1191 4: the answer reaches a correspondent behind the home agent", async (traffic) => {
  await traffic.connect("ipv6InIpv4", HOME_IPV4);
  const { network } = traffic;
  const { agent } = network;
  const correspondent = new TestNamespace();
  try {
    network.sysctl(agent, "net.ipv4.ip_forward=1");
    network.ip(
      agent,
      "link",
      "add",
      "lan",
      "type",
      "veth",
      "peer",
      "name",
      "lan",
      "netns",
      correspondent.name,
    );
    network.ip(agent, "address", "add", "10.8.0.1/24", "dev", "lan");
    network.ip(agent, "link", "set", "lan", "up");
    correspondent.ip("address", "add", "10.8.0.2/24", "dev", "lan");
    correspondent.ip("link", "set", "lan", "up");
    correspondent.ip("route", "add", "default", "via", "10.8.0.1");
    const behind = network.application(correspondent.name, mapped("10.8.0.2"), 7);
    const node = traffic.application("node", HOME_IPV4, 7);
    network.ip(network.node, "route", "add", "10.8.0.0/24", "dev", NODE_TUN);
    behind.send(payloadOf(1400), mapped(HOME_IPV4), 7);
    const knows = () => correspondent.ip("route", "get", HOME_IPV4).includes(`mtu ${INNER_MTU}`);
    await until("the kernel knows the way's MTU", knows, 1000);
    behind.send(payloadOf(1400), mapped(HOME_IPV4), 7);
    assertEquals(await node.receive(), { bytes: payloadOf(1400), address: mapped("10.8.0.2"), port: 7 });
    assertEquals(traffic.agent.counters().dropped, { packetTooBig: 1 });
  } finally {
    correspondent.remove();
  }
});

trafficTest("a network around the IPv4 home address comes and goes while traffic flows", async (traffic) => {
  const agent = traffic.application("agent", AGENT_IPV4, 7);
  const first = traffic.application("node", HOME_IPV4, 7);
  const second = traffic.application("node", SECOND, 7);
  for (const encapsulation of ENCAPSULATIONS) {
    await traffic.connect(encapsulation, NETWORK);
    await exchange(agent, first, [AGENT_IPV4, HOME_IPV4], 500);
    await exchange(agent, second, [AGENT_IPV4, SECOND], 500);
  }
  // Only the address: the other is refused at the mobile node, and then by the home agent.
  const dropped = () => ({ agent: traffic.agent.counters().dropped, node: traffic.node.counters().dropped });
  await traffic.node.setIpv4HomeAddress({ address: HOME_IPV4, prefixLength: 32 });
  await exchange(agent, first, [AGENT_IPV4, HOME_IPV4], 500);
  agent.send(payloadOf(10), mapped(SECOND), 7);
  second.send(payloadOf(10), mapped(AGENT_IPV4), 7);
  const atNode = { destinationNotHomeAddress: 1, sourceNotHomeAddress: 1 };
  await until("both are dropped", () => Object.keys(dropped().node).length === 2, 1000);
  assertEquals(dropped(), { agent: {}, node: atNode });

  await traffic.node.setIpv4HomeAddress({ address: HOME_IPV4, prefixLength: NETWORK.length });
  traffic.agent.removeBinding(NETWORK);
  second.send(payloadOf(10), mapped(AGENT_IPV4), 7);
  agent.send(payloadOf(10), mapped(HOME_IPV4), 7);
  await until("both are dropped", () => Object.keys(dropped().agent).length === 2, 1000);
  assertEquals(dropped(), { agent: { noBinding: 1, sourceNotBound: 1 }, node: atNode });
  assertEquals(traffic.agent.counters().unboundReports, 1);

  await traffic.node.setIpv4HomeAddress(undefined);
  first.send(payloadOf(10), mapped(AGENT_IPV4), 7);
  await until("it is dropped", () => dropped().node.sourceNotHomeAddress === 2, 1000);
});
