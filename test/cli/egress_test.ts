import { assert, assertEquals } from "@std/assert";
import type { EgressAction } from "../../core/control/movement/egress_action.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { libc } from "../../ffi/libc.ts";
import { openTun } from "../../ffi/tun.ts";
import { until } from "../ffi/in_namespace.ts";
import { addLink, CONFIGURE, GATEWAY, IPV6, openEgress, state, sysctls, testEgress } from "./egress_bench.ts";

/** <linux/if_tun.h>. Unlike that of a veth pair, the loss of this carrier is not urgent to the kernel. */
const TUNSETCARRIER = 0x400454e2;

testEgress("the machine hears of the link first, and of each change of it", async (namespace, path) => {
  addLink(namespace);
  const bench = openEgress(path);
  const { script } = bench;
  await until("the link", () => script.of("link").length > 0);
  const [first] = script.events;
  assert(first.kind === "link");
  assertEquals([first.up, first.carrier, first.mtu, first.hardwareAddress.length], [true, true, 1500, 6]);
  const expectLink = async (...expected: [boolean, boolean, number]) => {
    await until(`${expected}`, () => {
      const last = script.of("link").at(-1)!;
      return String([last.up, last.carrier, last.mtu]) === String(expected);
    });
  };
  namespace.ip("link", "set", "vy", "down");
  await expectLink(true, false, 1500);
  namespace.ip("link", "set", "vy", "up");
  await expectLink(true, true, 1500);
  namespace.ip("link", "set", "vx", "mtu", "1400");
  await expectLink(true, true, 1400);
  namespace.ip("link", "set", "vx", "down");
  await expectLink(false, false, 1400);
  namespace.ip("link", "set", "vx", "up");
  await expectLink(true, true, 1400);
  for (let round = 0; round < 5; round++) {
    const before = script.of("link").length;
    // In one process, so that the kernel may tell of both at once.
    namespace.run("sh", "-c", "printf 'link set vy down\nlink set vy up\n' | ip -batch -");
    await expectLink(true, true, 1400);
    await until(
      "a link without carrier in between",
      () => script.of("link").slice(before).some(({ carrier }) => !carrier),
    );
  }
  await bench.close();
  assertEquals(script.events.at(-1)?.kind, "stop");
  assertEquals(bench.log.of("warning"), []);
});

testEgress(
  "a carrier that goes and comes back is told of, though the kernel tells of both at once",
  async (namespace, path) => {
    const { fileDescriptor } = openTun({ name: "vx" });
    namespace.ip("link", "set", "vx", "up");
    const bench = openEgress(path);
    const links = () => bench.script.of("link").map(({ carrier }) => carrier);
    await until("the link", () => links().at(-1) === true);
    for (let round = 0; round < 3; round++) {
      const before = links().length;
      for (const carrier of [0, 1]) {
        libc.ioctl(
          fileDescriptor,
          TUNSETCARRIER,
          new Uint8Array([carrier, 0, 0, 0]),
        );
      }
      await until("a link without carrier, and one with", () => {
        const told = links().slice(before);
        return told.includes(false) && told.at(-1) === true;
      });
    }
    await bench.close();
    closeFileDescriptor(fileDescriptor);
  },
);

testEgress(
  "addresses are ready when the kernel says so, outer packets leave by the egress",
  async (namespace, path) => {
    addLink(namespace);
    const before = state(namespace);
    const bench = openEgress(path);
    bench.perform(...CONFIGURE);
    // The kernel's own link-local address may be ready, too.
    await until(
      "all addresses",
      () => bench.script.of("addressReady").some(({ address }) => address === "192.0.2.7"),
    );
    const ready = bench.script.of("addressReady").map(({ address }) => address);
    for (const address of ["fe80::7", IPV6, "192.0.2.7"]) assert(ready.includes(address), address);
    assertEquals(
      namespace.ip("-6", "route", "show", "table", "main", "2001:db8:1::/64"),
      "",
      "no route beside the tunnel",
    );
    const to = namespace.ipJson("-6", "route", "get", "2001:db8:ffff::1", "from", IPV6)[0];
    assertEquals([to.dev, to.gateway, to.table ?? "41910"], ["vx", GATEWAY, "41910"]);
    assertEquals(
      namespace.ipJson("route", "get", "203.0.113.1", "from", "192.0.2.7")[0].gateway,
      "198.51.100.1",
    );
    assertEquals(namespace.ipJson("route", "get", "203.0.113.1", "oif", "vx")[0].gateway, "198.51.100.1");
    assertEquals(namespace.ipJson("neigh", "show", "to", GATEWAY)[0].lladdr, "02:00:00:00:00:01");
    assertEquals(sysctls(namespace).split(" ").slice(0, 4), ["0", "1", "0", "1"]);

    bench.perform({
      kind: "setRoutes",
      family: 6,
      routes: [{ destination: "::", prefixLength: 0, gateway: "fe80::2" }],
    }, { kind: "removeAddress", address: "192.0.2.7", prefixLength: 24 });
    await until(
      "the new router",
      () => namespace.ip("-6", "route", "show", "table", "41910").includes("fe80::2"),
    );
    assertEquals(namespace.ip("-6", "route", "show", "table", "41910").trim().split("\n").length, 1);
    await until("no IPv4 address", () => namespace.ip("-4", "addr", "show", "dev", "vx") === "");
    assertEquals(namespace.ip("rule", "show", "from", "192.0.2.7"), "");

    await bench.close();
    assertEquals(state(namespace), before);
    assertEquals(namespace.ip("addr", "show", "to", "fe80::7"), "");
    assertEquals(bench.log.of("warning"), []);
  },
);

testEgress(
  "IPv6 candidates count from when the kernel has their address, IPv4 ones at once",
  async (namespace, path) => {
    addLink(namespace);
    const bench = openEgress(path);
    const offered = (address: string) => ({
      interfaceName: "vx",
      address,
      prefixLength: 64,
      gateway: undefined,
      linkMtu: 1500,
    });
    const addresses = () => bench.candidates.map(({ address }) => address);
    bench.perform({ kind: "candidates", candidates: [offered(IPV6), offered("192.0.2.7")] });
    await until("the lease", () => addresses().length > 0);
    assertEquals(addresses(), ["192.0.2.7"]);
    bench.perform({ kind: "addAddress", address: IPV6, prefixLength: 64 });
    await until("both", () => addresses().length === 2);
    assertEquals(addresses(), [IPV6, "192.0.2.7"]);
    await bench.close();
  },
);

testEgress("a second IPv4 address of the subnet outlives the first", async (namespace, path) => {
  addLink(namespace);
  const bench = openEgress(path);
  const add = (address: string): EgressAction => ({ kind: "addAddress", address, prefixLength: 24 });
  bench.perform(add("192.0.2.7"), add("192.0.2.8"), {
    kind: "removeAddress",
    address: "192.0.2.7",
    prefixLength: 24,
  });
  await until(
    "both were ready",
    () => bench.script.of("addressReady").some(({ address }) => address === "192.0.2.8"),
  );
  assertEquals(
    namespace.ipJson("-4", "addr", "show", "dev", "vx")[0].addr_info.map(({ local }: { local: string }) =>
      local
    ),
    ["192.0.2.8"],
  );
  await bench.close();
});

testEgress("an address that is there already is used and left there", async (namespace, path) => {
  addLink(namespace);
  namespace.ip("addr", "add", `${IPV6}/64`, "dev", "vx", "nodad");
  const before = state(namespace);
  const bench = openEgress(path);
  await until("the link", () => bench.script.of("link").length > 0);
  bench.script.events.length = 0;
  bench.perform({ kind: "addAddress", address: IPV6, prefixLength: 64 });
  await until("ready", () => bench.script.of("addressReady").some(({ address }) => address === IPV6));
  bench.perform({ kind: "removeAddress", address: IPV6, prefixLength: 64 });
  await bench.close();
  assertEquals(state(namespace), before);
});

testEgress(
  "after switching off and on, the same configuration can be put there again",
  async (namespace, path) => {
    addLink(namespace);
    const bench = openEgress(path);
    bench.perform(...CONFIGURE);
    await until("ready", () => bench.script.of("addressReady").length >= 3);
    namespace.ip("link", "set", "vx", "down");
    namespace.ip("link", "set", "vx", "up");
    await until(
      "up again",
      () => bench.script.of("link").length >= 3 && bench.script.of("link").at(-1)!.carrier,
    );
    bench.script.events.length = 0;
    bench.perform(...CONFIGURE);
    await until("ready again", () => {
      const ready = bench.script.of("addressReady").map(({ address }) => address);
      return [IPV6, "192.0.2.7"].every((address) => ready.includes(address));
    });
    assertEquals(
      namespace.ipJson("-6", "route", "get", "2001:db8:ffff::1", "from", IPV6)[0].gateway,
      GATEWAY,
    );
    assertEquals(bench.log.of("warning"), []);
    await bench.close();
  },
);

testEgress(
  "the interface may be missing at first, go, come back, and be renamed either way",
  async (namespace, path) => {
    const bench = openEgress(path);
    const { script } = bench;
    const last = () =>
      script.events.filter(({ kind }) => kind === "link" || kind === "linkGone").at(-1)?.kind;
    await until("no link", () => last() === "linkGone");
    bench.perform(...CONFIGURE);
    for (let round = 0; round < 2; round++) {
      addLink(namespace);
      await until("the link", () => last() === "link");
      bench.perform(...CONFIGURE);
      await until("configured", () => namespace.ip("addr", "show", "dev", "vx").includes(IPV6));
      namespace.ip("link", "del", "vx");
      await until("no link", () => last() === "linkGone");
    }
    addLink(namespace);
    await until("the link", () => last() === "link");
    bench.perform(...CONFIGURE);
    await until("configured", () => namespace.ip("addr", "show", "dev", "vx").includes(IPV6));
    const managed = sysctls(namespace);
    namespace.ip("link", "set", "vx", "name", "other");
    await until("no link", () => last() === "linkGone");
    assertEquals(namespace.ip("addr", "show", "dev", "other", "to", IPV6), "");
    const given = sysctls(namespace, "other");
    assert(given !== managed);
    namespace.ip("link", "set", "other", "name", "vx");
    await until("the link", () => last() === "link");
    assertEquals(sysctls(namespace), managed);
    await bench.close();
    assertEquals(sysctls(namespace), given);
    assertEquals(bench.log.of("warning"), []);
  },
);

testEgress("a machine's last frame leaves before everything is taken back", async (namespace, path) => {
  addLink(namespace);
  const near = openEgress(path);
  const far = openEgress(`${path}2`, "vy", 1);
  await until("both links", () => near.script.of("link").length > 0 && far.script.of("link").length > 0);
  near.script.answer = ({ kind }) =>
    kind === "stop"
      ? [{
        kind: "sendFrame",
        etherType: 0x0806,
        destinationHardwareAddress: new Uint8Array(6).fill(0xff),
        payload: new Uint8Array(28).fill(7),
      }]
      : [];
  await near.close();
  await until("the frame", () => far.script.of("frame").some(({ payload }) => payload[0] === 7));
  await far.close();
});

testEgress("strict filtering of sources becomes loose, where it is strict", async (namespace, path) => {
  for (const [all, own, managed] of [["0", "0", "0"], ["1", "0", "2"], ["0", "1", "2"], ["2", "1", "1"]]) {
    addLink(namespace);
    namespace.run("sysctl", "-qw", `net.ipv4.conf.all.rp_filter=${all}`, `net.ipv4.conf.vx.rp_filter=${own}`);
    const bench = openEgress(path);
    assertEquals(sysctls(namespace).split(" ")[4], managed);
    await bench.close();
    assertEquals(sysctls(namespace).split(" ")[4], own);
    namespace.ip("link", "del", "vx");
  }
});

testEgress("an interface that is off at first is heard once it is on", async (namespace, path) => {
  addLink(namespace);
  namespace.ip("link", "set", "vx", "down");
  const near = openEgress(path);
  const far = openEgress(`${path}2`, "vy", 1);
  await until("the link", () => near.script.of("link").at(-1)?.up === false);
  namespace.ip("link", "set", "vx", "up");
  await until("the link is up", () => near.script.of("link").at(-1)?.carrier === true);
  far.perform({
    kind: "sendFrame",
    etherType: 0x0806,
    destinationHardwareAddress: new Uint8Array(6).fill(0xff),
    payload: new Uint8Array(28).fill(7),
  });
  await until("the frame", () => near.script.of("frame").some(({ payload }) => payload[0] === 7));
  await near.close();
  await far.close();
});

testEgress("where the administrator has switched IPv6 off, IPv4 works", async (namespace, path) => {
  addLink(namespace);
  namespace.run("sysctl", "-qw", "net.ipv6.conf.vx.disable_ipv6=1");
  const before = state(namespace);
  const bench = openEgress(path);
  bench.perform(...CONFIGURE);
  await until(
    "the IPv4 address",
    () => bench.script.of("addressReady").some(({ address }) => address === "192.0.2.7"),
  );
  assertEquals(
    namespace.ipJson("route", "get", "203.0.113.1", "from", "192.0.2.7")[0].gateway,
    "198.51.100.1",
  );
  assert(bench.log.of("warning").length > 0);
  await bench.close();
  assertEquals(state(namespace), before);
});
