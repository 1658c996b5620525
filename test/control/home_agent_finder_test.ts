import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { encodeDiscoveryPacket, readDiscoveryPacket } from "../../core/control/discovery_packet.ts";
import { HomeAgentFinder, type HomeAgentFinderAction } from "../../core/control/home_agent_finder.ts";
import { addressDiscoveryReply, homeAgentRequestIn } from "../../core/wire/icmpv6_home_agent.ts";
import { at, candidate, ofKind } from "./script.ts";

const HOME_PREFIX = { address: "2001:db8:100::", length: 64 };
const ANYCAST = "2001:db8:100:0:fdff:ffff:ffff:fffe";
const CARE_OF = "2001:db8:f::7";
const OTHER = "2001:db8:e::7";
const HOME_AGENTS = ["2001:db8:100::2", "2001:db8:100::1"];
const IDENTIFIER = 0x4000;

function finder(mobileRouter = false): HomeAgentFinder {
  return new HomeAgentFinder({ homePrefix: HOME_PREFIX, mobileRouter }, 0.25);
}

function careOf(...addresses: string[]) {
  return {
    kind: "careOfAddresses",
    candidates: addresses.map((address) => candidate(address)),
  } as const;
}

/** The requests among actions: source, destination, and what they ask. */
function asked(actions: readonly HomeAgentFinderAction[]) {
  return ofKind(actions, "sendPacket").map(({ packet }) => {
    const { source, destination, homeAddressOption, message } = readDiscoveryPacket(packet)!;
    return { source, destination, homeAddressOption, ...homeAgentRequestIn(message)! };
  });
}

function reply(homeAgents: readonly string[], identifier = IDENTIFIER, destination = CARE_OF) {
  const message = addressDiscoveryReply(identifier, false, homeAgents);
  return {
    kind: "discovery",
    packet: encodeDiscoveryPacket({ source: HOME_AGENTS[1], destination, message }),
  } as const;
}

Deno.test("RFC 6275 8.5 M-175, 11.4.1: it asks the home agents anycast address from the first IPv6 care-of address", () => {
  for (const mobileRouter of [false, true]) {
    const actions = finder(mobileRouter).handle(careOf("198.51.100.7", CARE_OF, OTHER), at(0));
    assertEquals(ofKind(actions, "useCareOfAddress").map(({ candidate }) => candidate?.address), [CARE_OF]);
    const request = { kind: "addressDiscoveryRequest" as const, identifier: IDENTIFIER, mobileRouter };
    const ends = { source: CARE_OF, destination: ANYCAST, homeAddressOption: undefined };
    assertEquals(asked(actions), [{ ...ends, ...request }]);
    const [{ packet }] = ofKind(actions, "sendPacket");
    assertEquals([...packet.subarray(-2)], [mobileRouter ? 0x80 : 0, 0], "M-079: the rest is reserved");
  }
});

Deno.test("M-397: retransmissions wait twice as long each, four of them, and then no longer", () => {
  const machine = finder();
  machine.handle(careOf(CARE_OF), at(0));
  const times = [];
  for (let count = 0; count < 6; count++) {
    const deadline = machine.nextDeadline()!;
    assertEquals(asked(machine.handle({ kind: "deadline" }, at(deadline))).length, 1);
    times.push(deadline / 1000);
  }
  assertEquals(times, [3, 9, 21, 45, 93, 141]);
});

Deno.test("it asks from unique-local addresses last, and without an answer from the next address", () => {
  const machine = finder();
  const used = (actions: readonly HomeAgentFinderAction[]) =>
    ofKind(actions, "useCareOfAddress").map(({ candidate }) => candidate?.address);
  assertEquals(used(machine.handle(careOf("fd00::7", CARE_OF), at(0))), [CARE_OF]);
  const again = machine.handle({ kind: "deadline" }, at(machine.nextDeadline()!));
  assertEquals([used(again), asked(again).map(({ source }) => source)], [["fd00::7"], ["fd00::7"]]);
  assertEquals(used(machine.handle({ kind: "deadline" }, at(machine.nextDeadline()!))), [CARE_OF]);
});

Deno.test("M-393, RFC 6275 6.1.7 M-041: the answer gives the home agents in its order, if they are of the home prefix", () => {
  const machine = finder();
  machine.handle(careOf(CARE_OF), at(0));
  const actions = machine.handle(
    reply(["2001:db8:bad::1", ...HOME_AGENTS, HOME_AGENTS[0], "fe80::1", "::"]),
    at(5),
  );
  assertEquals(actions, [{ kind: "found", homeAgents: HOME_AGENTS }]);
  assertEquals(machine.nextDeadline(), undefined);
  assertEquals(machine.handle(reply(HOME_AGENTS), at(6)), []);
});

Deno.test("answers to nobody, to another question, and without a home agent are none", () => {
  const machine = finder();
  assertEquals(machine.handle(reply(HOME_AGENTS), at(0)), []);
  machine.handle(careOf(CARE_OF), at(0));
  const damaged = reply(HOME_AGENTS);
  damaged.packet[60] ^= 1;
  for (const wrong of [reply(HOME_AGENTS, 7), reply(HOME_AGENTS, IDENTIFIER, OTHER), damaged]) {
    assertEquals(machine.handle(wrong, at(1)), []);
  }
  assertEquals(machine.handle(reply([]), at(1)).map(({ kind }) => kind), ["report"]);
  assertEquals(machine.nextDeadline(), 3000);
});

Deno.test("a move begins anew from there; without IPv6 nothing is asked", () => {
  const machine = finder();
  machine.handle(careOf(CARE_OF), at(0));
  machine.handle({ kind: "deadline" }, at(3000));
  assertEquals(asked(machine.handle(careOf(OTHER), at(4000))).map(({ source }) => source), [OTHER]);
  assertEquals(machine.nextDeadline(), 7000);
  const left = machine.handle(careOf("198.51.100.7"), at(5000));
  assertEquals(left, [{ kind: "useCareOfAddress", candidate: undefined }]);
  assertEquals(machine.nextDeadline(), undefined);
});

Deno.test("no packet makes it throw or find what was not said", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, damage) => {
    const machine = finder();
    machine.handle(careOf(CARE_OF), at(0));
    const { packet } = reply(HOME_AGENTS);
    if (damage) bytes.forEach((octet, index) => packet[(index * 7 + octet) % packet.length] ^= octet);
    const actions = machine.handle({ kind: "discovery", packet: damage ? packet : bytes }, at(1));
    for (const { homeAgents } of ofKind(actions, "found")) assertEquals(homeAgents, HOME_AGENTS);
  }));
});
