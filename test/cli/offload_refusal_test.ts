import { writeSockets } from "../../cli/daemon/data_path_sockets.ts";
import { assert, assertEquals } from "@std/assert";
import { DataPath } from "../../cli/daemon/data_path.ts";
import { DataPathLoop } from "../../cli/daemon/data_path_loop.ts";
import { ALL_OFFLOADS } from "../../cli/daemon/offloads.ts";
import type { UpwardRecord } from "../../core/forwarding/forwarder.ts";
import { memoryBase } from "../../ffi/data_path_calls.ts";
import { check } from "../../ffi/errno.ts";
import { openEventFd, signalEventFd } from "../../ffi/event_fd.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { libc } from "../../ffi/libc.ts";
import { openUdpSocket, sendTo } from "../../ffi/socket.ts";
import { NO_TUN_OFFLOADS, type TunOffloads } from "../../ffi/tun_offloads.ts";
import { BindingTableWriter } from "../../wasm/binding_table.ts";
import { readCounters } from "../../wasm/forwarder_counters.ts";
import { createForwarderMemory, openForwarderMemory } from "../../wasm/forwarder_memory.ts";
import { instantiateForwarder } from "../../wasm/forwarder_module.ts";
import * as map from "../../wasm/memory_map.ts";
import { isRoot, until } from "../ffi/in_namespace.ts";
import { receiveFrom } from "../ffi/receive_from.ts";
import {
  concat,
  CORRESPONDENT,
  counting,
  HOME_ADDRESS,
  HOME_AGENT,
  ipv6,
  MOBILITY,
  mobilityHeader,
  OTHER_HOME_ADDRESS,
} from "../forwarding/packets.ts";
import { AGENT_TUN, AGENT_V4, DataPathNetwork, NODE_V4 } from "./data_path_network.ts";
import { udpPacket } from "./udp_packet.ts";

/** Offloads that the kernel accepts and then refuses, and queues that are full. */

const PORT = 4191;
const NODE_PORT = 40_000;
const NODE = { encapsulation: "udp", address: NODE_V4, port: NODE_PORT } as const;

class RefusalTest implements AsyncDisposable {
  readonly network: DataPathNetwork;
  readonly dataPath: DataPath;
  readonly node: number;
  readonly records: UpwardRecord[];
  readonly failures: Error[];

  /** @param claimed what the data path takes the TUN device to have */
  static async start(offloads: TunOffloads, claimed = offloads): Promise<RefusalTest> {
    const network = new DataPathNetwork(offloads);
    const tun = network.tun(network.agent, AGENT_TUN, [`${HOME_AGENT}/64`], [CORRESPONDENT]);
    network.ip(network.agent, "link", "set", AGENT_TUN, "mtu", "1472", "txqueuelen", "10000");
    const udp = network.udp(network.agent, PORT, { receiveMerged: true });
    const records: UpwardRecord[] = [];
    const failures: Error[] = [];
    const dataPath = await DataPath.start({
      role: "homeAgent",
      homeAgentAddress: HOME_AGENT,
      tunFileDescriptor: tun.fileDescriptor,
      tunOffloads: claimed,
      onSignalling: (record) => void records.push(record),
      onFailure: (error) => void failures.push(error),
    });
    await dataPath.setSockets({
      ipv4: {
        udpFileDescriptor: udp.fileDescriptor,
        rawIpv6FileDescriptor: network.raw(network.agent, 41),
        outerSource: AGENT_V4,
        canSegment: udp.canSegment,
      },
    });
    dataPath.bindings.set(HOME_ADDRESS, NODE, 1472);
    return new RefusalTest(network, dataPath, records, failures);
  }

  private constructor(
    network: DataPathNetwork,
    dataPath: DataPath,
    records: UpwardRecord[],
    failures: Error[],
  ) {
    this.network = network;
    this.dataPath = dataPath;
    this.records = records;
    this.failures = failures;
    this.node = network.udp(network.node, NODE_PORT).fileDescriptor;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.dataPath.close();
    this.network[Symbol.dispose]();
  }

  /** Datagrams of one flow for a program behind the tunnel: they may be merged. */
  sendInward(numbers: readonly number[]): void {
    for (const number of numbers) {
      const packet = udpPacket(HOME_ADDRESS, HOME_AGENT, Uint8Array.of(number, ...counting(999)));
      assertEquals(sendTo(this.node, packet, AGENT_V4, PORT), undefined);
    }
  }

  dropped(): number {
    return Object.values(this.dataPath.counters().dropped).reduce((sum, count) => sum + count, 0);
  }
}

/** A pair of sockets of whole messages, in place of a TUN device. */
function openMessagePair(sendBufferOctets: number): readonly [number, number] {
  const library = Deno.dlopen("libc.so.6", {
    // int socketpair(int domain, int type, int protocol, int sv[2]);
    socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  });
  const pair = new Int32Array(2);
  const [unix, datagramsWithoutWaiting] = [1, 2 | 0o4000];
  check(
    library.symbols.socketpair(unix, datagramsWithoutWaiting, 0, pair),
    "socketpair",
    "open a pair of sockets",
  );
  library.close();
  const [socketLevel, sendBuffer] = [1, 7];
  const size = Int32Array.of(sendBufferOctets / 2);
  check(libc.setsockopt(pair[0], socketLevel, sendBuffer, size, 4), "setsockopt", "size a send buffer");
  return [pair[0], pair[1]];
}

Deno.test("refused and full: a merged write that is refused is written a packet at a time, from then on", () => {
  const content = counting(5000);
  const packets = [1, 2].map((octet) =>
    udpPacket(HOME_ADDRESS, HOME_AGENT, Uint8Array.of(octet, ...content))
  );
  const merged = 10 + packets[0].length + packets[1].length - 48;
  const single = 10 + packets[0].length;
  const cases: [number, number[]][] = [[1 << 17, [merged, merged]], [9600, [single, single, single, single]]];
  for (const [sendBuffer, lengths] of cases) {
    const [tun, reader] = openMessagePair(sendBuffer);
    const loopback = { address: "127.0.0.1", port: 0, receiveBufferOctets: 1 << 20 };
    const [outer, node] = [openUdpSocket(loopback), openUdpSocket(loopback)];
    const event = openEventFd();
    const memory = createForwarderMemory(1);
    const module = instantiateForwarder(memory);
    openForwarderMemory(module, {
      memory,
      settings: { role: "homeAgent", homeAgentAddress: HOME_AGENT },
      maximumBindings: 1,
      base: memoryBase(memory),
      seed: 1n,
      hasTunHeader: true,
      offloads: map.OFFLOAD_TUN_TCP | map.OFFLOAD_TUN_UDP,
    });
    const tunnel = { encapsulation: "udp", address: "127.0.0.1", port: node.port } as const;
    new BindingTableWriter(module, memory).set(HOME_ADDRESS, tunnel, 1472);
    const words = new Int32Array(memory.buffer);
    writeSockets(memory, {
      ipv4: { udpFileDescriptor: outer.fileDescriptor, rawIpv6FileDescriptor: -1, outerSource: AGENT_V4 },
    });
    const writes: Uint8Array[] = [];
    for (let round = 0; round < 2; round++) {
      for (const packet of packets) sendTo(node.fileDescriptor, packet, "127.0.0.1", outer.port);
      words[map.COMMAND_STOP / 4] = 0;
      const loop = new DataPathLoop({ memory, tunFileDescriptor: tun, eventFileDescriptor: event });
      words[map.COMMAND_STOP / 4] = 1;
      signalEventFd(event);
      assertEquals(loop.run(), "");
      const buffer = new Uint8Array(65_536);
      for (let octets; (octets = libc.read(reader, buffer, BigInt(buffer.length))) > 0;) {
        writes.push(buffer.slice(0, octets));
      }
    }
    assertEquals(writes.map(({ length }) => length), lengths);
    if (lengths.length === 4) {
      // Each as it was sent, behind a header that asks for nothing.
      const whole = packets.map((packet) => concat(new Uint8Array(10), packet));
      assertEquals(writes, [...whole, ...whole]);
    }
    const { decapsulatedPackets, refusedInboundPackets, dropped } = readCounters(memory);
    assertEquals([decapsulatedPackets - refusedInboundPackets, dropped], [4, {}]);
    for (const descriptor of [tun, reader, outer.fileDescriptor, node.fileDescriptor, event]) {
      closeFileDescriptor(descriptor);
    }
  }
});

function rootTest(name: string, body: () => Promise<void>): void {
  Deno.test({ name: `refused and full: ${name} (root)`, ignore: !isRoot, fn: body });
}

const TWENTY = Array.from({ length: 20 }, (_, number) => number);

for (
  const [name, smaller, larger] of [
    ["a link", "link set wan mtu 1000", "link set wan mtu 1500"],
    ["a route", `route add ${NODE_V4} dev wan mtu lock 1000`, `route del ${NODE_V4} dev wan`],
  ]
) {
  rootTest(
    `${name} becomes too small for the segments of a message: all are sent, in fragments`,
    async () => {
      await using test = await RefusalTest.start(ALL_OFFLOADS.tun);
      const { network, dataPath, node } = test;
      const application = network.application(network.agent, HOME_AGENT, 9);
      const sizes: number[] = [];
      let sent = 0;
      for (const change of [[], smaller.split(" "), larger.split(" ")]) {
        if (change.length > 0) network.ip(network.agent, ...change);
        for (let burst = 0; burst < 10; burst++) {
          for (const number of TWENTY) application.send(counting(1300 - (number & 16)), HOME_ADDRESS, 9);
          sent += TWENTY.length;
          const expected = () => dataPath.counters().sent.packets + test.dropped() === sent;
          await until("all are sent", expected);
        }
      }
      await until("all have come", () => {
        for (let packet; (packet = receiveFrom(node, new Uint8Array(2000)));) sizes.push(packet.bytes.length);
        return sizes.length === sent;
      });
      assertEquals(sizes, Array.from({ length: sent }, (_, number) => 1348 - (number % 20 & 16)));
      assertEquals([dataPath.counters().dropped, test.failures], [{}, []]);
    },
  );
}

const HEADER_ONLY = { header: true, tcp: false, udp: false };

rootTest("a TUN device without the offload that it was said to have: all packets arrive", async () => {
  await using test = await RefusalTest.start(HEADER_ONLY, ALL_OFFLOADS.tun);
  const application = test.network.application(test.network.agent, HOME_AGENT, 9);
  for (let burst = 0; burst < 5; burst++) {
    test.sendInward(TWENTY);
    for (const number of TWENTY) {
      assertEquals((await application.receive()).bytes, Uint8Array.of(number, ...counting(999)));
    }
  }
  assertEquals(test.dataPath.counters().dropped, {});
  assertEquals(test.dataPath.counters().received, { packets: 100, octets: 100 * 1048 });
});

rootTest("a TUN device that is down: all packets are counted, signalling goes on", async () => {
  await using test = await RefusalTest.start(ALL_OFFLOADS.tun);
  const { network, dataPath, records, failures } = test;
  network.ip(network.agent, "link", "set", AGENT_TUN, "down");
  test.sendInward(TWENTY);
  const update = ipv6({
    source: HOME_ADDRESS,
    destination: HOME_AGENT,
    nextHeader: MOBILITY,
    payload: mobilityHeader(),
  });
  assertEquals(sendTo(test.node, update, AGENT_V4, PORT), undefined);
  await until("the mobility message", () => records.length === 1);
  assertEquals(dataPath.counters().dropped, { tunWriteFailed: TWENTY.length });
  assertEquals(dataPath.counters().received, { packets: 0, octets: 0 });
  network.ip(network.agent, "link", "set", AGENT_TUN, "up");
  network.ip(network.agent, "-6", "address", "add", `${HOME_AGENT}/64`, "dev", AGENT_TUN, "nodad");
  test.sendInward(TWENTY);
  await until("the packets", () => dataPath.counters().received.packets === TWENTY.length);
  // That it was down says nothing of what it can do: datagrams are merged, as a program sees that takes them so.
  const application = network.application(network.agent, HOME_AGENT, 9);
  const [udpLevel, receiveMerged] = [17, 104];
  check(
    libc.setsockopt(application.fileDescriptor, udpLevel, receiveMerged, Int32Array.of(1), 4),
    "setsockopt UDP_GRO",
    "take merged datagrams",
  );
  await until("a merged datagram", async () => {
    test.sendInward(TWENTY);
    return (await application.receive()).bytes.length > 1000;
  });
  assertEquals(failures, []);
});

for (const offloads of [NO_TUN_OFFLOADS, ALL_OFFLOADS.tun]) {
  for (
    const [encapsulation, reason] of [["udp", "udpSocketFull"], ["ipv6InIpv4", "rawSocketFull"]] as const
  ) {
    const kernel = offloads.header ? "with offloads" : "without";
    rootTest(`a send queue that is full (${encapsulation}), ${kernel}: nothing inward is lost`, async () => {
      await using test = await RefusalTest.start(offloads);
      const { network, dataPath } = test;
      // Nobody answers ARP for this address: what is sent there stays in the send queue.
      const unanswered = {
        encapsulation,
        address: "192.0.2.99",
        port: encapsulation === "udp" ? NODE_PORT : 0,
      };
      dataPath.bindings.set(OTHER_HOME_ADDRESS, unanswered, 1472);
      network.sysctl(network.agent, "net.ipv4.neigh.wan.unres_qlen_bytes=100000000");
      const application = network.application(network.agent, HOME_AGENT, 9);
      let outward = 0;
      const press = () => {
        for (const _ of TWENTY) application.send(counting(1400), OTHER_HOME_ADDRESS, 9);
        outward += TWENTY.length;
      };
      await until("the queue is full", () => {
        for (let round = 0; round < 20; round++) press();
        return (dataPath.counters().dropped[reason] ?? 0) > 0;
      });
      for (let round = 0; round < 50; round++) {
        press();
        test.sendInward(TWENTY);
      }
      await until("the other direction", () => dataPath.counters().received.packets === 1000);
      await until("all is counted", () => dataPath.counters().sent.packets + test.dropped() === outward);
      assertEquals(Object.keys(dataPath.counters().dropped), [reason]);
      assert(dataPath.counters().sent.packets > 0);
      assertEquals(test.failures, []);
    });
  }
}
