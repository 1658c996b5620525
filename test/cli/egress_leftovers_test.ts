import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { removeLeftovers } from "../../cli/daemon/host_leftovers.ts";
import { SavedSysctls } from "../../cli/daemon/saved_sysctls.ts";
import { Netlink } from "../../ffi/netlink.ts";
import { addLink, openEgress, state, testEgress } from "./egress_bench.ts";
import { RecordingLog } from "./recording_log.ts";

testEgress(
  "what a killed run left is removed by the next, kernel parameters too",
  async (namespace, path) => {
    addLink(namespace);
    namespace.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1");
    const before = state(namespace);
    const bench = JSON.stringify(import.meta.resolve("./egress_bench.ts"));
    const script = `
    const { CONFIGURE, openEgress } = await import(${bench});
    const { script, perform } = openEgress(${JSON.stringify(path)});
    perform(...CONFIGURE);
    const timer = setInterval(() => {
      if (!script.of("addressReady").some(({ address }) => address === "192.0.2.7")) return;
      clearInterval(timer);
      console.log("ready");
    }, 5);`;
    const child = new Deno.Command("ip", {
      args: ["netns", "exec", namespace.name, Deno.execPath(), "eval", "--no-lock", script],
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    assertEquals((await reader.read()).value, "ready\n");
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    const netlink = new Netlink();
    const { index: interfaceIndex } = netlink.requireLink("vx");
    netlink.setNeighbor({ interfaceIndex, address: "2001:db8:100::100", isProxy: true });
    assertNotEquals(state(namespace), before);

    const log = new RecordingLog();
    removeLeftovers(netlink, { log, tun: "dsmip-mn" });
    netlink.close();
    new SavedSysctls({ path, log });
    assertEquals(state(namespace), before);
    assertEquals(namespace.ip("-6", "neigh", "show", "proxy"), "");
    assertEquals(namespace.ip("addr", "show", "to", "fe80::7"), "");
    assertEquals(log.of("warning"), []);
    assertEquals(
      [...Deno.readDirSync(path.slice(0, path.lastIndexOf("/")))],
      [],
      "nothing is noted any more",
    );
  },
);

testEgress("a run that ends well leaves nothing noted", async (namespace, path) => {
  addLink(namespace);
  const bench = openEgress(path);
  assert(Deno.readTextFileSync(path).includes("net/ipv6/conf/vx/addr_gen_mode"));
  assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
  await bench.close();
  assertEquals([...Deno.readDirSync(path.slice(0, path.lastIndexOf("/")))], []);
});

testEgress("a file of saved parameters that holds something else is no danger", (namespace, path) => {
  const log = new RecordingLog();
  for (
    const text of [
      "",
      "[]",
      "null",
      "7",
      '{"kernel/hostname":"x"}',
      '{"net/ipv6/conf/../../../x/y":"1"}',
      '{"net/ipv4/conf/../ip_default_ttl":"7"}',
      '{"net/ipv6/conf/gone/accept_ra":"1"}',
    ]
  ) {
    Deno.writeTextFileSync(path, text, { mode: 0o600 });
    new SavedSysctls({ path, log });
  }
  assert(namespace.run("hostname").trim() !== "x");
  assertEquals(namespace.run("sysctl", "-n", "net.ipv4.ip_default_ttl").trim(), "64");
  assertEquals(log.of("warning"), []);
  return Promise.resolve();
});

testEgress(
  "saved parameters that another user has put there are not written into the kernel",
  (namespace, path) => {
    const log = new RecordingLog();
    const key = "net/ipv4/conf/all/accept_redirects";
    for (const [mode, uid] of [[0o666, 0], [0o600, 65534]]) {
      namespace.run("sysctl", "-qw", "net.ipv4.conf.all.accept_redirects=0");
      Deno.writeTextFileSync(path, JSON.stringify({ [key]: "1" }));
      Deno.chmodSync(path, mode);
      Deno.chownSync(path, uid, uid);
      new SavedSysctls({ path, log });
      assertEquals(namespace.run("sysctl", "-n", "net.ipv4.conf.all.accept_redirects").trim(), "0");
    }
    assertEquals(log.of("warning").length, 2);
    return Promise.resolve();
  },
);
