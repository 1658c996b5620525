import { assertEquals } from "@std/assert";
import { HomeAgentRoutes } from "../../cli/daemon/home_agent_routes.ts";
import type { Bound } from "../../core/forwarding/bindings.ts";
import type { Ipv6Prefix } from "../../core/wire/address.ts";

const HOME_ADDRESS = "2001:db8:100::100";
const ONE: Ipv6Prefix = { address: "2001:db8:200::", length: 64 };
const OTHER: Ipv6Prefix = { address: "2001:db8:201::", length: 64 };
const TUNNEL = { encapsulation: "ipv6InIpv6", address: "2001:db8:1::7", port: 0 } as const;

function record() {
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
  );
  return { routes, taken: () => done.splice(0).toSorted() };
}

Deno.test("home agent's routes: a binding's mobile networks come, change and go with it", () => {
  const { routes, taken } = record();
  routes.set(HOME_ADDRESS, [ONE], TUNNEL, 1460);
  assertEquals(
    taken(),
    [`bind ${HOME_ADDRESS}`, "bind 2001:db8:200::/64", "route 2001:db8:200::/64"].toSorted(),
  );
  routes.set(HOME_ADDRESS, [{ ...OTHER }], TUNNEL, 1460);
  const replaced = ["unbind 2001:db8:200::/64", "unroute 2001:db8:200::/64"];
  const set = [`bind ${HOME_ADDRESS}`, "bind 2001:db8:201::/64", "route 2001:db8:201::/64"];
  assertEquals(taken(), [...replaced, ...set].toSorted());
  routes.set(HOME_ADDRESS, [{ ...OTHER }], TUNNEL, 1460);
  assertEquals(taken(), set.toSorted());
  routes.remove(HOME_ADDRESS);
  const gone = [`unbind ${HOME_ADDRESS}`, "unbind 2001:db8:201::/64", "unroute 2001:db8:201::/64"];
  assertEquals(taken(), gone.toSorted());
  routes.remove(HOME_ADDRESS);
  assertEquals(taken(), [`unbind ${HOME_ADDRESS}`]);
});
