import { assertEquals } from "@std/assert";
import type { EgressAction } from "../../../core/control/movement/egress_action.ts";
import type { EgressEvent } from "../../../core/control/movement/egress_event.ts";
import { DhcpMessageType } from "../../../core/wire/dhcpv4.ts";
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
  Player,
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

function announced(actions: readonly EgressAction[]): string[] {
  return actions.flatMap((action) =>
    action.kind === "candidates" ? [action.candidates.map(({ address }) => address).join()] : []
  );
}

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
  player.wait();
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
