import { assertEquals } from "@std/assert";
import { type HomeAgentEntry, HomeAgentsList } from "../../core/control/home_agents_list.ts";
import type { RouterAdvertisement } from "../../core/wire/neighbor_discovery.ts";
import type { NeighborDiscoveryOption } from "../../core/wire/neighbor_discovery_option.ts";

const OWN: HomeAgentEntry = { preference: 5, mobileRouters: false, addresses: ["2001:db8:100::1"] };

function advertisement(changes: Partial<RouterAdvertisement> = {}): RouterAdvertisement {
  return {
    kind: "routerAdvertisement",
    currentHopLimit: 64,
    managedAddresses: false,
    otherConfiguration: false,
    homeAgent: true,
    preference: "medium",
    routerLifetimeSeconds: 100,
    reachableTimeMs: 0,
    retransmissionTimerMs: 0,
    options: [],
    ...changes,
  };
}

function prefix(
  address: string,
  routerAddress = true,
  validLifetimeSeconds = 86_400,
): NeighborDiscoveryOption {
  return {
    kind: "prefixInformation",
    prefix: address,
    prefixLength: 64,
    onLink: true,
    autonomous: true,
    routerAddress,
    validLifetimeSeconds,
    preferredLifetimeSeconds: Math.min(validLifetimeSeconds, 14_400),
  };
}

function information(
  preference: number,
  lifetimeSeconds = 100,
  mobileRouters = false,
): NeighborDiscoveryOption {
  return { kind: "homeAgentInformation", preference, lifetimeSeconds, mobileRouters };
}

/** A list that has heard these, by their link-local addresses. */
function heard(...routers: (readonly [source: string, options: NeighborDiscoveryOption[]])[]) {
  const list = new HomeAgentsList();
  for (const [source, options] of routers) list.hear(source, advertisement({ options }), 0);
  return list;
}

function addresses(list: HomeAgentsList, nowMs = 0, random = () => 0.5, mobileRouters = false) {
  return list.addresses(OWN, { mobileRouters, nowMs, random });
}

Deno.test("RFC 6275 7.4 M-107, 8.4 M-154, 10.5.1 M-335 M-339 M-340: all home agents, by preference; without the option it is 0", () => {
  const list = heard(
    ["fe80::2", [prefix("2001:db8:100::2")]],
    ["fe80::3", [prefix("2001:db8:100::3"), information(9)]],
    ["fe80::4", [prefix("2001:db8:100::4"), prefix("2001:db8:100::5", false), information(7)]],
  );
  assertEquals(addresses(list), [
    "2001:db8:100::3",
    "2001:db8:100::4",
    "2001:db8:100::1",
    "2001:db8:100::2",
  ]);
  assertEquals(addresses(new HomeAgentsList()), ["2001:db8:100::1"]);
});

Deno.test("RFC 6275 7.4 M-111, 10.1 M-259, 10.5.1 M-336 M-337: an entry lasts as long as its home agent says, else as long as the router lifetime", () => {
  const list = heard(
    ["fe80::2", [prefix("2001:db8:100::2"), information(9, 10)]],
    ["fe80::3", [prefix("2001:db8:100::3")]],
  );
  assertEquals(addresses(list, 9_999).length, 3);
  assertEquals(addresses(list, 10_000), ["2001:db8:100::1", "2001:db8:100::3"]);
  assertEquals(addresses(list, 100_000), ["2001:db8:100::1"]);
});

Deno.test("RFC 6275 10.5.1: no H bit, or no lifetime any more, takes an entry out; other news changes it", () => {
  for (
    const gone of [
      advertisement({ homeAgent: false, options: [prefix("2001:db8:100::2")] }),
      advertisement({ options: [prefix("2001:db8:100::2"), information(9, 0)] }),
      advertisement({ routerLifetimeSeconds: 0 }),
    ]
  ) {
    const list = heard(["fe80::2", [prefix("2001:db8:100::2"), information(9)]]);
    list.hear("fe80::2", gone, 1);
    assertEquals(addresses(list, 1), ["2001:db8:100::1"]);
  }
  const list = heard(["fe80::2", [prefix("2001:db8:100::2"), information(9)]]);
  list.hear("fe80::2", advertisement({ options: [prefix("2001:db8:200::2"), information(1)] }), 50_000);
  assertEquals(addresses(list, 149_999).toSorted(), [
    "2001:db8:100::1",
    "2001:db8:100::2",
    "2001:db8:200::2",
  ]);
  assertEquals(addresses(list, 149_999)[0], "2001:db8:100::1");
});

Deno.test("M-341 M-342: equal preference, and the addresses of one home agent, come in random order", () => {
  const list = heard(
    ["fe80::2", [prefix("2001:db8:100::2"), prefix("2001:db8:200::2"), information(5)]],
  );
  const orders = new Set<string>();
  let state = 1;
  const random = () => (state = state * 48271 % 0x7fffffff) / 0x7fffffff;
  for (let count = 0; count < 100; count++) orders.add(addresses(list, 0, random).join(" "));
  assertEquals(orders.size, 4);
});

Deno.test("RFC 3963 7.2 N-049: only those that serve mobile routers", () => {
  const list = heard(
    ["fe80::2", [prefix("2001:db8:100::2"), information(1, 100, true)]],
    ["fe80::3", [prefix("2001:db8:100::3"), information(9)]],
  );
  assertEquals(addresses(list, 0, undefined, true), ["2001:db8:100::2"]);
});

Deno.test("the list is bounded, and addresses that cannot be a home agent's are left out", () => {
  const list = new HomeAgentsList();
  for (let number = 0; number < 100; number++) {
    const options = Array.from(
      { length: 20 },
      (_, i) => prefix(`2001:db8:${(number + 1).toString(16)}:${i.toString(16)}::1`),
    );
    list.hear(`fe80::${(number + 2).toString(16)}`, advertisement({ options }), 0);
  }
  assertEquals(addresses(list).length, 1 + 32 * 8);
  const odd = heard(["fe80::2", [prefix("fe80::2"), prefix("ff02::1"), prefix("::")]]);
  assertEquals(addresses(odd), ["2001:db8:100::1"]);
});

Deno.test("RFC 6275 10.1 M-258: an address goes with its prefix, its home agent stays", () => {
  const list = heard(["fe80::2", [prefix("2001:db8:100::2", true, 50), prefix("2001:db8:101::2", true, 80)]]);
  assertEquals(addresses(list, 49_999).length, 3);
  assertEquals(addresses(list, 50_000).toSorted(), ["2001:db8:100::1", "2001:db8:101::2"]);
  const withdrawn = [prefix("2001:db8:101::2", true, 0), prefix("2001:db8:102::2", true, 0xffff_ffff)];
  list.hear("fe80::2", advertisement({ options: withdrawn }), 60_000);
  assertEquals(addresses(list, 60_000).toSorted(), ["2001:db8:100::1", "2001:db8:102::2"]);
  list.hear("fe80::2", advertisement({ options: [] }), 159_999);
  assertEquals(addresses(list, 160_000).toSorted(), ["2001:db8:100::1", "2001:db8:102::2"]);
});
