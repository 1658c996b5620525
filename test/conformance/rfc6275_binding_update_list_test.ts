import { assertEquals } from "@std/assert";
import type { MobileNodeAction } from "../../core/control/action.ts";
import type { MobileNode } from "../../core/control/mobile_node.ts";
import { encodeMobilityHeader } from "../../core/wire/mobility_header.ts";
import type { MobilityMessage } from "../../core/wire/mobility_message.ts";
import type { MobilityOption } from "../../core/wire/mobility_option.ts";
import {
  decodeMobilityPacket,
  encodeMobilityPacket,
  type MobilityPacketParts,
} from "../../core/wire/mobility_packet.ts";
import {
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
  registerOverIpv6,
  sentOverIpv6,
  updateOverIpv6,
} from "../control/script.ts";
import { valueOf } from "../wire/decoded.ts";

const CARE_OF = "2001:db8:f::7";
const OTHER = "2001:db8:e::7";
const REQUEST: MobilityMessage = { kind: "bindingRefreshRequest", options: [] };

/** A message of the home agent to the care-of address, behind a type 2 routing header. */
function fromHomeAgent(message: MobilityMessage, changes: Partial<MobilityPacketParts> = {}): Uint8Array {
  const mobilityHeader = encodeMobilityHeader(message);
  const ends = { source: HOME_AGENT, destination: CARE_OF, routingHomeAddress: HOME_ADDRESS };
  return encodeMobilityPacket({ ...ends, mobilityHeader, ...changes });
}

function give(mobileNode: MobileNode, packet: Uint8Array, monotonicMs = 1000): MobileNodeAction[] {
  return mobileNode.handle({ kind: "signalling", outer: undefined, packet }, at(monotonicMs));
}

function registered(): MobileNode {
  const mobileNode = newMobileNode();
  registerOverIpv6(mobileNode, newHomeAgent(), CARE_OF);
  return mobileNode;
}

const kinds = (actions: readonly MobileNodeAction[]) => actions.map(({ kind }) => kind);

Deno.test("RFC 6275 11.2 M-360, 8.5 M-169: what section 9.2 discards has no effect on a mobile node", () => {
  const right = fromHomeAgent(REQUEST);
  assertEquals(ofKind(give(registered(), right), "sendPacket").length, 1);
  const wrongChecksum = right.slice();
  wrongChecksum[right.length - 1] ^= 1;
  const payload = right.slice();
  const start = right.length - 8;
  // Payload protocol 58 in place of 59; the checksum follows.
  payload[start] = 58;
  payload[start + 4] += 1;
  const short = right.slice();
  short[start + 1] = 9;
  for (const packet of [wrongChecksum, payload, short, right.subarray(0, right.length - 1)]) {
    assertEquals(kinds(give(registered(), packet)), ["report"]);
  }
  assertEquals(valueOf(decodeMobilityPacket(payload)).checksumValid, true);
});

Deno.test("RFC 6275 6.4 M-073 M-074, 11.3.3 M-376, 8.5 M-165: a routing header that does not lead to the home address is discarded", () => {
  for (const routingHomeAddress of [OTHER, "ff02::1", "fe80::1", HOME_AGENT]) {
    assertEquals(kinds(give(registered(), fromHomeAgent(REQUEST, { routingHomeAddress }))), ["report"]);
  }
});

Deno.test("RFC 6275 8.5 M-166 M-173: a Binding Error and a Binding Refresh Request are answered with a Binding Update", () => {
  const error: MobilityMessage = { kind: "bindingError", status: 1, homeAddress: HOME_ADDRESS, options: [] };
  const answers = [
    give(registered(), fromHomeAgent(REQUEST)),
    give(registered(), fromHomeAgent(error, { routingHomeAddress: undefined })),
  ];
  for (const answer of answers) assertEquals(updateOverIpv6(answer).lifetimeSeconds, 420);
});

Deno.test("RFC 6275 6.2.1 M-061: options that the mobile node does not know are skipped", () => {
  const unknown: MobilityOption = { kind: "unknownOption", type: 200, data: new Uint8Array(5) };
  const answer = give(registered(), fromHomeAgent({ kind: "bindingRefreshRequest", options: [unknown] }));
  assertEquals(ofKind(answer, "sendPacket").length, 1);
});

Deno.test("RFC 6275 6.1 M-024, 11.3.1 M-365 M-366: a Home Address option goes with Binding Updates alone", () => {
  const homeAgent = newHomeAgent();
  const mobileNode = newMobileNode();
  const { update, answer } = registerOverIpv6(mobileNode, homeAgent, CARE_OF);
  const packet = new Uint8Array(48);
  packet.set([0x60], 0);
  packet.set([0x20, 1, 0xd, 0xb8, 1, 0], 8);
  packet.set([1, 0], 22);
  const outer = { address: OTHER, port: 0 };
  const error = homeAgent.handle(
    { kind: "unboundTraffic", outer, encapsulation: "ipv6InIpv6", packet },
    at(1),
  );
  const of = (actions: Parameters<typeof sentOverIpv6>[0]) => {
    const { header, homeAddressOption } = sentOverIpv6(actions).message;
    return [header.message.kind, homeAddressOption];
  };
  assertEquals([update, answer, error].map(of), [
    ["bindingUpdate", HOME_ADDRESS],
    ["bindingAcknowledgement", undefined],
    ["bindingError", undefined],
  ]);
});

Deno.test("RFC 6275 6.1.7 M-042 M-050 M-052, 11.7.1 M-465, 11.7.2 M-484: K and L are clear, the source is a care-of address, lifetime 0 deletes", () => {
  const mobileNode = newMobileNode();
  const homeAgent = newHomeAgent();
  const { update } = registerOverIpv6(mobileNode, homeAgent, CARE_OF);
  const moved = mobileNode.handle(careOf(OTHER), at(1000));
  mobileNode.handle(fromIpv6(homeAgent.handle(fromIpv6(moved), at(1001))), at(1002));
  const stop = mobileNode.handle({ kind: "stop" }, at(2000));
  const seen = [update, moved, stop].map((actions) => {
    const { keyManagementMobility, linkLocalCompatibility, lifetimeSeconds } = updateOverIpv6(actions);
    return [sentOverIpv6(actions).source, keyManagementMobility, linkLocalCompatibility, lifetimeSeconds];
  });
  assertEquals(seen, [[CARE_OF, false, false, 420], [OTHER, false, false, 420], [OTHER, false, false, 0]]);
});

Deno.test("RFC 6275 11.1 M-357 M-358, 11.7.1 M-475, 8.5 M-162: the entry of the Binding Update List counts down and ends", () => {
  const mobileNode = registered();
  mobileNode.handle(offer(), at(100));
  assertEquals(mobileNode.nextDeadline(), 420_000);
  const end = mobileNode.handle({ kind: "deadline" }, at(420_000));
  assertEquals([ofKind(end, "clearTunnel").length, mobileNode.nextDeadline()], [1, undefined]);
});

Deno.test("RFC 6275 11.1 M-359: after 65535 comes 0, and both ends go on", () => {
  const mobileNode = newMobileNode({}, () => 0.99999);
  const homeAgent = newHomeAgent();
  const numbers = [CARE_OF, OTHER, CARE_OF].map((address, i) => {
    const { update } = registerOverIpv6(mobileNode, homeAgent, address, i * 1000);
    assertEquals(mobileNode.status(at(i * 1000 + 20)).state, "registered");
    return updateOverIpv6(update).sequenceNumber;
  });
  assertEquals(numbers, [0, 1, 2]);
});

Deno.test("RFC 6275 11.7.2 M-491 M-492: sequence numbers begin at random and grow", () => {
  const first = [0, 0.25, 0.5].map((random) =>
    updateOverIpv6(newMobileNode({}, () => random).handle(careOf(CARE_OF), at(0))).sequenceNumber
  );
  assertEquals(first, [1, 16_385, 32_769]);
  const mobileNode = newMobileNode();
  const next = [CARE_OF, OTHER, CARE_OF].map((address, i) =>
    updateOverIpv6(mobileNode.handle(careOf(address), at(i * 1000))).sequenceNumber
  );
  assertEquals(next, [32_769, 32_770, 32_771]);
});

Deno.test("RFC 6275 11.8 M-515 M-517: each care-of address has its own back-off", () => {
  const mobileNode = newMobileNode();
  mobileNode.handle(careOf(CARE_OF), at(0));
  for (const ms of [1500, 4500]) mobileNode.handle({ kind: "deadline" }, at(ms));
  assertEquals(mobileNode.nextDeadline(), 10_500);
  assertEquals(ofKind(mobileNode.handle(careOf(OTHER), at(5000)), "sendPacket").length, 1);
  assertEquals(mobileNode.nextDeadline(), 6500);
});

Deno.test("a Binding Error on the home link brings no home registration back", () => {
  const mobileNode = registered();
  const homeAgent = newHomeAgent();
  const back = mobileNode.handle(offer(candidate("2001:db8:100::77", { atHome: true })), at(1000));
  mobileNode.handle(fromIpv6(homeAgent.handle(fromIpv6(back), at(1001))), at(1002));
  assertEquals(mobileNode.status(at(1002)).state, "home");
  const error: MobilityMessage = { kind: "bindingError", status: 1, homeAddress: HOME_ADDRESS, options: [] };
  const ends = { destination: "2001:db8:100::77", routingHomeAddress: undefined };
  assertEquals(ofKind(give(mobileNode, fromHomeAgent(error, ends), 2000), "sendPacket"), []);
});
