import { assert, assertEquals } from "@std/assert";
import { BindingStatusCode } from "../../core/wire/binding_status.ts";
import type { HomeAgent } from "../../core/control/home_agent.ts";
import type { MobileNode } from "../../core/control/mobile_node.ts";
import {
  at,
  careOf,
  fromOuter,
  handMade,
  HOME_AGENT_IPV4,
  homeAgentSettings,
  newHomeAgent,
  newMobileNode,
  ofKind,
  registerOverIpv6,
  sentAcknowledgement,
} from "./script.ts";

/** RFC 5555 section 5: nothing protects the outer header. What a home agent that probes does about it. */

const FIRST = { address: "198.51.100.7", port: 4191 };
const SECOND = { address: "192.0.2.7", port: 5000 };
const ATTACKER = { address: "203.0.113.66", port: 4191 };
const OUT_OF_WINDOW = BindingStatusCode.sequenceNumberOutOfWindow;

type Actions = ReturnType<MobileNode["handle"]>;

function probing(random = () => Math.random()): HomeAgent {
  return newHomeAgent({ probeCareOfAddress: true }, 0, random);
}

/** Carries messages both ways until both are silent; how many updates went. @param outer what the home agent sees */
function talk(
  node: MobileNode,
  homeAgent: HomeAgent,
  first: Actions,
  outer: typeof FIRST,
  nowMs: number,
): number {
  let updates = 0;
  for (let said = first; ofKind(said, "sendSignalling").length > 0;) {
    updates++;
    const answer = homeAgent.handle(fromOuter(said, outer.address, outer.port), at(nowMs));
    said = node.handle(fromOuter(answer, HOME_AGENT_IPV4, 4191), at(nowMs));
  }
  return updates;
}

/** A hand-made update that the home agent sees coming from there. */
function updateFrom(outer: typeof FIRST, homeAgent: HomeAgent, sequenceNumber: number, ms: number) {
  const packet = handMade({ sequenceNumber }, at(ms));
  return homeAgent.handle({ kind: "signalling", outer, packet }, at(ms));
}

function placeOf(homeAgent: HomeAgent): string | undefined {
  const [binding] = homeAgent.bindings(at(0));
  return binding && `${binding.careOfAddress}:${binding.port}`;
}

/** A mobile node that is registered at its first place. */
function registered(): { node: MobileNode; homeAgent: HomeAgent } {
  const [node, homeAgent] = [newMobileNode(), probing()];
  assertEquals(talk(node, homeAgent, node.handle(careOf("192.168.1.2"), at(0)), FIRST, 0), 2);
  assertEquals([placeOf(homeAgent), node.status(at(0)).state], ["198.51.100.7:4191", "registered"]);
  return { node, homeAgent };
}

Deno.test("a move over IPv4 takes one more round trip, a refresh none", () => {
  const { node, homeAgent } = registered();
  assertEquals(talk(node, homeAgent, node.handle(careOf("10.9.9.9"), at(5000)), SECOND, 5000), 2);
  assertEquals([placeOf(homeAgent), node.status(at(5000)).state], ["192.0.2.7:5000", "registered"]);
  const refreshMs = node.nextDeadline()!;
  assertEquals(talk(node, homeAgent, node.handle({ kind: "deadline" }, at(refreshMs)), SECOND, refreshMs), 1);
});

Deno.test("until the answer has come back, the binding stays where it was", () => {
  const { node, homeAgent } = registered();
  const update = node.handle(careOf("10.9.9.9"), at(5000));
  const answer = homeAgent.handle(fromOuter(update, SECOND.address, SECOND.port), at(5000));
  assertEquals(ofKind(answer, "setBinding"), []);
  const { status, lifetimeSeconds } = sentAcknowledgement(answer);
  assertEquals([status, lifetimeSeconds, placeOf(homeAgent)], [OUT_OF_WINDOW, 0, "198.51.100.7:4191"]);
});

Deno.test("by default nobody is probed", () => {
  const [node, homeAgent] = [newMobileNode(), newHomeAgent()];
  assertEquals(talk(node, homeAgent, node.handle(careOf("192.168.1.2"), at(0)), FIRST, 0), 1);
});

Deno.test("over IPv6 nobody is probed: the proof covers the care-of address", () => {
  const homeAgent = probing();
  registerOverIpv6(newMobileNode(), homeAgent, "2001:db8:f::7");
  assertEquals(homeAgent.bindings(at(0)).length, 1);
});

Deno.test("hijack: updates whose outer source is changed on the way never move the binding", () => {
  const { node, homeAgent } = registered();
  for (let round = 0; round < 50; round++) {
    const nowMs = node.nextDeadline()!;
    const update = node.handle({ kind: "deadline" }, at(nowMs));
    if (ofKind(update, "sendSignalling").length === 0) continue;
    const answer = homeAgent.handle(fromOuter(update, ATTACKER.address, ATTACKER.port), at(nowMs));
    assertEquals(ofKind(answer, "setBinding"), []);
    assert(ofKind(answer, "sendSignalling").length <= 1);
    const place = placeOf(homeAgent);
    assert(place === undefined || place === "198.51.100.7:4191", place);
  }
});

Deno.test("hijack: an attacker who hands the answer on to the mobile node is not stopped", () => {
  const { node, homeAgent } = registered();
  const refreshMs = node.nextDeadline()!;
  talk(node, homeAgent, node.handle({ kind: "deadline" }, at(refreshMs)), ATTACKER, refreshMs);
  assertEquals(placeOf(homeAgent), "203.0.113.66:4191");
});

Deno.test("a mobile node that sends in another's place guesses what is asked there: two tries a second", () => {
  const homeAgent = probing();
  let [asked, tries] = [0, 0];
  for (let ms = 0; ms < 60_000; ms += 10) {
    const answer = updateFrom(ATTACKER, homeAgent, tries++ & 0xffff, ms);
    asked += ofKind(answer, "sendSignalling").length;
  }
  assert(asked <= 5 + 2 * 60, `${asked} of ${tries}`);
});

Deno.test("a mobile node that says that it is in many places: it is asked five times at one time, not five times in each", () => {
  const homeAgent = probing();
  const answers = Array.from(
    { length: 50 },
    (_, i) => updateFrom({ ...FIRST, port: 5000 + i }, homeAgent, 1, i),
  );
  assertEquals(answers.filter((answer) => ofKind(answer, "sendSignalling").length > 0).length, 5);
});

Deno.test("a try counts once: who tries more often than it is asked does not hit by trying on", () => {
  const homeAgent = probing();
  const tried = (sequenceNumber: number, ms: number) => updateFrom(ATTACKER, homeAgent, sequenceNumber, ms);
  let asked = 0;
  for (let ms = 0; ms < 5; ms++) asked = sentAcknowledgement(tried(1, ms)).sequenceNumber;
  assertEquals(ofKind(tried(2, 5), "sendSignalling"), [], "no number any more");
  assertEquals(ofKind(tried(asked + 1 & 0xffff, 6), "setBinding"), []);
});

Deno.test("the answer counts only from where it was asked: address and port", () => {
  const asked = () => {
    const homeAgent = probing();
    return { homeAgent, next: sentAcknowledgement(updateFrom(FIRST, homeAgent, 1, 0)).sequenceNumber + 1 };
  };
  for (const elsewhere of [SECOND, { ...FIRST, port: 4192 }, { ...FIRST, address: SECOND.address }]) {
    const { homeAgent, next } = asked();
    const answer = updateFrom(elsewhere, homeAgent, next, 1);
    assertEquals([ofKind(answer, "setBinding"), sentAcknowledgement(answer).status], [[], OUT_OF_WINDOW]);
  }
  const { homeAgent, next } = asked();
  assertEquals(ofKind(updateFrom(FIRST, homeAgent, next, 1), "setBinding").length, 1);
});

Deno.test("where nobody needs a key, nobody is probed: there would be nothing to prove it with", () => {
  const homeAgent = newHomeAgent({ probeCareOfAddress: true, requireAuthentication: false });
  assertEquals(ofKind(updateFrom(FIRST, homeAgent, 1, 0), "setBinding").length, 1);
});

Deno.test("what was asked under another configuration does not count", () => {
  const homeAgent = probing();
  const update = (sequenceNumber: number, ms: number) => updateFrom(FIRST, homeAgent, sequenceNumber, ms);
  const asked = sentAcknowledgement(update(1, 0)).sequenceNumber;
  const settings = homeAgentSettings({ probeCareOfAddress: true });
  homeAgent.handle({ kind: "reconfigured", settings }, at(1));
  const answer = update(asked + 1 & 0xffff, 2);
  assertEquals([ofKind(answer, "setBinding"), sentAcknowledgement(answer).status], [[], OUT_OF_WINDOW]);
});

Deno.test("what is asked cannot be foreseen, and is always ahead of what was accepted last", () => {
  for (const lot of [0, 0.5, 1 - Number.EPSILON]) {
    const homeAgent = probing(() => lot);
    const last = 0xfff0;
    const ask = (sequenceNumber: number, ms: number) => updateFrom(FIRST, homeAgent, sequenceNumber, ms);
    const number = sentAcknowledgement(ask(last, 0)).sequenceNumber;
    assertEquals(number, last + 256 + Math.floor(lot * 0x4000) & 0xffff);
    assertEquals(ofKind(ask(number + 1 & 0xffff, 10), "setBinding").length, 1);
  }
});

Deno.test("after a crash, what a node whose clock is ahead sent before it is taken again for that long; not where it is probed", () => {
  const packet = handMade({}, at(0, 5000));
  const replay = { kind: "signalling", outer: ATTACKER, packet } as const;
  for (const probeCareOfAddress of [false, true]) {
    const crashed = newHomeAgent({ probeCareOfAddress }, at(1000).unixMs);
    const bound = ofKind(crashed.handle(replay, at(2000)), "setBinding").length;
    assertEquals(bound, probeCareOfAddress ? 0 : 1);
    const later = newHomeAgent({ probeCareOfAddress }, at(5000).unixMs);
    assertEquals(ofKind(later.handle(replay, at(6000)), "setBinding"), []);
  }
});
