import { assertEquals } from "@std/assert";
import type { EgressAction } from "../../../core/control/movement/egress_action.ts";
import type { EgressEvent } from "../../../core/control/movement/egress_event.ts";
import { DhcpMessageType } from "../../../core/wire/dhcpv4.ts";
import type { DhcpOptions } from "../../../core/wire/dhcpv4_option.ts";
import {
  ADDRESS,
  doings,
  HERE,
  LINK,
  newConfiguration,
  OTHER_HARDWARE,
  otherArp,
  OUR_HARDWARE,
  Player,
  reasons,
  ROUTER,
  ROUTER_HARDWARE,
  routerReply,
  sentArp,
  sentMessage,
} from "./ipv4_script.ts";

const { discover } = DhcpMessageType;
const CHOSEN: EgressEvent = { kind: "chosen", address: ADDRESS };
const NOT_CHOSEN: EgressEvent = { kind: "chosen", address: "2001:db8::7" };
const ALL = new Uint8Array(6).fill(0xff);

function announced(actions: readonly EgressAction[]): string[] {
  return actions.flatMap((action) =>
    action.kind === "candidates" ? [action.candidates.map(({ address }) => address).join()] : []
  );
}

Deno.test("IPv4: the lease is a candidate at once, and nothing is on the interface", () => {
  const player = new Player();
  const bound = player.acknowledge(player.handle(LINK));
  assertEquals(doings(bound), ["candidates"]);
  assertEquals(player.configuration.candidates(), [
    { interfaceName: "eg0", address: ADDRESS, prefixLength: 24, gateway: ROUTER, linkMtu: 1500 },
  ]);
  // The router is asked for at once, and the address probed, in parallel.
  const [router, probe] = sentArp(bound);
  assertEquals([router.senderAddress, router.targetAddress, router.to], [ADDRESS, ROUTER, ALL]);
  assertEquals([probe.senderAddress, probe.targetAddress, probe.to], ["0.0.0.0", ADDRESS, ALL]);
  assertEquals(player.handle(routerReply()), [
    { kind: "setNeighbor", address: ROUTER, hardwareAddress: ROUTER_HARDWARE },
  ]);
});

Deno.test("IPv4: address and routes are there while it is the care-of address, the lease always", () => {
  const player = new Player(newConfiguration(0));
  player.attach();
  const on = player.handle(CHOSEN).filter(({ kind }) => kind !== "sendFrame");
  assertEquals(on, [
    { kind: "addAddress", address: ADDRESS, prefixLength: 24 },
    {
      kind: "setRoutes",
      family: 4,
      routes: [
        { destination: "192.0.2.0", prefixLength: 24, gateway: undefined },
        { destination: "0.0.0.0", prefixLength: 0, gateway: ROUTER },
      ],
    },
  ]);
  assertEquals(player.handle(CHOSEN), []);
  // Packets may still come there.
  assertEquals(player.handle(NOT_CHOSEN), []);
  assertEquals(player.pass(2999).filter(({ kind }) => kind !== "sendFrame"), []);
  assertEquals(player.pass(1).filter(({ kind }) => kind !== "sendFrame"), [
    { kind: "setRoutes", family: 4, routes: [] },
    { kind: "removeAddress", address: ADDRESS, prefixLength: 24 },
  ]);
  assertEquals(player.candidate, ADDRESS);
});

Deno.test("IPv4: chosen again while it is being left, the address stays", () => {
  const player = new Player(newConfiguration(0));
  player.attach();
  player.handle(CHOSEN);
  player.handle(NOT_CHOSEN);
  player.pass(1000);
  assertEquals(player.handle(CHOSEN).filter(({ kind }) => kind !== "sendFrame"), []);
  assertEquals(player.pass(10_000).filter(({ kind }) => kind === "removeAddress"), []);
});

Deno.test("IPv4: classless routes in place of the router option, on the link and not (RFC 3442)", () => {
  const player = new Player();
  player.attach(HERE, {
    routers: ["203.0.113.1"],
    classlessRoutes: [
      { destination: "198.51.100.0", prefixLength: 24, router: "0.0.0.0" },
      { destination: "0.0.0.0", prefixLength: 0, router: "198.51.100.1" },
      { destination: "10.0.0.0", prefixLength: 8, router: "192.0.2.2" },
    ],
  });
  assertEquals(player.configuration.candidates()[0].gateway, "198.51.100.1");
  const routes = player.handle(CHOSEN).flatMap((action) => action.kind === "setRoutes" ? action.routes : []);
  assertEquals(
    routes.map((route) => `${route.destination}/${route.prefixLength} ${route.gateway ?? "link"}`),
    [
      "192.0.2.0/24 link",
      "198.51.100.0/24 link",
      "0.0.0.0/0 198.51.100.1",
      "10.0.0.0/8 192.0.2.2",
    ],
  );
});

Deno.test("IPv4: classless routes that lie are refused", () => {
  const route = (destination: string, prefixLength: number, router: string): DhcpOptions => ({
    classlessRoutes: [{ destination, prefixLength, router }],
  });
  const cases: readonly [DhcpOptions, string][] = [
    [route("10.0.0.0", 8, "203.0.113.1"), "the router 203.0.113.1 of a route is not on the link"],
    [route("127.0.0.0", 8, ROUTER), "it has a route to 127.0.0.0/8"],
    [route("224.0.0.0", 4, ROUTER), "it has a route to 224.0.0.0/4"],
    [route("0.0.0.0", 1, ROUTER), "it has a route to 0.0.0.0/1"],
    [route("0.0.0.0", 0, "0.0.0.0"), "its default route has no router"],
    [
      { classlessRoutes: Array(33).fill({ destination: "10.0.0.0", prefixLength: 8, router: ROUTER }) },
      "it has 33 classless routes",
    ],
  ];
  for (const [options, reason] of cases) {
    const player = new Player();
    const refused = player.acknowledge(player.handle(LINK), HERE, options);
    assertEquals([reasons(refused), player.candidate], [[reason], undefined]);
  }
});

Deno.test("IPv4: the link MTU is the server's, from 576 up to the link's", () => {
  const cases: readonly [number | undefined, number][] = [
    [undefined, 1500],
    [1400, 1400],
    [68, 576],
    [0, 576],
    [9000, 1500],
  ];
  for (const [interfaceMtu, expected] of cases) {
    const player = new Player();
    player.attach(HERE, interfaceMtu === undefined ? {} : { interfaceMtu });
    assertEquals(player.configuration.candidates()[0].linkMtu, expected);
  }
  const player = new Player();
  player.attach();
  const changed = player.handle({ ...LINK, mtu: 1280 } as EgressEvent);
  assertEquals([doings(changed), player.configuration.candidates()[0].linkMtu], [["candidates"], 1280]);
});

Deno.test("IPv4: who asks for the address hears of us while it is not on the interface", () => {
  const player = new Player();
  player.attach();
  const [answer] = sentArp(player.handle(otherArp({})));
  assertEquals([answer.operation, answer.senderAddress, answer.targetAddress], [2, ADDRESS, "192.0.2.55"]);
  assertEquals([answer.senderHardwareAddress, answer.to], [OUR_HARDWARE, OTHER_HARDWARE]);
  assertEquals(sentArp(player.handle(otherArp({ targetAddress: "192.0.2.8" }))), []);
  player.handle(CHOSEN);
  assertEquals(sentArp(player.handle(otherArp({}))), []);
});

Deno.test("IPv4: after its probes the address is defended once in ten seconds, then given up (RFC 5227 2.4)", () => {
  const player = new Player(newConfiguration(0));
  player.attach();
  const probes = sentArp(player.pass(10_000)).filter(({ senderAddress }) => senderAddress === "0.0.0.0");
  assertEquals(probes.length, 2);
  const claim = otherArp({ senderAddress: ADDRESS });
  for (let i = 0; i < 2; i++) {
    const [defence] = sentArp(player.handle(claim));
    assertEquals([defence.senderAddress, defence.targetAddress, defence.to], [ADDRESS, ADDRESS, ALL]);
    player.pass(10_000);
  }
  player.handle(claim);
  assertEquals(player.candidate, ADDRESS);
  player.handle(claim);
  assertEquals(player.candidate, undefined);
});

Deno.test("IPv4: the kernel says that another host has the address", () => {
  const player = new Player();
  player.attach();
  player.handle(CHOSEN);
  player.handle({ kind: "addressDuplicate", address: "192.0.2.99" });
  assertEquals(player.candidate, ADDRESS);
  const actions = player.handle({ kind: "addressDuplicate", address: ADDRESS });
  assertEquals(doings(actions), ["setRoutes", "candidates", "removeAddress"]);
});

Deno.test("IPv4: what we have sent ourselves is no conflict", () => {
  const player = new Player();
  player.attach();
  player.handle(otherArp({ senderAddress: ADDRESS, senderHardwareAddress: OUR_HARDWARE }));
  assertEquals(player.candidate, ADDRESS);
});

Deno.test("IPv4: the interface is gone: nothing is taken off it, and it may come again", () => {
  const player = new Player();
  player.attach();
  player.handle(CHOSEN);
  assertEquals(doings(player.handle({ kind: "linkGone" })), ["candidates"]);
  player.handle(LINK);
  assertEquals(doings(player.handle(routerReply())), [
    "setNeighbor",
    "addAddress",
    "setRoutes",
    "candidates",
  ]);
});

Deno.test("IPv4: stop leaves the interface as it was", () => {
  const player = new Player();
  player.attach();
  player.handle(CHOSEN);
  assertEquals(doings(player.handle({ kind: "stop" })), ["setRoutes", "candidates", "removeAddress"]);
});

Deno.test("IPv4: a link with another hardware address is another host", () => {
  const player = new Player();
  player.attach();
  const moved = player.handle({ ...LINK, hardwareAddress: OTHER_HARDWARE } as EgressEvent);
  assertEquals([announced(moved), sentMessage(moved).message.clientHardwareAddress], [[""], OTHER_HARDWARE]);
});

Deno.test("IPv4: a link without an Ethernet address, or without carrier, is none", () => {
  for (const change of [{ hardwareAddress: new Uint8Array() }, { carrier: false }, { up: false }]) {
    const player = new Player();
    assertEquals(player.handle({ ...LINK, ...change } as EgressEvent), []);
  }
});

Deno.test("IPv4: frames that cannot be read are refused with a reason", () => {
  const player = new Player();
  player.handle(LINK);
  const frame = (etherType: number, payload: Uint8Array): EgressEvent => ({
    kind: "frame",
    etherType,
    sourceHardwareAddress: OTHER_HARDWARE,
    payload,
  });
  assertEquals(reasons(player.handle(frame(0x0806, new Uint8Array(5)))), [
    "ARP packet at offset 5: is cut off",
  ]);
  assertEquals(reasons(player.handle(frame(0x0800, new Uint8Array(5)))), [
    "IPv4 header at offset 5: is cut off",
  ]);
  assertEquals(player.handle(frame(0x86dd, new Uint8Array(5))), []);
});

Deno.test("IPv4: an address that was another host's is not asked for again", () => {
  const player = new Player();
  player.attach();
  player.handle(otherArp({ senderAddress: ADDRESS }));
  player.detach();
  const up = player.handle(LINK);
  assertEquals([sentArp(up), sentMessage(up).message.options.messageType], [[], discover]);
});

Deno.test("IPv4: another host that probes for the address after ours were done is told whose it is", () => {
  const player = new Player(newConfiguration(0));
  player.attach();
  player.pass(10_000);
  const [answer] = sentArp(player.handle(otherArp({ senderAddress: "0.0.0.0" })));
  assertEquals([answer.operation, answer.senderAddress, player.candidate], [2, ADDRESS, ADDRESS]);
});
