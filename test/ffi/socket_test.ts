import { assert, assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../ffi/errno.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { libc } from "../../ffi/libc.ts";
import { POLLIN, PollSet } from "../../ffi/poll.ts";
import {
  decodeSocketAddress,
  encodeSocketAddress,
  openRawSocket,
  openUdpSocket,
  sendTo,
} from "../../ffi/socket.ts";
import { run, testInNamespace, TestNamespace } from "./in_namespace.ts";
import { receiveFrom } from "./receive_from.ts";

const RECEIVE_BUFFER = 1 << 20;

function receive(fileDescriptor: number) {
  new PollSet([{ fileDescriptor, events: POLLIN }]).wait(2000);
  return receiveFrom(fileDescriptor, new Uint8Array(65536));
}

Deno.test("a socket address is a struct sockaddr_in", () => {
  const bytes = encodeSocketAddress("203.0.113.1", 4191);
  assertEquals([...bytes], [2, 0, 0x10, 0x5f, 203, 0, 113, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
  assertEquals(decodeSocketAddress(bytes), { address: "203.0.113.1", port: 4191 });
  assertThrows(() => encodeSocketAddress("203.0.113", 1), RangeError, "203.0.113");
});

testInNamespace("UDP sockets exchange datagrams, each with its sender's address and port", (namespace) => {
  const options = { address: "127.0.0.1", device: "lo", receiveBufferOctets: RECEIVE_BUFFER };
  const server = namespace.enter(() => openUdpSocket({ ...options, port: 4191 }));
  const client = namespace.enter(() => openUdpSocket({ ...options, port: 0 }));
  assertEquals(server.port, 4191);
  assert(client.port > 0);
  assertEquals(server.receiveBufferOctets, RECEIVE_BUFFER);
  const receivesTos = new Int32Array(1);
  assertEquals(libc.getsockopt(server.fileDescriptor, 0, 13, receivesTos, new Uint32Array([4])), 0);
  assertEquals(receivesTos[0], 1, "IP_RECVTOS");
  assertEquals(receiveFrom(server.fileDescriptor, new Uint8Array(10)), undefined);

  const bytes = new Uint8Array([1, 2, 3]);
  assertEquals(sendTo(client.fileDescriptor, bytes, "127.0.0.1", 4191), undefined);
  assertEquals(receive(server.fileDescriptor), { bytes, address: "127.0.0.1", port: client.port });
  closeFileDescriptor(server.fileDescriptor);
  closeFileDescriptor(client.fileDescriptor);
});

testInNamespace(
  "a port that is taken, an address of another host and a missing device are named",
  (namespace) => {
    const options = { address: "127.0.0.1", port: 4191, receiveBufferOctets: RECEIVE_BUFFER };
    const first = namespace.enter(() => openUdpSocket(options));
    namespace.enter(() => {
      const taken = assertThrows(() => openUdpSocket(options), SystemError, "127.0.0.1 port 4191/udp");
      assertEquals(taken.errnoName, "EADDRINUSE");
      const foreign = assertThrows(
        () => openUdpSocket({ ...options, address: "192.0.2.1" }),
        SystemError,
        "ip address",
      );
      assertEquals(foreign.errnoName, "EADDRNOTAVAIL");
      const missing = assertThrows(() => openUdpSocket({ ...options, device: "eth7" }), SystemError, "eth7");
      assertEquals(missing.errnoName, "ENODEV");
    });
    closeFileDescriptor(first.fileDescriptor);
  },
);

testInNamespace("a failed send is a value", (namespace) => {
  const { fileDescriptor } = namespace.enter(() =>
    openUdpSocket({ address: "127.0.0.1", port: 0, receiveBufferOctets: RECEIVE_BUFFER })
  );
  assertEquals(sendTo(fileDescriptor, new Uint8Array(65508), "127.0.0.1", 9)?.errnoName, "EMSGSIZE");
  closeFileDescriptor(fileDescriptor);
});

testInNamespace("outer UDP packets leave with DF clear and are fragmented", (namespace) => {
  const peer = new TestNamespace();
  try {
    connect(namespace, peer);
    const sender = namespace.enter(() =>
      openUdpSocket({ address: "192.0.2.1", port: 0, device: "vx", receiveBufferOctets: RECEIVE_BUFFER })
    );
    // The peer's raw socket sees the reassembled packet with the header of its first fragment.
    const raw = peer.enter(() =>
      openRawSocket({ protocol: 17, address: "192.0.2.2", receiveBufferOctets: RECEIVE_BUFFER })
    );
    for (const length of [100, 3000]) {
      assertEquals(sendTo(sender.fileDescriptor, new Uint8Array(length), "192.0.2.2", 4191), undefined);
      const packet = receive(raw.fileDescriptor)!.bytes;
      assertEquals([packet.length, packet[6] & 0x40], [length + 28, 0], `${length} octets`);
    }
    closeFileDescriptor(sender.fileDescriptor);
    closeFileDescriptor(raw.fileDescriptor);
  } finally {
    peer.remove();
  }
});

testInNamespace("raw sockets send and receive whole packets of protocol 41", (namespace) => {
  const peer = new TestNamespace();
  try {
    connect(namespace, peer);
    const sender = namespace.enter(() =>
      openRawSocket({ protocol: 41, address: "192.0.2.1", device: "vx", receiveBufferOctets: RECEIVE_BUFFER })
    );
    const receiver = peer.enter(() =>
      openRawSocket({ protocol: 41, address: "192.0.2.2", receiveBufferOctets: RECEIVE_BUFFER })
    );
    // version and length, TOS, total length (by the kernel), id, DF, TTL, protocol, checksum (by the kernel)
    const header = [0x45, 0xb8, 0, 0, 0x12, 0x34, 0x40, 0, 33, 41, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2];
    const packet = new Uint8Array([...header, 0x60, ...new Array(39).fill(7)]);
    assertEquals(sendTo(sender.fileDescriptor, packet, "192.0.2.2", 0), undefined);
    const { bytes, address } = receive(receiver.fileDescriptor)!;
    assertEquals(address, "192.0.2.1");
    assertEquals([...bytes.subarray(0, 10)], [0x45, 0xb8, 0, 60, 0x12, 0x34, 0x40, 0, 33, 41]);
    assertEquals(bytes.subarray(20), packet.subarray(20));

    assertEquals(
      sendTo(sender.fileDescriptor, new Uint8Array(1501).fill(0x45, 0, 1), "192.0.2.2", 0)?.errnoName,
      "EMSGSIZE",
    );
    closeFileDescriptor(sender.fileDescriptor);
    closeFileDescriptor(receiver.fileDescriptor);
  } finally {
    peer.remove();
  }
});

/** 192.0.2.1 on "vx" of one, 192.0.2.2 on "vx" of the other. */
function connect(one: TestNamespace, other: TestNamespace): void {
  run(
    "ip",
    "link",
    "add",
    "vx",
    "netns",
    one.name,
    "type",
    "veth",
    "peer",
    "name",
    "vx",
    "netns",
    other.name,
  );
  [one, other].forEach((namespace, index) => {
    namespace.ip("addr", "add", `192.0.2.${index + 1}/24`, "dev", "vx");
    namespace.ip("link", "set", "vx", "up");
  });
}
