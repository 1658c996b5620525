import { assertEquals, assertThrows } from "@std/assert";
import { SystemError } from "../../ffi/errno.ts";
import { Netlink } from "../../ffi/netlink.ts";
import { DSMIP_PROTOCOL } from "../../ffi/netlink_record.ts";
import { testInNamespace, type TestNamespace } from "./in_namespace.ts";

/** A test with a netlink socket inside, and a pair of interfaces vx and vy that are up. */
function testNetlink(name: string, body: (netlink: Netlink, namespace: TestNamespace) => void): void {
  testInNamespace(name, (namespace) => {
    namespace.ip("link", "add", "vx", "type", "veth", "peer", "name", "vy");
    namespace.ip("link", "set", "vx", "up");
    namespace.ip("link", "set", "vy", "up");
    const netlink = namespace.enter(() => new Netlink());
    try {
      body(netlink, namespace);
    } finally {
      netlink.close();
    }
  });
}

testNetlink("links are what `ip link` shows, and change", (netlink, namespace) => {
  const shown = namespace.ipJson("-details", "link").map((link) => ({
    index: link.ifindex,
    name: link.ifname,
    mtu: link.mtu,
    up: link.flags.includes("UP"),
    carrier: link.flags.includes("LOWER_UP"),
    hardwareAddress: Uint8Array.from(link.address.split(":"), (octet: string) => parseInt(octet, 16)),
    kind: link.linkinfo?.info_kind,
  }));
  assertEquals(netlink.links().map(({ carrierChanges: _, ...link }) => link), shown);

  const { index } = netlink.requireLink("vx");
  netlink.setLink(index, { mtu: 1472 });
  assertEquals([netlink.link("vx")?.mtu, netlink.link("vx")?.up], [1472, true], "the MTU alone");
  netlink.setLink(index, { gsoMaxSize: 60_000 });
  const [details] = namespace.ipJson("-details", "link", "show", "vx");
  assertEquals([details.gso_max_size, details.mtu], [60_000, 1472]);
  netlink.setLink(index, { up: false });
  assertEquals(namespace.ipJson("link", "show", "vx")[0].flags.includes("UP"), false);
  assertEquals([netlink.link("vx")?.mtu, netlink.link("vx")?.up, netlink.link("vy")?.carrier], [
    1472,
    false,
    false,
  ]);

  assertEquals(netlink.link("nosuch"), undefined);
  assertEquals(assertThrows(() => netlink.requireLink("nosuch"), SystemError, "nosuch").errnoName, "ENODEV");
});

testNetlink("addresses are what `ip address` shows", (netlink, namespace) => {
  namespace.ip("addr", "add", "192.0.2.1/24", "dev", "vx");
  namespace.ip("addr", "add", "192.0.2.2/24", "dev", "vx");
  namespace.ip("addr", "add", "198.51.100.1", "peer", "198.51.100.2/32", "dev", "vy");
  namespace.ip("addr", "add", "2001:db8::9/64", "dev", "vx", "preferred_lft", "0", "nodad");
  const shown = namespace.ipJson("addr").flatMap((link) =>
    // deno-lint-ignore no-explicit-any -- iproute2's JSON
    link.addr_info.map((entry: any) => ({
      family: entry.family === "inet" ? 4 : 6,
      interfaceIndex: link.ifindex,
      address: entry.local,
      prefixLength: entry.prefixlen,
      scope: entry.scope,
      secondary: entry.secondary === true,
      deprecated: entry.deprecated === true,
      tentative: entry.tentative === true,
      isDuplicate: entry.dadfailed === true,
      permanent: entry.dynamic !== true,
    }))
  );
  const order = (one: { address: string }, other: { address: string }) =>
    one.address < other.address ? -1 : 1;
  const listed = netlink.addresses().map(({ protocol: _, ...address }) => address);
  assertEquals(listed.sort(order), shown.sort(order));
  assertEquals(listed.filter((entry) => entry.secondary).map((entry) => entry.address), ["192.0.2.2"]);
  assertEquals(listed.filter((entry) => entry.deprecated).map((entry) => entry.address), ["2001:db8::9"]);
});

testNetlink(
  "an address comes and goes, marked as ours, usable at once and without a route",
  (netlink, namespace) => {
    const address = {
      interfaceIndex: netlink.requireLink("vx").index,
      address: "2001:db8:100::100",
      prefixLength: 64,
    };
    netlink.addAddress({ ...address, noDad: true, noPrefixRoute: true, protocol: DSMIP_PROTOCOL });
    const [shown] = namespace.ipJson("-6", "addr", "show", "dev", "vx", "scope", "global")[0].addr_info;
    assertEquals([shown.local, shown.prefixlen, shown.tentative, shown.nodad], [
      "2001:db8:100::100",
      64,
      undefined,
      true,
    ]);
    assertEquals(namespace.ip("-6", "route", "show", "2001:db8:100::/64"), "");
    const twice = assertThrows(() => netlink.addAddress(address), SystemError, "2001:db8:100::100/64");
    assertEquals([twice.call, twice.errnoName], ["RTM_NEWADDR", "EEXIST"]);
    netlink.deleteAddress(address);
    assertEquals(namespace.ip("-6", "addr", "show", "dev", "vx", "scope", "global"), "");

    netlink.addAddress({ interfaceIndex: address.interfaceIndex, address: "192.0.2.9", prefixLength: 24 });
    assertEquals(namespace.ipJson("-4", "addr", "show", "dev", "vx")[0].addr_info[0].local, "192.0.2.9");
  },
);

testNetlink(
  "routes of ours are what `ip route` shows under protocol 155, in any table",
  (netlink, namespace) => {
    namespace.ip("addr", "add", "192.0.2.1/24", "dev", "vx");
    const { index: interfaceIndex } = netlink.requireLink("vx");
    netlink.addRoute({ destination: "::", prefixLength: 0, interfaceIndex, metric: 10 });
    netlink.addRoute({ destination: "198.51.100.0", prefixLength: 24, gateway: "192.0.2.254", table: 1001 });
    netlink.addRoute({
      destination: "203.0.113.7",
      prefixLength: 32,
      interfaceIndex,
      preferredSource: "192.0.2.1",
    });

    assertEquals(
      namespace.ip("-6", "route", "show", "proto", "155", "default").trim(),
      "default dev vx metric 10 pref medium",
    );
    assertEquals(
      namespace.ip("route", "show", "proto", "155", "table", "1001").trim(),
      "198.51.100.0/24 via 192.0.2.254 dev vx",
    );
    assertEquals(
      namespace.ip("route", "show", "proto", "155").trim(),
      "203.0.113.7 dev vx scope link src 192.0.2.1",
    );

    const ours = netlink.routes().filter((route) => route.protocol === DSMIP_PROTOCOL);
    assertEquals(
      ours.map((route) => `${route.destination}/${route.prefixLength} ${route.type} ${route.table}`).sort(),
      [
        "198.51.100.0/24 unicast 1001",
        "203.0.113.7/32 unicast 254",
        "::/0 unicast 254",
      ],
    );
    for (const route of ours) netlink.deleteRoute(route);
    assertEquals(netlink.routes().filter((route) => route.protocol === DSMIP_PROTOCOL), []);
  },
);

testNetlink(
  "a route replaces the one before, and its gateway may be on the link by our word",
  (netlink, namespace) => {
    const { index: interfaceIndex } = netlink.requireLink("vx");
    for (
      const [destination, gateways] of [["0.0.0.0", ["192.0.2.1", "192.0.2.2"]], ["::", [
        "fe80::1",
        "2001:db8::2",
      ]]] as const
    ) {
      for (const gateway of gateways) {
        netlink.replaceRoute({
          destination,
          prefixLength: 0,
          gateway,
          interfaceIndex,
          table: 41910,
          isGatewayOnLink: true,
        });
      }
      const ours = netlink.routes().filter(({ table, family }) =>
        table === 41910 && family === (destination === "::" ? 6 : 4)
      );
      assertEquals(ours.map(({ gateway }) => gateway), [gateways[1]]);
    }
    assertEquals(namespace.ipJson("route", "show", "table", "41910")[0].flags, ["onlink"]);
  },
);

testNetlink("neighbours and proxy entries are what `ip neighbour` shows", (netlink, namespace) => {
  const { index: interfaceIndex } = netlink.requireLink("vx");
  for (const address of ["192.0.2.1", "fe80::1"]) {
    const neighbor = {
      interfaceIndex,
      address,
      hardwareAddress: new Uint8Array([2, 0, 0, 0, 0, 9]),
      isProxy: false,
    };
    netlink.setNeighbor({ ...neighbor, hardwareAddress: new Uint8Array([2, 0, 0, 0, 0, 8]) });
    netlink.setNeighbor(neighbor);
    const [shown] = namespace.ipJson("neigh", "show", "to", address);
    assertEquals([shown.dev, shown.lladdr, shown.state], ["vx", "02:00:00:00:00:09", ["REACHABLE"]]);
    netlink.setNeighbor({ interfaceIndex, address, isProxy: true });
    assertEquals(
      netlink.neighbors().filter((entry) => entry.address === address).map((
        { isProxy, protocol },
      ) => [isProxy, protocol]),
      [[false, 155], [true, 155]],
    );
    netlink.deleteNeighbor({ interfaceIndex, address, isProxy: true });
    netlink.deleteNeighbor(neighbor);
  }
  assertEquals(namespace.ip("neigh", "show", "proxy"), "");
});

testNetlink("how often the carrier changed is counted, also where nobody looked", (netlink, namespace) => {
  const before = netlink.requireLink("vx");
  namespace.ip("link", "set", "vy", "down");
  namespace.ip("link", "set", "vy", "up");
  const after = netlink.requireLink("vx");
  assertEquals([after.carrier, after.carrierChanges - before.carrierChanges], [true, 2]);
});

testNetlink("the kernel's own words come with its errors", (netlink) => {
  const unreachable = assertThrows(
    () => netlink.addRoute({ destination: "198.51.100.0", prefixLength: 24, gateway: "192.0.2.254" }),
    SystemError,
    "Nexthop has invalid gateway",
  );
  assertEquals([unreachable.call, unreachable.errnoName], ["RTM_NEWROUTE", "ENETUNREACH"]);
  const missing = assertThrows(
    () => netlink.deleteRoute({ destination: "2001:db8::", prefixLength: 32 }),
    SystemError,
    "2001:db8::/32",
  );
  assertEquals(missing.errnoName, "ESRCH");
});

testNetlink("rules are what `ip rule` shows", (netlink, namespace) => {
  const rule = {
    family: 4,
    priority: 1001,
    source: { address: "192.0.2.7", prefixLength: 32 },
    table: 101,
  } as const;
  const other = { family: 6, priority: 901, outputInterface: "vx", table: 1001 } as const;
  netlink.addRule(rule);
  netlink.addRule(other);
  assertEquals(
    namespace.ip("rule", "show", "priority", "1001").trim(),
    "1001:\tfrom 192.0.2.7 lookup 101 proto 155",
  );
  assertEquals(
    namespace.ip("-6", "rule", "show", "priority", "901").trim(),
    "901:\tfrom all oif vx lookup 1001 proto 155",
  );
  const ours = netlink.rules().filter((entry) => entry.protocol === DSMIP_PROTOCOL);
  assertEquals(ours.map(({ family, priority, table }) => [family, priority, table]), [[4, 1001, 101], [
    6,
    901,
    1001,
  ]]);
  for (const entry of ours) netlink.deleteRule(entry);
  assertEquals(
    namespace.ip("rule", "show", "priority", "1001") + namespace.ip("-6", "rule", "show", "priority", "901"),
    "",
  );
});

testNetlink("a long list comes whole", (netlink, namespace) => {
  const { index: interfaceIndex } = netlink.requireLink("vx");
  for (let number = 0; number < 2000; number++) {
    netlink.addRoute({ destination: `2001:db8:${number.toString(16)}::`, prefixLength: 48, interfaceIndex });
  }
  assertEquals(netlink.routes().filter((route) => route.protocol === DSMIP_PROTOCOL).length, 2000);
  assertEquals(namespace.ip("-6", "route", "show", "proto", "155").trim().split("\n").length, 2000);
});
