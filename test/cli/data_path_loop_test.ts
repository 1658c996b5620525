import { writeSockets } from "../../cli/daemon/data_path_sockets.ts";
import { assertEquals } from "@std/assert";
import { DataPathLoop } from "../../cli/daemon/data_path_loop.ts";
import { ALL_OFFLOADS } from "../../cli/daemon/offloads.ts";
import type { TunnelEnd } from "../../core/control/tunnel.ts";
import { memoryBase } from "../../ffi/data_path_calls.ts";
import { openEventFd, signalEventFd } from "../../ffi/event_fd.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { sendTo } from "../../ffi/socket.ts";
import { NO_TUN_OFFLOADS, type TunOffloads } from "../../ffi/tun_offloads.ts";
import { BindingTableWriter } from "../../wasm/binding_table.ts";
import { readCounters } from "../../wasm/forwarder_counters.ts";
import { createForwarderMemory, openForwarderMemory } from "../../wasm/forwarder_memory.ts";
import { instantiateForwarder } from "../../wasm/forwarder_module.ts";
import * as map from "../../wasm/memory_map.ts";
import { isRoot } from "../ffi/in_namespace.ts";
import { receiveFrom } from "../ffi/receive_from.ts";
import { payloadOf } from "../forwarding/offload_tools.ts";
import {
  checksum,
  concat,
  CORRESPONDENT,
  counting,
  HOME_ADDRESS,
  HOME_AGENT,
  ipv4,
  ipv6,
  OTHER_HOME_ADDRESS,
} from "../forwarding/packets.ts";
import { upperLayerChecksum } from "../forwarding/transport_packets.ts";
import { AGENT_TUN, AGENT_V4, type Application, DataPathNetwork, NODE_V4 } from "./data_path_network.ts";

/** The TUN device gives a batch of so many packets only after rounds of 1, 2, 4 and so on that were full. */
const PRELUDE = 2 * map.BATCH - 1;
const STOP_PORT = 50_000;

/** The loop on the test's own thread: what waits before it runs is one batch, or several. */
class LoopTest implements Disposable {
  readonly network: DataPathNetwork;
  readonly tun: number;
  readonly udp: number;
  readonly raw: number;
  readonly node: number;
  readonly wire41: number;
  readonly bindings: BindingTableWriter;
  readonly application: Application;
  readonly #memory = createForwarderMemory(16);
  readonly #event = openEventFd();
  readonly #stop: number;
  readonly #canSegment: boolean;
  #stops = 0;

  constructor(offloads: TunOffloads) {
    const network = this.network = new DataPathNetwork(offloads);
    const tun = network.tun(network.agent, AGENT_TUN, [`${HOME_AGENT}/64`], [CORRESPONDENT]);
    const udp = network.udp(network.agent, 4191, { receiveMerged: offloads.header });
    this.tun = tun.fileDescriptor;
    this.udp = udp.fileDescriptor;
    this.raw = network.raw(network.agent, 41);
    this.node = network.udp(network.node, 40_000).fileDescriptor;
    this.wire41 = network.raw(network.node, 41);
    this.#stop = network.udp(network.node, STOP_PORT).fileDescriptor;
    this.#canSegment = offloads.header && udp.canSegment;
    const module = instantiateForwarder(this.#memory);
    openForwarderMemory(module, {
      memory: this.#memory,
      settings: { role: "homeAgent", homeAgentAddress: HOME_AGENT },
      maximumBindings: 16,
      base: memoryBase(this.#memory),
      seed: 1n,
      hasTunHeader: tun.offloads.header,
      offloads: (tun.offloads.tcp ? map.OFFLOAD_TUN_TCP : 0) | (tun.offloads.udp ? map.OFFLOAD_TUN_UDP : 0),
    });
    this.bindings = new BindingTableWriter(module, this.#memory);
    this.bindings.set(STOP_HOME_ADDRESS, { ...IN_UDP, port: STOP_PORT }, 1472);
    this.application = network.application(network.agent, HOME_AGENT, 9);
  }

  [Symbol.dispose](): void {
    this.network[Symbol.dispose]();
    closeFileDescriptor(this.#event);
  }

  /** Puts as many packets that nobody is bound for into the TUN device as bring the loop to full batches. */
  warmUp(): void {
    for (let number = 0; number < PRELUDE; number++) {
      this.application.send(counting(0), UNBOUND_HOME_ADDRESS, 9);
    }
  }

  /**
   * One round: of the TUN device, one packet. Returns what the loop says at its end.
   * @param options `whileWriting`: sockets that the next command has begun to name
   */
  runOnce({ udp = this.udp, raw = this.raw, whileWriting = 0 } = {}): string {
    const loop = this.#loop({ udp, raw, event: this.#event });
    const words = new Int32Array(this.#memory.buffer);
    // So many sockets, which have no descriptors yet: the first descriptor of all, which need not be one to wait for.
    words[map.COMMAND_RECEIVE_COUNT / 4] += whileWriting;
    words[map.COMMAND_STOP / 4] = 1;
    signalEventFd(this.#event);
    return loop.run();
  }

  /** So many rounds as it takes to send all that is in the TUN device: one more packet goes there, and ends it. */
  runThrough(): string {
    const { udp, raw } = this;
    const loop = this.#loop({ udp, raw, event: this.#stop });
    new Int32Array(this.#memory.buffer)[map.COMMAND_STOP / 4] = 1;
    this.application.send(counting(0), STOP_HOME_ADDRESS, 9);
    this.#stops++;
    return loop.run();
  }

  #loop({ udp, raw, event }: { readonly udp: number; readonly raw: number; readonly event: number }) {
    const words = new Int32Array(this.#memory.buffer);
    words[map.COMMAND_STOP / 4] = 0;
    writeSockets(this.#memory, {
      ipv4: {
        udpFileDescriptor: udp,
        rawIpv6FileDescriptor: raw,
        outerSource: AGENT_V4,
        canSegment: this.#canSegment,
      },
    });
    return new DataPathLoop({
      memory: this.#memory,
      tunFileDescriptor: this.tun,
      eventFileDescriptor: event,
    });
  }

  /** Without the packets of warmUp() and runThrough(). */
  counters() {
    const { dropped, ...counters } = readCounters(this.#memory);
    const { noBinding: _, ...others } = dropped;
    return {
      dropped: others,
      sent: counters.encapsulatedPackets - counters.refusedOutboundPackets - this.#stops,
      received: counters.decapsulatedPackets - counters.refusedInboundPackets,
      refusedOctets: counters.refusedOutboundOctets + counters.refusedInboundOctets,
      packetTooBigSent: counters.packetTooBigSent,
    };
  }

  received(fileDescriptor: number): Uint8Array[] {
    const packets: Uint8Array[] = [];
    for (let packet; (packet = receiveFrom(fileDescriptor, new Uint8Array(65_536)));) {
      packets.push(packet.bytes);
    }
    return packets;
  }
}

function loopTest(name: string, body: (test: LoopTest) => void): void {
  for (
    const [kernel, offloads] of [["without offloads", NO_TUN_OFFLOADS], ["with", ALL_OFFLOADS.tun]] as const
  ) {
    Deno.test({
      name: `data path loop: ${name}, ${kernel} (root)`,
      ignore: !isRoot,
      fn: () => {
        using test = new LoopTest(offloads);
        body(test);
      },
    });
  }
}

const IN_UDP: TunnelEnd = { encapsulation: "udp", address: NODE_V4, port: 40_000 };
const IN_41: TunnelEnd = { encapsulation: "ipv6InIpv4", address: NODE_V4, port: 0 };
const NOWHERE = "203.0.113.9";
const THIRD_HOME_ADDRESS = "2001:db8:100::300";
const UNBOUND_HOME_ADDRESS = "2001:db8:100::400";
const STOP_HOME_ADDRESS = "2001:db8:100::500";

for (
  const { name, good, bad, receiver, headerOctets, reason } of [
    {
      name: "UDP",
      good: IN_UDP,
      bad: { ...IN_UDP, address: NOWHERE },
      receiver: "node",
      headerOctets: 0,
      reason: "udpSendFailed",
    },
    {
      name: "protocol 41",
      good: IN_41,
      bad: { ...IN_41, address: NOWHERE },
      receiver: "wire41",
      headerOctets: 20,
      reason: "rawSendFailed",
    },
  ] as const
) {
  loopTest(`${name}: packets that cannot be sent do not take those behind them along`, (test) => {
    test.bindings.set(HOME_ADDRESS, good, 1472);
    test.bindings.set(OTHER_HOME_ADDRESS, bad, 1472);
    const isBad = (number: number) => number === 0 || number === 7 || number === 8 || number === 19;
    const numbers = Array.from({ length: 20 }, (_, number) => number);
    test.warmUp();
    for (const number of numbers) {
      test.application.send(
        Uint8Array.of(number, 2, 3),
        isBad(number) ? OTHER_HOME_ADDRESS : HOME_ADDRESS,
        9,
      );
    }
    assertEquals(test.runThrough(), "");
    const received = test.received(test[receiver]).map((bytes) => bytes.subarray(headerOctets));
    assertEquals(received.map((packet) => packet[48]), numbers.filter((number) => !isBad(number)));
    for (const packet of received) assertEquals(upperLayerChecksum(packet, 17, 40), 0);
    assertEquals(test.counters(), {
      dropped: { [reason]: 4 },
      sent: 16,
      received: 0,
      refusedOctets: 4 * 51,
      packetTooBigSent: 0,
    });
  });
}

loopTest("more packets than a batch holds are all sent, in their order", (test) => {
  test.bindings.set(HOME_ADDRESS, IN_UDP, 1472);
  test.bindings.set(OTHER_HOME_ADDRESS, IN_41, 1480);
  test.bindings.set(THIRD_HOME_ADDRESS, IN_UDP, 1400);
  const destinations = [HOME_ADDRESS, OTHER_HOME_ADDRESS, THIRD_HOME_ADDRESS];
  const numbers = Array.from({ length: 90 }, (_, number) => number);
  test.warmUp();
  for (const number of numbers) test.application.send(counting(number), destinations[number % 3], 9);
  assertEquals(test.runThrough(), "");
  assertEquals(test.counters(), {
    dropped: {},
    sent: 90,
    received: 0,
    refusedOctets: 0,
    packetTooBigSent: 0,
  });
  const lengths = test.received(test.node).map(({ length }) => length - 48);
  assertEquals(lengths, numbers.filter((number) => number % 3 !== 1));
  assertEquals(test.received(test.wire41).length, 30);
});

loopTest("a message that the kernel does not cut is sent a datagram at a time", (test) => {
  test.bindings.set(HOME_ADDRESS, IN_UDP, 1472);
  // Segments have to fit into the link; whole datagrams are fragmented.
  test.network.ip(test.network.agent, "link", "set", "wan", "mtu", "1300");
  test.warmUp();
  for (let number = 0; number < 6; number++) {
    test.application.send(payloadOf(1400 - (number & 4)), HOME_ADDRESS, 9);
  }
  assertEquals(test.runThrough(), "");
  const received = test.received(test.node);
  assertEquals(received.map((packet) => packet.length - 48), [1400, 1400, 1400, 1400, 1396, 1396]);
  for (const packet of received) assertEquals(upperLayerChecksum(packet, 17, 40), 0);
  assertEquals([test.counters().sent, test.counters().dropped], [6, {}]);
});

loopTest("inbound batches keep their order, and a bad packet does not end them", (test) => {
  test.bindings.set(HOME_ADDRESS, IN_UDP, 1472);
  test.bindings.set(OTHER_HOME_ADDRESS, IN_41, 1480);
  for (let number = 0; number < 40; number++) {
    const data = concat(Uint8Array.of(0x10, 0, 0, 9, 0, 8 + number, 0, 0), counting(number));
    const inner = ipv6({
      source: HOME_ADDRESS,
      destination: HOME_AGENT,
      payload: withChecksum(HOME_ADDRESS, data),
    });
    sendTo(test.node, number === 5 ? inner.subarray(0, 20) : inner, AGENT_V4, 4191);
    const other = ipv6({
      source: OTHER_HOME_ADDRESS,
      destination: HOME_AGENT,
      payload: withChecksum(OTHER_HOME_ADDRESS, data),
    });
    const options = new Uint8Array(number % 2 === 0 ? 0 : 8).fill(1);
    sendTo(
      test.wire41,
      ipv4({ source: NODE_V4, destination: AGENT_V4, options, payload: other }),
      AGENT_V4,
      0,
    );
  }
  assertEquals(test.runOnce(), "");
  assertEquals(test.counters(), {
    dropped: { truncatedHeader: 1 },
    sent: 0,
    received: 79,
    refusedOctets: 0,
    packetTooBigSent: 0,
  });
  const fromUdp = Array.from({ length: 40 }, (_, number) => number).filter((number) => number !== 5);
  const lengths = test.received(test.application.fileDescriptor).map(({ length }) => length);
  assertEquals(lengths, [...fromUdp, ...Array.from({ length: 40 }, (_, number) => number)]);
});

loopTest("without sockets everything is dropped as noSocket", (test) => {
  test.bindings.set(HOME_ADDRESS, IN_UDP, 1472);
  test.bindings.set(OTHER_HOME_ADDRESS, IN_41, 1480);
  for (let number = 0; number < 10; number++) test.application.send(counting(52), HOME_ADDRESS, 9);
  for (let number = 0; number < 5; number++) test.application.send(counting(52), OTHER_HOME_ADDRESS, 9);
  for (let number = 0; number < 15; number++) assertEquals(test.runOnce({ udp: -1, raw: -1 }), "");
  assertEquals(test.counters(), {
    dropped: { noSocket: 15 },
    sent: 0,
    received: 0,
    refusedOctets: 1500,
    packetTooBigSent: 0,
  });
});

loopTest("an answer that the TUN device does not take is counted", (test) => {
  test.bindings.set(HOME_ADDRESS, IN_UDP, 1300);
  test.application.send(counting(1400), HOME_ADDRESS, 9);
  test.network.ip(test.network.agent, "link", "set", AGENT_TUN, "down");
  assertEquals(test.runOnce(), "");
  assertEquals(test.counters().dropped, { packetTooBig: 1, tunWriteFailed: 1 });
});

loopTest("what control is still writing is no command", (test) => {
  assertEquals(test.runOnce({ whileWriting: 1 }), "");
  assertEquals(test.runOnce(), "");
});

loopTest("a socket that was closed too early is a fault, not a busy loop", (test) => {
  const other = test.network.udp(test.network.agent, 5000).fileDescriptor;
  test.network.close(other);
  assertEquals(test.runOnce({ udp: other }), "a socket was closed before the data path had let go of it");
});

/** A UDP header over IPv6 with its checksum, which the kernel wants (RFC 8200 8.1). */
function withChecksum(source: string, segment: Uint8Array): Uint8Array {
  const addresses = ipv6({ source, destination: HOME_AGENT, payload: counting(0) }).subarray(8, 40);
  const pseudo = concat(addresses, Uint8Array.of(0, 0, 0, segment.length, 0, 0, 0, 17), segment);
  const sum = checksum(pseudo);
  return concat(segment.subarray(0, 6), Uint8Array.of(sum >> 8, sum & 0xff), segment.subarray(8));
}
