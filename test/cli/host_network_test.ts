import { assert, assertEquals, assertThrows } from "@std/assert";
import { HostNetwork } from "../../cli/daemon/host_network.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { SystemError } from "../../ffi/errno.ts";
import { Netlink } from "../../ffi/netlink.ts";
import { openTun } from "../../ffi/tun.ts";
import { testInsideNamespace, type TestNamespace } from "../ffi/in_namespace.ts";
import { RecordingLog } from "./recording_log.ts";

const HOME_AGENT = {
  tun: "dsmip-ha",
  address: "2001:db8:100::1",
  prefixLength: 64,
  ipv4Address: "203.0.113.1",
  homeLink: undefined,
  forwarding: true,
} as const;
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
    namespace.run("sysctl", "net.ipv6.conf.all.forwarding"),
    namespace.run("nft", "list", "ruleset"),
  ].join("\n");
}

/** An egress "vx" with 203.0.113.1. */
function addEgress(namespace: TestNamespace): void {
  namespace.ip("link", "add", "vx", "type", "veth", "peer", "name", "vy");
  namespace.ip("addr", "add", "203.0.113.1/24", "dev", "vx");
  namespace.ip("link", "set", "vx", "up", "mtu", "1400");
}

const defaultRoute = (namespace: TestNamespace) => namespace.ip("-6", "route", "show", "default").trim();

testInsideNamespace(
  "a home agent's host gets its address, its prefix, forwarding and silence, and all goes again",
  (namespace) => {
    addEgress(namespace);
    const before = state(namespace);
    const tun = openTun({ name: "dsmip-ha" });
    const log = new RecordingLog();
    const network = HostNetwork.open(log);
    assertEquals(network.setUpHomeAgent(HOME_AGENT), { linkMtu: 1400 });

    const [link] = namespace.ipJson("addr", "show", "dev", "dsmip-ha");
    assertEquals([link.flags.includes("UP"), link.mtu], [true, 1500]);
    assertEquals(
      link.addr_info.map((entry: Record<string, unknown>) => [entry.local, entry.prefixlen, entry.tentative]),
      [["2001:db8:100::1", 64, undefined]],
      "and no link-local address, which would solicit routers through the tunnel",
    );
    assertEquals(namespace.ipJson("-6", "route", "get", HOME_ADDRESS)[0].dev, "dsmip-ha");
    assertEquals(namespace.run("sysctl", "-n", "net.ipv6.conf.all.forwarding").trim(), "1");
    // ICMPv4 errors of the data path come from the host's own address.
    assertEquals(namespace.run("sysctl", "-n", "net/ipv4/conf/dsmip-ha/accept_local").trim(), "1");
    assertEquals(namespace.run("nft", "list", "tables").trim(), "table inet dsmip_dsmip_ha");

    network.close();
    assertEquals(namespace.ipJson("addr", "show", "dev", "dsmip-ha")[0].addr_info, []);
    closeFileDescriptor(tun.fileDescriptor);
    assertEquals(state(namespace), before);
    assertEquals(log.of("warning"), []);
  },
);

testInsideNamespace(
  "forwarding that is off and not asked for is a warning with the command",
  (namespace) => {
    addEgress(namespace);
    const tun = openTun({ name: "dsmip-ha" });
    const log = new RecordingLog();
    {
      using network = HostNetwork.open(log);
      network.setUpHomeAgent({ ...HOME_AGENT, forwarding: false });
      assertEquals(log.of("warning").map(({ details }) => details.command), [
        "sysctl -w net/ipv6/conf/all/forwarding=1",
      ]);
      assertEquals(namespace.run("sysctl", "-n", "net.ipv6.conf.all.forwarding").trim(), "0");
      namespace.run(...log.of("warning")[0].details.command.toString().split(" ") as [string]);
    }
    assertEquals(
      namespace.run("sysctl", "-n", "net.ipv6.conf.all.forwarding").trim(),
      "1",
      "the administrator's",
    );
    closeFileDescriptor(tun.fileDescriptor);
  },
);

testInsideNamespace(
  "an outer address that no interface has is refused before anything is changed",
  (namespace) => {
    const tun = openTun({ name: "dsmip-ha" });
    const before = state(namespace);
    using network = HostNetwork.open(new RecordingLog());
    assertThrows(() => network.setUpHomeAgent(HOME_AGENT), Error, "203.0.113.1");
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
    network.setUpMobileNode({ tun: "dsmip-mn", homeAddress: HOME_ADDRESS });
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
      network.setUpMobileNode({ tun: "dsmip-mn", homeAddress: HOME_ADDRESS });
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
    network.setUpMobileNode({ tun: "dsmip-mn", homeAddress: HOME_ADDRESS });
    network.setTunnel({ innerMtu: 1472 });
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
  other.setUpMobileNode({ tun: "dsmip-other", homeAddress: "2001:db8:200::2" });
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
  netlink.close();

  const tun = openTun({ name: "dsmip-mn" });
  const log = new RecordingLog();
  const network = HostNetwork.open(log);
  network.setUpMobileNode({ tun: "dsmip-mn", homeAddress: HOME_ADDRESS });
  network.close();
  closeFileDescriptor(tun.fileDescriptor);
  assertEquals(state(namespace), between);
  assertEquals(log.of("info").map(({ details }) => details.what).sort(), [
    "address 2001:db8:8::1/64",
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
