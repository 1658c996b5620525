import { assert, assertEquals } from "@std/assert";
import type { EgressEvent } from "../../../core/control/movement/egress_event.ts";
import { EtherType } from "../../../core/control/movement/egress_event.ts";
import { type DhcpMessage, DhcpMessageType } from "../../../core/wire/dhcpv4.ts";
import type { DhcpOptions } from "../../../core/wire/dhcpv4_option.ts";
import { octetsOf } from "../../wire/octets.ts";
import {
  ADDRESS,
  newConfiguration,
  OTHER_HARDWARE,
  Player,
  reasons,
  sentMessage,
  sentMessages,
  serverMessage,
} from "./ipv4_script.ts";
import {
  advertisement,
  frameFrom,
  link,
  Node,
  prefixOption,
  routerA,
  routerB,
  type TestRouter,
} from "./ipv6_network.ts";

/** What others send by mistake or on purpose: ignored or refused with a reason, and what was there stays. */

const { offer, ack, nak } = DhcpMessageType;

/** A lease that has just asked for its renewal. */
function renewing(): { player: Player; renewal: DhcpMessage } {
  const player = new Player(newConfiguration(0));
  player.attach();
  const renewal = sentMessage(player.pass(1_800_000)).message;
  return { player, renewal };
}

const LYING_RENEWALS: readonly [Partial<DhcpMessage>, DhcpOptions, string][] = [
  [{ transactionId: 77 }, {}, "nothing with its transaction ID is on its way"],
  [{ clientHardwareAddress: OTHER_HARDWARE }, {}, "it is for another client"],
  [{ operation: 1 }, {}, "it is no reply"],
  [{ yourAddress: "192.0.2.8" }, {}, "192.0.2.8 was not asked for"],
  [{ yourAddress: "0.0.0.0" }, {}, "0.0.0.0 is no address for a host"],
  [{}, { serverIdentifier: "203.0.113.66" }, "another server was asked"],
  [{}, { leaseSeconds: undefined }, "it has no lease time"],
  [{}, { leaseSeconds: 0 }, "the lease is of 0 s"],
  [{}, { leaseSeconds: 1 }, "the lease is of 1 s"],
  [{}, { subnetMask: "255.0.255.0" }, "the subnet mask is 255.0.255.0"],
  [{}, { subnetMask: "0.0.0.0" }, "the subnet mask is 0.0.0.0"],
  [{}, { routers: ["203.0.113.1"] }, "its router 203.0.113.1 is not on the link"],
];

for (const [message, options, reason] of LYING_RENEWALS) {
  Deno.test(`DHCP: a renewal that lies is refused and the lease stays: ${reason} (${JSON.stringify({ ...message, ...options })})`, () => {
    const { player, renewal } = renewing();
    const endMs = player.nowMs + 1_800_000;
    assertEquals(reasons(player.handle(serverMessage(renewal, ack, { message, options }))), [reason]);
    assertEquals(player.candidate, ADDRESS);
    assertEquals(reasons(player.handle(serverMessage(renewal, ack))), ["lease granted"]);
    assertEquals(player.configuration.nextDeadline(), endMs);
  });
}

Deno.test("DHCP: a NAK that is not from the server that was asked takes nothing away", () => {
  const { player, renewal } = renewing();
  const forged: Parameters<typeof serverMessage>[2][] = [
    { message: { transactionId: 77 } },
    { message: { clientHardwareAddress: OTHER_HARDWARE } },
    { options: { serverIdentifier: "203.0.113.66" } },
  ];
  for (const changes of forged) player.handle(serverMessage(renewal, nak, changes));
  assertEquals(player.candidate, ADDRESS);
});

Deno.test("DHCP: with nothing on its way, no message of a server does anything", () => {
  const player = new Player(newConfiguration(0));
  player.attach();
  const { renewal } = renewing();
  const deadline = player.configuration.nextDeadline();
  for (const type of [offer, ack, nak]) {
    const actions = player.handle(serverMessage(renewal, type));
    assertEquals(reasons(actions), ["nothing with its transaction ID is on its way"]);
  }
  assertEquals([player.candidate, player.configuration.nextDeadline()], [ADDRESS, deadline]);
});

Deno.test("DHCP: the longest lease is an instant like others, and for ever is none", () => {
  for (const [leaseSeconds, seconds] of [[0xffff_fffe, 0xffff_fffe / 2], [0xffff_ffff, undefined]] as const) {
    const player = new Player(newConfiguration(0));
    const startMs = player.nowMs;
    player.attach(undefined, { leaseSeconds });
    assertEquals(player.candidate, ADDRESS);
    player.pass(60_000);
    const deadline = player.configuration.nextDeadline();
    assertEquals(deadline && (deadline - startMs) / 1000, seconds);
  }
});

Deno.test("DHCP: a flood of offers from servers that never answer brings no flood of requests", () => {
  const player = new Player(newConfiguration(0));
  const { message } = sentMessage(player.handle({ ...link() } as EgressEvent));
  let requests = 0;
  for (let server = 1; server <= 200; server++) {
    const serverIdentifier = `192.0.2.${server}`;
    requests +=
      sentMessages(player.handle(serverMessage(message, offer, { options: { serverIdentifier } }))).length;
  }
  assert(requests <= 1, `${requests} requests`);
});

/** A node on the link of router A. */
function attached(): Node {
  return new Node().hears(link()).hears(advertisement(routerA), 1);
}

/** An advertisement of router B with its octets changed, its checksum left as it was or mended by the caller. */
function damaged(change: (octets: Uint8Array) => Uint8Array | void): EgressEvent {
  const event = advertisement(routerB);
  if (event.kind !== "frame") throw new Error(event.kind);
  const octets = event.payload.slice();
  return { ...event, payload: change(octets) ?? octets };
}

const MALFORMED: readonly [what: string, event: EgressEvent, reason: string][] = [
  ["a hop limit of 254: it was forwarded", damaged((octets) => void (octets[7] = 254)), "is 254, not 255"],
  ["a wrong checksum", damaged((octets) => void (octets[42] ^= 1)), "ICMPv6 checksum"],
  ["cut off", damaged((octets) => octets.subarray(0, 50)), "is cut off"],
  ["nothing", damaged((octets) => octets.subarray(0, 0)), "cut off"],
  [
    "a source that is not link-local",
    advertisement({ ...routerB, address: "2001:db8:b::1" }),
    "link-local",
  ],
];

for (const [what, event, reason] of MALFORMED) {
  Deno.test(`IPv6: a Router Advertisement is ignored with a reason: ${what}`, () => {
    const node = attached();
    const before = node.candidates;
    const [report, ...more] = node.hears(event, 5000).ofKind("report");
    assertEquals(more, []);
    assert(String(report.details.reason).includes(reason), String(report.details.reason));
    assertEquals([node.candidates, node.waits(10_000).ofKind("candidates")], [before, []]);
  });
}

Deno.test("IPv6: a rogue router on the link takes neither the care-of address nor the default route", () => {
  const rogue: TestRouter = {
    address: "fe80::bad",
    hardwareAddress: octetsOf("0200000000bd"),
    prefix: routerA.prefix,
  };
  const node = attached();
  const [first] = node.candidates;
  const lies = [
    advertisement(rogue, {
      prefixes: [prefixOption(routerA.prefix, { validLifetimeSeconds: 0, preferredLifetimeSeconds: 0 })],
    }),
    advertisement(rogue, {
      prefixes: [prefixOption(routerA.prefix, { validLifetimeSeconds: 1, preferredLifetimeSeconds: 1 })],
    }),
    advertisement(rogue, {
      prefixes: [prefixOption("ff02::"), prefixOption("fe80::"), prefixOption("::", { prefixLength: 0 })],
    }),
    advertisement(rogue, { more: [{ kind: "mtu", mtu: 68 }] }),
    advertisement(rogue, { routerLifetimeSeconds: 0 }),
  ];
  for (const lie of lies) {
    node.hears(lie, 100);
    assertEquals(node.candidates[0], first);
    assertEquals(node.machine.candidates()[0].gateway, routerA.address);
    assert(node.machine.candidates()[0].linkMtu >= 1280);
  }
});

Deno.test("IPv6: somebody who claims the care-of address after it was found to be ours does not get it", () => {
  const node = attached().waits(5000);
  const [address] = node.candidates;
  const claim = frameFrom(octetsOf("0200000000ee"), {
    source: address,
    destination: "ff02::1",
    message: {
      kind: "neighborAdvertisement",
      router: false,
      solicited: false,
      override: true,
      target: address,
      options: [],
    },
  });
  for (let i = 0; i < 10; i++) node.hears(claim, 10);
  assertEquals([node.candidates[0], node.ofKind("removeAddress")], [address, []]);
});

Deno.test("frames of other protocols are nothing to either family", () => {
  const node = attached();
  const frame: EgressEvent = {
    kind: "frame",
    etherType: EtherType.arp,
    sourceHardwareAddress: OTHER_HARDWARE,
    payload: new Uint8Array(28),
  };
  assertEquals(node.hears(frame, 5000).actions, []);
});
