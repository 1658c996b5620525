import { assert, assertEquals, assertThrows } from "@std/assert";
import { MAXIMUM_MOBILE_NODES } from "../../cli/configuration/home_agent.ts";
import { createForwarderMemory } from "../../wasm/forwarder_memory.ts";
import { entriesFor, HomeAgentRoutes } from "../../cli/daemon/home_agent_routes.ts";
import { type Bound, boundText } from "../../core/forwarding/bindings.ts";
import type { Ipv4HomeAddress } from "../../core/control/settings.ts";
import type { Ipv4Prefix, Ipv6Prefix } from "../../core/wire/address.ts";

const HOME_ADDRESS = "2001:db8:100::100";
const ONE: Ipv6Prefix = { address: "2001:db8:200::", length: 64 };
const OTHER: Ipv6Prefix = { address: "2001:db8:201::", length: 64 };
const TUNNEL = { encapsulation: "ipv6InIpv6", address: "2001:db8:1::7", port: 0 } as const;

function record(ipv4HomePrefix?: Ipv4Prefix) {
  const done: string[] = [];
  const text = (bound: Bound) => typeof bound === "string" ? bound : `${bound.address}/${bound.length}`;
  const routes = new HomeAgentRoutes(
    {
      setBinding: (bound) => void done.push(`bind ${text(bound)}`),
      removeBinding: (bound) => void done.push(`unbind ${text(bound)}`),
    },
    {
      addMobileNetwork: (prefix) => void done.push(`route ${text(prefix)}`),
      removeMobileNetwork: (prefix) => void done.push(`unroute ${text(prefix)}`),
    },
    { ipv4HomePrefix },
  );
  return { routes, taken: () => done.splice(0).toSorted() };
}

Deno.test("home agent's routes: a binding's mobile networks come, change and go with it", () => {
  const { routes, taken } = record();
  const prefixes = (...prefixes: Ipv6Prefix[]) => ({ prefixes, ipv4HomeAddresses: [] });
  routes.set(HOME_ADDRESS, prefixes(ONE), TUNNEL, 1460);
  assertEquals(
    taken(),
    [`bind ${HOME_ADDRESS}`, "bind 2001:db8:200::/64", "route 2001:db8:200::/64"].toSorted(),
  );
  routes.set(HOME_ADDRESS, prefixes({ ...OTHER }), TUNNEL, 1460);
  const replaced = ["unbind 2001:db8:200::/64", "unroute 2001:db8:200::/64"];
  const bound = [`bind ${HOME_ADDRESS}`, "bind 2001:db8:201::/64"];
  assertEquals(taken(), [...replaced, ...bound, "route 2001:db8:201::/64"].toSorted());
  routes.set(HOME_ADDRESS, prefixes({ ...OTHER }), TUNNEL, 1460);
  assertEquals(taken(), bound.toSorted(), "a route that stays is not touched");
  routes.remove(HOME_ADDRESS);
  const gone = [`unbind ${HOME_ADDRESS}`, "unbind 2001:db8:201::/64", "unroute 2001:db8:201::/64"];
  assertEquals(taken(), gone.toSorted());
  routes.remove(HOME_ADDRESS);
  assertEquals(taken(), [`unbind ${HOME_ADDRESS}`]);
});

Deno.test("RFC 5555 4.5: home agent's routes: IPv4 home addresses, and the networks around them, go the same way", () => {
  const { routes, taken } = record({ address: "192.0.2.0", length: 24 });
  const set = (...ipv4HomeAddresses: Ipv4HomeAddress[]) => {
    routes.set(HOME_ADDRESS, { prefixes: [ONE], ipv4HomeAddresses }, TUNNEL, 1460);
    return taken().filter((done) => !done.includes("2001:"));
  };
  const [atHome, elsewhere] = [{ address: "192.0.2.9", prefixLength: 32 }, {
    address: "10.1.0.9",
    prefixLength: 32,
  }];
  const network = { address: "10.1.0.1", prefixLength: 24 };
  assertEquals(set(atHome), ["bind 192.0.2.9"], "the home network has a route");
  assertEquals(set(network), ["bind 10.1.0.0/24", "route 10.1.0.0/24", "unbind 192.0.2.9"]);
  assertEquals(set({ ...network, address: "10.1.0.7" }), ["bind 10.1.0.0/24"], "the same network");
  assertEquals(set(network, elsewhere), ["bind 10.1.0.0/24", "bind 10.1.0.9", "route 10.1.0.9/32"]);
  routes.remove(HOME_ADDRESS);
  assertEquals(taken().filter((done) => !done.includes("2001:")), [
    "unbind 10.1.0.0/24",
    "unbind 10.1.0.9",
    "unroute 10.1.0.0/24",
    "unroute 10.1.0.9/32",
  ]);
});

Deno.test("home agent's routes: what was done before a route is refused goes with remove(), and the next try begins anew", () => {
  const bound = new Set<string>();
  const routed = new Set<string>();
  let isRefused = true;
  const routes = new HomeAgentRoutes({
    setBinding: (each) => void bound.add(boundText(each)),
    removeBinding: (each) => void bound.delete(boundText(each)),
  }, {
    addMobileNetwork: (prefix) => {
      if (isRefused && prefix.address === OTHER.address) throw new Error("refused");
      routed.add(prefix.address);
    },
    removeMobileNetwork: ({ address }) => void routed.delete(address),
  }, {});
  const networks = { prefixes: [ONE, OTHER], ipv4HomeAddresses: [] };
  assertThrows(() => routes.set(HOME_ADDRESS, networks, TUNNEL, 1460), Error, "refused");
  routes.remove(HOME_ADDRESS);
  assertEquals([bound.size, routed.size], [0, 0]);
  isRefused = false;
  routes.set(HOME_ADDRESS, networks, TUNNEL, 1460);
  assertEquals([bound.size, routed.size], [3, 2]);
});

Deno.test("home agent: the data path has room for everything that all nodes may have at one time", () => {
  const mostOfNode = 1 + 16 + 8;
  for (const nodes of [0, 1, 3000, MAXIMUM_MOBILE_NODES]) {
    assert(entriesFor(nodes) >= nodes * mostOfNode);
    createForwarderMemory(entriesFor(nodes));
  }
});
