import { assert, assertEquals } from "@std/assert";
import type { HomeAgentAction, MobileNodeAction } from "../../core/control/action.ts";
import { sealMobilityHeader } from "../../core/control/authentication.ts";
import type { HomeAgent } from "../../core/control/home_agent.ts";
import type { MobileNode } from "../../core/control/mobile_node.ts";
import { encodeMobilityHeader } from "../../core/wire/mobility_header.ts";
import type {
  BindingRevocationAcknowledgement,
  BindingRevocationIndication,
} from "../../core/wire/mobility_message.ts";
import { findOption } from "../../core/wire/mobility_option.ts";
import { decodeMobilityPacket, encodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import {
  at,
  careOf,
  fromIpv6,
  fromOuter,
  hmac,
  HOME_ADDRESS,
  HOME_AGENT,
  HOME_AGENT_IPV4,
  homeAgentSettings,
  IDENTITY,
  newHomeAgent,
  newMobileNode,
  ofKind,
  receive,
  receiveOverIpv6,
  register,
  registerOverIpv6,
  security,
  sent,
  sentAcknowledgement,
  sentOverIpv6,
  updateOverIpv6,
} from "../control/script.ts";

/** Binding revocation, as far as home agents and mobile nodes go: sections 3.4, 8 and 9 are about Proxy Mobile IPv6. */

const COA = "198.51.100.7";
const NAT = { address: "192.0.2.9", port: 8763 };
const COA6 = "2001:db8:f::7";
const GONE = { kind: "reconfigured", settings: homeAgentSettings({ mobileNodes: [] }) } as const;
const BY_NAME = { kind: "revoked", identity: IDENTITY } as const;
type Actions = readonly (HomeAgentAction | MobileNodeAction)[];

function indicationIn(actions: Actions): BindingRevocationIndication {
  return sent(actions).message.header.message as BindingRevocationIndication;
}

function acknowledgementIn(actions: Actions): BindingRevocationAcknowledgement {
  return sent(actions).message.header.message as BindingRevocationAcknowledgement;
}

function messages(actions: Actions): string[] {
  return ofKind(actions, "report").map(({ message }) => message);
}

function revoked(): { mobileNode: MobileNode; homeAgent: HomeAgent; told: HomeAgentAction[] } {
  const [mobileNode, homeAgent] = [newMobileNode(), newHomeAgent()];
  register(mobileNode, homeAgent, COA);
  return { mobileNode, homeAgent, told: homeAgent.handle(GONE, at(1000)) };
}

/** An indication made by hand for the registration of this mobile node, sealed as the home agent would. */
function handMade(
  update: Actions,
  changes: Partial<BindingRevocationIndication> & {
    readonly key?: typeof security;
    readonly overIpv6?: boolean;
  },
) {
  const { key = security, overIpv6 = false, ...fields } = changes;
  const sentUpdate = (overIpv6 ? sentOverIpv6(update) : sent(update)).message.header.message;
  const options = "options" in sentUpdate ? sentUpdate.options : [];
  const timestamp = findOption(options, "messageIdentification")!.timestamp;
  const message: BindingRevocationIndication = {
    kind: "bindingRevocationIndication",
    revocationType: 1,
    trigger: 1,
    sequenceNumber: 77,
    proxyBinding: false,
    ipv4HomeAddressOnly: false,
    global: false,
    ...fields,
    options: [{ kind: "messageIdentification", timestamp }, ...fields.options ?? []],
  };
  const addresses = { careOfAddress: overIpv6 ? COA6 : COA, homeAddress: HOME_ADDRESS };
  const mobilityHeader = sealMobilityHeader(message, key, addresses, hmac);
  const packet = encodeMobilityPacket({ source: HOME_AGENT, destination: HOME_ADDRESS, mobilityHeader });
  return { kind: "signalling", outer: { address: HOME_AGENT_IPV4, port: 4191 }, packet } as const;
}

function registered() {
  const mobileNode = newMobileNode({ ipv4HomeAddress: { address: "192.0.2.100", prefixLength: 32 } });
  const ipv4HomeAddress = { address: "192.0.2.100", prefixLength: 32 };
  const [node] = homeAgentSettings().mobileNodes;
  const homeAgent = newHomeAgent({
    ipv4HomePrefix: { address: "192.0.2.0", length: 24 },
    mobileNodes: [{ ...node, ipv4HomeAddress }],
  });
  const { update } = register(mobileNode, homeAgent, COA);
  return { mobileNode, update };
}

Deno.test("RFC 5846 4, 7: behind a NAT the indication goes to where the last update came from, for the home address", () => {
  const homeAgent = newHomeAgent();
  register(newMobileNode(), homeAgent, "10.0.0.42", NAT);
  const { destination, destinationPort, message } = sent(homeAgent.handle(GONE, at(1000)));
  assertEquals([destination, destinationPort], [NAT.address, NAT.port]);
  assertEquals([message.source, message.destination, message.routingHomeAddress], [
    HOME_AGENT,
    HOME_ADDRESS,
    undefined,
  ]);
  assert(message.checksumValid);
});

Deno.test("RFC 5846 7: natively it goes to the care-of address, with the home address in a type 2 routing header", () => {
  const [mobileNode, homeAgent] = [newMobileNode(), newHomeAgent()];
  registerOverIpv6(mobileNode, homeAgent, COA6);
  const told = homeAgent.handle(GONE, at(1000));
  const { message } = sentOverIpv6(told);
  assertEquals([message.destination, message.routingHomeAddress], [COA6, HOME_ADDRESS]);
  // Sections 6.1.2 and 3.2: the answer has the home address in its option.
  const answer = sentOverIpv6(mobileNode.handle(fromIpv6(told), at(1010))).message;
  assertEquals([answer.source, answer.destination, answer.homeAddressOption], [
    COA6,
    HOME_AGENT,
    HOME_ADDRESS,
  ]);
  assertEquals(messages(homeAgent.handle(fromIpv6(mobileNode.handle(fromIpv6(told), at(1020))), at(1030))), [
    "the mobile node knows that its binding is revoked",
  ]);
});

Deno.test("RFC 5846 7: the care-of address counts, and not where the update came from", () => {
  const homeAgent = newHomeAgent();
  receiveOverIpv6(homeAgent, { source: "2001:db8:e::9", alternate: COA6 });
  assertEquals(sentOverIpv6(homeAgent.handle(GONE, at(1000))).message.destination, COA6);
});

Deno.test("RFC 5846 5.1, 6.1.1: a trigger for one mobile node, no flags, a sequence number of its own", () => {
  const { homeAgent, told } = revoked();
  const { trigger, proxyBinding, ipv4HomeAddressOnly, global, sequenceNumber } = indicationIn(told);
  assertEquals({ trigger, proxyBinding, ipv4HomeAddressOnly, global }, {
    trigger: 1,
    proxyBinding: false,
    ipv4HomeAddressOnly: false,
    global: false,
  });
  homeAgent.handle({ kind: "reconfigured", settings: homeAgentSettings() }, at(2000));
  receive(homeAgent, { sequenceNumber: 9 }, 3000);
  assertEquals(indicationIn(homeAgent.handle(BY_NAME, at(4000))).sequenceNumber, sequenceNumber + 1);
});

Deno.test("RFC 5846 7: the binding is gone before the answer; whose it was is refused, or not known at all", () => {
  const { homeAgent, told } = revoked();
  assertEquals(told.map(({ kind }) => kind), ["removeBinding", "report", "sendSignalling"]);
  assertEquals(homeAgent.bindings(at(1000)), []);
  assertEquals(ofKind(receive(homeAgent, { sequenceNumber: 9 }, 2000), "sendSignalling"), []);

  const other = newHomeAgent();
  receive(other);
  assertEquals(other.handle(BY_NAME, at(1000)).map(({ kind }) => kind), [
    "removeBinding",
    "report",
    "sendSignalling",
  ]);
  assertEquals(sentAcknowledgement(receive(other, { sequenceNumber: 9 }, 2000)).status, 129);
  other.handle({ kind: "reconfigured", settings: homeAgentSettings() }, at(3000));
  assertEquals(sentAcknowledgement(receive(other, { sequenceNumber: 10 }, 4000)).status, 0);
});

Deno.test("RFC 5846 6.3, 11: it is sent again after 1 s, then every 2 s, the same octets, and not for ever", () => {
  const { homeAgent, told } = revoked();
  const { packet } = sent(told);
  const instants: number[] = [];
  for (let nowMs = homeAgent.nextDeadline(); nowMs !== undefined; nowMs = homeAgent.nextDeadline()) {
    const actions = homeAgent.handle({ kind: "deadline" }, at(nowMs));
    if (homeAgent.nextDeadline() === undefined) {
      assertEquals(messages(actions), ["the mobile node does not answer the revocation"]);
      break;
    }
    assertEquals(sent(actions).packet, packet);
    instants.push(nowMs);
  }
  assertEquals(instants, [2000, 4000, 6000, 8000, 10_000]);
});

Deno.test("RFC 5846 6.2.2: the answer ends it; what matches no indication, or proves nothing, does not", () => {
  const { mobileNode, homeAgent, told } = revoked();
  const answer = mobileNode.handle(fromOuter(told, HOME_AGENT_IPV4, 4191), at(1010));
  const { status, sequenceNumber } = acknowledgementIn(answer);
  assertEquals([status, sequenceNumber], [0, indicationIn(told).sequenceNumber]);
  const event = fromOuter(answer, COA, 4191);
  // In the mobility header, behind the IPv6 header: status, sequence number, the last octet of the proof.
  for (const offset of [40 + 7, 40 + 9, event.packet.length - 1]) {
    const forged = homeAgent.handle({ ...event, packet: damaged(event.packet, offset) }, at(1020));
    assert(messages(forged)[0].startsWith("dropped: answer to"), messages(forged)[0]);
    assert(homeAgent.nextDeadline() !== undefined);
  }
  const { message } = sent(answer).message.header as { message: BindingRevocationAcknowledgement };
  const stale = { ...message, options: [{ kind: "messageIdentification", timestamp: 1n }] } as const;
  const addresses = { careOfAddress: COA, homeAddress: HOME_ADDRESS };
  const mobilityHeader = sealMobilityHeader(stale, security, addresses, hmac);
  const packet = encodeMobilityPacket({ source: HOME_ADDRESS, destination: HOME_AGENT, mobilityHeader });
  assert(messages(homeAgent.handle({ ...event, packet }, at(1025)))[0].startsWith("dropped: answer to"));
  assertEquals(messages(homeAgent.handle(event, at(1030))), [
    "the mobile node knows that its binding is revoked",
  ]);
  assertEquals(homeAgent.nextDeadline(), undefined);
  assertEquals(messages(homeAgent.handle(event, at(1040))), ["dropped: answer to no revocation"]);
});

/** The packet with one octet changed, and a right checksum. */
function damaged(packet: Uint8Array, offset: number): Uint8Array {
  const copy = packet.slice();
  copy[offset] ^= 1;
  const decoded = decodeMobilityPacket(copy);
  if (!decoded.ok) throw new Error("the damage goes too far");
  const { source, destination, header } = decoded.value;
  const mobilityHeader = encodeMobilityHeader(header.message);
  return encodeMobilityPacket({ source, destination, mobilityHeader });
}

Deno.test("RFC 5846 7: a mobile node that registers again is not told any more that it is revoked", () => {
  const { homeAgent } = revoked();
  homeAgent.handle({ kind: "reconfigured", settings: homeAgentSettings() }, at(1500));
  assertEquals(sentAcknowledgement(receive(homeAgent, { sequenceNumber: 9 }, 1800)).status, 0);
  assertEquals(ofKind(homeAgent.handle({ kind: "deadline" }, at(2000)), "sendSignalling"), []);
});

Deno.test("RFC 5846 10: the mobile node gives up tunnel and grants, says so, and comes back after a minute", () => {
  const { mobileNode, update } = registered();
  const actions = mobileNode.handle(handMade(update, {}), at(1000));
  assertEquals(acknowledgementIn(actions).status, 0);
  assertEquals(ofKind(actions, "clearTunnel").length, 1);
  assertEquals(ofKind(actions, "setIpv4HomeAddress").map(({ ipv4HomeAddress }) => ipv4HomeAddress), [
    undefined,
  ]);
  const { state, lastRevocation, careOfAddress, encapsulation } = mobileNode.status(at(1000));
  assertEquals([state, careOfAddress, encapsulation], ["revoked", COA, null]);
  assertEquals(lastRevocation, { trigger: 1, name: "Administrative Reason" });
  assertEquals(mobileNode.nextDeadline(), 61_000);
  const again = mobileNode.handle({ kind: "deadline" }, at(61_000));
  assertEquals(sent(again).message.header.message.kind, "bindingUpdate");
});

Deno.test("RFC 5846 10: the trigger tells when to come back: out of sync, or an access network that ends, at once", () => {
  for (const [trigger, waitMs] of [[0, 60_000], [1, 60_000], [5, 60_000], [6, 0], [7, 0]]) {
    const { mobileNode, update } = registered();
    mobileNode.handle(handMade(update, { trigger }), at(1000));
    assertEquals([trigger, mobileNode.nextDeadline()], [trigger, 1000 + waitMs]);
  }
});

Deno.test("RFC 5846 6.2.1, 10: what a mobile node refuses, and by which status; the binding stays", () => {
  const named = (homeAddress: string) =>
    [{
      kind: "ipv4HomeAddress",
      prefixLength: 32,
      requestPrefix: false,
      homeAddress,
    }] as const;
  const cases: readonly (readonly [Partial<BindingRevocationIndication>, number])[] = [
    [{ proxyBinding: true }, 135],
    [{ global: true }, 134],
    [{ global: true, trigger: 128 }, 134],
    [{ trigger: 129 }, 134],
    [{ trigger: 2 }, 133],
    [{ trigger: 100 }, 133],
    [{ trigger: 255 }, 133],
    [{ ipv4HomeAddressOnly: true }, 129],
    [{ ipv4HomeAddressOnly: true, options: named("192.0.2.99") }, 128],
  ];
  for (const [changes, status] of cases) {
    const { mobileNode, update } = registered();
    const answer = acknowledgementIn(mobileNode.handle(handMade(update, changes), at(1000)));
    const { proxyBinding = false, global = false, ipv4HomeAddressOnly = false } = changes;
    // Section 6.1.2: flags and sequence number as they came.
    assertEquals(
      [answer.status, answer.sequenceNumber, answer.proxyBinding, answer.global, answer.ipv4HomeAddressOnly],
      [status, 77, proxyBinding, global, ipv4HomeAddressOnly],
    );
    assertEquals(mobileNode.status(at(1000)).state, "registered");
  }
});

Deno.test("RFC 5846 10: the V bit takes the IPv4 home address only", () => {
  const { mobileNode, update } = registered();
  const options = [{
    kind: "ipv4HomeAddress",
    prefixLength: 32,
    requestPrefix: false,
    homeAddress: "192.0.2.100",
  }] as const;
  const actions = mobileNode.handle(handMade(update, { ipv4HomeAddressOnly: true, options }), at(1000));
  assertEquals(acknowledgementIn(actions).status, 0);
  assertEquals(ofKind(actions, "setIpv4HomeAddress")[0].ipv4HomeAddress, undefined);
  assertEquals(ofKind(actions, "clearTunnel"), []);
  assertEquals([mobileNode.status(at(1000)).state, mobileNode.status(at(1000)).ipv4HomeAddress], [
    "registered",
    null,
  ]);
});

Deno.test("RFC 5846 6.2, 13: without the proof, with another key, or of an earlier registration, it is silently dropped", () => {
  const { mobileNode, update } = registered();
  const forged = handMade(update, {
    key: { ...security, key: new Uint8Array(16) } as unknown as typeof security,
  });
  assertEquals(ofKind(mobileNode.handle(forged, at(1000)), "sendSignalling"), []);
  const bare = handMade(update, {});
  const decoded = decodeMobilityPacket(bare.packet);
  if (!decoded.ok) throw new Error();
  const { message } = decoded.value.header;
  const options = "options" in message ? message.options.slice(0, 1) : [];
  const mobilityHeader = encodeMobilityHeader({ ...message, options } as BindingRevocationIndication);
  const packet = encodeMobilityPacket({ source: HOME_AGENT, destination: HOME_ADDRESS, mobilityHeader });
  assertEquals(ofKind(mobileNode.handle({ ...bare, packet }, at(1000)), "sendSignalling"), []);
  assertEquals(mobileNode.status(at(1000)).state, "registered");

  // Recorded, and sent again when the mobile node has registered anew.
  const recorded = handMade(update, {});
  mobileNode.handle(recorded, at(2000));
  const next = mobileNode.handle({ kind: "deadline" }, at(62_000));
  const answer = newHomeAgent().handle(fromOuter(next, COA, 4191), at(62_010));
  mobileNode.handle(fromOuter(answer, HOME_AGENT_IPV4, 4191), at(62_020));
  assertEquals(mobileNode.status(at(62_020)).state, "registered");
  const replayed = mobileNode.handle(recorded, at(63_000));
  assertEquals([ofKind(replayed, "clearTunnel"), mobileNode.status(at(63_000)).state], [[], "registered"]);
  assertEquals(mobileNode.status(at(63_000)).lastRevocation, null);
});

Deno.test("RFC 5846 6.3: an indication that comes again, because the answer was lost, is answered again", () => {
  const { mobileNode, told } = revoked();
  const event = fromOuter(told, HOME_AGENT_IPV4, 4191);
  const first = sent(mobileNode.handle(event, at(1010))).packet;
  const again = mobileNode.handle(event, at(2010));
  assertEquals(sent(again).packet, first);
  assertEquals(ofKind(again, "clearTunnel"), []);
  // Recorded and sent a hundred times, it makes nobody send a hundred answers.
  const answers = Array.from({ length: 100 }, () => mobileNode.handle(event, at(2020))).flat();
  assertEquals(ofKind(answers, "sendSignalling").length, 4);
});

Deno.test("RFC 5846 6.3, 10: one of another number about the registration that is over is not answered", () => {
  const { mobileNode, update } = registered();
  const first = mobileNode.handle(handMade(update, { sequenceNumber: 77 }), at(1000));
  assertEquals(acknowledgementIn(first).status, 0);
  const actions = mobileNode.handle(handMade(update, { sequenceNumber: 78 }), at(2000));
  assertEquals(actions.map(({ kind }) => kind), ["report"]);
  assertEquals(
    acknowledgementIn(mobileNode.handle(handMade(update, { sequenceNumber: 77 }), at(3000))).status,
    0,
  );
});

Deno.test("RFC 5846 10: without a registration there is nothing to revoke", () => {
  const { update } = registered();
  const mobileNode = newMobileNode();
  mobileNode.handle(careOf(undefined), at(0));
  assertEquals(ofKind(mobileNode.handle(handMade(update, {}), at(10)), "sendSignalling"), []);
});

Deno.test("RFC 5846 10: on its way home, or to its end, a mobile node answers, too", () => {
  const { mobileNode, update } = registered();
  mobileNode.handle({ kind: "stop" }, at(1000));
  assertEquals(mobileNode.status(at(1000)).state, "deregistering");
  const late = handMade(update, {});
  // The de-registration is the registration that may be revoked now: that of before is over.
  assertEquals(ofKind(mobileNode.handle(late, at(1010)), "finished"), []);

  const other = newMobileNode();
  const first = other.handle(careOf(COA6), at(0));
  assertEquals(updateOverIpv6(first).lifetimeSeconds, 420);
  other.handle(fromIpv6(newHomeAgent().handle(fromIpv6(first), at(0))), at(10));
  const home = { ...careOf("2001:db8:100::100").candidates[0], atHome: true };
  other.handle({ kind: "careOfAddresses", candidates: [home] }, at(2000));
  assertEquals(other.status(at(2000)).state, "returning");
  const revocation = handMade(first, { overIpv6: true });
  const answered = other.handle(revocation, at(2010));
  assertEquals(sentOverIpv6(answered).message.header.message.kind, "bindingRevocationAcknowledgement");
  assertEquals(other.status(at(2010)).state, "returning");
});

Deno.test("RFC 5846 10: an indication for where the mobile node was is answered from where it is", () => {
  const { mobileNode, told } = revoked();
  mobileNode.handle(careOf("198.51.100.8"), at(1010));
  const answer = mobileNode.handle(fromOuter(told, HOME_AGENT_IPV4, 4191), at(1020));
  const [acknowledgement] = ofKind(answer, "sendSignalling");
  assertEquals(acknowledgement.source, "198.51.100.8");
});
