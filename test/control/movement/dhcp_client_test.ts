import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { EgressAction } from "../../../core/control/movement/egress_action.ts";
import { type DhcpMessage, DhcpMessageType } from "../../../core/wire/dhcpv4.ts";
import type { DhcpOptions } from "../../../core/wire/dhcpv4_option.ts";
import {
  ADDRESS,
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
  sentMessage,
  sentMessages,
  serverMessage,
} from "./ipv4_script.ts";

const { discover, offer, request, decline, ack, nak, release } = DhcpMessageType;
const ALL = new Uint8Array(6).fill(0xff);

function typesOf(actions: readonly EgressAction[]): (number | undefined)[] {
  return sentMessages(actions).map(({ message }) => message.options.messageType);
}

/** Quiet but for DHCP: the router's presence is not asked for. */
function quietPlayer(): Player {
  return new Player(newConfiguration(0));
}

Deno.test("DHCP: link up, DISCOVER at once with rapid commit (RFC 4039), lease at once", () => {
  const player = new Player();
  const sent = sentMessage(player.handle(LINK));
  assertEquals([sent.source, sent.destination, sent.to], ["0.0.0.0", "255.255.255.255", ALL]);
  assertEquals([sent.sourcePort, sent.destinationPort], [68, 67]);
  const { options, clientHardwareAddress, broadcast } = sent.message;
  assertEquals([options.messageType, options.rapidCommit, broadcast], [discover, true, false]);
  assertEquals(clientHardwareAddress, OUR_HARDWARE);
  assertEquals(options.clientIdentifier, new Uint8Array([1, ...OUR_HARDWARE]));
  assertEquals(options.parameterRequestList?.includes(80), false);
  player.handle(serverMessage(sent.message, ack, { options: { rapidCommit: true } }));
  assertEquals(player.candidate, ADDRESS);
});

Deno.test("DHCP: without rapid commit in it, an ACK to a DISCOVER is none", () => {
  const player = new Player();
  const { message } = sentMessage(player.handle(LINK));
  const actions = player.handle(serverMessage(message, ack));
  assertEquals(reasons(actions), ["nothing was asked for, and it has no rapid commit"]);
  assertEquals(player.candidate, undefined);
});

Deno.test("DHCP: four messages; the REQUEST has the DISCOVER's transaction and seconds (RFC 2131 4.4.1)", () => {
  const player = new Player();
  player.handle(LINK);
  player.wait();
  const again = sentMessage(player.wait());
  assertEquals([again.message.options.messageType, again.message.seconds], [discover, 1]);
  player.nowMs += 900;
  const selected = sentMessage(player.handle(serverMessage(again.message, offer)));
  assertEquals(selected.message.options.messageType, request);
  assertEquals(selected.message.options.requestedAddress, ADDRESS);
  assertEquals(selected.message.options.serverIdentifier, ROUTER);
  assertEquals(selected.message.transactionId, again.message.transactionId);
  assertEquals([selected.message.seconds, selected.message.clientAddress], [1, "0.0.0.0"]);
  assertEquals(player.candidate, undefined);
  player.handle(serverMessage(selected.message, ack));
  assertEquals(player.candidate, ADDRESS);
});

Deno.test("DHCP: unanswered DISCOVERs go out quickly at first, then at most every 16 s", () => {
  const player = new Player(newConfiguration(1000, () => 0.5));
  player.handle(LINK);
  const gaps: number[] = [];
  for (let i = 0; i < 8; i++) {
    const before = player.nowMs;
    assertEquals(typesOf(player.wait()), [discover]);
    gaps.push(player.nowMs - before);
  }
  assertEquals(gaps, [300, 1000, 2000, 4000, 8000, 16_000, 16_000, 16_000]);
});

Deno.test("DHCP: that nobody answers is told once, after the third DISCOVER", () => {
  const player = new Player();
  const told = (actions: readonly EgressAction[]) =>
    actions.filter((action) =>
      action.kind === "report" && action.message === "no DHCP server has answered yet"
    );
  const counts = [told(player.handle(LINK)).length];
  for (let sent = 2; sent <= 6; sent++) counts.push(told(player.wait()).length);
  assertEquals(counts, [0, 0, 1, 0, 0, 0]);
});

Deno.test("DHCP: an offer whose server does not answer is given up after three REQUESTs", () => {
  const player = new Player();
  const first = sentMessage(player.handle(LINK));
  player.handle(serverMessage(first.message, offer));
  assertEquals(typesOf(player.wait()), [request]);
  assertEquals(typesOf(player.wait()), [request]);
  assertEquals(typesOf(player.wait()), [discover]);
});

Deno.test("DHCP: another server that commits at once is taken after an offer, too (RFC 4039 3)", () => {
  const player = new Player();
  const { message } = sentMessage(player.handle(LINK));
  player.handle(serverMessage(message, offer, { message: { yourAddress: "192.0.2.66" } }));
  player.handle(
    serverMessage(message, ack, { options: { rapidCommit: true, serverIdentifier: "192.0.2.2" } }),
  );
  assertEquals(player.candidate, ADDRESS);
});

Deno.test("DHCP: T1, T2 and the end of the lease by default (RFC 2131 4.4.5)", () => {
  const player = quietPlayer();
  const boundAtMs = player.nowMs;
  player.attach();
  player.pass(1_799_999);
  const renewal = sentMessage(player.pass(1));
  assertEquals([renewal.source, renewal.destination, renewal.to], [ADDRESS, ROUTER, ROUTER_HARDWARE]);
  assertEquals(renewal.message.clientAddress, ADDRESS);
  assertEquals(renewal.message.options.requestedAddress, undefined);
  assertEquals(renewal.message.options.serverIdentifier, undefined);
  // T2 at 3150 s: half of the rest each time, not below 60 s.
  const times: number[] = [];
  const rebinding: boolean[] = [];
  while (player.nowMs < boundAtMs + 3_600_000) {
    const [sent] = sentMessages(player.wait());
    if (sent.message.options.messageType === discover) break;
    times.push((player.nowMs - boundAtMs) / 1000);
    rebinding.push(sent.destination === "255.255.255.255");
    assertEquals(sent.message.clientAddress, ADDRESS);
    assertEquals(player.candidate, ADDRESS);
  }
  assertEquals(times, [2475, 2812.5, 2981.25, 3065.625, 3125.625, 3150, 3375, 3487.5, 3547.5]);
  assertEquals(rebinding, times.map((time) => time >= 3150));
  assertEquals([player.nowMs - boundAtMs, player.candidate], [3_600_000, undefined]);
});

Deno.test("DHCP: T1 and T2 as the server says, unless they lie", () => {
  const cases: readonly [DhcpOptions, number][] = [
    [{ renewalSeconds: 100, rebindingSeconds: 200 }, 100],
    [{ renewalSeconds: 100 }, 100],
    [{ renewalSeconds: 200, rebindingSeconds: 100 }, 1800],
    [{ renewalSeconds: 0, rebindingSeconds: 100 }, 1800],
    [{ renewalSeconds: 100, rebindingSeconds: 3600 }, 1800],
    [{ renewalSeconds: 0xffff_ffff, rebindingSeconds: 0xffff_ffff }, 1800],
    [{ leaseSeconds: 0xffff_ffff }, Infinity],
  ];
  for (const [options, seconds] of cases) {
    const player = quietPlayer();
    const boundAtMs = player.nowMs;
    player.attach(HERE, options);
    player.pass(10_000);
    const next = player.configuration.nextDeadline();
    assertEquals(((next ?? Infinity) - boundAtMs) / 1000, seconds, JSON.stringify(options));
  }
});

Deno.test("DHCP: a renewed lease counts from its REQUEST; the candidate is told once", () => {
  const player = quietPlayer();
  player.attach();
  const renewal = player.pass(1_800_000);
  player.nowMs += 500;
  const actions = player.acknowledge(renewal);
  assertEquals(actions.filter(({ kind }) => kind === "candidates"), []);
  assertEquals(player.configuration.nextDeadline(), player.nowMs - 500 + 1_800_000);
});

Deno.test("DHCP: a renewal is answered by the server that was asked, a rebinding by any", () => {
  const player = quietPlayer();
  player.attach();
  const other = { options: { serverIdentifier: "192.0.2.2" } };
  const renewal = sentMessage(player.pass(1_800_000)).message;
  assertEquals(reasons(player.handle(serverMessage(renewal, ack, other))), ["another server was asked"]);
  assertEquals(reasons(player.handle(serverMessage(renewal, nak, other))), ["another server was asked"]);
  const all = player.pass(1_350_000);
  assertEquals(sentMessages(all).at(-1)?.destination, "255.255.255.255");
  assertEquals(reasons(player.handle(serverMessage(renewal, ack, other))), ["lease granted"]);
});

Deno.test("DHCP: a NAK takes the lease away, and the search begins at once", () => {
  const player = quietPlayer();
  player.attach();
  const renewal = sentMessage(player.pass(1_800_000)).message;
  const actions = player.handle(serverMessage(renewal, nak));
  assertEquals(typesOf(actions), [discover]);
  assertEquals(player.candidate, undefined);
});

Deno.test("DHCP: a server that offers and denies is not asked without end", () => {
  const player = new Player(newConfiguration(0, () => 0.5));
  let sent = sentMessage(player.handle(LINK)).message;
  const waits: number[] = [];
  for (let round = 0; round < 5; round++) {
    const asked = sentMessage(player.handle(serverMessage(sent, offer))).message;
    const before = player.nowMs;
    const denied = player.handle(serverMessage(asked, nak));
    sent = sentMessage(sentMessages(denied).length > 0 ? denied : player.wait()).message;
    waits.push(player.nowMs - before);
  }
  assertEquals(waits, [0, 300, 1000, 2000, 4000]);
});

Deno.test("DHCP: a conflict while probing: DECLINE, ten seconds, DISCOVER (RFC 2131 3.1, RFC 5227 2.1)", () => {
  for (const conflict of [{ senderAddress: ADDRESS }, { senderAddress: "0.0.0.0", targetAddress: ADDRESS }]) {
    const player = new Player();
    player.attach();
    const declined = sentMessage(player.handle(otherArp(conflict)));
    assertEquals([declined.source, declined.to], ["0.0.0.0", ALL]);
    assertEquals(declined.message.options.messageType, decline);
    assertEquals(declined.message.options.requestedAddress, ADDRESS);
    assertEquals(declined.message.options.serverIdentifier, ROUTER);
    assertEquals(player.candidate, undefined);
    const before = player.nowMs;
    assertEquals(typesOf(player.wait()), [discover]);
    assertEquals(player.nowMs - before, 10_000);
  }
});

Deno.test("DHCP: stop releases a chosen lease, by unicast, and nothing else is sent after it", () => {
  const player = new Player();
  player.attach();
  player.handle({ kind: "chosen", address: ADDRESS });
  const actions = player.handle({ kind: "stop" });
  const released = sentMessage(actions);
  assertEquals([released.source, released.destination, released.to], [ADDRESS, ROUTER, ROUTER_HARDWARE]);
  assertEquals(released.message.options.messageType, release);
  assertEquals(released.message.clientAddress, ADDRESS);
  assertEquals(player.configuration.nextDeadline(), undefined);
  assertEquals(player.handle(LINK), []);
  const idle = new Player();
  idle.attach();
  assertEquals(typesOf(idle.handle({ kind: "stop" })), []);
});

Deno.test("DHCP: messages that answer nothing change nothing", () => {
  const wrong: readonly [Partial<DhcpMessage>, string][] = [
    [{ transactionId: 77 }, "nothing with its transaction ID is on its way"],
    [{ clientHardwareAddress: OTHER_HARDWARE }, "it is for another client"],
    [{ operation: 1 }, "it is no reply"],
  ];
  for (const [message, reason] of wrong) {
    const player = new Player();
    const sent = sentMessage(player.handle(LINK)).message;
    assertEquals(reasons(player.handle(serverMessage(sent, offer, { message }))), [reason]);
    assertEquals(player.candidate, undefined);
    assertEquals(typesOf(player.handle(serverMessage(sent, offer))), [request]);
  }
});

Deno.test("DHCP: offers that lie are refused with a reason, and the next one is taken", () => {
  const lies: readonly [Partial<DhcpMessage>, DhcpOptions, string][] = [
    [{ yourAddress: "0.0.0.0" }, {}, "0.0.0.0 is no address for a host"],
    [{ yourAddress: "127.0.0.1" }, {}, "127.0.0.1 is no address for a host"],
    [{ yourAddress: "224.0.0.1" }, {}, "224.0.0.1 is no address for a host"],
    [{ yourAddress: "169.254.1.1" }, {}, "169.254.1.1 is no address for a host"],
    [{ yourAddress: "192.0.2.255" }, {}, "192.0.2.255/24 is no address for a host"],
    [{ yourAddress: "192.0.2.0" }, {}, "192.0.2.0/24 is no address for a host"],
    [{ yourAddress: ROUTER }, {}, "the server's address is 192.0.2.1"],
    [{}, { serverIdentifier: undefined }, "it names no server"],
    [{}, { serverIdentifier: "239.0.0.1" }, "the server's address is 239.0.0.1"],
    [{}, { subnetMask: undefined }, "it has no subnet mask"],
    [{}, { subnetMask: "255.0.255.0" }, "the subnet mask is 255.0.255.0"],
    [{}, { subnetMask: "0.0.0.0" }, "the subnet mask is 0.0.0.0"],
    [{}, { leaseSeconds: undefined }, "it has no lease time"],
    [{}, { leaseSeconds: 0 }, "the lease is of 0 s"],
    [{}, { leaseSeconds: 9 }, "the lease is of 9 s"],
    [{}, { routers: ["203.0.113.1"] }, "its router 203.0.113.1 is not on the link"],
    [{}, { routers: [ADDRESS] }, `its router ${ADDRESS} is not on the link`],
    [{}, { routers: ["192.0.2.255"] }, "its router 192.0.2.255 is not on the link"],
  ];
  for (const [message, options, reason] of lies) {
    const player = new Player();
    const sent = sentMessage(player.handle(LINK)).message;
    const refused = player.handle(serverMessage(sent, offer, { message, options }));
    assertEquals([reasons(refused), typesOf(refused)], [[reason], []]);
    assertEquals(typesOf(player.handle(serverMessage(sent, offer))), [request]);
  }
});

Deno.test("DHCP: an ACK that grants another address than the offer is refused", () => {
  const player = new Player();
  const sent = sentMessage(player.handle(LINK)).message;
  const asked = sentMessage(player.handle(serverMessage(sent, offer))).message;
  const actions = player.handle(serverMessage(asked, ack, { message: { yourAddress: "192.0.2.8" } }));
  assertEquals(reasons(actions), ["192.0.2.8 was not asked for"]);
  assertEquals(player.candidate, undefined);
});

Deno.test("DHCP: default T1 comes a little earlier by chance, never later (RFC 2131 4.4.5)", () => {
  const player = new Player(newConfiguration(0, () => 0.999));
  const boundAtMs = player.nowMs;
  player.attach();
  player.pass(20_000);
  const t1 = ((player.configuration.nextDeadline() ?? 0) - boundAtMs) / 1000;
  assertAlmostEquals(t1, 1800 * 0.98, 1);
});

Deno.test("DHCP: each lease that is denied is the first again", () => {
  const player = quietPlayer();
  player.attach();
  for (let round = 0; round < 3; round++) {
    const [renewal] = sentMessages(player.pass(1_800_000)).slice(-1);
    const search = player.handle(serverMessage(renewal.message, nak));
    assertEquals(typesOf(search), [discover]);
    player.acknowledge(search);
    player.handle(routerReply());
  }
});

Deno.test("DHCP: a link of two addresses has neither network nor broadcast address (RFC 3021)", () => {
  const player = new Player();
  player.attach({ ...HERE, address: "192.0.2.0" }, { subnetMask: "255.255.255.254" });
  assertEquals(player.candidate, "192.0.2.0");
});
