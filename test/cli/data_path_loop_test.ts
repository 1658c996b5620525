import { assertEquals } from "@std/assert";
import { DataPathLoop } from "../../cli/daemon/data_path_loop.ts";
import type { TunnelEnd } from "../../core/control/tunnel.ts";
import { memoryBase } from "../../ffi/data_path_calls.ts";
import { openEventFd, signalEventFd } from "../../ffi/event_fd.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { sendTo } from "../../ffi/socket.ts";
import { BindingTableWriter } from "../../wasm/binding_table.ts";
import { readCounters } from "../../wasm/forwarder_counters.ts";
import { createForwarderMemory, ipv4Word, openForwarderMemory } from "../../wasm/forwarder_memory.ts";
import { instantiateForwarder } from "../../wasm/forwarder_module.ts";
import * as map from "../../wasm/memory_map.ts";
import { isRoot } from "../ffi/in_namespace.ts";
import { receiveFrom } from "../ffi/receive_from.ts";
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
import { AGENT_TUN, AGENT_V4, DataPathNetwork, NODE_V4 } from "./data_path_network.ts";

/** The loop on the test's own thread, one round at a time: what waits before a round is one batch. */
class OneRound implements Disposable {
  readonly network = new DataPathNetwork();
  readonly tun: number;
  readonly udp: number;
  readonly raw: number;
  readonly node: number;
  readonly wire41: number;
  readonly bindings: BindingTableWriter;
  readonly #memory = createForwarderMemory(16);
  readonly #event = openEventFd();

  constructor() {
    const { network } = this;
    this.tun = network.tun(network.agent, AGENT_TUN, [`${HOME_AGENT}/64`], [CORRESPONDENT]);
    this.udp = network.udp(network.agent, 4191).fileDescriptor;
    this.raw = network.raw(network.agent, 41);
    this.node = network.udp(network.node, 40_000).fileDescriptor;
    this.wire41 = network.raw(network.node, 41);
    const module = instantiateForwarder(this.#memory);
    openForwarderMemory(module, {
      memory: this.#memory,
      settings: { role: "homeAgent", homeAgentAddress: HOME_AGENT },
      maximumBindings: 16,
      base: memoryBase(this.#memory),
      seed: 1n,
    });
    this.bindings = new BindingTableWriter(module, this.#memory);
  }

  [Symbol.dispose](): void {
    this.network[Symbol.dispose]();
    closeFileDescriptor(this.#event);
  }

  /** What the loop says at its end. */
  run({ udp = this.udp, raw = this.raw } = {}): string {
    const words = new Int32Array(this.#memory.buffer);
    words[map.COMMAND_STOP / 4] = 0;
    words[map.COMMAND_UDP_DESCRIPTOR / 4] = udp;
    words[map.COMMAND_RAW_DESCRIPTOR / 4] = raw;
    words[map.COMMAND_OUTER_SOURCE / 4] = ipv4Word(AGENT_V4);
    const loop = new DataPathLoop({
      memory: this.#memory,
      tunFileDescriptor: this.tun,
      eventFileDescriptor: this.#event,
    });
    words[map.COMMAND_STOP / 4] = 1;
    signalEventFd(this.#event);
    return loop.run();
  }

  counters() {
    const { dropped, ...counters } = readCounters(this.#memory);
    return {
      dropped,
      sent: counters.encapsulatedPackets - counters.refusedOutboundPackets,
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

function roundTest(name: string, body: (round: OneRound) => void): void {
  Deno.test({
    name: `data path loop: ${name} (root)`,
    ignore: !isRoot,
    fn: () => {
      using round = new OneRound();
      body(round);
    },
  });
}

const IN_UDP: TunnelEnd = { encapsulation: "udp", address: NODE_V4, port: 40_000 };
const IN_41: TunnelEnd = { encapsulation: "ipv6InIpv4", address: NODE_V4, port: 0 };
const NOWHERE = "203.0.113.9";
const THIRD_HOME_ADDRESS = "2001:db8:100::300";

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
  roundTest(`${name}: packets that cannot be sent do not take those behind them along`, (round) => {
    round.bindings.set(HOME_ADDRESS, good, 1472);
    round.bindings.set(OTHER_HOME_ADDRESS, bad, 1472);
    const application = round.network.application(round.network.agent, HOME_AGENT, 9);
    const isBad = (number: number) => number === 0 || number === 7 || number === 8 || number === 19;
    for (let number = 0; number < 20; number++) {
      application.send(counting(number), isBad(number) ? OTHER_HOME_ADDRESS : HOME_ADDRESS, 9);
    }
    assertEquals(round.run(), "");
    const lengths = round.received(round[receiver]).map(({ length }) => length - headerOctets - 48);
    assertEquals(
      lengths,
      Array.from({ length: 20 }, (_, number) => number).filter((number) => !isBad(number)),
    );
    const refusedOctets = 4 * 48 + 0 + 7 + 8 + 19;
    assertEquals(round.counters(), {
      dropped: { [reason]: 4 },
      sent: 16,
      received: 0,
      refusedOctets,
      packetTooBigSent: 0,
    });
  });
}

roundTest("a batch is 64 packets; the rest waits for the next round", (round) => {
  round.bindings.set(HOME_ADDRESS, IN_UDP, 1472);
  round.bindings.set(OTHER_HOME_ADDRESS, IN_41, 1480);
  round.bindings.set(THIRD_HOME_ADDRESS, IN_UDP, 1400);
  const application = round.network.application(round.network.agent, HOME_AGENT, 9);
  const destinations = [HOME_ADDRESS, OTHER_HOME_ADDRESS, THIRD_HOME_ADDRESS];
  for (let number = 0; number < 90; number++) application.send(counting(number), destinations[number % 3], 9);
  assertEquals(round.run(), "");
  assertEquals(round.counters().sent, 64);
  assertEquals(round.run(), "");
  assertEquals(round.counters(), {
    dropped: {},
    sent: 90,
    received: 0,
    refusedOctets: 0,
    packetTooBigSent: 0,
  });
  const numbers = round.received(round.node).map(({ length }) => length - 48);
  assertEquals(
    numbers,
    Array.from({ length: 90 }, (_, number) => number).filter((number) => number % 3 !== 1),
  );
  assertEquals(round.received(round.wire41).length, 30);
});

roundTest("inbound batches keep their order, and a bad packet does not end them", (round) => {
  round.bindings.set(HOME_ADDRESS, IN_UDP, 1472);
  round.bindings.set(OTHER_HOME_ADDRESS, IN_41, 1480);
  const application = round.network.application(round.network.agent, HOME_AGENT, 9);
  for (let number = 0; number < 40; number++) {
    const data = concat(Uint8Array.of(0x10, 0, 0, 9, 0, 8 + number, 0, 0), counting(number));
    const inner = ipv6({
      source: HOME_ADDRESS,
      destination: HOME_AGENT,
      payload: withChecksum(HOME_ADDRESS, data),
    });
    sendTo(round.node, number === 5 ? inner.subarray(0, 20) : inner, AGENT_V4, 4191);
    const other = ipv6({
      source: OTHER_HOME_ADDRESS,
      destination: HOME_AGENT,
      payload: withChecksum(OTHER_HOME_ADDRESS, data),
    });
    const options = new Uint8Array(number % 2 === 0 ? 0 : 8).fill(1);
    sendTo(
      round.wire41,
      ipv4({ source: NODE_V4, destination: AGENT_V4, options, payload: other }),
      AGENT_V4,
      0,
    );
  }
  assertEquals(round.run(), "");
  assertEquals(round.counters(), {
    dropped: { truncatedHeader: 1 },
    sent: 0,
    received: 79,
    refusedOctets: 0,
    packetTooBigSent: 0,
  });
  const fromUdp = Array.from({ length: 40 }, (_, number) => number).filter((number) => number !== 5);
  const lengths = round.received(application.fileDescriptor).map(({ length }) => length);
  assertEquals(lengths, [...fromUdp, ...Array.from({ length: 40 }, (_, number) => number)]);
});

roundTest("without sockets everything is dropped as noSocket", (round) => {
  round.bindings.set(HOME_ADDRESS, IN_UDP, 1472);
  round.bindings.set(OTHER_HOME_ADDRESS, IN_41, 1480);
  const application = round.network.application(round.network.agent, HOME_AGENT, 9);
  for (let number = 0; number < 10; number++) application.send(counting(52), HOME_ADDRESS, 9);
  for (let number = 0; number < 5; number++) application.send(counting(52), OTHER_HOME_ADDRESS, 9);
  assertEquals(round.run({ udp: -1, raw: -1 }), "");
  assertEquals(round.counters(), {
    dropped: { noSocket: 15 },
    sent: 0,
    received: 0,
    refusedOctets: 1500,
    packetTooBigSent: 0,
  });
});

roundTest("an answer that the TUN device does not take is counted", (round) => {
  round.bindings.set(HOME_ADDRESS, IN_UDP, 1300);
  const application = round.network.application(round.network.agent, HOME_AGENT, 9);
  application.send(counting(1400), HOME_ADDRESS, 9);
  round.network.ip(round.network.agent, "link", "set", AGENT_TUN, "down");
  assertEquals(round.run(), "");
  assertEquals(round.counters().dropped, { packetTooBig: 1, tunWriteFailed: 1 });
});

roundTest("a socket that was closed too early is a fault, not a busy loop", (round) => {
  const other = round.network.udp(round.network.agent, 5000).fileDescriptor;
  round.network.close(other);
  assertEquals(round.run({ udp: other }), "a socket was closed before the data path had let go of it");
});

/** A UDP header over IPv6 with its checksum, which the kernel wants (RFC 8200 8.1). */
function withChecksum(source: string, segment: Uint8Array): Uint8Array {
  const addresses = ipv6({ source, destination: HOME_AGENT, payload: counting(0) }).subarray(8, 40);
  const pseudo = concat(addresses, Uint8Array.of(0, 0, 0, segment.length, 0, 0, 0, 17), segment);
  const sum = checksum(pseudo);
  return concat(segment.subarray(0, 6), Uint8Array.of(sum >> 8, sum & 0xff), segment.subarray(8));
}
