import { assert, assertEquals, assertRejects } from "@std/assert";
import { DataPathGroup } from "../../cli/daemon/data_path_group.ts";
import { ALL_OFFLOADS, NO_OFFLOADS, type Offloads } from "../../cli/daemon/offloads.ts";
import { openOuterSockets, type OuterSockets } from "../../cli/daemon/outer_sockets.ts";
import type { TunnelEnd } from "../../core/control/tunnel.ts";
import type { UpwardRecord } from "../../core/forwarding/forwarder.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { inNetworkNamespace } from "../../ffi/namespace.ts";
import { openRawSocket, sendTo, setOption } from "../../ffi/socket.ts";
import { openTunQueues, type Tun } from "../../ffi/tun.ts";
import { isRoot, until } from "../ffi/in_namespace.ts";
import { receiveFrom } from "../ffi/receive_from.ts";
import {
  concat,
  counting,
  ESP,
  esp,
  HOME_AGENT,
  ipv4,
  ipv6,
  MOBILITY,
  mobilityHeader,
} from "../forwarding/packets.ts";
import { AGENT_TUN, AGENT_V4, type Application, DataPathNetwork, NODE_V4 } from "./data_path_network.ts";
import { udpPacket } from "./udp_packet.ts";

const PORT = 4191;
const ESP_END = { homeAgentAddress: HOME_AGENT, isThe: "destination" } as const;
const WORKERS = 2;
const UDP_NODES = 20;
const RAW_NODES = 4;
const CONTENT = counting(300);
// <linux/udp.h>
const SOL_UDP = 17;
const UDP_SEGMENT = 103;

/** One of many mobile nodes behind the same link. */
interface Node {
  readonly homeAddress: string;
  readonly tunnel: TunnelEnd;
  /** Sends a packet through the tunnel. */
  readonly send: (inner: Uint8Array) => void;
}

/** A home agent with several workers, and its mobile nodes. */
class GroupTest implements AsyncDisposable {
  readonly network: DataPathNetwork;
  readonly group: DataPathGroup;
  readonly sockets: OuterSockets;
  readonly records: UpwardRecord[];
  readonly failures: Error[];
  readonly nodes: readonly Node[];
  readonly application: Application;
  readonly #tuns: readonly Tun[];
  readonly #receivers: readonly number[];
  readonly #raw: number;

  static async start(offloads: Offloads): Promise<GroupTest> {
    const network = new DataPathNetwork();
    const { agent } = network;
    const tuns = inNetworkNamespace(
      agent,
      () => openTunQueues({ name: AGENT_TUN, queues: WORKERS, offloads: offloads.tun }),
    );
    network.ip(agent, "link", "set", AGENT_TUN, "up", "mtu", "1472");
    network.ip(agent, "-6", "address", "add", `${HOME_AGENT}/64`, "dev", AGENT_TUN, "nodad");
    const options = { address: AGENT_V4, port: PORT, workers: WORKERS, offloads, espEnd: ESP_END };
    const sockets = inNetworkNamespace(agent, () => openOuterSockets(options));
    const records: UpwardRecord[] = [];
    const failures: Error[] = [];
    const group = await DataPathGroup.start({
      role: "homeAgent",
      homeAgentAddress: HOME_AGENT,
      tuns,
      onSignalling: (record) => void records.push(record),
      onFailure: (error) => void failures.push(error),
    });
    await group.setSockets({ ipv4: sockets.queues });
    return new GroupTest({ network, tuns, sockets, group, records, failures });
  }

  private constructor({ network, tuns, sockets, group, records, failures }: {
    readonly network: DataPathNetwork;
    readonly tuns: readonly Tun[];
    readonly sockets: OuterSockets;
    readonly group: DataPathGroup;
    readonly records: UpwardRecord[];
    readonly failures: Error[];
  }) {
    this.network = network;
    this.#tuns = tuns;
    this.sockets = sockets;
    this.group = group;
    this.records = records;
    this.failures = failures;
    this.application = network.application(network.agent, HOME_AGENT, 9);
    const open = () => openRawSocket({ protocol: 41, address: "0.0.0.0", receiveBufferOctets: 1 << 20 });
    this.#raw = inNetworkNamespace(network.node, open).fileDescriptor;
    const udp = Array.from({ length: UDP_NODES }, () => network.udp(network.node, 0));
    this.#receivers = [...udp.map(({ fileDescriptor }) => fileDescriptor), this.#raw];
    this.nodes = [
      ...udp.map(({ fileDescriptor, port }, number): Node => ({
        homeAddress: `2001:db8:100::1:${number}`,
        tunnel: { encapsulation: "udp", address: NODE_V4, port },
        send: (inner) => assertEquals(sendTo(fileDescriptor, inner, AGENT_V4, PORT), undefined),
      })),
      ...Array.from({ length: RAW_NODES }, (_, number): Node => {
        const address = `192.0.2.${50 + number}`;
        network.ip(network.node, "address", "add", `${address}/24`, "dev", "wan");
        const outer = (payload: Uint8Array) => ipv4({ source: address, destination: AGENT_V4, payload });
        return {
          homeAddress: `2001:db8:100::2:${number}`,
          tunnel: { encapsulation: "ipv6InIpv4", address, port: 0 },
          send: (inner) => assertEquals(sendTo(this.#raw, outer(inner), AGENT_V4, 0), undefined),
        };
      }),
    ];
    for (const { homeAddress, tunnel } of this.nodes) group.setBinding(homeAddress, tunnel, 1472);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.group.close();
    this.sockets[Symbol.dispose]();
    for (const { fileDescriptor } of this.#tuns) closeFileDescriptor(fileDescriptor);
    closeFileDescriptor(this.#raw);
    this.network[Symbol.dispose]();
  }

  /** A packet from each node to a program at the home agent. */
  sendInward(round: number): void {
    for (const { homeAddress, send } of this.nodes) {
      send(udpPacket(homeAddress, HOME_AGENT, Uint8Array.of(round, ...CONTENT)));
    }
  }

  /** A datagram of a program at the home agent to each node. */
  sendOutward(round: number): void {
    for (const { homeAddress } of this.nodes) {
      this.application.send(Uint8Array.of(round, ...CONTENT), homeAddress, 7000);
    }
  }

  /** The packets that have come to the nodes: the home address of each, and its first octet. */
  received(): { readonly flow: string; readonly round: number }[] {
    const all: { flow: string; round: number }[] = [];
    for (const descriptor of this.#receivers) {
      for (let packet; (packet = receiveFrom(descriptor, new Uint8Array(2000)));) {
        const inner = descriptor === this.#raw ? packet.bytes.subarray(20) : packet.bytes;
        assertEquals(inner.subarray(49), CONTENT);
        all.push({ flow: `2001:db8:100::${inner[37]}:${inner[39].toString(16)}`, round: inner[48] });
      }
    }
    return all;
  }
}

function groupTest(name: string, body: (test: GroupTest) => Promise<void>): void {
  for (const [kernel, offloads] of [["without offloads", NO_OFFLOADS], ["with", ALL_OFFLOADS]] as const) {
    Deno.test({
      name: `data path group: ${name}, ${kernel} (root)`,
      ignore: !isRoot,
      fn: async () => {
        await using test = await GroupTest.start(offloads);
        await body(test);
        assertEquals(test.failures, []);
      },
    });
  }
}

const ROUNDS = 60;
const AT_ONCE = 4;

groupTest("many flows through two workers keep their order, each, and counters are sums", async (test) => {
  const { nodes, application, group } = test;
  const inward = new Map<string, number[]>();
  const outward = new Map<string, number[]>();
  const note = (flows: Map<string, number[]>, flow: string, round: number) =>
    flows.set(flow, [...flows.get(flow) ?? [], round]);
  for (let round = 0; round < ROUNDS; round += AT_ONCE) {
    for (let next = round; next < round + AT_ONCE; next++) {
      test.sendInward(next);
      test.sendOutward(next);
    }
    for (let count = 0; count < AT_ONCE * nodes.length; count++) {
      const { bytes, address } = await application.receive();
      assertEquals(bytes.subarray(1), CONTENT);
      note(inward, address, bytes[0]);
    }
    let count = 0;
    await until("all have come to the nodes", () => {
      for (const { flow, round: received } of test.received()) {
        note(outward, flow, received);
        count++;
      }
      return count === AT_ONCE * nodes.length;
    });
  }
  const rounds = Array.from({ length: ROUNDS }, (_, round) => round);
  for (const { homeAddress } of nodes) {
    assertEquals(inward.get(homeAddress), rounds, `from ${homeAddress}`);
    assertEquals(outward.get(homeAddress), rounds, `to ${homeAddress}`);
  }
  const packets = ROUNDS * nodes.length;
  const all = { packets, octets: packets * (48 + 1 + CONTENT.length) };
  await until("the last is counted", () => group.counters().received.packets === packets);
  const { sent, received, dropped } = group.counters();
  assertEquals({ sent, received, dropped }, { sent: all, received: all, dropped: {} });
});

groupTest("each worker has flows of its own, in both directions", async (test) => {
  const { nodes, group, sockets } = test;
  await group.setSockets({ ipv4: [sockets.queues[0]] });
  test.sendOutward(0);
  const noSocket = () => group.counters().dropped.noSocket ?? 0;
  let arrived = 0;
  await until("all is done", () => (arrived += test.received().length) + noSocket() === nodes.length);
  assert(
    noSocket() > 0 && noSocket() < nodes.length,
    `${noSocket()} of ${nodes.length} to the second worker`,
  );
  // What comes for the second waits until it has its sockets back.
  test.sendInward(0);
  const received = () => group.counters().received.packets;
  await until("the first worker's packets", () => received() > 0);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert(received() < nodes.length, `${received()} of ${nodes.length} to the first worker`);
  await group.setSockets({ ipv4: sockets.queues });
  await until("the second worker's packets", () => received() === nodes.length);
  await group.setSockets({});
  const before = noSocket();
  test.sendOutward(1);
  await until("no worker has sockets", () => noSocket() === before + nodes.length);
  // Control's word goes to all of them: no worker knows a node that is gone.
  for (const { homeAddress } of nodes) group.removeBinding(homeAddress);
  test.sendOutward(2);
  await until("no binding", () => group.counters().dropped.noBinding === nodes.length);
});

const SPI = 0x1000_0001;
const SIGNALLING = [["mobility messages", MOBILITY, mobilityHeader()], [
  "ESP of ours",
  ESP,
  esp(SPI),
]] as const;

/** ESP with this SPI is ours. */
function takeEsp({ group, sockets }: GroupTest): void {
  group.setSpis(new Set([SPI]));
  sockets.setSpis(new Set([SPI]));
}

for (const [kind, nextHeader, payload] of SIGNALLING) {
  groupTest(`${kind} of all nodes go up once, with a flood beside them`, async (test) => {
    const { nodes, group, records } = test;
    takeEsp(test);
    const update = (source: string) => ipv6({ source, destination: HOME_AGENT, nextHeader, payload });
    const inUdp = nodes.filter(({ tunnel }) => tunnel.encapsulation === "udp");
    for (const { homeAddress, send } of inUdp) {
      test.sendInward(0);
      send(update(homeAddress));
    }
    await until("all have come", () => records.length === inUdp.length);
    assertEquals(records.map(({ packet }) => packet), inUdp.map(({ homeAddress }) => update(homeAddress)));
    assertEquals(
      records.map(({ outer }) => outer),
      inUdp.map(({ tunnel: { address, port } }) => ({ address, port })),
    );
    const data = inUdp.length * nodes.length;
    await until("all data", () => group.counters().received.packets === data);
    assertEquals([group.counters().signallingPackets, group.counters().dropped], [inUdp.length, {}]);
  });
}

groupTest("mobility messages too long for the signalling socket go up from every worker", async (test) => {
  const { nodes, group, records } = test;
  // The kernel takes them for data (ffi/socket_filter.ts).
  const payload = mobilityHeader(1280);
  const inUdp = nodes.filter(({ tunnel }) => tunnel.encapsulation === "udp");
  const updates = inUdp.map(({ homeAddress, tunnel: { address, port } }) => ({
    packet: ipv6({ source: homeAddress, destination: HOME_AGENT, nextHeader: MOBILITY, payload }),
    outer: { address, port },
  }));
  for (const [index, { send }] of inUdp.entries()) send(updates[index].packet);
  await until("all have come", () => records.length === updates.length);
  const byPort = (one: { outer: { port: number } }, other: { outer: { port: number } }) =>
    one.outer.port - other.outer.port;
  assertEquals(
    records.map(({ packet, outer }) => ({ packet, outer })).toSorted(byPort),
    updates.toSorted(byPort),
  );
  assertEquals([group.counters().signallingPackets, group.counters().dropped], [updates.length, {}]);
});

groupTest(
  "of datagrams that the kernel gives in one read, ESP of ours goes up, other ESP and data through",
  async (test) => {
    const { group, records, network, application } = test;
    takeEsp(test);
    const source = test.nodes[0].homeAddress;
    const packet = (round: number) => udpPacket(source, HOME_AGENT, Uint8Array.of(round, ...CONTENT));
    const sealed = (spi: number, destination: string) =>
      ipv6({ source, destination, nextHeader: ESP, payload: esp(spi, packet(0).length - 48) });
    const ours = sealed(SPI, HOME_AGENT);
    const inner = [packet(0), ours, packet(1), sealed(SPI + 1, HOME_AGENT), ours, packet(2)];
    const { fileDescriptor, port } = network.udp(network.node, 0);
    group.setBinding(source, { encapsulation: "udp", address: NODE_V4, port }, 1472);
    // One send, which the kernel cuts, and gives as it was to who takes merged reads (UDP_SEGMENT and UDP_GRO).
    setOption(fileDescriptor, SOL_UDP, UDP_SEGMENT, packet(0).length, "UDP_SEGMENT");
    assertEquals(sendTo(fileDescriptor, concat(...inner), AGENT_V4, PORT), undefined);
    for (let round = 0; round < 3; round++) assertEquals((await application.receive()).bytes[0], round);
    await until("all have gone up", () => records.length === 2);
    assertEquals(records.map(({ packet, outer }) => [packet, outer.port]), [[ours, port], [ours, port]]);
    await until("the last is counted", () => group.counters().received.packets === 4);
    assertEquals([group.counters().signallingPackets, group.counters().dropped], [2, {}]);
  },
);

Deno.test("data path group: that its workers do not start is told", async () => {
  const tuns = [{ fileDescriptor: 9999, name: "x", offloads: NO_OFFLOADS.tun }];
  await assertRejects(() =>
    DataPathGroup.start({
      role: "homeAgent",
      homeAgentAddress: "no address",
      tuns,
      onSignalling: () => {},
      onFailure: () => {},
    })
  );
});
