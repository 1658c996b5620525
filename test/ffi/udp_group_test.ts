import { assert, assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../ffi/errno.ts";
import type { EspEnd } from "../../ffi/esp_end.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openUdpSocket, sendTo, setReceiveBuffer, sharePort } from "../../ffi/socket.ts";
import { openUdpGroup, type UdpGroup } from "../../ffi/udp_group.ts";
import {
  concat,
  CORRESPONDENT,
  counting,
  ESP,
  esp,
  HOME_ADDRESS,
  HOME_AGENT,
  ipv4,
  ipv6,
  MOBILITY,
  mobilityHeader,
} from "../forwarding/packets.ts";
import { testInNamespace, type TestNamespace } from "./in_namespace.ts";
import { receiveFrom } from "./receive_from.ts";

const ADDRESS = "127.0.0.1";
const PORT = 4191;
const END: EspEnd = { homeAgentAddress: HOME_AGENT, isThe: "destination" };
const OPTIONS = { address: ADDRESS, port: PORT, receiveBufferOctets: 1 << 20, end: END };

const UPDATE = ipv6({ nextHeader: MOBILITY, payload: mobilityHeader() });
/** The whole inner packet that goes to the signalling socket. */
const LONGEST_SIGNALLING_OCTETS = 1280;
const BEHIND_HEADER = LONGEST_SIGNALLING_OCTETS - 40;

/** A group with everything that is opened for the test, closed at its end. */
class GroupTest implements Disposable {
  readonly group: UdpGroup;
  readonly #namespace: TestNamespace;
  readonly #descriptors: number[];

  constructor(namespace: TestNamespace, dataSockets: number, end = END) {
    this.#namespace = namespace;
    const group = this.group = namespace.enter(() => openUdpGroup({ ...OPTIONS, dataSockets, end }));
    this.#descriptors = [...group.data, group.signalling].map(({ fileDescriptor }) => fileDescriptor);
  }

  [Symbol.dispose](): void {
    for (const descriptor of this.#descriptors) closeFileDescriptor(descriptor);
  }

  /** A socket with a port of its own to send from: a flow. */
  sender({ address = ADDRESS, port = 0 } = {}): { readonly fileDescriptor: number; readonly port: number } {
    const socket = this.#namespace.enter(() => openUdpSocket({ ...OPTIONS, address, port }));
    this.#descriptors.push(socket.fileDescriptor);
    return socket;
  }
}

function send(from: number, bytes: Uint8Array): void {
  assertEquals(sendTo(from, bytes, ADDRESS, PORT), undefined);
}

/** All that waits in a socket. */
function receiveAll(fileDescriptor: number) {
  const all: { bytes: Uint8Array; address: string; port: number }[] = [];
  for (let datagram; (datagram = receiveFrom(fileDescriptor, new Uint8Array(65_536)));) all.push(datagram);
  return all;
}

testInNamespace("a group has one port for all its sockets, also where the kernel chooses it", (namespace) => {
  using test = new GroupTest(namespace, 3);
  assertEquals([...test.group.data, test.group.signalling].map(({ port }) => port), Array(4).fill(PORT));
  const chosen = namespace.enter(() => openUdpGroup({ ...OPTIONS, port: 0, dataSockets: 2 }));
  const ports = new Set([...chosen.data, chosen.signalling].map(({ port }) => port));
  assertEquals(ports.size, 1);
  for (const { fileDescriptor } of [...chosen.data, chosen.signalling]) closeFileDescriptor(fileDescriptor);
});

for (const dataSockets of [1, 2, 3, 8]) {
  testInNamespace(
    `mobility messages of at most 1,280 octets, and only they, go to the signalling socket, ${dataSockets} for data`,
    (namespace) => {
      using test = new GroupTest(namespace, dataSockets);
      const { data, signalling } = test.group;
      const others = [
        ipv6(),
        ipv6({ nextHeader: 59 }),
        // Behind another header, and with another version: not worth a longer program.
        ipv6({
          nextHeader: 60,
          payload: concat(Uint8Array.of(MOBILITY, 0, 1, 4, 0, 0, 0, 0), mobilityHeader()),
        }),
        ipv4({ protocol: MOBILITY, payload: mobilityHeader() }),
        concat(Uint8Array.of(0x40, 0, 0, 0, 0, 0, MOBILITY), counting(30)),
        Uint8Array.of(0x60, 0, 0, 0, 0, 0),
        Uint8Array.of(0x60),
        Uint8Array.of(),
        counting(1400),
        // Waits among data, where it is known as well (test/cli/data_path_group_test.ts).
        ipv6({ nextHeader: MOBILITY, payload: counting(BEHIND_HEADER + 1) }),
      ];
      const senders = Array.from({ length: 20 }, () => test.sender());
      for (const { fileDescriptor } of senders) {
        for (const other of others) send(fileDescriptor, other);
        send(fileDescriptor, UPDATE);
        send(fileDescriptor, ipv6({ nextHeader: MOBILITY, payload: counting(0) }));
        send(fileDescriptor, ipv6({ nextHeader: MOBILITY, payload: counting(BEHIND_HEADER) }));
        send(fileDescriptor, UPDATE.subarray(0, 7));
      }
      const upward = receiveAll(signalling.fileDescriptor);
      assertEquals(upward.length, 4 * senders.length);
      for (const { bytes } of upward) assertEquals(bytes[6], MOBILITY);
      const received = data.flatMap(({ fileDescriptor }) => receiveAll(fileDescriptor));
      // What is too short for the program to look at may fall to any socket: none is lost.
      assertEquals(received.length, others.length * senders.length);
    },
  );
}

/** At either end: from the mobile node to the home agent, and back. */
const ESP_ENDS = [
  ["home agent", "destination", HOME_ADDRESS, HOME_AGENT],
  ["mobile node", "source", HOME_AGENT, HOME_ADDRESS],
] as const;

for (const [name, isThe, source, destination] of ESP_ENDS) {
  testInNamespace(
    `${name}: ESP goes to the signalling socket where the home agent is its ${isThe} and the SPI lies between ours`,
    (namespace) => {
      using test = new GroupTest(namespace, 2, { homeAgentAddress: HOME_AGENT, isThe });
      const { group } = test;
      const sent = (spi: number, fields = {}) =>
        ipv6({ source, destination, nextHeader: ESP, payload: esp(spi), ...fields });
      const { fileDescriptor } = test.sender();
      /** The numbers of those that went there. */
      const goUp = (packets: readonly Uint8Array[]) => {
        for (const packet of packets) send(fileDescriptor, packet);
        const upward = receiveAll(group.signalling.fileDescriptor);
        const data = group.data.flatMap((one) => receiveAll(one.fileDescriptor));
        assertEquals(upward.length + data.length, packets.length);
        return packets.keys().filter((index) => upward.some(({ bytes }) => isSame(bytes, packets[index])))
          .toArray();
      };
      const packets = [
        sent(4095),
        sent(4096),
        sent(0x8000_0000),
        sent(0xffff_fff0),
        sent(0xffff_fff1),
        sent(4096, { source: CORRESPONDENT, destination: CORRESPONDENT }),
        sent(4096, { source: destination, destination: source }),
        sent(4096, { nextHeader: MOBILITY }),
        sent(4096, { nextHeader: 59 }),
        sent(4096).subarray(0, 43),
        ipv4({ protocol: ESP, payload: esp(4096) }),
      ];
      assertEquals(goUp(packets), [7], "no SPI is ours");
      group.setSpis(new Set([4096, 0xffff_fff0]));
      assertEquals(goUp(packets), [1, 2, 3, 7]);
      const long = [0, 1].map((more) => sent(4096, { payload: esp(4096, BEHIND_HEADER - 8 + more) }));
      assertEquals(goUp(long), [0], "of 1,280 octets and of 1,281");
      group.setSpis(new Set([4095]));
      assertEquals(goUp(packets), [0, 7]);
      for (let octet = 0; octet < 16; octet++) {
        const other = packets[0].slice();
        other[(isThe === "source" ? 8 : 24) + octet] ^= 1;
        assertEquals(goUp([other]), [], `another home agent: octet ${octet}`);
      }
    },
  );
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((octet, index) => octet === other[index]);
}

testInNamespace("a data queue that is full leaves room for mobility messages", (namespace) => {
  using test = new GroupTest(namespace, 1);
  const [data] = test.group.data;
  setReceiveBuffer(data.fileDescriptor, 20_000);
  const { fileDescriptor } = test.sender();
  const flood = 500;
  for (let number = 0; number < flood; number++) send(fileDescriptor, ipv6({ payload: counting(1000) }));
  for (let number = 0; number < 10; number++) send(fileDescriptor, UPDATE);
  assertEquals(
    receiveAll(test.group.signalling.fileDescriptor).map(({ bytes }) => bytes),
    Array(10).fill(UPDATE),
  );
  const received = receiveAll(data.fileDescriptor).length;
  assert(received > 0 && received < flood, `${received} of ${flood}: the queue was full`);
});

const SENDERS: Readonly<Record<string, (number: number) => { address?: string; port?: number }>> = {
  "ports, behind one NAT": () => ({}),
  "addresses": (number) => ({ address: `127.0.1.${number}`, port: PORT }),
};

for (const [name, sender] of Object.entries(SENDERS)) {
  testInNamespace(
    `a flow of short and long packets keeps to one data socket and its order; many ${name}, have all sockets`,
    (namespace) => {
      using test = new GroupTest(namespace, 4);
      const { data } = test.group;
      const senders = Array.from({ length: 64 }, (_, number) => test.sender(sender(number + 1)));
      const rounds = 5;
      for (let round = 0; round < rounds; round++) {
        for (const { fileDescriptor } of senders) {
          const payload = new Uint8Array(round % 2 === 0 ? 1 : BEHIND_HEADER + 1).fill(round);
          send(fileDescriptor, ipv6({ payload }));
          // Between them, to the other socket: it changes nothing.
          send(fileDescriptor, UPDATE);
        }
      }
      const socketOf = new Map<string, number>();
      const roundOf = new Map<string, number>();
      for (const [index, { fileDescriptor }] of data.entries()) {
        const received = receiveAll(fileDescriptor);
        assert(received.length > 0, `socket ${index} has a flow`);
        for (const { bytes, address, port } of received) {
          const flow = `${address}:${port}`;
          assertEquals(socketOf.get(flow) ?? index, index, flow);
          assertEquals(bytes[40], roundOf.get(flow) ?? 0, flow);
          socketOf.set(flow, index);
          roundOf.set(flow, bytes[40] + 1);
        }
      }
      assertEquals([...roundOf.values()], senders.map(() => rounds));
    },
  );
}

testInNamespace(
  "a second group, or a socket that shares, does not get the port of the first",
  (namespace) => {
    using test = new GroupTest(namespace, 2);
    const descriptors = () => [...Deno.readDirSync("/proc/self/fd")].length;
    const before = descriptors();
    const fault = assertThrows(
      () => namespace.enter(() => openUdpGroup({ ...OPTIONS, dataSockets: 2 })),
      SystemError,
      "Another process has this port",
    );
    assertEquals(fault.errnoName, "EADDRINUSE");
    assertEquals(descriptors(), before, "nothing stays open");
    // A foreign program that shares its port: we do not join it.
    const foreign = namespace.enter(() => openUdpSocket({ ...OPTIONS, port: 5000, isShared: true }));
    sharePort(foreign.fileDescriptor);
    const refused = assertThrows(
      () => namespace.enter(() => openUdpGroup({ ...OPTIONS, port: 5000, dataSockets: 1 })),
      SystemError,
    );
    assertEquals(refused.errnoName, "EADDRINUSE");
    closeFileDescriptor(foreign.fileDescriptor);
    const { fileDescriptor } = test.sender();
    send(fileDescriptor, UPDATE);
    assertEquals(receiveAll(test.group.signalling.fileDescriptor).length, 1, "the first group goes on");
  },
);
