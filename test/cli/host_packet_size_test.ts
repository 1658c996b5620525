import { assertEquals } from "@std/assert";
import { HostPacketSize } from "../../cli/daemon/host_packet_size.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openTun } from "../../ffi/tun.ts";
import { testInNamespace, testInsideNamespace, type TestNamespace, until } from "../ffi/in_namespace.ts";
import { OPEN_MOBILE_NODE_TOML } from "./configuration_files.ts";
import { RunningDaemon } from "./running_daemon.ts";

const TUN = "dsmip-mn";

function gsoMaxSizeIn(namespace: TestNamespace): number | undefined {
  const links: readonly Record<string, unknown>[] = namespace.ipJson("-details", "link", "show");
  return links.find(({ ifname }) => ifname === TUN)?.gso_max_size as number | undefined;
}

testInsideNamespace(
  "what a mobile host sends fits one message of the data path, and what it forwards is not cut before",
  async (namespace) => {
    const set = (key: string, value: string) => namespace.run("sysctl", "-qw", `${key}=${value}`);
    const gsoMaxSize = () => gsoMaxSizeIn(namespace);
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

testInNamespace("a mobile node follows whether its host forwards", async (namespace) => {
  const folder = Deno.makeTempDirSync({ prefix: "dsmip-test-" });
  Deno.writeTextFileSync(
    `${folder}/mn.toml`,
    `${OPEN_MOBILE_NODE_TOML}control_socket = "${folder}/mn.sock"\n`,
  );
  const daemon = new RunningDaemon(namespace.name, ["mn", "up", "--config", `${folder}/mn.toml`]);
  try {
    await daemon.until("packets of a host", () => gsoMaxSizeIn(namespace) === 62_000);
    namespace.run("sysctl", "-qw", "net.ipv4.ip_forward=1");
    await daemon.until("longer packets", () => gsoMaxSizeIn(namespace) === 65_536);
  } finally {
    assertEquals(await daemon.end(), 0, daemon.log);
    Deno.removeSync(folder, { recursive: true });
  }
});
