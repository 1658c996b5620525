import { assertEquals } from "@std/assert";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { receive } from "../../ffi/socket.ts";
import { openTun } from "../../ffi/tun.ts";
import { returnQueued } from "../../ffi/tun_queue.ts";
import { encodeSocketAddress6, openUdp6Socket, sendTo6 } from "../../ffi/udp6_socket.ts";
import { counting } from "../forwarding/packets.ts";
import { testInsideNamespace, TestNamespace, until } from "./in_namespace.ts";

const HOME_ADDRESS = "2001:db8:100::100";
const FAR = "2001:db8:ffff::9";
const PORT = 4000;
const BUFFER_OCTETS = 1 << 20;

for (const header of [false, true]) {
  testInsideNamespace(
    `what waits in a TUN device's queue goes the way of the new routes, ${
      header ? "with" : "without"
    } offloads`,
    async (namespace) => {
      const neighbor = new TestNamespace();
      const tun = openTun({ name: "tunmn", offloads: { header, tcp: header, udp: false } });
      try {
        namespace.ip("link", "add", "eg0", "type", "veth", "peer", "name", "home", "netns", neighbor.name);
        namespace.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1");
        namespace.ip("link", "set", "eg0", "up");
        namespace.ip("link", "set", "tunmn", "up");
        neighbor.ip("link", "set", "home", "up");
        neighbor.ip("addr", "add", "2001:db8:100::1/64", "dev", "home", "nodad");
        neighbor.ip("addr", "add", `${FAR}/128`, "dev", "home", "nodad");
        namespace.ip("addr", "add", `${HOME_ADDRESS}/128`, "dev", "tunmn", "nodad");
        namespace.ip("-6", "route", "add", "default", "dev", "tunmn");
        const receiver = neighbor.enter(() => openUdp6Socket(PORT, BUFFER_OCTETS));
        const sender = openUdp6Socket(0, BUFFER_OCTETS);
        const payload = counting(1000);
        for (let i = 0; i < 20; i++) {
          payload[0] = i;
          sendTo6(sender, payload, encodeSocketAddress6(FAR, PORT));
        }
        namespace.ip("-6", "route", "del", "default", "dev", "tunmn");
        namespace.ip("addr", "add", `${HOME_ADDRESS}/64`, "dev", "eg0", "nodad");
        namespace.ip("-6", "route", "add", "default", "via", "2001:db8:100::1", "dev", "eg0");
        assertEquals(returnQueued(tun.fileDescriptor, 15), 15, "no more than it is told");
        assertEquals(returnQueued(tun.fileDescriptor, 500) >= 5, true);
        const numbers: number[] = [];
        const buffer = new Uint8Array(2000);
        await until("all datagrams", () => {
          for (let octets; (octets = receive(receiver, buffer)) !== undefined;) {
            assertEquals(octets, payload.length);
            numbers.push(buffer[0]);
          }
          return numbers.length === 20;
        });
        assertEquals(numbers.toSorted((one, other) => one - other), Array.from({ length: 20 }, (_, i) => i));
        assertEquals(returnQueued(tun.fileDescriptor, 500), 0, "nothing waits any more");
        closeFileDescriptor(sender);
        closeFileDescriptor(receiver);
      } finally {
        closeFileDescriptor(tun.fileDescriptor);
        neighbor.remove();
      }
    },
  );
}
