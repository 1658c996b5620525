import { assertEquals } from "@std/assert";
import { HostPacketSize } from "../../cli/daemon/host_packet_size.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openTun } from "../../ffi/tun.ts";
import { testInsideNamespace, until } from "../ffi/in_namespace.ts";

const TUN = "dsmip-mn";

testInsideNamespace(
  "what a mobile host sends fits one message of the data path, and what it forwards is not cut before",
  async (namespace) => {
    const set = (key: string, value: string) => namespace.run("sysctl", "-qw", `${key}=${value}`);
    const gsoMaxSize = () => namespace.ipJson("-details", "link", "show", TUN)[0].gso_max_size;
    const failures: unknown[] = [];
    const open = () => new HostPacketSize(TUN, (error) => failures.push(error));
    const tun = openTun({ name: TUN });
    try {
      await using _size = open();
      assertEquals(gsoMaxSize(), 62_000);
      for (const key of ["net.ipv6.conf.all.forwarding", "net.ipv4.ip_forward"]) {
        set(key, "1");
        await until(`longer packets with ${key}`, () => gsoMaxSize() === 65_536);
        set(key, "0");
        await until(`shorter packets without ${key}`, () => gsoMaxSize() === 62_000);
      }
      set("net.ipv4.ip_forward", "1");
      await until("longer packets", () => gsoMaxSize() === 65_536);
      // A router from the start.
      await using _later = open();
      assertEquals(gsoMaxSize(), 65_536);
      assertEquals(failures, []);
    } finally {
      closeFileDescriptor(tun.fileDescriptor);
    }
  },
);
