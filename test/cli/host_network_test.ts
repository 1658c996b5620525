import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { type HomeAgentNetwork, HostNetwork } from "../../cli/daemon/host_network.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { SystemError } from "../../ffi/errno.ts";
import { Netlink } from "../../ffi/netlink.ts";
import { openTun } from "../../ffi/tun.ts";
import { testInsideNamespace, type TestNamespace } from "../ffi/in_namespace.ts";
import type { Log } from "../../cli/daemon/log.ts";
import { SavedSysctls } from "../../cli/daemon/saved_sysctls.ts";
import { RecordingLog } from "./recording_log.ts";

const HOME_AGENT: HomeAgentNetwork = {
  settings: {
    address: "2001:db8:100::1",
    homePrefix: { address: "2001:db8:100::", length: 64 },
    mobileNodes: [],
    requireAuthentication: true,
    maximumLifetimeSeconds: 420,
    natRefreshSeconds: 25,
    forceUdp: false,
    acceptForceUdp: true,
    clockToleranceMs: 7000,
    homeLink: false,
    preference: 0,
    prefixAdvertisements: false,
  },
  ipv4Address: "203.0.113.1",
  homeLink: undefined,
  linkMtu: undefined,
  forwarding: true,
};
const WITH_IPV4: HomeAgentNetwork = {
  ...HOME_AGENT,
  settings: { ...HOME_AGENT.settings, ipv4HomePrefix: { address: "192.0.2.0", length: 24 } },
};
const HOME_ADDRESS = "2001:db8:100::100";

/** The whole configuration of a namespace, to compare before and after. */
function state(namespace: TestNamespace): string {
  return [
    namespace.ip("addr", "show", "scope", "global"),
    namespace.ip("-4", "route", "show", "table", "all"),
    // The kernel gives an interface its multicast route with its first address, and keeps it.
    namespace.ip("-6", "route", "show", "table", "all").replaceAll(/^multicast .*\n/gm, ""),
    namespace.ip("-4", "rule", "show"),
    namespace.ip("-6", "rule", "show"),
    namespace.ip("neigh", "show", "proxy"),
    namespace.run("sysctl", "net.ipv6.conf.all.forwarding", "net.ipv4.ip_forward"),
    namespace.run("nft", "list", "ruleset"),
  ].join("\n");
}

/** Where a daemon notes what it changes of the host. */
class SysctlFile implements Disposable {
  readonly #folder = Deno.makeTempDirSync();

  /** As a daemon has it from its start on. */
  open(log: Log = new RecordingLog()): SavedSysctls {
    return new SavedSysctls({ path: `${this.#folder}/sysctls`, log });
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

const forwarding = (namespace: TestNamespace) =>
  namespace.run("sysctl", "-n", "net.ipv6.conf.all.forwarding", "net.ipv4.ip_forward").trim().split("\n");

/** An egress "vx" with 203.0.113.1. */
function addEgress(namespace: TestNamespace): void {
  namespace.ip("link", "add", "vx", "type", "veth", "peer", "name", "vy");
  namespace.ip("addr", "add", "203.0.113.1/24", "dev", "vx");
  namespace.ip("link", "set", "vx", "up", "mtu", "1400");
}

const defaultRoute = (namespace: TestNamespace) => namespace.ip("-6", "route", "show", "default").trim();

testInsideNamespace(
  "a home agent's host gets its address, its prefixes, forwarding and silence, and all goes again",
  (namespace) => {
    addEgress(namespace);
    using file = new SysctlFile();
    const before = state(namespace);
    const tun = openTun({ name: "dsmip-ha" });
    const log = new RecordingLog();
    const sysctls = file.open(log);
    const network = HostNetwork.open(log);
    assertEquals(network.setUpHomeAgent(WITH_IPV4, { tun: "dsmip-ha", sysctls }), { linkMtu: 1400 });

    const [link] = namespace.ipJson("addr", "show", "dev", "dsmip-ha");
    assertEquals([link.flags.includes("UP"), link.mtu], [true, 1500]);
    assertEquals(
      link.addr_info.map((entry: Record<string, unknown>) => [entry.local, entry.prefixlen, entry.tentative]),
      [["2001:db8:100::1", 64, undefined]],
      "and no link-local address, which would solicit routers through the tunnel",
    );
    assertEquals(namespace.ipJson("-6", "route", "get", HOME_ADDRESS)[0].dev, "dsmip-ha");
    // ICMPv4 errors of the data path come from the host's own address.
    assertEquals(namespace.run("sysctl", "-n", "net/ipv4/conf/dsmip-ha/accept_local").trim(), "1");
    assertEquals(namespace.ipJson("route", "get", "192.0.2.77")[0].dev, "dsmip-ha");
    const ours = (...family: string[]) =>
      namespace.ipJson(...family, "route", "show", "proto", "155").map(({ dst, metric }) => [dst, metric]);
    assertEquals([ours("-6"), ours("-4")], [[["2001:db8:100::/64", 20]], [["192.0.2.0/24", 20]]]);
    assertEquals(
      namespace.ipJson("-6", "route", "show", "2001:db8:100::/64").length,
      1,
      "none of the kernel's",
    );
    assertEquals(forwarding(namespace), ["1", "1"]);
    assertEquals(
      namespace.run("nft", "list", "tables"),
      "table ip dsmip_dsmip_ha\ntable ip6 dsmip_dsmip_ha\n",
    );

    network.addMobileNetwork({ address: "10.1.0.0", length: 24 });
    network.addMobileNetwork({ address: "2001:db8:200::", length: 64 });
    assertEquals(namespace.ipJson("route", "get", "10.1.0.9")[0].dev, "dsmip-ha");
    assertEquals(namespace.ipJson("-6", "route", "get", "2001:db8:200::9")[0].dev, "dsmip-ha");
    for (let time = 0; time < 2; time++) {
      network.removeMobileNetwork({ address: "10.1.0.0", length: 24 });
      network.removeMobileNetwork({ address: "2001:db8:200::", length: 64 });
    }
    assertEquals([ours("-6").length, ours("-4").length], [1, 1]);

    network.close();
    assertEquals([ours("-6"), ours("-4")], [[], []]);
    assertEquals(namespace.ipJson("addr", "show", "dev", "dsmip-ha")[0].addr_info, []);
    sysctls[Symbol.dispose]();
    closeFileDescriptor(tun.fileDescriptor);
    assertEquals(state(namespace), before);
    assertEquals(log.of("warning"), []);
  },
);

testInsideNamespace(
  "a home agent without IPv4 home addresses leaves IPv4 as it is, and on a home link routes no home prefix",
  (namespace) => {
    addEgress(namespace);
    using file = new SysctlFile();
    for (
      const [configuration, expected] of [[HOME_AGENT, "0"], [{ ...WITH_IPV4, homeLink: "vx" }, "1"]] as const
    ) {
      const tun = openTun({ name: "dsmip-ha" });
      using sysctls = file.open();
      using network = HostNetwork.open(new RecordingLog());
      network.setUpHomeAgent(configuration, { tun: "dsmip-ha", sysctls });
      assertEquals(forwarding(namespace), ["1", expected]);
      assertEquals(namespace.ipJson("-4", "route", "show", "proto", "155"), []);
      closeFileDescriptor(tun.fileDescriptor);
    }
  },
);

testInsideNamespace(
  "the MTU towards mobile nodes is the configured one, no more than the link's",
  (namespace) => {
    addEgress(namespace);
    using file = new SysctlFile();
    const tun = openTun({ name: "dsmip-ha" });
    const linkMtu = (wanted: number | undefined, link: string) => {
      namespace.ip("link", "set", "vx", "mtu", link);
      using network = HostNetwork.open(new RecordingLog());
      const configuration = { ...HOME_AGENT, linkMtu: wanted };
      const result = network.setUpHomeAgent(configuration, { tun: "dsmip-ha", sysctls: file.open() });
      return [result.linkMtu, namespace.ipJson("link", "show", "dsmip-ha")[0].mtu];
    };
    assertEquals(linkMtu(undefined, "9000"), [1500, 1500], "the path beyond the link");
    assertEquals(linkMtu(1280, "1500"), [1280, 1500]);
    assertEquals(linkMtu(9000, "9000"), [9000, 9000]);
    assertEquals(linkMtu(9000, "1400"), [1400, 1500]);
    closeFileDescriptor(tun.fileDescriptor);
  },
);

testInsideNamespace(
  "forwarding that is off and not asked for is a warning with the command, for each family",
  (namespace) => {
    addEgress(namespace);
    using file = new SysctlFile();
    const tun = openTun({ name: "dsmip-ha" });
    const log = new RecordingLog();
    {
      using sysctls = file.open(log);
      using network = HostNetwork.open(log);
      network.setUpHomeAgent({ ...WITH_IPV4, forwarding: false }, { tun: "dsmip-ha", sysctls });
      const commands = log.of("warning").map(({ details }) => details.command.toString());
      assertEquals(commands, [
        "sysctl -w net/ipv6/conf/all/forwarding=1",
        "sysctl -w net/ipv4/conf/all/forwarding=1",
      ]);
      assertEquals(forwarding(namespace), ["0", "0"]);
      for (const command of commands) namespace.run(...command.split(" ") as [string]);
    }
    assertEquals(forwarding(namespace), ["1", "1"], "the administrator's");
    closeFileDescriptor(tun.fileDescriptor);
  },
);

testInsideNamespace(
  "forwarding that a killed home agent switched on is given back by the next start",
  (namespace) => {
    addEgress(namespace);
    using file = new SysctlFile();
    const tun = openTun({ name: "dsmip-ha" });
    using network = HostNetwork.open(new RecordingLog());
    network.setUpHomeAgent(WITH_IPV4, { tun: "dsmip-ha", sysctls: file.open() });
    assertEquals(forwarding(namespace), ["1", "1"]);
    using next = file.open();
    assertEquals(forwarding(namespace), ["0", "0"]);
    next.set("net/ipv4/conf/all/forwarding", "0");
    closeFileDescriptor(tun.fileDescriptor);
  },
);

testInsideNamespace(
  "a route to the home prefix that has our metric is named, and never touched",
  (namespace) => {
    addEgress(namespace);
    using file = new SysctlFile();
    namespace.ip("route", "add", "192.0.2.0/24", "dev", "vx", "metric", "20");
    const tun = openTun({ name: "dsmip-ha" });
    {
      using network = HostNetwork.open(new RecordingLog());
      using sysctls = file.open();
      const setUp = () => network.setUpHomeAgent(WITH_IPV4, { tun: "dsmip-ha", sysctls });
      assertEquals(assertThrows(setUp, SystemError, "192.0.2.0/24").errnoName, "EEXIST");
    }
    assertEquals(namespace.ipJson("route", "show", "192.0.2.0/24")[0].dev, "vx");
    closeFileDescriptor(tun.fileDescriptor);
  },
);

testInsideNamespace(
  "an outer address that no interface has is refused before anything is changed",
  (namespace) => {
    using file = new SysctlFile();
    const tun = openTun({ name: "dsmip-ha" });
    const before = state(namespace);
    using network = HostNetwork.open(new RecordingLog());
    const setUp = () => network.setUpHomeAgent(HOME_AGENT, { tun: "dsmip-ha", sysctls: file.open() });
    assertThrows(setUp, Error, "203.0.113.1");
    assertEquals(state(namespace), before);
    closeFileDescriptor(tun.fileDescriptor);
  },
);

testInsideNamespace(
  "a mobile node's default route comes and goes with the tunnel, its home address stays",
  (namespace) => {
    const before = state(namespace);
    const tun = openTun({ name: "dsmip-mn" });
    const network = HostNetwork.open(new RecordingLog());
    network.setUpMobileNode({
      tun: "dsmip-mn",
      homeAddress: HOME_ADDRESS,
      homeAgentAddress: "2001:db8:100::1",
    });
    const addresses = () => namespace.ipJson("addr", "show", "dev", "dsmip-mn")[0].addr_info;
    const mtu = () => namespace.ipJson("link", "show", "dsmip-mn")[0].mtu;
    assertEquals([addresses().length, addresses()[0].local, addresses()[0].prefixlen], [
      1,
      HOME_ADDRESS,
      128,
    ]);
    assertEquals(defaultRoute(namespace), "");

    network.setTunnel({ innerMtu: 1480 });
    assertEquals(defaultRoute(namespace), "default dev dsmip-mn proto 155 metric 10 pref medium");
    assertEquals(mtu(), 1480);
    assertEquals(namespace.ipJson("-6", "route", "get", "2001:db8:9::1")[0].prefsrc, HOME_ADDRESS);

    network.setTunnel({ innerMtu: 1472 });
    assertEquals(
      [mtu(), defaultRoute(namespace).split("\n").length],
      [1472, 1],
      "a new tunnel, the same route",
    );
    network.setTunnel({ innerMtu: 1252 });
    assertEquals([mtu(), addresses()[0]?.local], [1280, HOME_ADDRESS], "less would cost the home address");

    network.clearTunnel();
    network.clearTunnel();
    assertEquals([defaultRoute(namespace), addresses()[0].local], ["", HOME_ADDRESS]);

    network.setTunnel({ innerMtu: 1472 });
    network.close();
    assertEquals([defaultRoute(namespace), addresses()], ["", []]);
    closeFileDescriptor(tun.fileDescriptor);
    assertEquals(state(namespace), before);
  },
);

testInsideNamespace(
  "another default route with the same metric is named, and never touched",
  (namespace) => {
    addEgress(namespace);
    namespace.ip("-6", "route", "add", "default", "dev", "vx", "metric", "10");
    const tun = openTun({ name: "dsmip-mn" });
    {
      using network = HostNetwork.open(new RecordingLog());
      network.setUpMobileNode({
        tun: "dsmip-mn",
        homeAddress: HOME_ADDRESS,
        homeAgentAddress: "2001:db8:100::1",
      });
      assertEquals(
        assertThrows(() => network.setTunnel({ innerMtu: 1472 }), SystemError, "::/0").errnoName,
        "EEXIST",
      );
    }
    assert(defaultRoute(namespace).startsWith("default dev vx metric 10"));
    closeFileDescriptor(tun.fileDescriptor);
  },
);

testInsideNamespace(
  "a TUN device that was deleted under us is no reason to complain at the end",
  (namespace) => {
    const tun = openTun({ name: "dsmip-mn" });
    const log = new RecordingLog();
    const network = HostNetwork.open(log);
    network.setUpMobileNode({
      tun: "dsmip-mn",
      homeAddress: HOME_ADDRESS,
      homeAgentAddress: "2001:db8:100::1",
    });
    network.setTunnel({ innerMtu: 1472 });
    const forward = namespace.run("nft", "list", "chain", "ip6", "dsmip_dsmip_mn", "forward");
    assertStringIncludes(forward, 'oif "dsmip-mn" fib saddr type local counter');
    namespace.ip("link", "del", "dsmip-mn");
    network.close();
    assertEquals(log.of("warning"), []);
    assertEquals(namespace.run("nft", "list", "tables"), "");
    closeFileDescriptor(tun.fileDescriptor);
  },
);

testInsideNamespace("the next start removes what a killed run left, and nothing else", (namespace) => {
  addEgress(namespace);
  const before = state(namespace);
  // A dsmip that is alive in the same namespace.
  const otherTun = openTun({ name: "dsmip-other" });
  const other = HostNetwork.open(new RecordingLog());
  other.setUpMobileNode({
    tun: "dsmip-other",
    homeAddress: "2001:db8:200::2",
    homeAgentAddress: "2001:db8:100::1",
  });
  other.setTunnel({ innerMtu: 1472 });
  // What others set.
  namespace.ip("-6", "route", "add", "2001:db8:9::/48", "dev", "vx", "proto", "static");
  namespace.ip("-6", "rule", "add", "from", "2001:db8:9::1", "lookup", "99", "priority", "555");
  const between = state(namespace);
  // What was left over, on interfaces that outlive the process.
  namespace.ip("-6", "route", "add", "2001:db8:8::/48", "dev", "vx", "proto", "155");
  namespace.ip(
    "-4",
    "route",
    "add",
    "198.51.100.0/24",
    "via",
    "203.0.113.9",
    "proto",
    "155",
    "table",
    "1001",
  );
  namespace.ip("-6", "rule", "add", "oif", "vx", "lookup", "1001", "priority", "901", "proto", "155");
  namespace.ip(
    "-4",
    "rule",
    "add",
    "from",
    "203.0.113.1",
    "lookup",
    "1001",
    "priority",
    "1001",
    "proto",
    "155",
  );
  const netlink = new Netlink();
  netlink.addAddress({
    interfaceIndex: netlink.requireLink("vx").index,
    address: "2001:db8:8::1",
    prefixLength: 64,
    noDad: true,
    noPrefixRoute: true,
    protocol: 155,
  });
  netlink.addAddress({
    interfaceIndex: netlink.requireLink("vx").index,
    address: "192.0.2.100",
    prefixLength: 32,
    protocol: 155,
  });
  netlink.setNeighbor({
    interfaceIndex: netlink.requireLink("vx").index,
    address: "192.0.2.101",
    isProxy: true,
  });
  netlink.close();

  const tun = openTun({ name: "dsmip-mn" });
  const log = new RecordingLog();
  const network = HostNetwork.open(log);
  network.setUpMobileNode({
    tun: "dsmip-mn",
    homeAddress: HOME_ADDRESS,
    homeAgentAddress: "2001:db8:100::1",
  });
  network.close();
  closeFileDescriptor(tun.fileDescriptor);
  assertEquals(state(namespace), between);
  assertEquals(log.of("info").map(({ details }) => details.what).sort(), [
    "address 192.0.2.100/32",
    "address 2001:db8:8::1/64",
    "proxy entry 192.0.2.101",
    "route 198.51.100.0/24",
    "route 2001:db8:8::/48",
    "rule 1001",
    "rule 901",
  ]);
  other.close();
  closeFileDescriptor(otherTun.fileDescriptor);
  namespace.ip("-6", "route", "del", "2001:db8:9::/48", "dev", "vx");
  namespace.ip("-6", "rule", "del", "priority", "555");
  assertEquals(state(namespace), before);
});
