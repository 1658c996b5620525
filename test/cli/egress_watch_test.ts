import { assertEquals } from "@std/assert";
import { EgressWatch } from "../../cli/daemon/egress_watch.ts";
import { testInsideNamespace, type TestNamespace, until } from "../ffi/in_namespace.ts";

const HOME_AGENT = { 4: "203.0.113.1", 6: "2001:db8:100::1" };
const HOME_ADDRESS = "2001:db8:100::100";

/** A watch on "vx" with everything that it reported, as "address mtu", or "none". */
function watch() {
  const reports: string[] = [];
  const egress = new EgressWatch({
    interfaceName: "vx",
    homeAgent: HOME_AGENT,
    homeAddress: HOME_ADDRESS,
    onCandidates: (candidates) =>
      void reports.push(
        candidates.map(({ address, linkMtu }) => `${address} ${linkMtu}`).join(", ") || "none",
      ),
    onFailure: (error) => {
      throw error;
    },
  });
  return {
    reports,
    close: () => egress.close(),
    /** The reports since the last call, once the last of them is this one. */
    async expect(...expected: string[]) {
      await until(`${expected} after ${reports}`, () => reports.at(-1) === expected.at(-1));
      assertEquals(reports.splice(0), expected);
    },
  };
}

function addLink(namespace: TestNamespace): void {
  namespace.ip("link", "add", "vx", "type", "veth", "peer", "name", "vy");
  namespace.ip("link", "set", "vy", "up");
  namespace.ip("link", "set", "vx", "up");
}

function addAddress(namespace: TestNamespace, address: string): void {
  namespace.ip("addr", "add", `${address}/24`, "dev", "vx");
}

function addRoute(namespace: TestNamespace, gateway: string): void {
  namespace.ip("route", "add", "default", "via", gateway, "dev", "vx");
}

testInsideNamespace(
  "the care-of address is reported at once, and when it goes and another comes",
  async (namespace) => {
    addLink(namespace);
    addAddress(namespace, "192.0.2.7");
    addRoute(namespace, "192.0.2.1");
    const watched = watch();
    assertEquals(watched.reports, ["192.0.2.7 1500"]);
    watched.reports.length = 0;

    namespace.ip("addr", "del", "192.0.2.7/24", "dev", "vx");
    await watched.expect("none");
    addAddress(namespace, "198.51.100.9");
    addRoute(namespace, "198.51.100.1");
    await watched.expect("198.51.100.9 1500");
    namespace.ip("link", "set", "vx", "mtu", "1400");
    await watched.expect("198.51.100.9 1400");
    await watched.close();
    namespace.ip("addr", "flush", "dev", "vx");
    assertEquals(watched.reports, []);
  },
);

testInsideNamespace(
  "a new address waits for its route to the home agent, and keeps counting without",
  async (namespace) => {
    addLink(namespace);
    const watched = watch();
    await watched.expect("none");
    addAddress(namespace, "192.0.2.7");
    namespace.ip("link", "set", "vx", "mtu", "1450");
    addRoute(namespace, "192.0.2.1");
    await watched.expect("192.0.2.7 1450");
    namespace.ip("route", "del", "default");
    namespace.ip("link", "set", "vx", "mtu", "1460");
    await watched.expect("192.0.2.7 1460");
    await watched.close();
  },
);

testInsideNamespace("a home agent on the link needs no other route", async (namespace) => {
  addLink(namespace);
  const watched = watch();
  await watched.expect("none");
  addAddress(namespace, "203.0.113.7");
  await watched.expect("203.0.113.7 1500");
  await watched.close();
});

testInsideNamespace(
  "without carrier or switched off there is no address, though the kernel keeps it",
  async (namespace) => {
    addLink(namespace);
    addAddress(namespace, "192.0.2.7");
    addRoute(namespace, "192.0.2.1");
    const watched = watch();
    await watched.expect("192.0.2.7 1500");
    namespace.ip("link", "set", "vy", "down");
    await watched.expect("none");
    namespace.ip("link", "set", "vy", "up");
    await watched.expect("192.0.2.7 1500");
    namespace.ip("link", "set", "vx", "down");
    await watched.expect("none");
    namespace.ip("link", "set", "vx", "up");
    addRoute(namespace, "192.0.2.1");
    await watched.expect("192.0.2.7 1500");
    await watched.close();
  },
);

testInsideNamespace("the interface may be missing at first, and go and come back", async (namespace) => {
  const watched = watch();
  await watched.expect("none");
  for (const address of ["192.0.2.7", "192.0.2.8"]) {
    addLink(namespace);
    addAddress(namespace, address);
    addRoute(namespace, "192.0.2.1");
    await watched.expect(`${address} 1500`);
    namespace.ip("link", "del", "vx");
    await watched.expect("none");
  }
  await watched.close();
});

testInsideNamespace(
  "secondary, deprecated, link-local and other interfaces' addresses do not count",
  async (namespace) => {
    addLink(namespace);
    namespace.ip("addr", "add", "169.254.3.3/16", "dev", "vx", "scope", "link");
    namespace.ip("addr", "add", "203.0.113.5/24", "dev", "vy");
    namespace.ip("addr", "add", "192.0.2.5/24", "dev", "vx", "valid_lft", "1000", "preferred_lft", "0");
    addRoute(namespace, "192.0.2.1");
    const watched = watch();
    await watched.expect("none");
    namespace.ip("addr", "add", "198.51.100.7/24", "dev", "vx");
    await watched.expect("198.51.100.7 1500");
    addAddress(namespace, "198.51.100.8");
    namespace.ip("addr", "change", "192.0.2.5/24", "dev", "vx", "valid_lft", "1000", "preferred_lft", "900");
    namespace.ip("addr", "del", "198.51.100.7/24", "dev", "vx");
    await watched.expect("192.0.2.5 1500");
    await watched.close();
  },
);

testInsideNamespace("a flood of changes elsewhere is no reason to report anything", async (namespace) => {
  addLink(namespace);
  addAddress(namespace, "192.0.2.7");
  addRoute(namespace, "192.0.2.1");
  const watched = watch();
  await watched.expect("192.0.2.7 1500");
  for (let number = 1; number < 100; number++) {
    namespace.ip("addr", "add", `10.0.0.${number}/32`, "dev", "lo");
  }
  namespace.ip("link", "set", "vx", "mtu", "1400");
  await watched.expect("192.0.2.7 1400");
  await watched.close();
});

testInsideNamespace(
  "IPv6 stands before IPv4; tentative and home addresses do not count",
  async (namespace) => {
    addLink(namespace);
    addAddress(namespace, "192.0.2.7");
    addRoute(namespace, "192.0.2.1");
    namespace.ip("addr", "add", `${HOME_ADDRESS}/128`, "dev", "vx", "nodad");
    namespace.ip("-6", "route", "add", "default", "via", "fe80::1", "dev", "vx");
    const watched = watch();
    await watched.expect("192.0.2.7 1500");
    // It is tentative for a second.
    namespace.ip("addr", "add", "2001:db8:1::7/64", "dev", "vx");
    await watched.expect("2001:db8:1::7 1500, 192.0.2.7 1500");
    namespace.ip("addr", "del", "192.0.2.7/24", "dev", "vx");
    await watched.expect("2001:db8:1::7 1500");
    namespace.ip("addr", "del", "2001:db8:1::7/64", "dev", "vx");
    await watched.expect("none");
    await watched.close();
  },
);
