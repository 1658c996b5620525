import { assert, assertEquals, assertThrows } from "@std/assert";
import { EAGAIN, lastErrno, SystemError } from "../../ffi/errno.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { libc } from "../../ffi/libc.ts";
import { openTun } from "../../ffi/tun.ts";
import { testInNamespace } from "./in_namespace.ts";

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
    namespace.enter(() =>
      new Deno.Command("ping", { args: ["-c1", "-W1", "192.0.2.9"], stdout: "null" }).spawn()
    ).unref();
    let length = -1;
    const deadline = performance.now() + 3000;
    // The kernel's own router solicitations may come first: wait for the echo request.
    while (!(length > 0 && buffer[0] === 0x45 && buffer[9] === 1)) {
      assert(performance.now() < deadline, "an echo request reaches the TUN device");
      length = libc.read(tun.fileDescriptor, buffer, 2048n);
    }
    assertEquals([length, ...buffer.subarray(12, 20)], [84, 192, 0, 2, 1, 192, 0, 2, 9]);

    closeFileDescriptor(tun.fileDescriptor);
    assertEquals(namespace.ipJson("link").map((entry) => entry.ifname), ["lo"]);
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
