import { assert, assertEquals, assertThrows } from "@std/assert";
import { ALL_OFFLOADS } from "../../cli/daemon/offloads.ts";
import { EAGAIN, lastErrno, SystemError } from "../../ffi/errno.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { libc } from "../../ffi/libc.ts";
import { POLLIN, PollSet } from "../../ffi/poll.ts";
import { openUdpSocket, sendTo } from "../../ffi/socket.ts";
import { openTun, openTunQueues } from "../../ffi/tun.ts";
import { NO_TUN_OFFLOADS } from "../../ffi/tun_offloads.ts";
import { encodeSocketAddress6, openUdp6Socket, sendTo6 } from "../../ffi/udp6_socket.ts";
import { counting } from "../forwarding/packets.ts";
import { testInNamespace } from "./in_namespace.ts";
import { receiveFrom } from "./receive_from.ts";

const hasEthtool = new Deno.Command("sh", { args: ["-c", "command -v ethtool"] }).outputSync().success;

Deno.test("a TUN device's name is checked before the kernel sees it", () => {
  for (const name of ["", "x".repeat(16), "a/b", "a b", "dsmip%d", "a:1", ".", "..", "a\0b"]) {
    assertThrows(() => openTun({ name }), RangeError, "name");
  }
});

testInNamespace(
  "a TUN device carries whole IP packets both ways, and goes with its descriptor",
  (namespace) => {
    const tun = namespace.enter(() => openTun({ name: "dsmip-ha" }));
    assertEquals(tun.name, "dsmip-ha");
    const [link] = namespace.ipJson("-details", "link", "show", "dsmip-ha");
    assertEquals([link.linkinfo.info_data.type, link.linkinfo.info_data.pi], ["tun", false]);

    const buffer = new Uint8Array(2048);
    assertEquals(libc.read(tun.fileDescriptor, buffer, 2048n), -1);
    assertEquals(lastErrno(), EAGAIN, "it does not block");

    namespace.run("sysctl", "-qw", "net/ipv6/conf/dsmip-ha/accept_dad=0");
    namespace.ip("link", "set", "dsmip-ha", "up");
    namespace.ip("addr", "add", "192.0.2.1/24", "dev", "dsmip-ha");
    const socket = namespace.enter(() =>
      openUdpSocket({ address: "192.0.2.1", port: 5000, receiveBufferOctets: 65536 })
    );
    assertEquals(sendTo(socket.fileDescriptor, new Uint8Array([7, 7]), "192.0.2.9", 6000), undefined);
    let length = -1;
    const deadline = performance.now() + 3000;
    // The kernel's own router solicitations may come first.
    while (buffer[0] !== 0x45) {
      assert(performance.now() < deadline, "the datagram reaches the TUN device");
      length = libc.read(tun.fileDescriptor, buffer, 2048n);
    }
    const packet = buffer.subarray(0, length);
    assertEquals([length, ...packet.subarray(12, 20)], [30, 192, 0, 2, 1, 192, 0, 2, 9]);

    // Back as its own answer: changing places changes no checksum.
    packet.set([192, 0, 2, 9, 192, 0, 2, 1, 6000 >> 8, 6000 & 255, 5000 >> 8, 5000 & 255], 12);
    assertEquals(libc.write(tun.fileDescriptor, packet, BigInt(length)), length);
    new PollSet([{ fileDescriptor: socket.fileDescriptor, events: POLLIN }]).wait(2000);
    assertEquals(receiveFrom(socket.fileDescriptor, new Uint8Array(10)), {
      bytes: new Uint8Array([7, 7]),
      address: "192.0.2.9",
      port: 6000,
    });
    closeFileDescriptor(socket.fileDescriptor);

    closeFileDescriptor(tun.fileDescriptor);
    assertEquals(namespace.ipJson("link").filter((entry) => entry.ifname === "dsmip-ha"), []);
  },
);

testInNamespace(
  "with offloads, the kernel leaves checksums and segmentation to the reader, and takes them from the writer",
  (namespace) => {
    const offloads = { header: true, tcp: true, udp: true };
    const tun = namespace.enter(() => openTun({ name: "dsmip-ha", offloads }));
    assert(tun.offloads.header && tun.offloads.tcp, "since Linux 2.6.27; UDP since 6.2");
    namespace.run("sysctl", "-qw", "net/ipv6/conf/dsmip-ha/accept_dad=0");
    namespace.ip("link", "set", "dsmip-ha", "up");
    namespace.ip("addr", "add", "192.0.2.1/24", "dev", "dsmip-ha");
    const socket = namespace.enter(() =>
      openUdpSocket({ address: "192.0.2.1", port: 5000, receiveBufferOctets: 65536 })
    );
    assertEquals(sendTo(socket.fileDescriptor, new Uint8Array([7, 7]), "192.0.2.9", 6000), undefined);
    const buffer = new Uint8Array(2048);
    let length = -1;
    const deadline = performance.now() + 3000;
    while (buffer[10] !== 0x45) {
      assert(performance.now() < deadline, "the datagram reaches the TUN device");
      length = libc.read(tun.fileDescriptor, buffer, 2048n);
    }
    // struct virtio_net_hdr: the checksum is left to do, from octet 20 on, and goes 6 octets behind that.
    assertEquals([length, ...buffer.subarray(0, 10)], [40, 1, 0, 0, 0, 0, 0, 20, 0, 6, 0]);
    const answer = buffer.subarray(0, length);
    answer.set([192, 0, 2, 9, 192, 0, 2, 1, 6000 >> 8, 6000 & 255, 5000 >> 8, 5000 & 255], 10 + 12);
    assertEquals(libc.write(tun.fileDescriptor, answer, BigInt(length)), length);
    new PollSet([{ fileDescriptor: socket.fileDescriptor, events: POLLIN }]).wait(2000);
    const received = receiveFrom(socket.fileDescriptor, new Uint8Array(10));
    assertEquals(received, { bytes: new Uint8Array([7, 7]), address: "192.0.2.9", port: 6000 });
    closeFileDescriptor(socket.fileDescriptor);
    closeFileDescriptor(tun.fileDescriptor);
  },
);

testInNamespace("a TUN device has the offloads that are asked for, and ethtool sees them", (namespace) => {
  const header = { header: true, tcp: false, udp: false };
  for (
    const [asked, features] of [
      [NO_TUN_OFFLOADS, { checksum: "off", tcp: "off", udp: "off" }],
      [{ header: false, tcp: true, udp: true }, { checksum: "off", tcp: "off", udp: "off" }],
      [header, { checksum: "on", tcp: "off", udp: "off" }],
      [{ ...header, tcp: true }, { checksum: "on", tcp: "on", udp: "off" }],
      [{ ...header, udp: true }, { checksum: "on", tcp: "off", udp: "on" }],
      [{ header: true, tcp: true, udp: true }, { checksum: "on", tcp: "on", udp: "on" }],
    ] as const
  ) {
    const tun = namespace.enter(() => openTun({ name: "dsmip-ha", offloads: asked }));
    const granted = asked.header ? asked : NO_TUN_OFFLOADS;
    assertEquals(tun.offloads, { ...granted, udp: granted.udp && tun.offloads.udp }, "UDP since Linux 6.2");
    if (hasEthtool) {
      const shown = namespace.run("ethtool", "-k", "dsmip-ha");
      const state = (feature: string) => new RegExp(`^\\s*${feature}: (on|off)`, "m").exec(shown)?.[1];
      assertEquals(
        {
          checksum: state("tx-checksumming"),
          tcp: state("tx-tcp6-segmentation"),
          udp: state("tx-udp-segmentation"),
        },
        { ...features, udp: tun.offloads.udp ? features.udp : "off" },
        JSON.stringify(asked),
      );
    }
    closeFileDescriptor(tun.fileDescriptor);
  }
});

testInNamespace(
  "the queues of a TUN device share the flows, and are one device until the last is closed",
  (namespace) => {
    const queues = namespace.enter(() =>
      openTunQueues({ name: "dsmip-ha", queues: 3, offloads: NO_TUN_OFFLOADS })
    );
    assertEquals(queues.map(({ name }) => name), ["dsmip-ha", "dsmip-ha", "dsmip-ha"]);
    namespace.run("sysctl", "-qw", "net/ipv6/conf/dsmip-ha/accept_dad=0");
    namespace.ip("link", "set", "dsmip-ha", "up");
    namespace.ip("addr", "add", "192.0.2.1/24", "dev", "dsmip-ha");
    const socket = namespace.enter(() =>
      openUdpSocket({ address: "192.0.2.1", port: 5000, receiveBufferOctets: 65536 })
    );
    const flows = 48;
    const rounds = 3;
    for (let round = 0; round < rounds; round++) {
      for (let flow = 0; flow < flows; flow++) {
        const message = new Uint8Array([round, flow]);
        assertEquals(sendTo(socket.fileDescriptor, message, "192.0.2.9", 6000 + flow), undefined);
      }
    }
    const queueOf = new Map<number, number>();
    const roundsOf = new Map<number, number>();
    for (const [queue, { fileDescriptor }] of queues.entries()) {
      const flowsHere = new Set<number>();
      const buffer = new Uint8Array(2048);
      while (libc.read(fileDescriptor, buffer, 2048n) >= 0) {
        // The kernel's own router solicitations may come between.
        if (buffer[0] !== 0x45) continue;
        const [round, flow] = buffer.subarray(28, 30);
        flowsHere.add(flow);
        assertEquals(queueOf.get(flow) ?? queue, queue, `all of flow ${flow} is in one queue`);
        assertEquals(roundsOf.get(flow) ?? 0, round, `flow ${flow} is in order`);
        queueOf.set(flow, queue);
        roundsOf.set(flow, round + 1);
      }
      assertEquals(lastErrno(), EAGAIN);
      assert(flowsHere.size > 0, `queue ${queue} has flows`);
    }
    assertEquals([...roundsOf.values()], Array(flows).fill(rounds));
    closeFileDescriptor(socket.fileDescriptor);
    const links = () => namespace.ipJson("link").filter((entry) => entry.ifname === "dsmip-ha").length;
    for (const { fileDescriptor } of queues) {
      assertEquals(links(), 1);
      closeFileDescriptor(fileDescriptor);
    }
    assertEquals(links(), 0);
  },
);

testInNamespace("a flow stays in its queue when its answers are written to another", (namespace) => {
  const queues = namespace.enter(() =>
    openTunQueues({ name: "dsmip-ha", queues: 2, offloads: NO_TUN_OFFLOADS })
  );
  namespace.run("sysctl", "-qw", "net/ipv6/conf/dsmip-ha/accept_dad=0");
  namespace.ip("link", "set", "dsmip-ha", "up", "mtu", "1400");
  namespace.ip("addr", "add", "192.0.2.1/24", "dev", "dsmip-ha");
  namespace.ip("-6", "addr", "add", "2001:db8::1/64", "dev", "dsmip-ha", "nodad");
  const socket = namespace.enter(() =>
    openUdpSocket({ address: "192.0.2.1", port: 5000, receiveBufferOctets: 65536 })
  );
  const socket6 = namespace.enter(() => openUdp6Socket(5001, 65536));
  /** What was sent, and the queue that it is in; `udp` is where its UDP header begins. */
  const read = function* () {
    const buffer = new Uint8Array(2048);
    for (const [queue, { fileDescriptor }] of queues.entries()) {
      for (let length; (length = libc.read(fileDescriptor, buffer, 2048n)) >= 0;) {
        const udp = buffer[0] === 0x45 ? 20 : 40;
        // The kernel's own solicitations and reports may come between.
        const isOurs = buffer[udp === 20 ? 9 : 6] === 17;
        if (isOurs) yield { queue, packet: buffer.slice(0, length), udp };
      }
    }
  };
  const queueOf = new Map<string, number>();
  const flows = 40;
  for (let round = 0; round < 3; round++) {
    for (let flow = 0; flow < flows; flow++) {
      assertEquals(sendTo(socket.fileDescriptor, counting(9), "192.0.2.9", 6000 + flow), undefined);
      sendTo6(socket6, counting(9), encodeSocketAddress6(`2001:db8::9:${flow}`, 7000));
    }
    let count = 0;
    for (const { queue, packet, udp } of read()) {
      const addresses = packet.subarray(udp === 20 ? 12 : 8, udp);
      const flow = `${addresses} ${packet.subarray(udp, udp + 4)}`;
      assertEquals(queueOf.get(flow) ?? queue, queue, `round ${round}, flow ${flow}`);
      queueOf.set(flow, queue);
      count++;
      // An answer by the other queue: what the kernel would follow.
      const half = addresses.length / 2;
      packet.set([...addresses.subarray(half), ...addresses.subarray(0, half)], udp - addresses.length);
      packet.set([packet[udp + 2], packet[udp + 3], packet[udp], packet[udp + 1]], udp);
      assertEquals(
        libc.write(queues[1 - queue].fileDescriptor, packet, BigInt(packet.length)),
        packet.length,
      );
    }
    assertEquals(count, 2 * flows);
  }
  for (const version of [4, 6]) {
    const used = [...queueOf].filter(([flow]) => (flow.split(",").length < 20) === (version === 4));
    assertEquals(new Set(used.map(([, queue]) => queue)).size, 2, `IPv${version} uses both`);
  }
  closeFileDescriptor(socket.fileDescriptor);
  closeFileDescriptor(socket6);
  for (const { fileDescriptor } of queues) closeFileDescriptor(fileDescriptor);
});

testInNamespace("queues that cannot be opened leave no device and no descriptor", (namespace) => {
  const descriptors = () => [...Deno.readDirSync("/proc/self/fd")].length;
  const before = descriptors();
  namespace.ip("link", "add", "veth-x", "type", "veth", "peer", "name", "veth-y");
  const open = (name: string) => () =>
    namespace.enter(() => openTunQueues({ name, queues: 2, offloads: ALL_OFFLOADS.tun }));
  assertThrows(open("veth-x"), SystemError, "not a TUN device");
  assertThrows(open("a/b"), RangeError, "name");
  // A device with one queue gets no second one.
  const single = namespace.enter(() => openTun({ name: "dsmip-ha" }));
  const fault = assertThrows(open("dsmip-ha"), SystemError);
  assertEquals([fault.call, fault.errnoName], ["ioctl TUNSETIFF", "EINVAL"]);
  closeFileDescriptor(single.fileDescriptor);
  assertEquals(descriptors(), before);
});

testInNamespace(
  "a TUN device that another holds, and a name of another kind, are refused with advice",
  (namespace) => {
    const tun = namespace.enter(() => openTun({ name: "dsmip-mn" }));
    const busy = assertThrows(
      () => namespace.enter(() => openTun({ name: "dsmip-mn" })),
      SystemError,
      "holds dsmip-mn",
    );
    assertEquals([busy.call, busy.errnoName], ["ioctl TUNSETIFF", "EBUSY"]);
    closeFileDescriptor(tun.fileDescriptor);

    namespace.ip("link", "add", "veth-x", "type", "veth", "peer", "name", "veth-y");
    const other = assertThrows(
      () => namespace.enter(() => openTun({ name: "veth-x" })),
      SystemError,
      "not a TUN device",
    );
    assertEquals(other.errnoName, "EINVAL");
  },
);
