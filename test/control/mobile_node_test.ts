import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import type { MobileNodeAction } from "../../core/control/action.ts";
import type { MobileNode } from "../../core/control/mobile_node.ts";
import { encodeMobilityHeader } from "../../core/wire/mobility_header.ts";
import type { MobilityMessage } from "../../core/wire/mobility_message.ts";
import { findOption } from "../../core/wire/mobility_option.ts";
import { encodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import {
  at,
  careOf,
  fromOuter,
  HOME_ADDRESS,
  HOME_AGENT,
  HOME_AGENT_IPV4,
  newHomeAgent,
  newMobileNode,
  ofKind,
  register,
  security,
  sent,
  sentUpdate,
} from "./script.ts";

const PUBLIC = "198.51.100.7";
const PRIVATE = "10.0.0.42";
const NAT = { address: "192.0.2.9", port: 8763 };

/** Lets deadlines pass until `untilMs`; returns each moment at which an update went out. */
function sendTimes(mobileNode: MobileNode, untilMs: number): number[] {
  const times: number[] = [];
  for (;;) {
    const deadline = mobileNode.nextDeadline();
    if (deadline === undefined || deadline > untilMs) return times;
    const actions = mobileNode.handle({ kind: "deadline" }, at(deadline));
    if (ofKind(actions, "sendSignalling").length > 0) times.push(deadline);
  }
}

function fromHomeAgent(
  mobileNode: MobileNode,
  message: MobilityMessage,
  monotonicMs: number,
): MobileNodeAction[] {
  const mobilityHeader = encodeMobilityHeader(message);
  const packet = encodeMobilityPacket({ source: HOME_AGENT, destination: HOME_ADDRESS, mobilityHeader });
  const outer = { address: HOME_AGENT_IPV4, port: 4191 };
  return mobileNode.handle({ kind: "signalling", outer, packet }, at(monotonicMs));
}

const bindingError = { kind: "bindingError", status: 1, homeAddress: HOME_ADDRESS, options: [] } as const;

Deno.test("RFC 5555 4.4.2 D-059 D-079 D-014, RFC 6275 11.7.1 M-459 M-460 M-467 M-474: the Binding Update over IPv4", () => {
  const update = sent(newMobileNode().handle(careOf(PRIVATE), at(0)));
  assertEquals([update.source, update.destination, update.destinationPort], [PRIVATE, HOME_AGENT_IPV4, 4191]);
  assertEquals([update.message.source, update.message.destination], [HOME_ADDRESS, HOME_AGENT]);
  assertEquals(update.message.homeAddressOption, undefined);
  assert(update.message.checksumValid);
  const message = update.message.header.message;
  if (message.kind !== "bindingUpdate") throw new Error(message.kind);
  assertEquals([message.acknowledge, message.homeRegistration, message.forceUdp], [true, true, false]);
  assertEquals(message.lifetimeSeconds, 420);
  assertEquals(findOption(message.options, "ipv4CareOfAddress")?.careOfAddress, PRIVATE);
  assertEquals(findOption(message.options, "alternateCareOfAddress"), undefined);
  assertEquals(message.options.at(-1)?.kind, "messageAuthentication");
});

Deno.test("RFC 5555 4.2 D-065 D-066, 4.4.2 D-089: the tunnel is UDP behind a NAT and protocol 41 without, the MTU follows", () => {
  const behindNat = register(newMobileNode(), newHomeAgent(), PRIVATE, NAT).result;
  assertEquals(ofKind(behindNat, "setTunnel"), [
    {
      kind: "setTunnel",
      tunnel: { encapsulation: "udp", address: HOME_AGENT_IPV4, port: 4191 },
      innerMtu: 1472,
    },
  ]);
  const direct = register(newMobileNode(), newHomeAgent(), PUBLIC).result;
  assertEquals(ofKind(direct, "setTunnel"), [
    {
      kind: "setTunnel",
      tunnel: { encapsulation: "ipv6InIpv4", address: HOME_AGENT_IPV4, port: 0 },
      innerMtu: 1480,
    },
  ]);
});

Deno.test("RFC 5555 3.2.2 D-048 4.3 D-068, 6 D-148: keepalive as advised, by default, as configured, or none", () => {
  const keepalive = (
    changes: Parameters<typeof newMobileNode>[0],
    natRefreshSeconds: number,
    outer?: typeof NAT,
  ) => {
    const mobileNode = newMobileNode(changes);
    register(mobileNode, newHomeAgent({ natRefreshSeconds }), PRIVATE, outer);
    return [mobileNode.status(at(20)).keepaliveSeconds, mobileNode.nextDeadline()];
  };
  assertEquals(keepalive({}, 45, NAT), [45, 45_000]);
  assertEquals(keepalive({}, 0, NAT), [110, 110_000]);
  assertEquals(keepalive({ keepaliveSeconds: 15 }, 45, NAT), [15, 15_000]);
  assertEquals(keepalive({}, 45), [null, 315_000]);
});

Deno.test("RFC 5555 4.3 D-069 4.2 D-061: the keepalive is a Binding Update in UDP with a greater sequence number", () => {
  const mobileNode = newMobileNode();
  const first = sentUpdate(register(mobileNode, newHomeAgent(), PRIVATE, NAT).update);
  const again = mobileNode.handle({ kind: "deadline" }, at(25_000));
  assertEquals(sentUpdate(again).sequenceNumber, first.sequenceNumber + 1);
  assertEquals(findOption(sentUpdate(again).options, "ipv4CareOfAddress")?.careOfAddress, PRIVATE);
  assertEquals(mobileNode.status(at(25_000)).state, "registered");
});

Deno.test("RFC 6275 11.8 M-514 M-516 M-519, 11.7.1 M-470 M-472: first 1.5 s, doubled up to 32 s, each with a greater sequence number", () => {
  const mobileNode = newMobileNode();
  mobileNode.handle(careOf(PUBLIC), at(0));
  assertEquals(sendTimes(mobileNode, 130_000), [1500, 4500, 10_500, 22_500, 46_500, 78_500, 110_500]);
});

Deno.test("RFC 6275 11.8: 1 s while a binding exists", () => {
  const mobileNode = newMobileNode();
  register(mobileNode, newHomeAgent(), PRIVATE, NAT);
  assertEquals(sendTimes(mobileNode, 33_000), [25_000, 26_000, 28_000, 32_000]);
});

Deno.test("RFC 6275 11.5.3 M-415, 11.8 M-518: not more than three updates within a second, whatever happens", () => {
  const mobileNode = newMobileNode();
  const times: number[] = [];
  for (let time = 0; time < 3000; time += 50) {
    const actions = mobileNode.handle(careOf(`198.51.100.${1 + time / 50}`), at(time));
    if (ofKind(actions, "sendSignalling").length > 0) times.push(time);
    if ((mobileNode.nextDeadline() ?? Infinity) <= time) {
      if (ofKind(mobileNode.handle({ kind: "deadline" }, at(time)), "sendSignalling").length > 0) {
        times.push(time);
      }
    }
  }
  for (let i = 3; i < times.length; i++) assert(times[i] - times[i - 3] >= 1000, `${times}`);
  assert(times.length >= 8, `${times}`);
});

Deno.test("RFC 6275 11.7.3 M-500 M-501: the lifetime granted counts from when the update was sent; refresh well before", () => {
  const mobileNode = newMobileNode();
  register(mobileNode, newHomeAgent({ maximumLifetimeSeconds: 120 }), PUBLIC);
  assertEquals(mobileNode.nextDeadline(), 90_000);
  assertEquals(mobileNode.status(at(20_000)).remainingSeconds, 100);
});

Deno.test("RFC 6275 11.7.3: a binding whose refreshes stay unanswered ends, the tunnel with it, and we go on trying", () => {
  const mobileNode = newMobileNode();
  register(mobileNode, newHomeAgent({ maximumLifetimeSeconds: 40 }), PUBLIC);
  sendTimes(mobileNode, 39_999);
  const actions = mobileNode.handle({ kind: "deadline" }, at(40_000));
  assertEquals(ofKind(actions, "clearTunnel").length, 1);
  assertEquals(mobileNode.status(at(40_000)).state, "registering");
  assert(sendTimes(mobileNode, 120_000).length >= 2);
});

Deno.test("RFC 6275 11.7.3 M-499: an answer late by one retransmission still counts", () => {
  const mobileNode = newMobileNode();
  const homeAgent = newHomeAgent();
  const update = mobileNode.handle(careOf(PUBLIC), at(0));
  mobileNode.handle({ kind: "deadline" }, at(1500));
  const answer = homeAgent.handle(fromOuter(update, PUBLIC, 4191), at(1600));
  assertEquals(
    ofKind(mobileNode.handle(fromOuter(answer, HOME_AGENT_IPV4, 4191), at(1700)), "setTunnel").length,
    1,
  );
  assertAlmostEquals(mobileNode.status(at(1700)).registrationMs!, 1700);
});

Deno.test("RFC 6275 11.7.1 M-476, 11.7.3 M-502: after status 135 the next number after the home agent's is used at once", () => {
  const homeAgent = newHomeAgent();
  register(newMobileNode({}, () => 0.5), homeAgent, PUBLIC);
  const restarted = newMobileNode({}, () => 0.4);
  const { result } = register(restarted, homeAgent, PUBLIC, undefined, 1000);
  assertEquals(sentUpdate(result).sequenceNumber, 0x8002);
  const answer = homeAgent.handle(fromOuter(result, PUBLIC, 4191), at(1020));
  assertEquals(
    ofKind(restarted.handle(fromOuter(answer, HOME_AGENT_IPV4, 4191), at(1030)), "setTunnel").length,
    1,
  );
});

Deno.test("RFC 5555 4.4.2 D-087: after status 144 with our own timestamp the update is repeated without F", () => {
  const mobileNode = newMobileNode({ forceUdp: true });
  const homeAgent = newHomeAgent({ acceptForceUdp: false });
  const { update, result } = register(mobileNode, homeAgent, PUBLIC);
  assertEquals([sentUpdate(update).forceUdp, sentUpdate(result).forceUdp], [true, false]);
  const answer = homeAgent.handle(fromOuter(result, PUBLIC, 4191), at(20));
  const [tunnel] = ofKind(mobileNode.handle(fromOuter(answer, HOME_AGENT_IPV4, 4191), at(30)), "setTunnel");
  assertEquals(tunnel.tunnel.encapsulation, "ipv6InIpv4");
});

Deno.test("RFC 5555 3.1.3 D-081: configured to use UDP only, the F flag is set and UDP used without a NAT", () => {
  const { update, result } = register(newMobileNode({ forceUdp: true }), newHomeAgent(), PUBLIC);
  assertEquals(sentUpdate(update).forceUdp, true);
  assertEquals(ofKind(result, "setTunnel")[0].tunnel.encapsulation, "udp");
});

Deno.test("RFC 6275 11.3.6 M-388: a Binding Error of status 1 makes us register again, but not at each one", () => {
  const mobileNode = newMobileNode();
  const homeAgent = newHomeAgent();
  register(mobileNode, homeAgent, PUBLIC);
  const again = fromHomeAgent(mobileNode, bindingError, 5000);
  assertEquals(ofKind(again, "homeAgentForgot").length, 1);
  assertEquals(ofKind(again, "sendSignalling").length, 1);
  const answer = homeAgent.handle(fromOuter(again, PUBLIC, 4191), at(5001));
  mobileNode.handle(fromOuter(answer, HOME_AGENT_IPV4, 4191), at(5002));
  assertEquals(fromHomeAgent(mobileNode, bindingError, 5349), []);
  assertEquals(ofKind(fromHomeAgent(mobileNode, bindingError, 5350), "sendSignalling").length, 1);
});

Deno.test("a Binding Error while an update waits in a long back-off starts over", () => {
  const mobileNode = newMobileNode();
  register(mobileNode, newHomeAgent(), PRIVATE, NAT);
  sendTimes(mobileNode, 60_000);
  assert(mobileNode.nextDeadline()! > 66_000);
  assertEquals(ofKind(fromHomeAgent(mobileNode, bindingError, 60_000), "sendSignalling").length, 1);
  assertEquals(mobileNode.nextDeadline(), 61_000);
});

Deno.test("RFC 6275 11.3.6 M-387: Binding Errors for another address, or without a registration, change nothing", () => {
  const mobileNode = newMobileNode();
  assertEquals(ofKind(fromHomeAgent(mobileNode, bindingError, 0), "sendSignalling"), []);
  register(mobileNode, newHomeAgent(), PUBLIC);
  const other = { ...bindingError, homeAddress: "2001:db8:100::9" };
  assertEquals(ofKind(fromHomeAgent(mobileNode, other, 5000), "sendSignalling"), []);
});

Deno.test("RFC 6275 11.7.4: a Binding Refresh Request is answered with an update", () => {
  const mobileNode = newMobileNode();
  register(mobileNode, newHomeAgent(), PUBLIC);
  const actions = fromHomeAgent(mobileNode, { kind: "bindingRefreshRequest", options: [] }, 5000);
  assertEquals(sentUpdate(actions).lifetimeSeconds, 420);
});

Deno.test("a new care-of address registers at once; the same one again does nothing; a lost one keeps the binding", () => {
  const mobileNode = newMobileNode();
  register(mobileNode, newHomeAgent(), PUBLIC);
  assertEquals(mobileNode.handle(careOf(PUBLIC), at(1000)), []);
  const mtu = mobileNode.handle(careOf(PUBLIC, 1400), at(1000));
  assertEquals(ofKind(mtu, "setTunnel")[0].innerMtu, 1380);
  mobileNode.handle(careOf(undefined), at(2000));
  assertEquals(mobileNode.status(at(2000)).state, "detached");
  assertEquals(mobileNode.nextDeadline(), 420_000);
  const moved = mobileNode.handle(careOf("192.0.2.50"), at(3000));
  assertEquals(findOption(sentUpdate(moved).options, "ipv4CareOfAddress")?.careOfAddress, "192.0.2.50");
  assertEquals(ofKind(moved, "clearTunnel"), []);
});

Deno.test("RFC 6275 11.7.3 M-497: an answer to an update from an earlier care-of address does not count", () => {
  const mobileNode = newMobileNode();
  const homeAgent = newHomeAgent();
  const first = mobileNode.handle(careOf(PUBLIC), at(0));
  const answer = homeAgent.handle(fromOuter(first, PUBLIC, 4191), at(1));
  mobileNode.handle(careOf("192.0.2.50"), at(2));
  assertEquals(ofKind(mobileNode.handle(fromOuter(answer, HOME_AGENT_IPV4, 4191), at(3)), "setTunnel"), []);
});

Deno.test("RFC 5555 4.4.2.1 D-094: on stop the binding is removed, and we wait for the answer", () => {
  const mobileNode = newMobileNode();
  const homeAgent = newHomeAgent();
  register(mobileNode, homeAgent, PRIVATE, NAT);
  const stop = mobileNode.handle({ kind: "stop" }, at(1000));
  assertEquals(sentUpdate(stop).lifetimeSeconds, 0);
  const answer = homeAgent.handle(fromOuter(stop, NAT.address, NAT.port), at(1001));
  assertEquals(homeAgent.bindings(at(1001)), []);
  const end = mobileNode.handle(fromOuter(answer, HOME_AGENT_IPV4, 4191), at(1002));
  assertEquals(end.at(-1), { kind: "finished" });
  assertEquals(mobileNode.nextDeadline(), undefined);
});

Deno.test("on stop without an answer we try again and give up after five seconds", () => {
  const mobileNode = newMobileNode();
  register(mobileNode, newHomeAgent(), PRIVATE, NAT);
  mobileNode.handle({ kind: "stop" }, at(1000));
  assertEquals(sendTimes(mobileNode, 5999).length, 2);
  assertEquals(mobileNode.handle({ kind: "deadline" }, at(6000)).at(-1), { kind: "finished" });
});

Deno.test("on stop without a care-of address we end at once", () => {
  assertEquals(newMobileNode().handle({ kind: "stop" }, at(0)).at(-1), { kind: "finished" });
});

Deno.test("a refusal is kept and shown, the tunnel goes, and we try again after a minute", () => {
  const other = {
    identity: "mn1@example.org",
    homeAddress: "2001:db8:100::2",
    security,
    mobileNetworkPrefixes: [],
  };
  const mobileNode = newMobileNode();
  const { result } = register(mobileNode, newHomeAgent({ mobileNodes: [other] }), PUBLIC);
  assertEquals(ofKind(result, "clearTunnel").length, 1);
  assertEquals(ofKind(result, "homeAgentFails").map(({ failure }) => failure), ["refused"]);
  assertEquals(mobileNode.status(at(20)).lastRefusal, { status: 129, name: "Administratively prohibited" });
  assertEquals(mobileNode.status(at(20)).state, "refused");
  assertEquals(mobileNode.nextDeadline(), 60_010);
  assertEquals(ofKind(mobileNode.handle({ kind: "deadline" }, at(60_010)), "sendSignalling").length, 1);
});

Deno.test("an acceptance with lifetime 0 is no registration", () => {
  const open = { security: undefined };
  const mobileNode = newMobileNode(open);
  const update = sentUpdate(mobileNode.handle(careOf(PUBLIC), at(0)));
  const actions = fromHomeAgent(mobileNode, {
    kind: "bindingAcknowledgement",
    status: 0,
    keyManagementMobility: false,
    mobileRouter: false,
    proxyRegistration: false,
    tlvHeader: false,
    bulk: false,
    sequenceNumber: update.sequenceNumber,
    lifetimeSeconds: 0,
    options: [],
  }, 10);
  assertEquals(ofKind(actions, "setTunnel"), []);
  assertEquals(mobileNode.status(at(10)).state, "refused");
});

Deno.test("RFC 6275 11.7.3 M-503: an unproven status 135 does not move the sequence number", () => {
  const mobileNode = newMobileNode();
  const update = sentUpdate(mobileNode.handle(careOf(PUBLIC), at(0)));
  const actions = fromHomeAgent(mobileNode, {
    kind: "bindingAcknowledgement",
    status: 135,
    keyManagementMobility: false,
    mobileRouter: false,
    proxyRegistration: false,
    tlvHeader: false,
    bulk: false,
    sequenceNumber: 7,
    lifetimeSeconds: 0,
    options: [],
  }, 10);
  assertEquals(ofKind(actions, "sendSignalling"), []);
  const again = mobileNode.handle({ kind: "deadline" }, at(1500));
  assertEquals(sentUpdate(again).sequenceNumber, update.sequenceNumber + 1);
});

Deno.test("RFC 6275 6.2.4 M-064, 10.3.1 M-290, 11.7.3 M-507: refresh advice of the home agent shortens the interval", () => {
  const mobileNode = newMobileNode({ security: undefined });
  const update = sentUpdate(mobileNode.handle(careOf(PUBLIC), at(0)));
  fromHomeAgent(mobileNode, {
    kind: "bindingAcknowledgement",
    status: 0,
    keyManagementMobility: false,
    mobileRouter: false,
    proxyRegistration: false,
    tlvHeader: false,
    bulk: false,
    sequenceNumber: update.sequenceNumber,
    lifetimeSeconds: 420,
    options: [{ kind: "bindingRefreshAdvice", refreshIntervalSeconds: 60 }],
  }, 10);
  assertEquals(mobileNode.nextDeadline(), 60_000);
});

Deno.test("a move to a link with another MTU sets the tunnel anew at once, although its end is the same", () => {
  const mobileNode = newMobileNode();
  register(mobileNode, newHomeAgent(), PRIVATE, NAT);
  const [tunnel] = ofKind(mobileNode.handle(careOf("10.1.0.5", 1400), at(1000)), "setTunnel");
  assertEquals(tunnel.innerMtu, 1372);
});

Deno.test("a duplicate of the update on its way, refused with status 144 before the acceptance comes, costs one more update", () => {
  const mobileNode = newMobileNode();
  const homeAgent = newHomeAgent();
  const update = mobileNode.handle(careOf(PUBLIC), at(0));
  homeAgent.handle(fromOuter(update, PUBLIC, 4191), at(1));
  const refusal = homeAgent.handle(fromOuter(update, PUBLIC, 4191), at(2));
  const again = mobileNode.handle(fromOuter(refusal, HOME_AGENT_IPV4, 4191), at(3));
  assertEquals(ofKind(again, "sendSignalling").length, 1);
  const answer = homeAgent.handle(fromOuter(again, PUBLIC, 4191), at(4));
  assertEquals(
    ofKind(mobileNode.handle(fromOuter(answer, HOME_AGENT_IPV4, 4191), at(5)), "setTunnel").length,
    1,
  );
});

Deno.test("RFC 6275 11.4.1 M-392: a home agent is silent after three updates by every care-of address, never before the first timeout", () => {
  const mobileNode = newMobileNode();
  mobileNode.handle(careOf(PUBLIC), at(0));
  const silentAt: [number, string][] = [];
  for (let deadline; (deadline = mobileNode.nextDeadline()!) <= 20_000;) {
    const actions = mobileNode.handle({ kind: "deadline" }, at(deadline));
    for (const { failure } of ofKind(actions, "homeAgentFails")) silentAt.push([deadline, failure]);
  }
  assertEquals(silentAt, [[10_500, "silent"]]);
});

Deno.test("a silent home agent is told of once, with what to do, and again after it has answered", () => {
  const mobileNode = newMobileNode();
  const warningsUntil = (untilMs: number) => {
    const told: string[] = [];
    for (let deadline; (deadline = mobileNode.nextDeadline()!) <= untilMs;) {
      const actions = mobileNode.handle({ kind: "deadline" }, at(deadline));
      told.push(...ofKind(actions, "report").map(({ message }) => message));
    }
    return told.filter((message) => message.startsWith("the home agent does not answer: dsmip doctor"));
  };
  mobileNode.handle(careOf(PUBLIC), at(0));
  assertEquals([warningsUntil(10_000).length, warningsUntil(200_000).length], [0, 1]);
  register(mobileNode, newHomeAgent(), PRIVATE, { address: PRIVATE, port: 4191 }, 200_100);
  assertEquals(warningsUntil(1_000_000).length, 1);
});
