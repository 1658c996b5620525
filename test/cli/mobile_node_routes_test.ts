import { assert, assertEquals, assertThrows } from "@std/assert";
import { HostNetwork } from "../../cli/daemon/host_network.ts";
import { SystemError } from "../../ffi/errno.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openTun } from "../../ffi/tun.ts";
import { testInsideNamespace, type TestNamespace } from "../ffi/in_namespace.ts";
import { RecordingLog } from "./recording_log.ts";

const HOME_ADDRESS = "2001:db8:100::100";
const ALONE = { address: "192.0.2.100", prefixLength: 32 };
const WITH_NETWORK = { address: "10.1.0.1", prefixLength: 24 };

function testMobileNode(
  name: string,
  body: (node: { network: HostNetwork; namespace: TestNamespace; log: RecordingLog }) => void,
): void {
  testInsideNamespace(name, (namespace) => {
    namespace.ip("link", "add", "vx", "type", "veth", "peer", "name", "vy");
    namespace.ip("addr", "add", "198.51.100.7/24", "dev", "vx");
    namespace.ip("link", "set", "vx", "up");
    namespace.ip("link", "set", "vy", "up");
    const before = state(namespace);
    const tun = openTun({ name: "dsmip-mn" });
    const log = new RecordingLog();
    const network = HostNetwork.open(log);
    network.setUpMobileNode({
      tun: "dsmip-mn",
      homeAddress: HOME_ADDRESS,
      homeAgentAddress: "2001:db8:100::1",
    });
    body({ network, namespace, log });
    network.close();
    assertEquals(ipv4(namespace), { addresses: [], route: [] }, "all is gone with the daemon");
    closeFileDescriptor(tun.fileDescriptor);
    assertEquals(state(namespace), before);
  });
}

function state(namespace: TestNamespace): string {
  return namespace.ip("-4", "-o", "addr") + namespace.ip("-4", "route", "show", "table", "all");
}

/** What the TUN device has of IPv4: its addresses, and the default route with source, protocol and metric. */
function ipv4(namespace: TestNamespace) {
  const [{ addr_info: addresses = [] } = {}] = namespace.ipJson("-4", "addr", "show", "dev", "dsmip-mn");
  const routes = namespace.ipJson("-4", "route", "show", "default", "dev", "dsmip-mn");
  return {
    addresses: addresses.map((entry: Record<string, unknown>) => `${entry.local}/${entry.prefixlen}`),
    route: routes.map(({ prefsrc, protocol, metric }) => [prefsrc, protocol, metric]),
  };
}

const NOTHING = { addresses: [], route: [] };
const routeFrom = (address: string) => ({ addresses: [`${address}/32`], route: [[address, "155", 10]] });

testMobileNode(
  "RFC 5555 4.4: the IPv4 home address comes, changes and goes, and the IPv4 default route with address and tunnel",
  ({ network, namespace }) => {
    network.setTunnel({ innerMtu: 1480 });
    assertEquals(ipv4(namespace), NOTHING, "a tunnel alone brings no IPv4");
    network.setIpv4HomeAddress(ALONE);
    assertEquals(ipv4(namespace), routeFrom("192.0.2.100"));
    const [{ dev, prefsrc }] = namespace.ipJson("route", "get", "203.0.113.9");
    assertEquals([dev, prefsrc], ["dsmip-mn", "192.0.2.100"]);
    network.setIpv4HomeAddress({ ...ALONE });
    network.setTunnel({ innerMtu: 1460 });
    assertEquals(ipv4(namespace), routeFrom("192.0.2.100"), "the same again");

    network.clearTunnel();
    assertEquals(ipv4(namespace), { addresses: ["192.0.2.100/32"], route: [] }, "the address stays");
    network.setIpv4HomeAddress(WITH_NETWORK);
    assertEquals(
      ipv4(namespace),
      { addresses: ["10.1.0.1/32"], route: [] },
      "the address alone, whatever the network",
    );
    network.setTunnel({ innerMtu: 1460 });
    assertEquals(ipv4(namespace), routeFrom("10.1.0.1"));
    network.setIpv4HomeAddress(ALONE);
    assertEquals(ipv4(namespace), routeFrom("192.0.2.100"), "replaced while there is a tunnel");

    network.setIpv4HomeAddress(undefined);
    network.setIpv4HomeAddress(undefined);
    assertEquals(ipv4(namespace), NOTHING);
    assertEquals(
      namespace.ip("-6", "route", "show", "default").includes("dev dsmip-mn"),
      true,
      "IPv6 goes on",
    );
    network.setIpv4HomeAddress(WITH_NETWORK);
    assertEquals(ipv4(namespace), routeFrom("10.1.0.1"), "which close() takes away");
  },
);

testMobileNode(
  "at home the IPv4 home address goes by the router of the home link, until there is a tunnel again",
  ({ network, namespace }) => {
    const way = () => {
      const [{ dev, gateway = null, prefsrc }] = namespace.ipJson("route", "get", "203.0.113.9");
      return [dev, gateway, prefsrc];
    };
    network.setTunnel({ innerMtu: 1480 });
    network.setIpv4HomeAddress(ALONE);
    network.clearTunnel();
    const router = { interfaceName: "vx", address: "198.51.100.1" };
    network.setHomeRouter(router);
    assertEquals(way(), ["vx", "198.51.100.1", "192.0.2.100"]);
    network.setHomeRouter({ ...router, address: "192.0.2.1" });
    assertEquals(way(), ["vx", "192.0.2.1", "192.0.2.100"], "a router that no other route leads to");
    network.setIpv4HomeAddress(WITH_NETWORK);
    assertEquals(way(), ["vx", "192.0.2.1", "10.1.0.1"]);
    namespace.ip("addr", "del", "198.51.100.7/24", "dev", "vx");
    assertEquals(way(), ["vx", "192.0.2.1", "10.1.0.1"], "the last other address of the interface goes");
    namespace.ip("addr", "add", "198.51.100.7/24", "dev", "vx");
    network.setTunnel({ innerMtu: 1480 });
    assertEquals(way(), ["dsmip-mn", null, "10.1.0.1"]);
    network.setHomeRouter(undefined);
    network.clearTunnel();
    assertEquals(ipv4(namespace).route, []);
    network.setHomeRouter({ ...router, interfaceName: "none" });
    assertEquals(ipv4(namespace).route, [], "an interface that has gone");
    network.setHomeRouter(router);
  },
);

testMobileNode(
  "an IPv4 default route that another has set stays, and is named where it is preferred or in the way",
  ({ network, namespace, log }) => {
    namespace.ip("route", "add", "default", "via", "198.51.100.1", "dev", "vx", "metric", "100");
    network.setTunnel({ innerMtu: 1480 });
    network.setIpv4HomeAddress(ALONE);
    assertEquals(log.of("warning"), [], "one with a higher metric waits behind ours");
    network.setIpv4HomeAddress(undefined);

    namespace.ip("route", "add", "default", "via", "198.51.100.2", "dev", "vx");
    namespace.ip("route", "add", "default", "via", "198.51.100.9", "dev", "vx", "metric", "9");
    network.setIpv4HomeAddress(ALONE);
    assertEquals(log.of("warning").map(({ details }) => [details.gateway, details.metric]), [
      ["198.51.100.2", 0],
      ["198.51.100.9", 9],
    ]);
    namespace.ip("route", "del", "default", "metric", "9");
    network.setIpv4HomeAddress(undefined);

    namespace.ip("route", "add", "default", "via", "198.51.100.3", "dev", "vx", "metric", "10");
    const error = assertThrows(() => network.setIpv4HomeAddress(ALONE), SystemError, "0.0.0.0/0");
    assertEquals(error.errnoName, "EEXIST");
    namespace.ip("route", "del", "default", "metric", "10");
    network.setTunnel({ innerMtu: 1480 });
    assertEquals(ipv4(namespace), routeFrom("192.0.2.100"), "the next tunnel tries again");
    namespace.ip("route", "del", "default", "via", "198.51.100.2");
    namespace.ip("route", "del", "default", "via", "198.51.100.1");
  },
);

testMobileNode(
  "a TUN device that was deleted with its IPv4 home address is no reason to complain",
  ({ network, namespace, log }) => {
    network.setTunnel({ innerMtu: 1480 });
    network.setIpv4HomeAddress(ALONE);
    namespace.ip("-4", "addr", "flush", "dev", "dsmip-mn");
    network.setIpv4HomeAddress(WITH_NETWORK);
    assertEquals(ipv4(namespace), routeFrom("10.1.0.1"));
    namespace.ip("-4", "addr", "flush", "dev", "dsmip-mn");
    assertEquals(log.of("warning"), []);
  },
);

testInsideNamespace("interfaces that are not there are told of", () => {
  const log = new RecordingLog();
  using network = HostNetwork.open(log);
  network.warnOfMissing(["lo", "eth7"]);
  const warnings = log.of("warning");
  assertEquals(warnings.length, 1);
  assert(JSON.stringify(warnings[0]).includes("eth7"), JSON.stringify(warnings));
});
