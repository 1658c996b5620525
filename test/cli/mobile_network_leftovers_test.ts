import { assertEquals, assertNotEquals } from "@std/assert";
import { removeLeftovers } from "../../cli/daemon/host_leftovers.ts";
import { SavedSysctls } from "../../cli/daemon/saved_sysctls.ts";
import { Netlink } from "../../ffi/netlink.ts";
import { until } from "../ffi/in_namespace.ts";
import { addressesOf, programsIn, RunningNetwork, stateOf, testLan } from "./mobile_network_bench.ts";

testLan(
  "mobile network: kill -9 ends radvd and dnsmasq, and the next run removes the rest",
  async (bench) => {
    const { router, host, folder, log } = bench;
    router.ip("link", "set", "lan0", "up");
    const before = stateOf(router);
    const script = `
    const { RunningNetwork } = await import(${
      JSON.stringify(import.meta.resolve("./mobile_network_bench.ts"))
    });
    const { RecordingLog } = await import(${JSON.stringify(import.meta.resolve("./recording_log.ts"))});
    const running = new RunningNetwork({ folder: ${JSON.stringify(folder)}, log: new RecordingLog() });
    running.network.serve({
      prefixes: [{ address: "2001:db8:300::", length: 56 }],
      ipv4HomeAddress: { address: "192.0.2.1", prefixLength: 24 },
    });
    setInterval(() => {}, 1000);`;
    const child = new Deno.Command("ip", {
      args: ["netns", "exec", router.name, Deno.execPath(), "eval", "--no-lock", script],
      stdout: "null",
    }).spawn();
    const names = () => new Set(programsIn(router).map(({ name }) => name));
    try {
      await until("both programs", () => names().isSupersetOf(new Set(["radvd", "dnsmasq"])), 20_000);
      await until("an address by SLAAC", () => addressesOf(host).length > 0, 10_000);
    } finally {
      child.kill("SIGKILL");
      await child.status;
    }
    await until("no program", () => names().size === 0, 1000);
    assertNotEquals(stateOf(router), before);
    // Neither a pid file nor a configuration of the killed run is in the way of the next.
    const netlink = new Netlink();
    removeLeftovers(netlink, { log, tun: "dsmip-mn" });
    netlink.close();
    new SavedSysctls({ path: `${folder}/mn.sysctls`, log });
    assertEquals(stateOf(router), before);
    {
      await using running = new RunningNetwork(bench);
      running.network.serve({ prefixes: [{ address: "2001:db8:400::", length: 64 }] });
      await until(
        "an address of the next run",
        () => addressesOf(host).some(({ address }) => address.startsWith("2001:db8:400:")),
        10_000,
      );
    }
    assertEquals(stateOf(router), before);
    assertEquals(log.of("warning"), []);
  },
);
