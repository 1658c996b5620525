import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { octetsOf } from "../../wire/octets.ts";
import {
  advertisement,
  frameFrom,
  HARDWARE_ADDRESS,
  hasAlready,
  link,
  Node,
  prefixOption,
  routerA,
  routerB,
  routerIsThere,
} from "./ipv6_network.ts";

const A = "2001:db8:a::";
const B = "2001:db8:b::";
const PROBE_OF_A = `neighborSolicitation of ${routerA.address}`;
const SOLICITATION = "routerSolicitation to ff02::2";

/** A node on the link of router A. */
function attached(settings: ConstructorParameters<typeof Node>[0] = {}): Node {
  return new Node(settings).hears(link()).hears(advertisement(routerA), 1);
}

Deno.test("RFC 6275 11.5.3 M-416 M-418: link up: a link-local address, a solicitation at once, no delay", () => {
  const node = new Node().hears(link());
  assertEquals(node.actions.map(({ kind }) => kind), ["addAddress", "sendFrame", "sendFrame"]);
  const [{ address }] = node.ofKind("addAddress");
  assertEquals(node.said, [SOLICITATION, `neighborSolicitation of ${address}`]);
  const [solicitation, duplicates] = node.sent;
  assertEquals([solicitation.source, duplicates.source], [address, "::"]);
  assertEquals(
    solicitation.message.options,
    [],
    "RFC 4429 3.2: nothing that names an optimistic address's owner",
  );
  assertEquals(node.ofKind("sendFrame")[0].destinationHardwareAddress, octetsOf("333300000002"));
  assertEquals(node.candidates, []);
});

Deno.test("solicitations are repeated soon, then rarely, until a router answers", () => {
  const node = new Node().hears(link());
  const times: number[] = [];
  while (node.nowMs < 80_000) {
    node.waits(node.machine.nextDeadline()! - node.nowMs);
    if (node.said.includes(SOLICITATION)) times.push(node.nowMs);
  }
  assertEquals(times, [100, 400, 1400, 5400, 9400, 39_400, 69_400, 99_400]);
  assertEquals(node.hears(advertisement(routerA)).waits(100_000).said.includes(SOLICITATION), false);
});

Deno.test("RFC 6275 11.5.3 M-413, RFC 4429: an advertisement makes a candidate at once", () => {
  const node = attached();
  const [address] = node.candidates;
  assertEquals(node.machine.candidates(), [
    { interfaceName: "eg0", address, prefixLength: 64, gateway: routerA.address, linkMtu: 1500 },
  ]);
  assertEquals(node.actions.map(({ kind }) => kind), [
    "addAddress",
    "setNeighbor",
    "setRoutes",
    "candidates",
    "sendFrame",
  ]);
  assertEquals(node.said, [`neighborSolicitation of ${address}`]);
  assertEquals(node.ofKind("setRoutes")[0].routes, [
    { destination: A, prefixLength: 64, gateway: undefined },
    { destination: "::", prefixLength: 0, gateway: routerA.address },
  ]);
  assertEquals(node.ofKind("setNeighbor")[0].hardwareAddress, routerA.hardwareAddress);
  assertEquals(node.hears(advertisement(routerA), 5000).actions, [], "the same again changes nothing");
});

Deno.test("after duplicate address detection solicitations name the hardware address", () => {
  const node = attached().waits(2000).hears({ kind: "doubt" });
  for (const { message } of node.sent) {
    assertEquals(message.options, [{ kind: "sourceLinkLayerAddress", hardwareAddress: HARDWARE_ADDRESS }]);
  }
});

Deno.test("RFC 7217 section 6: a duplicate is replaced, three times", () => {
  const node = attached();
  const tried = [node.candidates[0]];
  for (let i = 0; i < 3; i++) {
    node.hears(hasAlready(tried[i]), 10);
    tried.push(node.candidates[0]);
    assertEquals(node.ofKind("removeAddress").map(({ address }) => address), [tried[i]]);
    assertEquals(node.said, [`neighborSolicitation of ${tried[i + 1]}`]);
  }
  assertEquals(new Set(tried).size, 4);
  node.hears({ kind: "addressDuplicate", address: tried[3] });
  assertEquals(node.candidates, []);
  assertEquals(attached().candidates[0], tried[0], "stable: the same from day to day");
});

Deno.test("RFC 4862 5.4.3: a solicitation of another node for our optimistic address is a duplicate, our own echo is none", () => {
  const node = attached();
  const [address] = node.candidates;
  const [probe] = node.sent;
  assertEquals(node.hears(frameFrom(HARDWARE_ADDRESS, probe)).candidates, [address]);
  const asker = octetsOf("0200000000ee");
  const resolution = { ...probe, source: "fe80::5" };
  assertEquals(node.hears(frameFrom(asker, resolution)).candidates, [address], "it only wants to send to us");
  assertNotEquals(node.hears(frameFrom(asker, probe)).candidates, [address]);
});

Deno.test("RFC 4862 5.4.4: an advertisement for an address that was found to be ours is only reported", () => {
  const node = attached().waits(2000);
  const { candidates } = node;
  assertEquals(node.hears(hasAlready(candidates[0])).candidates, candidates);
  assertEquals(node.reports, ["another node advertises our address"]);
  assertEquals(node.hears(hasAlready(candidates[0])).reports, [], "once");
});

Deno.test("RFC 4862 5.4.5: a duplicate of the link-local address is replaced; after the last one IPv6 is off", () => {
  const node = new Node({ interfaceIdentifier: "hardware" }).hears(link());
  assertEquals(node.ofKind("addAddress")[0].address, "fe80::ff:fe00:1");
  node.hears(hasAlready("fe80::ff:fe00:1"), 10);
  assertEquals(node.reports.at(-1), "no link-local address is free: IPv6 is off on this link");
  assertEquals(node.hears(advertisement(routerA)).candidates, []);
  const stable = new Node().hears(link());
  const [{ address }] = stable.ofKind("addAddress");
  assertEquals(stable.hears(hasAlready(address)).ofKind("addAddress").length, 1);
});

Deno.test("RFC 6275 7.5 M-116, 11.5.4 M-420, RFC 3963 5.6 N-024: another network without a link event: its address comes first at once, the old router goes", () => {
  const node = attached().waits(5000).hears(advertisement(routerB));
  assertEquals(node.prefixes, [B, A]);
  assertEquals(node.machine.candidates()[0].gateway, routerB.address);
  assertEquals(node.ofKind("setRoutes")[0].routes.at(-1)?.gateway, routerB.address);
  assert(node.said.includes(PROBE_OF_A));
  assertEquals(node.waits(599).said.filter((what) => what === PROBE_OF_A).length, 2);
  assertEquals(
    node.prefixes,
    [B, A],
    "M-423: the previous address is kept for as long as its router may be there",
  );
  node.waits(1);
  assertEquals(node.prefixes, [B]);
  assertEquals(node.ofKind("removeAddress").length, 1, "M-424");
});

Deno.test("two routers with different prefixes on one link: the older one answers and both stay", () => {
  const node = attached().waits(5000).hears(advertisement(routerB)).hears(routerIsThere(routerA), 1).waits(
    5000,
  );
  assertEquals(node.prefixes, [B, A]);
  assertEquals(node.hears(advertisement(routerA)).prefixes, [B, A], "no way back and forth");
});

Deno.test("there and back within the time of the probes", () => {
  const node = attached().waits(5000).hears(advertisement(routerB)).hears(advertisement(routerA), 50);
  assertEquals(node.prefixes, [A, B]);
  assertEquals(node.waits(1000).prefixes, [A]);
});

Deno.test("a second router of the same prefix is no movement", () => {
  const node = attached().waits(5000);
  const twin = { ...routerB, prefix: A };
  node.hears(advertisement(twin));
  assertEquals(node.said, []);
  assertEquals(node.machine.candidates()[0].gateway, routerA.address);
  node.hears(advertisement(routerA, { routerLifetimeSeconds: 0 }));
  assertEquals(node.machine.candidates()[0].gateway, routerB.address);
});

Deno.test("RFC 4191: the router of higher preference is the default router", () => {
  const node = attached().hears(advertisement({ ...routerB, prefix: A }, { preference: "high" }));
  assertEquals(node.machine.candidates()[0].gateway, routerB.address);
  node.hears(advertisement({ ...routerB, prefix: A }, { preference: "low" }));
  assertEquals(node.machine.candidates()[0].gateway, routerA.address);
});

Deno.test("two networks whose routers are both fe80::1", () => {
  const first = { ...routerA, address: "fe80::1" };
  const second = { ...routerB, address: "fe80::1" };
  const node = new Node().hears(link()).hears(advertisement(first)).hears(advertisement(second), 3000);
  assertEquals(node.prefixes, [B, A]);
  assertEquals(node.ofKind("setNeighbor")[0].hardwareAddress, second.hardwareAddress);
  assertEquals(node.hears(routerIsThere(second), 50).waits(1000).prefixes, [B], "it answers for itself only");
});

Deno.test("RFC 6275 11.5.1: a router that vanishes is found out by probes; looking for another begins with the first silence", () => {
  const node = attached({ routerProbeMs: 1000 }).waits(900);
  assertEquals(node.hears(routerIsThere(routerA), 110).candidates.length, 1);
  assertEquals(node.waits(999).said, []);
  assertEquals(node.waits(1).said, [PROBE_OF_A]);
  assertEquals(node.waits(100).said, [PROBE_OF_A, SOLICITATION]);
  node.waits(500);
  assertEquals(node.candidates, []);
  assertEquals(node.reports, ["router gone"]);
  assertEquals(node.hears(advertisement(routerB), 10).prefixes, [B]);
});

Deno.test("RFC 6275 11.5.1: of two routers, that of the care-of address is asked, and its packets leave by it", () => {
  const node = attached({ routerProbeMs: 1000 });
  const [careOfAddress] = node.candidates;
  node.hears({ kind: "chosen", address: careOfAddress }).hears(advertisement(routerB));
  assertEquals(node.prefixes, [B, A]);
  const routes = () => node.ofKind("setRoutes").flatMap(({ routes }) => routes);
  assertEquals(routes().find(({ prefixLength }) => prefixLength === 0)?.gateway, routerA.address);
  assertEquals(node.waits(100).hears(routerIsThere(routerA)).waits(1000).said, [PROBE_OF_A]);
  assertEquals(node.waits(600).prefixes, [B], "it is gone, and its address with it");
});

Deno.test("RFC 6275 7.3 M-103: the advertised interval says when a router is silent", () => {
  const interval = { kind: "advertisementInterval", intervalMs: 700 } as const;
  const node = new Node().hears(link()).hears(advertisement(routerA, { more: [interval] }));
  assertEquals(node.waits(699).said, []);
  assertEquals(node.waits(1).said, [PROBE_OF_A]);
});

Deno.test("RFC 6275 7.3 M-104: the advertised interval means nothing in another message", () => {
  const interval = { kind: "advertisementInterval", intervalMs: 700 } as const;
  const node = attached().hears(routerIsThere(routerA, { options: [interval] }));
  assertEquals(node.waits(60_000).said, []);
});

Deno.test("doubt: the router is asked and others are solicited", () => {
  const node = attached().waits(5000).hears({ kind: "doubt" });
  assertEquals(node.said, [PROBE_OF_A, SOLICITATION]);
  assertEquals(node.hears(routerIsThere(routerA), 1).candidates.length, 1);
  assertEquals(node.hears(advertisement(routerA), 1).waits(60_000).said, []);
});

Deno.test("RFC 4861 7.3.1: what was not asked for proves nothing", () => {
  const node = attached().waits(5000).hears({ kind: "doubt" });
  assertEquals(node.hears(routerIsThere(routerA, { solicited: false }), 1).waits(600).candidates, []);
});

Deno.test("a flood of advertisements does not make the node flood a router with probes", () => {
  const node = attached().waits(5000);
  let probes = 0;
  for (let i = 0; i < 500; i++) {
    node.hears(
      advertisement({ ...routerB, address: `fe80::1:${i}` }, {
        prefixes: [prefixOption(`2001:db8:1:${i}::`)],
      }),
      1,
    );
    probes += node.said.filter((what) => what === PROBE_OF_A).length;
    node.hears(routerIsThere(routerA));
  }
  assert(probes > 0 && probes <= 6, `${probes} probes in 500 ms`);
  assert(node.prefixes.includes(A));
});

Deno.test("a router of the same address and prefix with other hardware takes its place", () => {
  const node = attached().hears(
    advertisement({ ...routerA, hardwareAddress: routerB.hardwareAddress }),
    5000,
  );
  assertEquals(node.actions.map(({ kind }) => kind), ["setNeighbor"]);
  assertEquals(node.ofKind("setNeighbor")[0].hardwareAddress, routerB.hardwareAddress);
});

Deno.test("a hardware address of many nodes is none of a router: that of the frame counts", () => {
  const event = advertisement({ ...routerA, hardwareAddress: octetsOf("333300000001") });
  const node = new Node().hears(link());
  if (event.kind === "frame") node.hears({ ...event, sourceHardwareAddress: routerA.hardwareAddress });
  assertEquals(node.ofKind("setNeighbor")[0].hardwareAddress, routerA.hardwareAddress);
});

Deno.test("RFC 4861 7.2.5: a router that says that it is none is gone", () => {
  assertEquals(attached().hears(routerIsThere(routerA, { router: false })).candidates, []);
});

Deno.test("carrier lost: no candidates at once, addresses stay", () => {
  const node = attached().hears(link({ carrier: false }), 5000);
  assertEquals(node.actions.map(({ kind }) => kind), ["setRoutes", "candidates"]);
  assertEquals(node.waits(60_000).actions, []);
});

Deno.test("RFC 6059: back on the link, the answer of the router brings the address back", () => {
  const node = attached().waits(5000);
  const { candidates } = node;
  node.hears(link({ carrier: false })).hears(link(), 3000);
  const [solicitation, linkLocal, probe, ...more] = node.said;
  assertEquals([solicitation, probe, more.length], [SOLICITATION, PROBE_OF_A, 0]);
  assert(
    linkLocal.startsWith("neighborSolicitation of fe80::"),
    "only this one has to be unique on any link",
  );
  assertEquals(node.candidates, []);
  node.hears(routerIsThere(routerA), 1);
  assertEquals(node.candidates, candidates);
  assertEquals(node.ofKind("addAddress"), [], "it was there all the time");
  assertEquals(node.said, [], "RFC 6059 4.4: nobody took it meanwhile");
});

Deno.test("RFC 6059: on another link the new router replaces the old one, which is proven gone", () => {
  const node = attached().waits(5000).hears(link({ carrier: false })).hears(link(), 3000);
  assertEquals(node.hears(advertisement(routerB), 1).prefixes, [B]);
  assertEquals(node.ofKind("removeAddress"), []);
  assertEquals(node.waits(600).ofKind("removeAddress").length, 1);
  assertEquals(node.prefixes, [B]);
});

Deno.test("another network whose router has the same addresses, and answers first: the new prefix is preferred", () => {
  const node = attached().waits(5000).hears(link({ carrier: false })).hears(link(), 3000);
  assertEquals(node.hears(routerIsThere(routerA), 1).prefixes, [A]);
  assertEquals(node.hears(advertisement({ ...routerA, prefix: B }), 1).prefixes, [B, A]);
});

Deno.test("a link that comes up slowly: the address outlives the probes and goes with the first other router", () => {
  const node = attached().waits(5000).hears(link({ carrier: false })).hears(link(), 3000).waits(20_000);
  assertEquals(node.ofKind("removeAddress"), []);
  assertEquals(node.candidates, []);
  node.hears(advertisement(routerB));
  assertEquals([node.prefixes, node.ofKind("removeAddress").length], [[B], 1]);
});

Deno.test("an interface that was set down has lost its addresses: they come back when the router answers", () => {
  const node = attached().waits(5000);
  const { candidates } = node;
  assertEquals(node.hears(link({ up: false, carrier: false })).ofKind("removeAddress"), []);
  assertEquals(node.hears(link(), 1000).ofKind("addAddress").length, 1, "the link-local one");
  node.hears(routerIsThere(routerA), 1);
  assertEquals(node.ofKind("addAddress").map(({ address }) => address), candidates);
  assertEquals(node.ofKind("setRoutes").length, 1);
  assertEquals(node.ofKind("setNeighbor").length, 1);
});

Deno.test("another hardware address is another node: all begins anew", () => {
  const node = attached().hears(link({ hardwareAddress: octetsOf("020000000002") }), 5000);
  assertEquals(node.candidates, []);
  assertEquals(node.said[0], SOLICITATION);
});

Deno.test("an interface that is no more, and one that cannot carry IPv6", () => {
  const node = attached().hears({ kind: "linkGone" });
  assertEquals(node.actions, [{ kind: "candidates", candidates: [] }]);
  assertEquals(node.machine.nextDeadline(), undefined);
  assertEquals(new Node().hears(link({ mtu: 1279 })).actions, []);
});

Deno.test("stop leaves the interface as it was found", () => {
  const node = attached();
  const [address] = node.candidates;
  node.hears({ kind: "stop" });
  assertEquals(node.actions.slice(0, 2), [
    { kind: "setRoutes", family: 6, routes: [] },
    { kind: "candidates", candidates: [] },
  ]);
  const removed = node.ofKind("removeAddress").map((action) => action.address);
  assertEquals(removed.length, 2);
  assertEquals(removed.includes(address), true);
  assertEquals([node.machine.nextDeadline(), node.hears(link()).actions.length], [undefined, 0]);
});

Deno.test("RFC 8981: temporary addresses change in time and are removed after two days", () => {
  let chance = 0;
  const node = new Node({ interfaceIdentifier: "temporary" }, () => chance++ % 251 / 251).hears(link());
  const forever = { validLifetimeSeconds: 0xffff_ffff, preferredLifetimeSeconds: 0xffff_ffff };
  const again = advertisement(routerA, {
    prefixes: [prefixOption(A, forever)],
    routerLifetimeSeconds: 65_535,
  });
  const [first] = node.hears(again).candidates;
  const used = new Set<string>();
  for (let hour = 0; hour < 47; hour++) {
    node.hears(again, 3_600_000);
    if (hour >= 24) assertEquals(node.candidates.includes(first), false);
    assertEquals(node.candidates.length, 1);
    used.add(node.candidates[0]);
  }
  assert(used.size >= 2, "a new one every day at the latest");
  const removed = node.waits(3_600_000).ofKind("removeAddress").map(({ address }) => address);
  assertEquals(removed, [first]);
});
