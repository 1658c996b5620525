import { assert, assertEquals, assertThrows } from "@std/assert";
import { EAGAIN, lastErrno, SystemError } from "../../ffi/errno.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { libc } from "../../ffi/libc.ts";
import { POLLIN, PollSet } from "../../ffi/poll.ts";
import { openUdpSocket, sendTo } from "../../ffi/socket.ts";
import { openTun } from "../../ffi/tun.ts";
import { testInNamespace } from "./in_namespace.ts";
import { receiveFrom } from "./receive_from.ts";

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
