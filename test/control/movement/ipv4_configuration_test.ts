import { assertEquals } from "@std/assert";
import type { EgressAction } from "../../../core/control/movement/egress_action.ts";
import type { EgressEvent } from "../../../core/control/movement/egress_event.ts";
import { DhcpMessageType } from "../../../core/wire/dhcpv4.ts";
import type { DhcpOptions } from "../../../core/wire/dhcpv4_option.ts";
import { octetsOf } from "../../wire/octets.ts";
import {
  ADDRESS,
  doings,
  HERE,
  LINK,
  type Network,
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
  sentMessages,
  serverMessage,
  THERE,
} from "./ipv4_script.ts";

const { discover, request, ack, nak } = DhcpMessageType;
const CHOSEN: EgressEvent = { kind: "chosen", address: ADDRESS };
const NOT_CHOSEN: EgressEvent = { kind: "chosen", address: "2001:db8::7" };
const DOUBT: EgressEvent = { kind: "doubt" };
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
  const player = new Player();
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
  assertEquals(player.handle(NOT_CHOSEN), [
    { kind: "setRoutes", family: 4, routes: [] },
    { kind: "removeAddress", address: ADDRESS, prefixLength: 24 },
  ]);
  assertEquals(player.candidate, ADDRESS);
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

Deno.test("IPv4: the carrier is lost: no candidate at once, then back without a message in between (D-097)", () => {
  const player = new Player();
  player.attach();
  player.handle(CHOSEN);
  assertEquals(doings(player.detach()), ["setRoutes", "candidates", "removeAddress"]);
  assertEquals(player.configuration.nextDeadline(), undefined);
  player.nowMs += 60_000;
  const back = player.handle(LINK);
  // DNAv4: the former router by its hardware address, in our name (RFC 4436 2.1.1); and INIT-REBOOT.
  const [probe] = sentArp(back);
  assertEquals([probe.senderAddress, probe.targetAddress, probe.to], [ADDRESS, ROUTER, ROUTER_HARDWARE]);
  assertEquals(probe.targetHardwareAddress, new Uint8Array(6));
  const reboot = sentMessage(back).message;
  assertEquals([reboot.options.messageType, reboot.options.requestedAddress], [request, ADDRESS]);
  assertEquals([reboot.options.serverIdentifier, reboot.clientAddress], [undefined, "0.0.0.0"]);
  const confirmed = player.handle(routerReply());
  assertEquals(doings(confirmed), ["setNeighbor", "addAddress", "setRoutes", "candidates"]);
  // The server's word comes later, and counts (RFC 4436 2.1).
  player.handle(serverMessage(reboot, ack, { options: { leaseSeconds: 100 } }));
  assertEquals(player.candidate, ADDRESS);
  assertEquals(player.handle(LINK), []);
});

Deno.test("IPv4: the router confirms, the server denies: the server is right (RFC 4436 2.1)", () => {
  const player = new Player();
  player.attach();
  player.detach();
  const reboot = sentMessage(player.handle(LINK)).message;
  player.handle(routerReply());
  const actions = player.handle(serverMessage(reboot, nak));
  assertEquals([player.candidate, sentMessage(actions).message.options.messageType], [undefined, discover]);
  player.handle(routerReply());
  assertEquals(player.candidate, undefined);
  // It is not asked for again.
  player.detach();
  assertEquals(sentMessage(player.handle(LINK)).message.options.messageType, discover);
});

Deno.test("IPv4: another network: NAK, DISCOVER, its lease; and each is known when it comes back", () => {
  const player = new Player();
  player.attach(HERE);
  player.detach();
  const reboot = sentMessage(player.handle(LINK)).message;
  const search = player.handle(serverMessage(reboot, nak, { network: THERE }));
  player.acknowledge(search, THERE);
  player.handle(routerReply(THERE));
  assertEquals(player.candidate, THERE.address);
  for (const network of [HERE, THERE, THERE, HERE]) {
    player.detach();
    assertEquals(sentArp(player.handle(LINK)).length, 2);
    player.handle(routerReply(network));
    assertEquals(player.candidate, network.address);
  }
});

Deno.test("IPv4: a router is known by its hardware address, too", () => {
  const answers: readonly Network[] = [
    { ...HERE, hardwareAddress: OTHER_HARDWARE },
    { ...HERE, router: "192.0.2.2" },
    { ...HERE, address: "192.0.2.8" },
  ];
  for (const network of answers) {
    const player = new Player();
    player.attach();
    player.detach();
    player.handle(LINK);
    player.handle(routerReply(network));
    assertEquals(player.candidate, undefined);
  }
});

Deno.test("IPv4: a silent server in a network thought known: DISCOVER after 300 ms", () => {
  const player = new Player(newConfiguration(1000, () => 0.5));
  player.attach();
  player.detach();
  player.handle(LINK);
  const before = player.nowMs;
  assertEquals(sentMessage(player.wait()).message.options.messageType, discover);
  assertEquals(player.nowMs - before, 300);
});

Deno.test("IPv4: eight networks are remembered, and none whose lease has ended", () => {
  const player = new Player(newConfiguration(0));
  const network = (n: number): Network => ({
    address: `10.0.${n}.7`,
    router: `10.0.${n}.1`,
    hardwareAddress: octetsOf(`0200000001${n.toString(16).padStart(2, "0")}`),
  });
  for (let n = 1; n <= 10; n++) {
    const up = player.handle(LINK);
    const [sent] = sentMessages(up);
    const search = sent.message.options.messageType === discover
      ? up
      : player.handle(serverMessage(sent.message, nak, { network: network(n) }));
    player.acknowledge(search, network(n), { leaseSeconds: n === 10 ? 100 : 3600 });
    player.handle(routerReply(network(n)));
    player.detach();
  }
  const asked = sentArp(player.handle(LINK)).map(({ targetAddress }) => targetAddress);
  assertEquals(asked, [10, 9, 8, 7, 6, 5, 4, 3].map((n) => `10.0.${n}.1`));
  player.detach();
  player.nowMs += 200_000;
  assertEquals(sentArp(player.handle(LINK)).length, 7);
});

Deno.test("IPv4: doubt: three unanswered questions, then no candidate and DISCOVER", () => {
  const player = new Player();
  player.attach();
  const before = player.nowMs;
  const asked = [...player.handle(DOUBT), ...player.pass(299)].flatMap((action) => sentArp([action]))
    .filter(({ targetAddress }) => targetAddress === ROUTER);
  assertEquals(
    asked.map(({ to, senderAddress }) => [to, senderAddress]),
    Array(3).fill([ROUTER_HARDWARE, ADDRESS]),
  );
  assertEquals(player.candidate, ADDRESS);
  const lost = player.pass(1);
  assertEquals([player.nowMs - before, announced(lost), player.candidate], [300, [""], undefined]);
  assertEquals(sentMessage(lost).message.options.messageType, discover);
  // Moved without a word of the link: the new network's lease is here.
  player.acknowledge(lost, THERE);
  assertEquals(player.candidate, THERE.address);
});

Deno.test("IPv4: doubt: the router answers, and nothing happens", () => {
  const player = new Player();
  player.attach();
  player.handle(DOUBT);
  assertEquals(player.handle(routerReply()), []);
  const sent = player.pass(60_000);
  assertEquals([sentMessages(sent), player.candidate], [[], ADDRESS]);
});

Deno.test("IPv4: moved back to a known network without a word of the link: its router says so", () => {
  const player = new Player();
  player.attach(THERE);
  player.detach();
  const reboot = sentMessage(player.handle(LINK)).message;
  player.acknowledge(player.handle(serverMessage(reboot, nak)), HERE);
  player.handle(routerReply(HERE));
  assertEquals(player.candidate, ADDRESS);
  player.handle(DOUBT);
  const lost = player.pass(300);
  assertEquals(sentArp(lost).some(({ targetAddress }) => targetAddress === THERE.router), true);
  player.handle(routerReply(THERE));
  assertEquals(player.candidate, THERE.address);
});

Deno.test("IPv4: a router that is gone hides its lease until it answers; its network is searched for anew", () => {
  const player = new Player();
  player.attach();
  player.handle(DOUBT);
  player.acknowledge(player.pass(300));
  assertEquals(player.candidate, undefined);
  const sent = player.pass(10_000);
  const asked = sentArp(sent).filter(({ targetAddress, to }) => targetAddress === ROUTER && to[0] === 0xff);
  assertEquals(asked.length, 10);
  assertEquals(sentMessages(sent).map(({ message }) => message.options.messageType), [discover]);
  player.acknowledge(sent);
  assertEquals(player.candidate, undefined);
  // Another router has taken the address: that will do.
  const back = player.handle(routerReply({ ...HERE, hardwareAddress: OTHER_HARDWARE }));
  assertEquals(doings(back), ["setNeighbor", "candidates"]);
  assertEquals(player.candidate, ADDRESS);
});

Deno.test("IPv4: the router is asked from time to time while the address is in use, and only then", () => {
  const player = new Player();
  player.attach();
  player.pass(10_000);
  assertEquals(player.configuration.nextDeadline(), 1000 + 1_800_000);
  const first = sentArp(player.handle(CHOSEN));
  assertEquals(first.map(({ to }) => to), [ROUTER_HARDWARE]);
  for (let i = 0; i < 3; i++) {
    player.handle(routerReply());
    const before = player.nowMs;
    assertEquals(sentArp(player.wait()).map(({ targetAddress }) => targetAddress), [ROUTER]);
    assertEquals(player.nowMs - before, 1000);
  }
  player.handle(routerReply());
  player.handle(NOT_CHOSEN);
  assertEquals(player.configuration.nextDeadline(), 1000 + 1_800_000);
  const silent = new Player(newConfiguration(0));
  silent.attach();
  silent.pass(10_000);
  assertEquals(sentArp(silent.handle(CHOSEN)), []);
});

Deno.test("IPv4: a router that never answers: three questions, then the search", () => {
  const player = new Player();
  player.acknowledge(player.handle(LINK));
  assertEquals(sentMessages(player.pass(299)), []);
  const lost = player.pass(1);
  assertEquals([player.candidate, sentMessages(lost).length], [undefined, 1]);
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

Deno.test("IPv4: a router's hardware address is taken from its answer to us only", () => {
  const player = new Player();
  player.acknowledge(player.handle(LINK));
  const said = { operation: 2, senderAddress: ROUTER, targetAddress: "192.0.2.55" };
  const group = { ...HERE, hardwareAddress: octetsOf("010000000001") };
  for (const event of [otherArp(said), otherArp({ ...said, operation: 1 }), routerReply(group)]) {
    assertEquals(doings(player.handle(event)), []);
  }
  assertEquals(doings(player.handle(routerReply())), ["setNeighbor"]);
  // Once known, another one does not take its place.
  assertEquals(doings(player.handle(routerReply({ ...HERE, hardwareAddress: OTHER_HARDWARE }))), []);
});

Deno.test("IPv4: another host that answers in the router's name is not the router", () => {
  const player = new Player();
  player.attach();
  player.handle(DOUBT);
  player.handle(routerReply({ ...HERE, hardwareAddress: OTHER_HARDWARE }));
  player.pass(300);
  assertEquals(player.candidate, undefined);
});

Deno.test("IPv4: a router that was gone and is back is not doubted for the next lease", () => {
  const player = new Player(newConfiguration(0));
  player.attach();
  player.handle(DOUBT);
  player.acknowledge(player.pass(300));
  player.handle(routerReply());
  assertEquals(player.candidate, ADDRESS);
  const renewal = sentMessages(player.pass(1_800_000)).at(-1);
  if (renewal === undefined) throw new Error("no renewal");
  player.acknowledge(player.handle(serverMessage(renewal.message, nak)));
  assertEquals(player.candidate, ADDRESS);
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
