import { assertEquals } from "@std/assert";
import type { PrefixInformation } from "../../../core/wire/neighbor_discovery_option.ts";
import { octetsOf } from "../../wire/octets.ts";
import { advertisement, link, Node, prefixOption, routerA } from "./ipv6_network.ts";

/** Lifetimes, renumbering, and advertisements that are not to be believed. */

const A = "2001:db8:a::";
const HOUR_MS = 3_600_000;

function hearing(...prefixes: PrefixInformation[]): Node {
  return new Node().hears(link()).hears(advertisement(routerA, { prefixes, routerLifetimeSeconds: 65_535 }));
}

Deno.test("RFC 4861 6.3.4: lifetimes end to the millisecond", () => {
  const node = hearing(prefixOption(A, { validLifetimeSeconds: 200, preferredLifetimeSeconds: 100 }));
  assertEquals(node.waits(199_999).candidates.length, 1);
  assertEquals(node.waits(1).candidates, []);
  assertEquals(node.ofKind("removeAddress").length, 1);
  assertEquals(node.ofKind("setRoutes")[0].routes.length, 1);
  const short = new Node().hears(link()).hears(advertisement(routerA, { routerLifetimeSeconds: 30 }));
  assertEquals(short.waits(29_999).candidates.length, 1);
  assertEquals(short.waits(1).candidates, []);
  assertEquals(short.said, ["routerSolicitation to ff02::2"]);
});

Deno.test("RFC 6275 11.5.3 M-414: renumbering: a deprecated address is a candidate only for as long as there is no other", () => {
  const node = hearing(prefixOption(A));
  const [old] = node.candidates;
  const deprecated = prefixOption(A, { preferredLifetimeSeconds: 0 });
  assertEquals(node.hears(advertisement(routerA, { prefixes: [deprecated] })).candidates, [old]);
  const next = prefixOption("2001:db8:c::");
  node.hears(advertisement(routerA, { prefixes: [deprecated, next] }), 1000);
  assertEquals(node.prefixes, ["2001:db8:c::"]);
  assertEquals(node.ofKind("removeAddress"), [], "but it is still there for connections");
});

Deno.test("RFC 4862 5.5.3 e: a valid lifetime is not shortened below two hours", () => {
  const table: [before: number, advertised: number, leftMs: number][] = [
    [86_400, 10_800, 3 * HOUR_MS],
    [86_400, 10, 2 * HOUR_MS],
    [86_400, 0, 2 * HOUR_MS],
    [3600, 10, HOUR_MS],
    [3600, 5400, 1.5 * HOUR_MS],
  ];
  for (const [before, advertised, leftMs] of table) {
    const lifetimes = (seconds: number) => ({ validLifetimeSeconds: seconds, preferredLifetimeSeconds: 0 });
    const node = hearing(prefixOption(A, lifetimes(before)));
    node.hears(
      advertisement(routerA, {
        prefixes: [prefixOption(A, lifetimes(advertised))],
        routerLifetimeSeconds: 65_535,
      }),
    );
    assertEquals(node.waits(leftMs - 1).candidates.length, 1, `${before} ${advertised}`);
    assertEquals(node.waits(1).candidates.length, 0, `${before} ${advertised}`);
  }
});

Deno.test("prefixes that are refused, each with its reason, once", () => {
  const table: [PrefixInformation, string | undefined][] = [
    [prefixOption("fe80::"), "the prefix is not one of routable addresses"],
    [prefixOption("ff02::"), "the prefix is not one of routable addresses"],
    [prefixOption("::", { prefixLength: 0 }), "the prefix is not one of routable addresses"],
    [prefixOption(A, { prefixLength: 129 }), "the prefix is longer than an address"],
    [prefixOption(A, { prefixLength: 63 }), "addresses are made in prefixes of 64 bits only"],
    [prefixOption("2000::", { prefixLength: 3 }), "the prefix is too short to be one link"],
    [
      prefixOption(A, { validLifetimeSeconds: 1, preferredLifetimeSeconds: 2 }),
      "the preferred lifetime is longer than the valid lifetime",
    ],
    [prefixOption(A, { validLifetimeSeconds: 0, preferredLifetimeSeconds: 0 }), undefined],
    [prefixOption(A, { autonomous: false }), undefined],
  ];
  for (const [prefix, reason] of table) {
    const node = hearing(prefix);
    assertEquals(node.candidates, []);
    assertEquals(node.reports, reason === undefined ? [] : [reason]);
    assertEquals(node.hears(advertisement(routerA, { prefixes: [prefix] })).reports, []);
  }
});

Deno.test("an on-link prefix that overlaps another is a route of its own and makes no address", () => {
  const node = hearing(prefixOption(A), prefixOption("2001:db8::", { prefixLength: 32, autonomous: false }));
  assertEquals(node.candidates.length, 1);
  assertEquals(node.ofKind("setRoutes")[0].routes.map(({ prefixLength }) => prefixLength), [64, 32, 0]);
});

Deno.test("RFC 6275 7.2: the router's address in place of the prefix names the same prefix", () => {
  assertEquals(hearing(prefixOption(`${A}1`, { routerAddress: true })).prefixes, [A]);
});

Deno.test("RFC 4861 6.3.4: an MTU from 1280 up to that of the link counts", () => {
  const table: [number, number][] = [[1279, 1500], [1280, 1280], [1400, 1400], [1500, 1500], [9000, 1500], [
    0,
    1500,
  ]];
  for (const [mtu, linkMtu] of table) {
    const node = new Node().hears(link()).hears(advertisement(routerA, { more: [{ kind: "mtu", mtu }] }));
    assertEquals(node.machine.candidates()[0].linkMtu, linkMtu);
  }
});

Deno.test("a flood of routers and prefixes is bounded, and the node still gets away from them", () => {
  const node = new Node().hears(link());
  for (let i = 1; i <= 100; i++) {
    const prefixes = [0, 1, 2].map((j) => prefixOption(`2001:db8:${i}:${j}::`));
    node.hears(
      advertisement({ address: `fe80::${i}`, hardwareAddress: octetsOf("0200000000ee"), prefix: "" }, {
        prefixes,
      }),
      1,
    );
    assertEquals(node.candidates.length <= 16, true);
  }
  assertEquals(node.candidates.length, 16);
  node.hears(advertisement(routerA)).waits(700).hears(advertisement(routerA));
  assertEquals(node.prefixes, [A]);
});

Deno.test("RFC 4861 6.3.4: a prefix leaves the link at once, while addresses in it live on", () => {
  const node = hearing(prefixOption(A));
  node.hears(
    advertisement(routerA, {
      prefixes: [prefixOption(A, { validLifetimeSeconds: 0, preferredLifetimeSeconds: 0 })],
    }),
  );
  assertEquals(node.ofKind("setRoutes")[0].routes.map(({ destination }) => destination), ["::"]);
  assertEquals(node.candidates.length, 1);
});

Deno.test("carrier lost: no route stays", () => {
  assertEquals(hearing(prefixOption(A)).hears(link({ carrier: false })).ofKind("setRoutes")[0].routes, []);
});

Deno.test("RFC 8981 3.4: a deprecated prefix gets no new temporary address", () => {
  let chance = 0;
  const node = new Node({ interfaceIdentifier: "temporary" }, () => chance++ % 251 / 251).hears(link());
  const lifetimes = { validLifetimeSeconds: 0xffff_ffff, preferredLifetimeSeconds: 0 };
  const again = advertisement(routerA, {
    prefixes: [prefixOption(A, lifetimes)],
    routerLifetimeSeconds: 65_535,
  });
  const [first] = node.hears(again).candidates;
  for (let hour = 0; hour < 30; hour++) assertEquals(node.hears(again, HOUR_MS).candidates, [first]);
});

Deno.test("faults of others are reported within a limit", () => {
  const node = new Node().hears(link());
  let reports = 0;
  for (let i = 0; i < 100; i++) {
    node.hears(advertisement(routerA, { prefixes: [prefixOption(`fe80:${i}::`)] }));
    reports += node.reports.length;
  }
  assertEquals(reports, 32);
});
