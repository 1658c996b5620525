import { assert, assertEquals } from "@std/assert";
import { DataPath, type DataPathOptions } from "../../cli/daemon/data_path.ts";
import { ALL_OFFLOADS } from "../../cli/daemon/offloads.ts";
import type { Encapsulation } from "../../core/control/tunnel.ts";
import type { UpwardRecord } from "../../core/forwarding/forwarder.ts";
import { SCHED_BATCH } from "../../ffi/scheduling.ts";
import { sendTo } from "../../ffi/socket.ts";
import { NO_TUN_OFFLOADS } from "../../ffi/tun_offloads.ts";
import { descriptorsInEpolls } from "../ffi/epoll_descriptors.ts";
import { isRoot, until } from "../ffi/in_namespace.ts";
import { receiveFrom } from "../ffi/receive_from.ts";
import { policiesOfThreads } from "../ffi/thread_policies.ts";
import {
  checksum,
  concat,
  CORRESPONDENT,
  counting,
  HOME_ADDRESS,
  HOME_AGENT,
  ipv4,
  ipv6,
  MOBILITY,
  mobilityHeader,
  OTHER_HOME_ADDRESS,
} from "../forwarding/packets.ts";
import { udp } from "../forwarding/transport_packets.ts";
import {
  AGENT_TUN,
  AGENT_V4,
  AGENT_V6,
  DataPathNetwork,
  NODE_TUN,
  NODE_V4,
  NODE_V6,
} from "./data_path_network.ts";

const PORT = 4191;
const NODE_PORT = 40_000;
const TRANSFER = new URL("./tcp_transfer.ts", import.meta.url).pathname;
const TRANSFERRED = "all is right\n";

function rootTest(name: string, body: (network: DataPathNetwork) => Promise<void>): void {
  for (
    const [kernel, offloads] of [["without offloads", NO_TUN_OFFLOADS], ["with", ALL_OFFLOADS.tun]] as const
  ) {
    Deno.test({
      name: `data path: ${name}, ${kernel} (root)`,
      ignore: !isRoot,
      fn: async () => {
        using network = new DataPathNetwork(offloads);
        await body(network);
      },
    });
  }
}

/** A data path whose records and failures are kept. */
async function start(options: Omitted<DataPathOptions>) {
  const records: UpwardRecord[] = [];
  const failures: Error[] = [];
  const dataPath = await DataPath.start({
    ...options,
    onSignalling: (record) => void records.push(record),
    onFailure: (error) => void failures.push(error),
  });
  return { dataPath, records, failures };
}

type Omitted<Options> = Options extends unknown ? Omit<Options, "onSignalling" | "onFailure"> : never;

/** A home agent on the agent's side, with its sockets. */
async function startAgent(network: DataPathNetwork) {
  const tun = network.tun(network.agent, AGENT_TUN, [`${HOME_AGENT}/64`], [CORRESPONDENT]);
  const udp = network.udp(network.agent, PORT, { receiveMerged: network.offloads.header });
  const raw = network.raw(network.agent, 41);
  const started = await start({
    role: "homeAgent",
    homeAgentAddress: HOME_AGENT,
    tunFileDescriptor: tun.fileDescriptor,
    tunOffloads: tun.offloads,
  });
  const sockets = {
    ipv4: {
      udpFileDescriptor: udp.fileDescriptor,
      rawIpv6FileDescriptor: raw,
      outerSource: AGENT_V4,
      canSegment: network.offloads.header && udp.canSegment,
    },
    ipv6: network.ipv6Sockets(network.agent),
  };
  await started.dataPath.setSockets(sockets);
  return { ...started, udp, raw, sockets };
}

/** A mobile node on the other side, with its sockets. */
async function startNode(network: DataPathNetwork) {
  const tun = network.tun(network.node, NODE_TUN, [`${HOME_ADDRESS}/128`], ["::/0"]);
  const udp = network.udp(network.node, 0, { receiveMerged: network.offloads.header });
  const { dataPath } = await start({
    role: "mobileNode",
    homeAddress: HOME_ADDRESS,
    homeAgentAddress: AGENT_V6,
    homeAgentIpv4Address: AGENT_V4,
    tunFileDescriptor: tun.fileDescriptor,
    tunOffloads: tun.offloads,
  });
  const sockets = {
    ipv4: {
      udpFileDescriptor: udp.fileDescriptor,
      rawIpv6FileDescriptor: network.raw(network.node, 41),
      outerSource: NODE_V4,
      canSegment: network.offloads.header && udp.canSegment,
    },
    ipv6: network.ipv6Sockets(network.node),
  };
  await dataPath.setSockets(sockets);
  return { dataPath, udp, sockets };
}

/** Both, with a tunnel between them. */
async function startBoth(network: DataPathNetwork, encapsulation: Encapsulation) {
  const { dataPath: agent, udp } = await startAgent(network);
  const { dataPath: node, udp: nodeUdp, sockets: nodeSockets } = await startNode(network);
  const portOf = (port: number) => encapsulation === "udp" ? port : 0;
  const [agentAddress, nodeAddress] = encapsulation === "ipv6InIpv6"
    ? [AGENT_V6, NODE_V6]
    : [AGENT_V4, NODE_V4];
  // Room for the longest outer header.
  for (const namespace of [network.agent, network.node]) {
    network.ip(namespace, "link", "set", "wan", "mtu", "1512");
  }
  node.setTunnel({ encapsulation, address: agentAddress, port: portOf(udp.port) }, 1472);
  const tunnel = { encapsulation, address: nodeAddress, port: portOf(nodeUdp.port) };
  agent.bindings.set(HOME_ADDRESS, tunnel, 1472);
  return { agent, node, nodeSockets };
}

/** The next packet that a socket has, within a second. */
async function receive(
  fileDescriptor: number,
): Promise<{ bytes: Uint8Array; address: string; port: number }> {
  const buffer = new Uint8Array(65_536);
  let received: ReturnType<typeof receiveFrom>;
  await until("a packet", () => (received = receiveFrom(fileDescriptor, buffer)) !== undefined, 1000);
  return received!;
}

for (const encapsulation of ["udp", "ipv6InIpv4", "ipv6InIpv6"] as const) {
  rootTest(`TUN to ${encapsulation} to TUN and back, contents compared`, async (network) => {
    const { agent, node } = await startBoth(network, encapsulation);
    const correspondent = network.application(network.agent, HOME_AGENT, 7);
    const client = network.application(network.node, HOME_ADDRESS, 7000);
    let octets = 0;
    const sizes = [0, 1, 2, 31, 100, 512, 1000, 1400, 1424];
    for (let round = 0; round < 100; round++) {
      const message = counting(sizes[round % sizes.length]).map((octet) => octet ^ round);
      octets += 48 + message.length;
      client.send(message, HOME_AGENT, 7);
      assertEquals(await correspondent.receive(), { bytes: message, address: HOME_ADDRESS, port: 7000 });
      correspondent.send(message, HOME_ADDRESS, 7000);
      assertEquals(await client.receive(), { bytes: message, address: HOME_AGENT, port: 7 });
    }
    // The other way round the counters come a moment after the packet.
    await until("all is counted", () => node.counters().received.packets === 100);
    const all = { packets: 100, octets };
    for (const { sent, received, dropped } of [agent.counters(), node.counters()]) {
      assertEquals({ sent, received, dropped }, { sent: all, received: all, dropped: {} });
    }
    await node.close();
    await agent.close();
  });
}

for (const encapsulation of ["udp", "ipv6InIpv4", "ipv6InIpv6"] as const) {
  rootTest(`TCP through ${encapsulation} comes out whole, both ways at once`, async (network) => {
    const { agent, node } = await startBoth(network, encapsulation);
    for (const [namespace, tun] of [[network.agent, AGENT_TUN], [network.node, NODE_TUN]]) {
      network.ip(namespace, "link", "set", tun, "mtu", "1472");
    }
    const server = network.deno(network.node, TRANSFER, "serve", HOME_ADDRESS);
    const client = network.deno(network.agent, TRANSFER, "connect", HOME_ADDRESS);
    const results = await Promise.all([server, client]);
    assertEquals(results, [TRANSFERRED, TRANSFERRED]);
    // What a full queue costs, TCP sends again.
    const reasons = Object.keys({ ...agent.counters().dropped, ...node.counters().dropped });
    assertEquals(reasons.filter((reason) => !reason.endsWith("Full")), []);
    await node.close();
    await agent.close();
  });
}

rootTest(
  "RFC 5555 4.1.1 D-056 D-057: on the wire: TOS, TTL 64, no DF; the hop limit is one less, once",
  async (network) => {
    const { dataPath } = await startAgent(network);
    network.sysctl(network.agent, "net.ipv6.conf.all.forwarding=1");
    const node = network.udp(network.node, NODE_PORT);
    const wireUdp = network.raw(network.node, 17);
    const wire41 = network.raw(network.node, 41);
    dataPath.bindings.set(HOME_ADDRESS, { encapsulation: "udp", address: NODE_V4, port: NODE_PORT }, 1472);
    const fields = { trafficClass: 0xb9, payload: counting(333) };

    // From one mobile node to another: in through the tunnel, routed by the kernel, out through the tunnel.
    for (const encapsulation of ["udp", "ipv6InIpv4"] as const) {
      const other = { encapsulation, address: NODE_V4, port: encapsulation === "udp" ? NODE_PORT : 0 };
      dataPath.bindings.set(OTHER_HOME_ADDRESS, other, 1472);
      const inner = { ...fields, source: HOME_ADDRESS, destination: OTHER_HOME_ADDRESS };
      assertEquals(sendTo(node.fileDescriptor, ipv6({ ...inner, hopLimit: 9 }), AGENT_V4, PORT), undefined);
      const { bytes } = await receive(encapsulation === "udp" ? wireUdp : wire41);
      const isUdp = encapsulation === "udp";
      const udpHeader = isUdp
        ? Uint8Array.of(PORT >> 8, PORT & 0xff, 0x9c, 0x40, 381 >> 8, 381 & 0xff)
        : counting(0);
      assertEquals(bytes.subarray(20, 20 + udpHeader.length), udpHeader);
      const expected = ipv4({
        source: AGENT_V4,
        destination: NODE_V4,
        protocol: isUdp ? 17 : 41,
        typeOfService: 0xb9,
        timeToLive: 64,
        identification: bytes[4] << 8 | bytes[5],
        payload: concat(isUdp ? bytes.subarray(20, 28) : counting(0), ipv6({ ...inner, hopLimit: 8 })),
      });
      assertEquals(bytes, expected);
    }
    await dataPath.close();
  },
);

rootTest("signalling and unbound traffic go up with outer source and arrival time", async (network) => {
  const { dataPath, records } = await startAgent(network);
  const node = network.udp(network.node, NODE_PORT);
  const update = ipv6({
    source: HOME_ADDRESS,
    destination: HOME_AGENT,
    nextHeader: MOBILITY,
    payload: mobilityHeader(),
  });
  const outer = { address: NODE_V4, port: NODE_PORT };
  for (let round = 1; round <= 3; round++) {
    const sentMs = performance.now();
    sendTo(node.fileDescriptor, update, AGENT_V4, PORT);
    await until("a record", () => records.length === round);
    const { arrivedMs, ...record } = records[round - 1];
    assertEquals(record, { kind: "signalling", outer, encapsulation: "udp", packet: update });
    assert(arrivedMs > sentMs - 1 && arrivedMs <= performance.now(), `${arrivedMs} is not after ${sentMs}`);
  }
  const stranger = ipv6({ source: HOME_ADDRESS, destination: CORRESPONDENT });
  sendTo(node.fileDescriptor, stranger, AGENT_V4, PORT);
  await until("a record", () => records.length === 4);
  const { arrivedMs: _, ...record } = records[3];
  assertEquals(record, { kind: "unboundTraffic", outer, encapsulation: "udp", packet: stranger });
  assertEquals(dataPath.counters().dropped, { sourceNotBound: 1 });
  await dataPath.close();
});

rootTest("a thousand messages at once all go up, or are counted", async (network) => {
  const { dataPath, records } = await startAgent(network);
  const node = network.udp(network.node, NODE_PORT);
  const payload = mobilityHeader();
  const total = 1000;
  for (let number = 0; number < total; number++) {
    payload.set([number >> 8, number & 0xff], 6);
    const update = ipv6({ source: HOME_ADDRESS, destination: HOME_AGENT, nextHeader: MOBILITY, payload });
    assertEquals(sendTo(node.fileDescriptor, update, AGENT_V4, PORT), undefined);
  }
  const dropped = () => dataPath.counters().dropped.signallingRingFull ?? 0;
  await until("all have come", () => records.length + dropped() === total);
  const numbers = records.map(({ packet }) => packet[46] << 8 | packet[47]);
  assertEquals(numbers, numbers.toSorted((one, other) => one - other));
  assert(numbers.length >= 256);
  await dataPath.close();
});

rootTest("a packet that is too big is answered: the kernel learns the path's MTU", async (network) => {
  const { dataPath } = await startAgent(network);
  dataPath.bindings.set(HOME_ADDRESS, { encapsulation: "udp", address: NODE_V4, port: NODE_PORT }, 1400);
  const application = network.application(network.agent, HOME_AGENT, 9);
  application.send(counting(1400), HOME_ADDRESS, 9);
  await until("the answer", () => dataPath.counters().packetTooBigSent === 1);
  await until(
    "the kernel's new MTU",
    () => network.ip(network.agent, "-6", "route", "get", HOME_ADDRESS).includes("mtu 1400"),
  );
  assertEquals(dataPath.counters().dropped, { packetTooBig: 1 });
  // Now the kernel fragments.
  application.send(counting(1400), HOME_ADDRESS, 9);
  await until("both fragments", () => dataPath.counters().sent.packets === 2);
  await dataPath.close();
});

rootTest("sockets can be changed, taken away and given again while packets flow", async (network) => {
  const { dataPath, udp, failures } = await startAgent(network);
  const node = network.udp(network.node, NODE_PORT);
  dataPath.bindings.set(HOME_ADDRESS, { encapsulation: "udp", address: NODE_V4, port: NODE_PORT }, 1472);
  const application = network.application(network.agent, HOME_AGENT, 9);
  const send = () => application.send(counting(8), HOME_ADDRESS, 9);
  const wire41 = network.raw(network.node, 41);
  dataPath.bindings.set(OTHER_HOME_ADDRESS, { encapsulation: "ipv6InIpv4", address: NODE_V4, port: 0 }, 1480);
  send();
  assertEquals((await receive(node.fileDescriptor)).port, PORT);
  for (const port of [5003, 5004, 5005]) {
    const other = network.udp(network.agent, port);
    await dataPath.setSockets({
      ipv4: {
        udpFileDescriptor: other.fileDescriptor,
        rawIpv6FileDescriptor: network.raw(network.agent, 41),
        outerSource: `192.0.2.${port - 5000}`,
      },
    });
    send();
    assertEquals((await receive(node.fileDescriptor)).port, port);
    application.send(counting(8), OTHER_HOME_ADDRESS, 9);
    assertEquals((await receive(wire41)).address, `192.0.2.${port - 5000}`);
  }
  network.close(udp.fileDescriptor);
  await dataPath.setSockets({});
  send();
  await until("the drop", () => dataPath.counters().dropped.noSocket === 1);
  assertEquals(dataPath.counters().sent, { packets: 7, octets: 7 * 56 });
  assertEquals(failures, []);
  await dataPath.close();
});

rootTest("sockets that retire receive until they are left out, and send nothing", async (network) => {
  const { dataPath, udp } = await startAgent(network);
  const node = network.udp(network.node, NODE_PORT);
  dataPath.bindings.set(HOME_ADDRESS, { encapsulation: "udp", address: NODE_V4, port: NODE_PORT }, 1472);
  const application = network.application(network.agent, HOME_AGENT, 9);
  const inward = ipv6({ source: HOME_ADDRESS, destination: HOME_AGENT, payload: counting(8) });
  const received = () => dataPath.counters().received.packets;
  const ipv4 = {
    udpFileDescriptor: network.udp(network.agent, 5003).fileDescriptor,
    rawIpv6FileDescriptor: network.raw(network.agent, 41),
    outerSource: AGENT_V4,
  };
  const retiring = {
    ...ipv4,
    udpFileDescriptor: udp.fileDescriptor,
    rawIpv6FileDescriptor: network.raw(network.agent, 41),
  };
  await dataPath.setSockets({ ipv4, retiring });
  assertEquals(sendTo(node.fileDescriptor, inward, AGENT_V4, PORT), undefined);
  await until("the packet by the old socket", () => received() === 1);
  assertEquals(sendTo(node.fileDescriptor, inward, AGENT_V4, 5003), undefined);
  await until("the packet by the new one", () => received() === 2);
  application.send(counting(8), HOME_ADDRESS, 9);
  assertEquals((await receive(node.fileDescriptor)).port, 5003);
  await dataPath.setSockets({ ipv4 });
  assertEquals(sendTo(node.fileDescriptor, inward, AGENT_V4, PORT), undefined);
  assertEquals(sendTo(node.fileDescriptor, inward, AGENT_V4, 5003), undefined);
  await until("the packet by the one that is left", () => received() === 3);
  await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals(received(), 3);
  await dataPath.close();
});

for (const from of ["udp", "ipv6InIpv4", "ipv6InIpv6"] as const) {
  rootTest(
    `a mobile node that has left ${from} takes what still comes by its old sockets`,
    async (network) => {
      const { agent, node, nodeSockets: { ipv4, ipv6 } } = await startBoth(network, from);
      const isToIpv6 = from !== "ipv6InIpv6";
      node.setTunnel(
        isToIpv6
          ? { encapsulation: "ipv6InIpv6", address: AGENT_V6, port: 0 }
          : { encapsulation: "udp", address: AGENT_V4, port: PORT },
        1472,
      );
      await node.setSockets(isToIpv6 ? { ipv6, retiring: ipv4 } : { ipv4, retiring: ipv6 });
      const correspondent = network.application(network.agent, HOME_AGENT, 7);
      const client = network.application(network.node, HOME_ADDRESS, 7000);
      correspondent.send(counting(9), HOME_ADDRESS, 7000);
      assertEquals(await client.receive(), { bytes: counting(9), address: HOME_AGENT, port: 7 });
      assertEquals(node.counters().dropped, {});
      await node.close();
      await agent.close();
    },
  );
}

rootTest("traffic that is held waits at the TUN device, also while sockets change", async (network) => {
  const { dataPath } = await startNode(network);
  const far = network.udp(network.agent, PORT);
  dataPath.setTunnel({ encapsulation: "udp", address: AGENT_V4, port: PORT }, 1472);
  const application = network.application(network.node, HOME_ADDRESS, 9);
  await dataPath.holdTraffic(true);
  for (let count = 1; count <= 3; count++) application.send(counting(count), HOME_AGENT, 9);
  const udpFileDescriptor = network.udp(network.node, 0).fileDescriptor;
  const rawIpv6FileDescriptor = network.raw(network.node, 41);
  await dataPath.setSockets({ ipv4: { udpFileDescriptor, rawIpv6FileDescriptor, outerSource: NODE_V4 } });
  await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals(dataPath.counters().sent.packets, 0);
  await dataPath.holdTraffic(false);
  const lengths: number[] = [];
  for (let count = 1; count <= 3; count++) lengths.push((await receive(far.fileDescriptor)).bytes.length);
  assertEquals(lengths, [1, 2, 3].map((octets) => 40 + 8 + octets));
  await dataPath.close();
});

rootTest("a send queue that is full costs packets, and not the other direction", async (network) => {
  const { dataPath } = await startAgent(network);
  const node = network.udp(network.node, NODE_PORT);
  const here = { encapsulation: "udp", address: NODE_V4, port: NODE_PORT } as const;
  dataPath.bindings.set(HOME_ADDRESS, here, 1472);
  // Nobody answers ARP for this address: what is sent there stays in the send queue.
  dataPath.bindings.set(OTHER_HOME_ADDRESS, { ...here, address: "192.0.2.99" }, 1472);
  network.sysctl(network.agent, "net.ipv4.neigh.wan.unres_qlen_bytes=10000000");
  const application = network.application(network.agent, HOME_AGENT, 9);
  await until("the queue is full", () => {
    for (let count = 0; count < 50; count++) application.send(counting(1400), OTHER_HOME_ADDRESS, 9);
    return (dataPath.counters().dropped.udpSocketFull ?? 0) > 0;
  });
  const before = dataPath.counters().received.packets;
  const inner = udp({ version: 6, source: HOME_ADDRESS, destination: HOME_AGENT });
  sendTo(node.fileDescriptor, inner, AGENT_V4, PORT);
  await until("the other direction", () => dataPath.counters().received.packets === before + 1);
  await dataPath.close();
});

rootTest("what the kernel refuses to send is counted, and the data path goes on", async (network) => {
  const { dataPath, failures } = await startAgent(network);
  const node = network.udp(network.node, NODE_PORT);
  const wire41 = network.raw(network.node, 41);
  const far = { address: "203.0.113.9", port: 0 };
  dataPath.bindings.set(HOME_ADDRESS, { ...far, encapsulation: "udp", port: 1 }, 1472);
  dataPath.bindings.set(OTHER_HOME_ADDRESS, { ...far, encapsulation: "ipv6InIpv4" }, 1480);
  const application = network.application(network.agent, HOME_AGENT, 9);
  const send = (address: string, octets = 5) => application.send(counting(octets), address, 9);
  send(HOME_ADDRESS);
  send(OTHER_HOME_ADDRESS);
  await until("no route", () => dataPath.counters().dropped.rawSendFailed === 1);
  assertEquals(dataPath.counters().dropped, { udpSendFailed: 1, rawSendFailed: 1 });
  assertEquals(dataPath.counters().sent, { packets: 0, octets: 0 });
  // A bad packet does not take those behind it along: all of one batch, probably.
  dataPath.bindings.set(HOME_ADDRESS, { encapsulation: "udp", address: NODE_V4, port: NODE_PORT }, 1472);
  for (let count = 0; count < 10; count++) send(count === 4 ? OTHER_HOME_ADDRESS : HOME_ADDRESS, count);
  for (let count = 0; count < 10; count++) {
    if (count !== 4) assertEquals((await receive(node.fileDescriptor)).bytes.length, 48 + count);
  }
  network.ip(network.agent, "link", "set", "wan", "down");
  send(HOME_ADDRESS);
  await until("the network is down", () => dataPath.counters().dropped.udpSendFailed === 2);
  network.ip(network.agent, "link", "set", "wan", "up");
  dataPath.bindings.set(OTHER_HOME_ADDRESS, { encapsulation: "ipv6InIpv4", address: NODE_V4, port: 0 }, 1480);
  await until("the network is back", () => {
    send(OTHER_HOME_ADDRESS, 77);
    return receiveFrom(wire41, new Uint8Array(2000)) !== undefined;
  });
  assertEquals(failures, []);
  await dataPath.close();
});

rootTest("a TUN device that is down costs packets, and not the data path", async (network) => {
  const { dataPath, failures } = await startAgent(network);
  const node = network.udp(network.node, NODE_PORT);
  dataPath.bindings.set(HOME_ADDRESS, { encapsulation: "udp", address: NODE_V4, port: NODE_PORT }, 1472);
  const inner = ipv6({ source: HOME_ADDRESS, destination: HOME_AGENT });
  network.ip(network.agent, "link", "set", AGENT_TUN, "down");
  sendTo(node.fileDescriptor, inner, AGENT_V4, PORT);
  await until("the drop", () => dataPath.counters().dropped.tunWriteFailed === 1);
  assertEquals(dataPath.counters().received, { packets: 0, octets: 0 });
  network.ip(network.agent, "link", "set", AGENT_TUN, "up");
  sendTo(node.fileDescriptor, inner, AGENT_V4, PORT);
  await until("the packet", () => dataPath.counters().received.packets === 1);
  assertEquals(failures, []);
  await dataPath.close();
});

rootTest("a TUN device that is gone is a failure, told once", async (network) => {
  const { dataPath, failures } = await startAgent(network);
  network.ip(network.agent, "link", "delete", AGENT_TUN);
  await until("the failure", () => failures.length > 0);
  assertEquals(failures.length, 1);
  assert(failures[0].message.includes("TUN device is gone"), failures[0].message);
  await dataPath.setSockets({});
  await dataPath.close();
});

rootTest("random datagrams on 4191 and with protocol 41 only count", async (network) => {
  const { dataPath, failures } = await startAgent(network);
  const node = network.udp(network.node, NODE_PORT);
  const raw = network.raw(network.node, 41);
  let sent = 0;
  for (let count = 0; count < 300; count++) {
    const junk = crypto.getRandomValues(new Uint8Array(count));
    if (sendTo(node.fileDescriptor, junk, AGENT_V4, PORT) === undefined) sent++;
    const outer = ipv4({ source: NODE_V4, destination: AGENT_V4, payload: junk });
    if (sendTo(raw, outer, AGENT_V4, 0) === undefined) sent++;
  }
  const dropped = () => Object.values(dataPath.counters().dropped).reduce((sum, count) => sum + count, 0);
  await until("all are counted", () => dropped() === sent);
  assertEquals(sent, 600);
  assertEquals(failures, []);
  await dataPath.close();
});

rootTest("ICMP errors that anybody may send about our packets change nothing", async (network) => {
  const { dataPath, failures } = await startAgent(network);
  const node = network.udp(network.node, NODE_PORT);
  const node41 = network.raw(network.node, 41);
  const attacker = network.raw(network.node, 1);
  dataPath.bindings.set(HOME_ADDRESS, { encapsulation: "udp", address: NODE_V4, port: NODE_PORT }, 1472);
  dataPath.bindings.set(OTHER_HOME_ADDRESS, { encapsulation: "ipv6InIpv4", address: NODE_V4, port: 0 }, 1480);
  const application = network.application(network.agent, HOME_AGENT, 9);
  const ends = { source: AGENT_V4, destination: NODE_V4 };
  const quotes = [
    ipv4({
      ...ends,
      protocol: 17,
      payload: Uint8Array.of(PORT >> 8, PORT, NODE_PORT >> 8, NODE_PORT, 0, 9, 0, 0, 0),
    }),
    ipv4({ ...ends, protocol: 41, payload: ipv6({ destination: OTHER_HOME_ADDRESS }) }),
  ];
  // Unreachable for any reason, a path that carries 68 or 600 octets, time exceeded, parameter problem.
  const errors = [...Array(16).keys()].map((code) => [3, code, 0]);
  errors.push([3, 4, 68], [3, 4, 600], [11, 0, 0], [11, 1, 0], [12, 0, 0]);
  for (const [type, code, mtu] of errors) {
    for (const quote of quotes) {
      const icmp = concat(Uint8Array.of(type, code, 0, 0, 0, 0, mtu >> 8, mtu), quote);
      const sum = checksum(icmp);
      icmp.set([sum >> 8, sum], 2);
      sendTo(
        attacker,
        ipv4({ source: NODE_V4, destination: AGENT_V4, protocol: 1, payload: icmp }),
        AGENT_V4,
        0,
      );
    }
    for (
      const [destination, socket] of [[HOME_ADDRESS, node], [OTHER_HOME_ADDRESS, {
        fileDescriptor: node41,
      }]] as const
    ) {
      for (let count = 0; count < 3; count++) application.send(counting(1300), destination, 9);
      const outerOctets = destination === HOME_ADDRESS ? 0 : 20;
      for (let count = 0; count < 3; count++) {
        const { bytes } = await receive(socket.fileDescriptor);
        assertEquals(bytes.length, outerOctets + 1348, `after ICMP type ${type} code ${code}`);
      }
    }
  }
  assertEquals(network.ip(network.agent, "route", "get", NODE_V4).includes("mtu"), false);
  assertEquals([failures, dataPath.counters().dropped], [[], {}]);
  await dataPath.close();
});

Deno.test("data path: a TUN descriptor that is none is a failure", async () => {
  const { dataPath, failures } = await start({
    role: "homeAgent",
    homeAgentAddress: HOME_AGENT,
    tunFileDescriptor: 9999,
  });
  await until("the failure", () => failures.length > 0);
  assert(failures[0].message.includes("EBADF"), failures[0].message);
  await dataPath.close();
});

rootTest("it interrupts no other thread while it is busy, and does again after", async (network) => {
  const { dataPath } = await startAgent(network);
  const application = network.application(network.agent, HOME_AGENT, 9);
  try {
    dataPath.bindings.set(HOME_ADDRESS, { encapsulation: "udp", address: NODE_V4, port: NODE_PORT }, 1472);
    const hasBatch = () => policiesOfThreads().some((policy) => policy === SCHED_BATCH);
    assertEquals(hasBatch(), false);
    // Other tests compute beside this one: the data path then interrupts them for a second.
    const deadline = performance.now() + 10_000;
    while (!hasBatch() && performance.now() < deadline) {
      for (let packet = 0; packet < 50; packet++) {
        application.send(counting(100), HOME_ADDRESS, 9);
        const end = performance.now() + 0.1;
        while (performance.now() < end);
      }
    }
    assert(hasBatch());
    // After 32 rounds; it may be late, and take several packets in one.
    await until("it does again", () => (application.send(counting(100), HOME_ADDRESS, 9), !hasBatch()));
  } finally {
    await dataPath.close();
  }
});

for (const direction of ["comes in by", "leaves by"] as const) {
  for (const encapsulation of ["udp", "ipv6InIpv4"] as const) {
    rootTest(
      `a socket that much ${direction} is not in the epoll, and is again when little does (${encapsulation})`,
      async (network) => {
        const { dataPath, udp, raw, sockets } = await startAgent(network);
        const socket = encapsulation === "udp" ? udp.fileDescriptor : raw;
        const application = network.application(network.agent, HOME_AGENT, 9);
        const node = encapsulation === "udp"
          ? network.udp(network.node, NODE_PORT).fileDescriptor
          : network.raw(network.node, 41);
        const port = encapsulation === "udp" ? NODE_PORT : 0;
        dataPath.bindings.set(HOME_ADDRESS, { encapsulation, address: NODE_V4, port }, 1472);
        const inner = ipv6({ source: HOME_ADDRESS, destination: HOME_AGENT, payload: counting(1200) });
        const packet = encapsulation === "udp"
          ? inner
          : ipv4({ source: NODE_V4, destination: AGENT_V4, protocol: 41, payload: inner });
        const move = (count: number) => {
          for (let index = 0; index < count; index++) {
            if (direction === "leaves by") application.send(counting(1200), HOME_ADDRESS, 9);
            else sendTo(node, packet, AGENT_V4, encapsulation === "udp" ? PORT : 0);
          }
        };
        const isInEpoll = () => descriptorsInEpolls().has(socket);
        try {
          assert(isInEpoll());
          // What waits when the data path begins, it takes in whole batches.
          if (direction === "leaves by") await dataPath.holdTraffic(true);
          else await dataPath.setSockets({});
          move(450);
          if (direction === "leaves by") await dataPath.holdTraffic(false);
          else await dataPath.setSockets(sockets);
          await until("it has left the epoll", () => (move(1), !isInEpoll()));
          await until("it is back", () => (move(1), isInEpoll()), 5000);
        } finally {
          await dataPath.close();
        }
      },
    );
  }
}
