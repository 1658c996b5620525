import { assert, assertEquals } from "@std/assert";
import type { MobileNode } from "../../core/control/mobile_node.ts";
import { encodeMobilityHeader } from "../../core/wire/mobility_header.ts";
import type { MobilityMessage } from "../../core/wire/mobility_message.ts";
import { findOption } from "../../core/wire/mobility_option.ts";
import { encodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import {
  acknowledgementOverIpv6,
  at,
  candidate,
  careOf,
  fromIpv6,
  HOME_ADDRESS,
  HOME_AGENT,
  newHomeAgent,
  newMobileNode,
  offer,
  ofKind,
  register,
  registerOverIpv6,
  sentOverIpv6,
  updateOverIpv6,
} from "../control/script.ts";

const CARE_OF = "2001:db8:f::7";
const OTHER = "2001:db8:e::7";
const AT_HOME = candidate("2001:db8:100::77", { atHome: true });

/** Hands the mobile node a message of the home agent that comes natively. */
function give(
  mobileNode: MobileNode,
  message: MobilityMessage,
  ends: { destination: string; routingHomeAddress?: string; homeAddressOption?: string; source?: string },
  monotonicMs: number,
) {
  const mobilityHeader = encodeMobilityHeader(message);
  const packet = encodeMobilityPacket({ source: HOME_AGENT, ...ends, mobilityHeader });
  return mobileNode.handle({ kind: "signalling", outer: undefined, packet }, at(monotonicMs));
}

Deno.test("RFC 6275 8.5 M-171, 11.7.1 M-421 M-422 M-458 M-459 M-460 M-461 M-462 M-463 M-474, RFC 5555 D-037 D-054 D-083 D-128 D-133: the Binding Update over IPv6", () => {
  const actions = newMobileNode({ forceUdp: true }).handle(careOf(CARE_OF), at(0));
  const { source, message: packet } = sentOverIpv6(actions);
  assertEquals([source, packet.source, packet.destination], [CARE_OF, CARE_OF, HOME_AGENT]);
  assertEquals([packet.homeAddressOption, packet.routingHomeAddress], [HOME_ADDRESS, undefined]);
  assert(packet.checksumValid);
  const update = updateOverIpv6(actions);
  assertEquals([update.homeRegistration, update.acknowledge, update.forceUdp], [true, true, false]);
  assertEquals(update.lifetimeSeconds, 420);
  assertEquals(findOption(update.options, "alternateCareOfAddress")?.careOfAddress, CARE_OF);
  assertEquals(findOption(update.options, "ipv4CareOfAddress"), undefined);
});

Deno.test("the care-of address is put to use before its Binding Update goes out", () => {
  const actions = newMobileNode().handle(careOf(CARE_OF), at(0));
  const kinds = actions.map(({ kind }) => kind).filter((kind) => kind !== "report");
  assertEquals(kinds, ["useCareOfAddress", "sendPacket"]);
  assertEquals(ofKind(actions, "useCareOfAddress")[0].candidate?.address, CARE_OF);
});

Deno.test("RFC 6275 8.5 M-172, 11.7.3 M-498 M-499 M-500: accepted over IPv6, the tunnel is IPv6 in IPv6, without a keepalive", () => {
  const mobileNode = newMobileNode();
  const { result } = registerOverIpv6(mobileNode, newHomeAgent(), CARE_OF);
  const [{ tunnel, innerMtu }] = ofKind(result, "setTunnel");
  assertEquals(tunnel, { encapsulation: "ipv6InIpv6", address: HOME_AGENT, port: 0 });
  assertEquals(innerMtu, 1460);
  const status = mobileNode.status(at(20));
  assertEquals([status.state, status.natDetected, status.keepaliveSeconds], ["registered", false, null]);
  assertEquals(mobileNode.nextDeadline(), 315_000);
});

Deno.test("RFC 6275 11.7.3 M-494 M-497: what is not for our home address, or not from our home agent, is nothing", () => {
  const homeAgent = newHomeAgent();
  const mobileNode = newMobileNode({ security: undefined });
  const { sequenceNumber } = updateOverIpv6(mobileNode.handle(careOf(CARE_OF), at(0)));
  const message = {
    ...acknowledgementOverIpv6(registerOverIpv6(newMobileNode(), homeAgent, CARE_OF).answer),
    sequenceNumber,
    options: [],
  };
  const wrong = [
    { destination: CARE_OF },
    { destination: CARE_OF, routingHomeAddress: OTHER },
    { destination: OTHER },
    { destination: CARE_OF, routingHomeAddress: HOME_ADDRESS, source: OTHER },
  ];
  for (const ends of wrong) assertEquals(ofKind(give(mobileNode, message, ends, 10), "setTunnel"), []);
  const right = { destination: CARE_OF, routingHomeAddress: HOME_ADDRESS };
  assertEquals(ofKind(give(mobileNode, message, right, 20), "setTunnel").length, 1);
});

Deno.test("back at the bound care-of address before the answer, the tunnel is the one that was granted", () => {
  const mobileNode = newMobileNode();
  register(mobileNode, newHomeAgent(), "198.51.100.7");
  mobileNode.handle(careOf("192.0.2.7"), at(1000));
  const back = ofKind(mobileNode.handle(careOf("198.51.100.7"), at(1100)), "setTunnel");
  assertEquals(back.map(({ tunnel }) => tunnel.encapsulation), ["ipv6InIpv4"]);
});

Deno.test("a home agent is not away from home: its Home Address option is refused", () => {
  const mobileNode = newMobileNode({ security: undefined });
  mobileNode.handle(careOf(CARE_OF), at(0));
  const request: MobilityMessage = { kind: "bindingRefreshRequest", options: [] };
  const ends = { destination: CARE_OF, routingHomeAddress: HOME_ADDRESS, homeAddressOption: HOME_AGENT };
  assertEquals(ofKind(give(mobileNode, request, ends, 1000), "sendPacket"), []);
});

Deno.test("over IPv4 a type 2 routing header does not reach the home address", () => {
  const mobileNode = newMobileNode();
  const homeAgent = newHomeAgent();
  const update = mobileNode.handle(careOf(CARE_OF), at(0));
  const answer = homeAgent.handle(fromIpv6(update), at(1));
  const event = { ...fromIpv6(answer), outer: { address: "203.0.113.1", port: 4191 } };
  assertEquals(ofKind(mobileNode.handle(event, at(2)), "setTunnel"), []);
});

Deno.test("RFC 6275 11.3.6 M-388, 11.7.4: natively, a Binding Error to the care-of address, a Refresh Request to the home address", () => {
  const error: MobilityMessage = {
    kind: "bindingError",
    status: 1,
    homeAddress: HOME_ADDRESS,
    options: [],
  };
  const request: MobilityMessage = { kind: "bindingRefreshRequest", options: [] };
  const away = { destination: CARE_OF };
  const home = { destination: CARE_OF, routingHomeAddress: HOME_ADDRESS };
  for (
    const [message, ends, updates] of [[error, away, 1], [request, home, 1], [request, away, 0]] as const
  ) {
    const mobileNode = newMobileNode();
    registerOverIpv6(mobileNode, newHomeAgent(), CARE_OF);
    assertEquals(ofKind(give(mobileNode, message, ends, 1000), "sendPacket").length, updates, message.kind);
  }
});

Deno.test("RFC 6275 11.5.3 M-413 M-423: data follows the Binding Update from a new care-of address without waiting", () => {
  const mobileNode = newMobileNode();
  registerOverIpv6(mobileNode, newHomeAgent(), CARE_OF);
  const order = (actions: readonly { kind: string }[]) =>
    actions.map(({ kind }) => kind).filter((kind) => kind !== "report");
  const toIpv4 = mobileNode.handle(careOf("10.0.0.5"), at(1000));
  assertEquals(order(toIpv4), [
    "holdTraffic",
    "useCareOfAddress",
    "sendSignalling",
    "holdTraffic",
    "setTunnel",
  ]);
  assertEquals(ofKind(toIpv4, "setTunnel")[0], {
    kind: "setTunnel",
    tunnel: { encapsulation: "udp", address: "203.0.113.1", port: 4191 },
    innerMtu: 1472,
  });
  const back = mobileNode.handle(careOf(CARE_OF), at(2000));
  assertEquals(order(back), ["holdTraffic", "useCareOfAddress", "sendPacket", "holdTraffic", "setTunnel"]);
  assertEquals(ofKind(back, "setTunnel")[0].tunnel.encapsulation, "ipv6InIpv6");
});

Deno.test("RFC 6275 13 M-521: how long the first answer is waited for can be set; a standing binding's is not waited for longer", () => {
  const mobileNode = newMobileNode({ firstTimeoutMs: 4000 });
  mobileNode.handle(careOf(CARE_OF), at(0));
  assertEquals(mobileNode.nextDeadline(), 4000);
  mobileNode.handle({ kind: "deadline" }, at(4000));
  assertEquals(mobileNode.nextDeadline(), 12_000);
  registerOverIpv6(mobileNode, newHomeAgent(), OTHER, 5000);
  mobileNode.handle(careOf(CARE_OF), at(6000));
  assertEquals(mobileNode.nextDeadline(), 7000);
});

Deno.test("RFC 6275 11.4.1 M-395: new registrations go to the home agent that has the current one first", () => {
  const mobileNode = newMobileNode();
  const homeAgent = newHomeAgent();
  const destinationOf = (update: ReturnType<MobileNode["handle"]>) =>
    sentOverIpv6(update).message.destination;
  registerOverIpv6(mobileNode, homeAgent, CARE_OF);
  const { update } = registerOverIpv6(mobileNode, homeAgent, OTHER, 1000);
  const refresh = mobileNode.handle({ kind: "deadline" }, at(mobileNode.nextDeadline()!));
  assertEquals([update, refresh].map(destinationOf), [HOME_AGENT, HOME_AGENT]);
  assertEquals([update, refresh].flatMap((actions) => ofKind(actions, "homeAgentFails")), []);
});

Deno.test("RFC 6275 11.7.1 M-478: after a time without a binding, the home address is registered like a new one", () => {
  const mobileNode = newMobileNode();
  const homeAgent = newHomeAgent({ homeLink: true });
  const probed = { kind: "homeAddressProbed", homeAddress: HOME_ADDRESS, duplicate: false } as const;
  const probes = (actions: ReturnType<typeof homeAgent.handle>) => ofKind(actions, "probeHomeAddress").length;
  const first = mobileNode.handle(careOf(CARE_OF), at(0));
  assertEquals(probes(homeAgent.handle(fromIpv6(first), at(0))), 1);
  mobileNode.handle(fromIpv6(homeAgent.handle(probed, at(1000))), at(1001));
  assertEquals(mobileNode.status(at(1001)).state, "registered");
  mobileNode.handle(offer(), at(2000));
  for (const machine of [mobileNode, homeAgent]) machine.handle({ kind: "deadline" }, at(500_000));
  const again = mobileNode.handle(careOf(CARE_OF), at(500_001));
  assertEquals(probes(homeAgent.handle(fromIpv6(again), at(500_001))), 1, "another node may have it by now");
  assertEquals(ofKind(again, "setTunnel"), [], "no traffic before the answer");
});

Deno.test("without a binding, data waits for the answer", () => {
  const mobileNode = newMobileNode();
  mobileNode.handle(careOf(CARE_OF), at(0));
  assertEquals(ofKind(mobileNode.handle(careOf(OTHER), at(100)), "setTunnel"), []);
});

Deno.test("RFC 6275 11.5.5 M-425 M-427 M-428: at home it de-registers from its home address and clears the tunnel after the answer", () => {
  const mobileNode = newMobileNode();
  const homeAgent = newHomeAgent();
  registerOverIpv6(mobileNode, homeAgent, CARE_OF);
  const actions = mobileNode.handle(offer(AT_HOME), at(1000));
  const { source, message: packet } = sentOverIpv6(actions);
  assertEquals([source, packet.source, packet.homeAddressOption], [HOME_ADDRESS, HOME_ADDRESS, undefined]);
  const update = updateOverIpv6(actions);
  assertEquals([update.lifetimeSeconds, update.acknowledge, update.homeRegistration], [0, true, true]);
  assertEquals(findOption(update.options, "alternateCareOfAddress")?.careOfAddress, HOME_ADDRESS);
  assertEquals(ofKind(actions, "clearTunnel"), []);
  assertEquals(ofKind(actions, "useCareOfAddress")[0].candidate, AT_HOME);

  const answer = homeAgent.handle(fromIpv6(actions), at(1001));
  assertEquals(sentOverIpv6(answer).message.destination, HOME_ADDRESS);
  assertEquals(homeAgent.bindings(at(1001)), []);
  const end = mobileNode.handle(fromIpv6(answer), at(1002));
  assertEquals(end.map(({ kind }) => kind), ["report", "clearTunnel", "takeHomeAddress", "holdTraffic"]);
  assertEquals(ofKind(end, "takeHomeAddress")[0], {
    kind: "takeHomeAddress",
    interfaceName: AT_HOME.interfaceName,
    detectDuplicates: false,
  });
  assertEquals([mobileNode.status(at(1002)).state, mobileNode.nextDeadline()], ["home", undefined]);

  const left = registerOverIpv6(mobileNode, homeAgent, OTHER, 20_000);
  assertEquals(ofKind(left.result, "setTunnel").length, 1);
});

Deno.test("RFC 6275 11.5.5: started at home, status 133 is as good as an acceptance", () => {
  const mobileNode = newMobileNode();
  const actions = mobileNode.handle(offer(AT_HOME), at(0));
  const answer = newHomeAgent().handle(fromIpv6(actions), at(1));
  assertEquals(acknowledgementOverIpv6(answer).status, 133);
  const end = mobileNode.handle(fromIpv6(answer), at(2));
  assertEquals(
    ofKind(end, "takeHomeAddress").map(({ detectDuplicates }) => detectDuplicates),
    [true],
    "M-434",
  );
  assertEquals(mobileNode.status(at(2)).state, "home");
  assertEquals(mobileNode.handle({ kind: "stop" }, at(3)).at(-1), { kind: "finished" });
});

Deno.test("the home link comes before all others, and is no home over IPv4 (RFC 5555 4.4.4 D-099)", () => {
  const mobileNode = newMobileNode();
  mobileNode.handle(offer(candidate(CARE_OF, { interfaceName: "eg1" }), AT_HOME), at(0));
  assertEquals(mobileNode.status(at(0)).state, "returning");
  const other = newMobileNode();
  other.handle(offer(candidate("192.0.2.5", { atHome: true }), candidate(CARE_OF)), at(0));
  assertEquals(other.status(at(0)).careOfAddress, CARE_OF);
});

Deno.test("dsmip = false: IPv4 networks are no networks, and nothing of RFC 5555 is in a Binding Update", () => {
  const plain = newMobileNode({ dsmip: false, homeAgentIpv4Address: undefined });
  assertEquals(plain.handle(careOf("192.0.2.5"), at(0)), []);
  const actions = plain.handle(offer(candidate("192.0.2.5"), candidate(CARE_OF)), at(0));
  const kinds = updateOverIpv6(actions).options.map(({ kind }) => kind);
  assertEquals(kinds, [
    "alternateCareOfAddress",
    "mobileNodeIdentifier",
    "messageIdentification",
    "messageAuthentication",
  ]);
});

Deno.test("on stop away from home over IPv6 the binding is removed from the care-of address", () => {
  const mobileNode = newMobileNode();
  const homeAgent = newHomeAgent();
  registerOverIpv6(mobileNode, homeAgent, CARE_OF);
  const stop = mobileNode.handle({ kind: "stop" }, at(1000));
  assertEquals(sentOverIpv6(stop).message.homeAddressOption, HOME_ADDRESS);
  const answer = homeAgent.handle(fromIpv6(stop), at(1001));
  assertEquals(homeAgent.bindings(at(1001)), []);
  assertEquals(mobileNode.handle(fromIpv6(answer), at(1002)).at(-1), { kind: "finished" });
});

Deno.test("RFC 6275 11.5.5 M-434: at home without an answer: on until no binding can stand, then at home all the same", () => {
  const mobileNode = newMobileNode();
  registerOverIpv6(mobileNode, newHomeAgent(), CARE_OF);
  const taken: number[] = [];
  let updates = ofKind(mobileNode.handle(offer(AT_HOME), at(1000)), "sendPacket").length;
  for (let deadline; (deadline = mobileNode.nextDeadline()) !== undefined;) {
    const actions = mobileNode.handle({ kind: "deadline" }, at(deadline));
    updates += ofKind(actions, "sendPacket").length;
    for (const { detectDuplicates } of ofKind(actions, "takeHomeAddress")) {
      taken.push(deadline);
      assertEquals(detectDuplicates, true);
    }
  }
  assertEquals([taken.length, mobileNode.status(at(taken[0])).state], [1, "home"]);
  // A lifetime of 420 s, and updates 32 s apart in the end.
  assert(taken[0] >= 420_000 && taken[0] <= 460_000, `${taken[0]}`);
  assert(updates > 10, `${updates}`);
});

Deno.test("a link that only looks like home: with no answer there, the next candidate is tried", () => {
  const mobileNode = newMobileNode();
  const elsewhere = candidate("198.51.100.7");
  mobileNode.handle(offer(AT_HOME, elsewhere), at(0));
  assertEquals(mobileNode.status(at(0)).state, "returning");
  const states = [];
  for (let count = 0; count < 3; count++) {
    const deadline = mobileNode.nextDeadline()!;
    mobileNode.handle({ kind: "deadline" }, at(deadline));
    states.push(mobileNode.status(at(deadline)).state);
  }
  assertEquals(states, ["returning", "returning", "registering"]);
});

Deno.test("who switches to another interface leaves home by it", () => {
  const mobileNode = newMobileNode();
  const other = candidate(CARE_OF, { interfaceName: "eg1" });
  mobileNode.handle(offer(AT_HOME, other), at(0));
  const actions = mobileNode.handle({ kind: "switchTo", interfaceName: "eg1" }, at(1));
  assertEquals(ofKind(actions, "useCareOfAddress").map(({ candidate }) => candidate), [other]);
});
