import { assertEquals } from "@std/assert";
import type { MobileNode } from "../../core/control/mobile_node.ts";
import type { MobileNodeSettings } from "../../core/control/settings.ts";
import {
  at,
  candidate,
  fromIpv6,
  fromOuter,
  newHomeAgent,
  newMobileNode,
  offer,
  ofKind,
} from "../control/script.ts";

const V6 = candidate("2001:db8:f::7");
const V4 = candidate("198.51.100.7");
const OTHER_V6 = candidate("2001:db8:e::7");
const OTHER_V4 = candidate("192.0.2.7");
const SECOND_V6 = candidate("2001:db8:d::7", { interfaceName: "eg1" });
const HOME_AGENT_END = { address: "203.0.113.1", port: 4191 };

const careOfAddress = (mobileNode: MobileNode) => mobileNode.status(at(0)).careOfAddress;

/** Every deadline up to `untilMs`; returns when and from which care-of address updates went out. */
function unanswered(mobileNode: MobileNode, untilMs: number): [ms: number, careOfAddress: string | null][] {
  const updates: [number, string | null][] = [];
  for (let ms = mobileNode.nextDeadline()!; ms <= untilMs; ms = mobileNode.nextDeadline()!) {
    const actions = mobileNode.handle({ kind: "deadline" }, at(ms));
    const sent = ofKind(actions, "sendPacket").length + ofKind(actions, "sendSignalling").length;
    if (sent > 0) updates.push([ms, careOfAddress(mobileNode)]);
  }
  return updates;
}

/** A mobile node that had no answer over IPv6 and is registered over IPv4. */
function fallenBack(settings: Partial<MobileNodeSettings> = {}): MobileNode {
  const mobileNode = newMobileNode(settings);
  mobileNode.handle(offer(V6, V4), at(0));
  unanswered(mobileNode, 4500);
  const update = mobileNode.handle({ kind: "deadline" }, at(10_500));
  const answer = newHomeAgent().handle(fromOuter(update, V4.address, 4191), at(10_510));
  const packet = fromOuter(answer, HOME_AGENT_END.address, HOME_AGENT_END.port);
  mobileNode.handle(packet, at(10_520));
  assertEquals(mobileNode.status(at(10_520)).state, "registered");
  return mobileNode;
}

Deno.test("RFC 5555 2.3.1 D-012, 4.4.1 D-073 D-078: IPv6 is preferred, wherever it stands; IPv4 at once where there is no IPv6", () => {
  const mobileNode = newMobileNode();
  mobileNode.handle(offer(V4), at(0));
  assertEquals(careOfAddress(mobileNode), V4.address);
  mobileNode.handle(offer(V4, V6), at(100));
  assertEquals(careOfAddress(mobileNode), V6.address);
});

Deno.test("RFC 5555 4.4.1 D-074 D-075: three updates over IPv6 with back-off, then IPv4", () => {
  const mobileNode = newMobileNode();
  mobileNode.handle(offer(V6, V4), at(0));
  assertEquals(unanswered(mobileNode, 10_500), [
    [1500, V6.address],
    [4500, V6.address],
    [10_500, V4.address],
  ]);
});

Deno.test("RFC 5555 4.4.1 D-076: after that, IPv4 is kept across moves", () => {
  const mobileNode = fallenBack();
  mobileNode.handle(offer(OTHER_V6, OTHER_V4), at(11_000));
  assertEquals(careOfAddress(mobileNode), OTHER_V4.address);
  mobileNode.handle(offer(OTHER_V6), at(12_000));
  assertEquals(careOfAddress(mobileNode), OTHER_V6.address);
});

Deno.test("an answer over IPv6 makes IPv6 the first choice again", () => {
  const mobileNode = fallenBack();
  const update = mobileNode.handle(offer(OTHER_V6), at(12_000));
  const answer = newHomeAgent().handle(fromIpv6(update), at(12_001));
  mobileNode.handle(fromIpv6(answer), at(12_002));
  mobileNode.handle(offer(V4, V6), at(13_000));
  assertEquals(careOfAddress(mobileNode), V6.address);
});

Deno.test("an IPv4 registration is replaced when IPv6 appears; not with prefer ipv4 or keep", () => {
  for (const [prefer, expected] of [["ipv6", V6], ["ipv4", V4], ["keep", V4]] as const) {
    const mobileNode = newMobileNode({ prefer });
    const update = mobileNode.handle(offer(V4), at(0));
    const answer = newHomeAgent().handle(fromOuter(update, V4.address, 4191), at(1));
    mobileNode.handle(fromOuter(answer, HOME_AGENT_END.address, HOME_AGENT_END.port), at(2));
    mobileNode.handle(offer(V4, V6), at(1000));
    assertEquals(careOfAddress(mobileNode), expected.address, prefer);
  }
});

Deno.test("no answer at all: each update casts doubt on its interface, and the candidates take turns, slowly", () => {
  const mobileNode = newMobileNode();
  mobileNode.handle(offer(V6, SECOND_V6), at(0));
  const [doubt] = ofKind(mobileNode.handle({ kind: "deadline" }, at(1500)), "doubt");
  assertEquals(doubt, { kind: "doubt", interfaceName: "eg0" });
  assertEquals(unanswered(mobileNode, 120_000), [
    [4500, V6.address],
    [10_500, SECOND_V6.address],
    [12_000, SECOND_V6.address],
    [15_000, SECOND_V6.address],
    [21_000, V6.address],
    [53_000, SECOND_V6.address],
    [85_000, V6.address],
    [117_000, SECOND_V6.address],
  ]);
});

Deno.test("with one candidate the back-off goes on as ever", () => {
  const mobileNode = newMobileNode();
  mobileNode.handle(offer(V6), at(0));
  const times = unanswered(mobileNode, 120_000).map(([ms]) => ms);
  assertEquals(times, [1500, 4500, 10_500, 22_500, 46_500, 78_500, 110_500]);
});

Deno.test("switchTo uses the interface as long as it has a candidate", () => {
  const mobileNode = newMobileNode();
  mobileNode.handle(offer(V6, SECOND_V6), at(0));
  const actions = mobileNode.handle({ kind: "switchTo", interfaceName: "eg1" }, at(100));
  assertEquals(ofKind(actions, "useCareOfAddress")[0].candidate, SECOND_V6);
  mobileNode.handle(offer(V6), at(200));
  assertEquals(careOfAddress(mobileNode), V6.address);
  assertEquals(mobileNode.handle({ kind: "switchTo", interfaceName: "eg9" }, at(300)), []);
});

Deno.test("all candidates gone: said so once, and the binding is kept for the next one", () => {
  const mobileNode = fallenBack();
  const gone = mobileNode.handle(offer(), at(11_000));
  assertEquals(ofKind(gone, "useCareOfAddress")[0].candidate, undefined);
  assertEquals(mobileNode.handle(offer(), at(11_001)), []);
  assertEquals(ofKind(gone, "clearTunnel"), []);
  assertEquals(ofKind(mobileNode.handle(offer(OTHER_V6), at(12_000)), "setTunnel").length, 1);
});
