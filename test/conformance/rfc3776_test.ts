import { assert, assertEquals } from "@std/assert";
import { encodeDiscoveryPacket, readDiscoveryPacket } from "../../core/control/discovery_packet.ts";
import { EspGate } from "../../core/control/esp/esp_gate.ts";
import { PrefixDiscovery } from "../../core/control/prefix_discovery.ts";
import { Protocol } from "../../core/wire/constants.ts";
import { homeAgentRequest } from "../../core/wire/icmpv6_home_agent.ts";
import { findOption } from "../../core/wire/mobility_option.ts";
import { decodeMobilityPacket, encodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import { readUint32 } from "../../core/wire/octets.ts";
import { decodeMobileIpv6Envelope, withUpperLayer } from "../../core/wire/mobile_ipv6_envelope.ts";
import {
  associationsOf,
  BOTH,
  type Ends,
  ends,
  gateOf,
  incoming,
  memory,
  outgoing,
  toAgent,
  toHomeAgent,
  toMobileNode,
  toNode,
} from "../control/esp/esp_script.ts";
import {
  at,
  candidate,
  careOf,
  handMade,
  handMadeOverIpv6,
  HOME_ADDRESS,
  HOME_AGENT,
  HOME_AGENT_IPV4,
  homeAgentSettings,
  newHomeAgent,
  newMobileNode,
  offer,
  ofKind,
  security,
} from "../control/script.ts";

const CARE_OF = "2001:db8:f::7";
const OTHER_NODE = "2001:db8:100::200";
const PRIVATE = "192.168.1.2";
const NAT = { address: "198.51.100.7", port: 40_001 };
const FROM_AGENT = { address: HOME_AGENT_IPV4, port: 4191 };

/** The headers of a packet, the innermost that can be read last. */
function layersOf(packet: Uint8Array) {
  const envelope = decodeMobileIpv6Envelope(packet);
  assert(envelope.ok);
  const { source, destination, homeAddressOption, routingHomeAddress, protocol } = envelope.value;
  return { source, destination, homeAddressOption, routingHomeAddress, protocol };
}

/** An exchange over IPv6: both packets as they are on the wire, and what the mobile node made of the answer. */
function registerOverIpv6(both: Ends, nowMs = 0) {
  const now = at(nowMs);
  const [update] = outgoing(both.mobileGate, both.mobileNode.handle(careOf(CARE_OF), now), now);
  const answered = toAgent(both, update, now);
  const [answer] = outgoing(both.homeGate, answered, now);
  return { update, answered, answer, result: toNode(both, answer, at(nowMs + 10)) };
}

/** The same from a private IPv4 address behind a NAT. */
function registerBehindNat(both: Ends, nowMs = 0) {
  const now = at(nowMs);
  const [update] = outgoing(both.mobileGate, both.mobileNode.handle(careOf(PRIVATE), now), now);
  const answered = toAgent(both, update, now, NAT);
  const [answer] = outgoing(both.homeGate, answered, now);
  return { update, answered, answer, result: toNode(both, answer, at(nowMs + 10), FROM_AGENT) };
}

Deno.test("RFC 3776 3.1 S-001 S-003 S-004 K-001 K-013 K-014 S-002 S-021 S-022 M-163 M-370 M-371: away from home, ESP stands behind the Home Address option, and behind the type 2 routing header", () => {
  const { update, answer, result } = registerOverIpv6(ends());
  assertEquals(layersOf(update), {
    source: CARE_OF,
    destination: HOME_AGENT,
    homeAddressOption: HOME_ADDRESS,
    routingHomeAddress: undefined,
    protocol: Protocol.esp,
  });
  assertEquals(layersOf(answer), {
    source: HOME_AGENT,
    destination: CARE_OF,
    homeAddressOption: undefined,
    routingHomeAddress: HOME_ADDRESS,
    protocol: Protocol.esp,
  });
  assertEquals(ofKind(result, "registered").map(({ careOfAddress }) => careOfAddress), [CARE_OF]);
});

Deno.test("RFC 3776 3.1 S-005 S-006: at home, ESP stands right behind the IPv6 header, both ways", () => {
  const both = ends();
  registerOverIpv6(both);
  const now = at(5000);
  const home = offer(candidate(HOME_ADDRESS, { atHome: true }));
  const [update] = outgoing(both.mobileGate, both.mobileNode.handle(home, now), now);
  const [answer] = outgoing(both.homeGate, toAgent(both, update, now), now);
  const plain = { homeAddressOption: undefined, routingHomeAddress: undefined, protocol: Protocol.esp };
  assertEquals(layersOf(update), { source: HOME_ADDRESS, destination: HOME_AGENT, ...plain });
  assertEquals(layersOf(answer), { source: HOME_AGENT, destination: HOME_ADDRESS, ...plain });
  assertEquals(ofKind(toNode(both, answer, now), "takeHomeAddress").length, 1);
  assertEquals(both.homeAgent.bindings(now), []);
});

Deno.test("RFC 3776 4.1 S-012 S-013 K-002 K-003 M-003 M-006 M-262 M-473: associations by hand protect the update and its answer; neither counts without", () => {
  const both = ends();
  const now = at(0);
  const [update] = both.mobileNode.handle(careOf(CARE_OF), now).filter(({ kind }) => kind === "sendPacket");
  assert(update.kind === "sendPacket");
  assertEquals(toAgent(both, update.packet, now).map(({ kind }) => kind), ["report"]);
  assertEquals(both.homeAgent.bindings(now), []);

  const right = ends();
  const { answered, result } = registerOverIpv6(right, 2000);
  const [answer] = ofKind(answered, "sendPacket");
  assertEquals(right.homeAgent.bindings(at(2000)).map(({ spi }) => spi), [1001]);
  assertEquals(ofKind(result, "registered").length, 1);
  // The same answer in the clear means nothing to a mobile node that has just asked.
  const waiting = ends();
  waiting.mobileNode.handle(careOf(CARE_OF), at(2000));
  assertEquals(toNode(waiting, answer.packet, at(2010)).map(({ kind }) => kind), ["report"]);
});

Deno.test("RFC 3776 4.1: a Binding Error goes out and is taken without ESP, a Refresh Request is not", () => {
  const both = ends();
  registerOverIpv6(both);
  const packet = encodeMobilityPacket({
    source: HOME_ADDRESS,
    destination: "2001:db8::1",
    mobilityHeader: new Uint8Array(8),
  });
  const outer = { address: CARE_OF, port: 0 };
  const lost = { kind: "unboundTraffic", outer, encapsulation: "ipv6InIpv6", packet } as const;
  const [error] = outgoing(both.homeGate, both.homeAgent.handle(lost, at(10_000)), at(10_000));
  assertEquals(layersOf(error).protocol, Protocol.mobilityHeader);
  // Over IPv4 it goes to the home address itself, where all else is protected.
  const lostOverUdp = { ...lost, outer: NAT, encapsulation: "udp" } as const;
  const [inUdp] = outgoing(both.homeGate, both.homeAgent.handle(lostOverUdp, at(10_000)), at(10_000));
  assertEquals([layersOf(inUdp).destination, layersOf(inUdp).protocol], [
    HOME_ADDRESS,
    Protocol.mobilityHeader,
  ]);
  assertEquals(ofKind(toNode(both, error, at(10_000)), "homeAgentForgot").length, 1);
  const request = encodeMobilityPacket({
    source: HOME_AGENT,
    destination: CARE_OF,
    routingHomeAddress: HOME_ADDRESS,
    mobilityHeader: Uint8Array.of(59, 0, 0, 0, 0, 0, 0, 0),
  });
  assertEquals(ofKind(toNode(both, request, at(20_000)), "sendPacket"), []);
  const [protectedRequest] = outgoing(
    both.homeGate,
    [{ kind: "sendPacket", source: HOME_AGENT, packet: request }],
    at(20_000),
  );
  assertEquals(layersOf(protectedRequest).protocol, Protocol.esp);
  assertEquals(ofKind(toNode(both, protectedRequest, at(20_000)), "sendPacket").length, 1);
});

Deno.test("RFC 3776 4.2 K-007 K-008 S-023: an association is good for the home address that it was made for", () => {
  const stolen = toHomeAgent({ spi: 7001, source: OTHER_NODE });
  const nodes = [HOME_ADDRESS, OTHER_NODE].map((homeAddress, index) => ({
    identity: `mn${index}@example.org`,
    homeAddress,
    security: undefined,
    requiresEsp: true,
    mobileNetworkPrefixes: [],
  }));
  const both = ends({
    homeAgent: newHomeAgent({ mobileNodes: nodes }),
    homeGate: gateOf(HOME_AGENT, [...BOTH, stolen]),
  });
  const now = at(0);
  // The other node seals an update for our home address with its own association.
  const claimed = handMadeOverIpv6({
    source: CARE_OF,
    sealWith: undefined,
    identity: undefined,
    timestamp: undefined,
  });
  const envelope = decodeMobileIpv6Envelope(claimed);
  assert(envelope.ok);
  const { offset, end, protocol } = envelope.value;
  const other = associationsOf(OTHER_NODE, [stolen]).outbound(HOME_AGENT, now.unixMs)!;
  const esp = other.seal({ payload: claimed.subarray(offset, end), nextHeader: protocol });
  const sealed = withUpperLayer(claimed, envelope.value, Protocol.esp, esp);
  assertEquals(both.homeGate.open(sealed, now).kind, "report");
  // Nor under its own Home Address option: the checksum covers the home address that stands in it.
  const own = Uint8Array.from(sealed);
  own.set(
    Uint8Array.fromHex("20010db8010000000000000000000200"),
    own.findIndex((_, at) => own[at] === 201) + 2,
  );
  // Whatever opened it: a home agent is told for whom the association is.
  const protection = { spi: 7001, source: OTHER_NODE, destination: HOME_AGENT, isLatest: true };
  both.homeAgent.handle({ kind: "signalling", outer: undefined, packet: claimed, protection }, now);
  assertEquals(both.homeAgent.bindings(now), []);
  const opened = both.homeGate.open(own, now);
  assert(opened.kind === "signalling");
  assertEquals(opened.protection?.source, OTHER_NODE);
  const reports = both.homeAgent.handle({ ...opened, kind: "signalling", outer: undefined }, now);
  assertEquals(reports.map(({ kind }) => kind), ["report"]);
  assertEquals(both.homeAgent.bindings(now), []);
});

Deno.test("RFC 3776 4.2 K-011 K-012 S-019 S-020: the associations outlast the return home, and serve the next journey", () => {
  const both = ends();
  registerOverIpv6(both);
  const now = at(5000);
  const home = offer(candidate(HOME_ADDRESS, { atHome: true }));
  const [update] = outgoing(both.mobileGate, both.mobileNode.handle(home, now), now);
  const [answer] = outgoing(both.homeGate, toAgent(both, update, now), now);
  toNode(both, answer, now);
  assertEquals(ofKind(registerOverIpv6(both, 400_000).result, "registered").length, 1);
});

Deno.test("RFC 3776 4.3 S-025 K-018 M-004 M-021: transport mode with integrity: whatever is changed or sent again is refused", () => {
  for (const algorithm of ["aes-gcm-16", "aes-cbc+hmac-sha256-128", "null+hmac-sha256-128"]) {
    const list = [toHomeAgent({ algorithm }), toMobileNode({ algorithm })];
    const both = ends({ mobileGate: gateOf(HOME_ADDRESS, list), homeGate: gateOf(HOME_AGENT, list) });
    const { update, answer, result } = registerOverIpv6(both);
    assertEquals(ofKind(result, "registered").length, 1);
    for (const [packet, gate] of [[update, both.homeGate], [answer, both.mobileGate]] as const) {
      assertEquals(gate.open(packet, at(20)).kind, "report");
      for (let index = packet.length - 60; index < packet.length; index++) {
        const changed = Uint8Array.from(packet);
        changed[index] ^= 0x10;
        const fresh = gate === both.homeGate ? gateOf(HOME_AGENT, list) : gateOf(HOME_ADDRESS, list);
        assertEquals(fresh.open(changed, at(20)).kind, "report", `octet ${index}`);
      }
    }
  }
});

Deno.test("RFC 3776 4.3 S-028 K-021: under ESP, an update from away has its care-of address in the option, and is not taken without", () => {
  const both = ends();
  const now = at(0);
  const hand = { source: CARE_OF, sealWith: undefined, identity: undefined, timestamp: undefined };
  const take = (changes: Parameters<typeof handMadeOverIpv6>[0]) => {
    const packet = handMadeOverIpv6({ ...hand, ...changes });
    const [sealed] = outgoing(gateOf(HOME_ADDRESS), [{ kind: "sendPacket", source: CARE_OF, packet }], now);
    return toAgent({ ...both, homeGate: gateOf(HOME_AGENT) }, sealed, now);
  };
  assertEquals(ofKind(take({ alternate: undefined }), "setBinding"), []);
  // It is what counts: the source of the IPv6 header proves nothing.
  const [binding] = ofKind(take({ alternate: "2001:db8:f::8" }), "setBinding");
  assertEquals(binding.tunnel.address, "2001:db8:f::8");
});

Deno.test("RFC 3776 4.4 K-026 S-023: the selectors are home addresses, so that an association outlives a move", () => {
  const both = ends();
  registerOverIpv6(both);
  assertEquals(ofKind(registerBehindNat(both, 5000).result, "registered").length, 1);
  assertEquals(both.homeAgent.bindings(at(5010)).map(({ natDetected }) => natDetected), [true]);
});

Deno.test("RFC 3776 4.1 S-009 S-010 S-015 K-005 K-015 K-016 M-020 M-083 M-089 M-354 M-400: mobile prefix discovery is protected, and not taken without", () => {
  const both = ends();
  registerOverIpv6(both);
  const now = at(1000);
  const discovery = new PrefixDiscovery({
    homeAddress: HOME_ADDRESS,
    homeAgentAddress: HOME_AGENT,
    requiresEsp: true,
  }, () => 0.5);
  const asked = discovery.handle({ kind: "registered", careOfAddress: CARE_OF, isNecessary: true }, now);
  const [clear] = ofKind(asked, "sendPacket");
  assertEquals(
    both.homeAgent.handle({ kind: "discovery", packet: clear.packet }, now).map(({ kind }) => kind),
    [
      "report",
    ],
  );
  const [solicitation] = outgoing(both.mobileGate, [clear], now);
  assertEquals(layersOf(solicitation).protocol, Protocol.esp);
  const opened = both.homeGate.open(solicitation, now);
  assert(opened.kind === "discovery");
  const answered = both.homeAgent.handle({ ...opened, kind: "discovery" }, now);
  const [plainAnswer] = ofKind(answered, "sendPacket");
  const [advertisement] = outgoing(both.homeGate, answered, now);
  assertEquals(layersOf(advertisement), {
    source: HOME_AGENT,
    destination: CARE_OF,
    homeAddressOption: undefined,
    routingHomeAddress: HOME_ADDRESS,
    protocol: Protocol.esp,
  });
  assertEquals(discovery.handle({ kind: "discovery", packet: plainAnswer.packet }, now), []);
  const received = both.mobileGate.open(advertisement, now);
  assert(received.kind === "discovery");
  const learnt = discovery.handle({ ...received, kind: "discovery" }, now);
  assertEquals(ofKind(learnt, "report").map(({ message }) => message), ["home prefix"]);
});

Deno.test("RFC 3776 3.3: ESP around other ICMPv6 messages is refused, and home agent discovery stays as it is", () => {
  const association = associationsOf(HOME_ADDRESS).outbound(HOME_AGENT, at(0).unixMs)!;
  const message = homeAgentRequest({ kind: "addressDiscoveryRequest", identifier: 1, mobileRouter: false });
  const packet = encodeDiscoveryPacket({ source: HOME_ADDRESS, destination: HOME_AGENT, message });
  const envelope = decodeMobileIpv6Envelope(packet);
  assert(envelope.ok && readDiscoveryPacket(packet) !== undefined);
  const esp = association.seal({ payload: packet.subarray(40), nextHeader: Protocol.icmpv6 });
  assertEquals(
    gateOf(HOME_AGENT).open(withUpperLayer(packet, envelope.value, Protocol.esp, esp), at(0)).kind,
    "report",
  );
  const action = { kind: "sendPacket", source: HOME_ADDRESS, packet } as const;
  assertEquals(gateOf(HOME_ADDRESS).protect(action, at(0)), action);
});

Deno.test("RFC 5555 4.4.2 5 D-082 D-127: over IPv4 the association is that of the IPv6 home address, in transport mode", () => {
  const { update, answered, answer, result } = registerBehindNat(ends());
  const plain = { homeAddressOption: undefined, routingHomeAddress: undefined, protocol: Protocol.esp };
  assertEquals(layersOf(update), { source: HOME_ADDRESS, destination: HOME_AGENT, ...plain });
  assertEquals(layersOf(answer), { source: HOME_AGENT, destination: HOME_ADDRESS, ...plain });
  assertEquals(ofKind(answered, "setBinding").length, 1);
  assertEquals(ofKind(result, "registered").map(({ careOfAddress }) => careOfAddress), [PRIVATE]);
});

Deno.test("RFC 5555 5.1 5.2.1 D-134 D-136 D-144: the outer source stays with the packet through ESP: the NAT is found, the answer goes there", () => {
  const both = ends();
  const { answered, result } = registerBehindNat(both);
  const [sent] = ofKind(answered, "sendSignalling");
  assertEquals([sent.destination, sent.destinationPort], [NAT.address, NAT.port]);
  const answer = decodeMobilityPacket(sent.packet);
  assert(answer.ok && answer.value.header.message.kind === "bindingAcknowledgement");
  assertEquals(findOption(answer.value.header.message.options, "natDetection")?.refreshSeconds, 25);
  const [tunnel] = ofKind(result, "setTunnel");
  assertEquals(tunnel.tunnel.encapsulation, "udp");
  assertEquals(both.homeAgent.bindings(at(10)).map(({ natDetected }) => natDetected), [true]);
});

Deno.test("RFC 5555 5: over IPv4 too, an unprotected update is not taken, and not answered", () => {
  const both = ends();
  const clear = handMade({ sealWith: undefined, identity: undefined, timestamp: undefined });
  assertEquals(toAgent(both, clear, at(0), NAT).map(({ kind }) => kind), ["report"]);
  assertEquals(both.homeAgent.bindings(at(0)), []);
});

Deno.test("RFC 6275 10.3.1 M-270: before the first binding, ESP from a home address of ours is opened all the same", () => {
  const both = ends();
  assertEquals(both.homeAgent.bindings(at(0)), []);
  assertEquals(ofKind(registerOverIpv6(both).answered, "setBinding").length, 1);
});

Deno.test("ESP and RFC 4285 where both are configured: both are asked for", () => {
  const node = {
    identity: "mn1@example.org",
    homeAddress: HOME_ADDRESS,
    security,
    requiresEsp: true,
    mobileNetworkPrefixes: [],
  };
  const homeAgent = () => newHomeAgent({ mobileNodes: [node] });
  const both = ends({ mobileNode: newMobileNode({ requiresEsp: true }), homeAgent: homeAgent() });
  assertEquals(ofKind(registerOverIpv6(both).result, "registered").length, 1);
  // The key alone, and ESP alone.
  const now = at(0);
  const [update] = ofKind(newMobileNode().handle(careOf(CARE_OF), now), "sendPacket");
  assertEquals(toAgent(ends({ homeAgent: homeAgent() }), update.packet, now).map(({ kind }) => kind), [
    "report",
  ]);
  const withoutKey = ends({ homeAgent: homeAgent() });
  const [sealed] = outgoing(withoutKey.mobileGate, withoutKey.mobileNode.handle(careOf(CARE_OF), now), now);
  assertEquals(ofKind(toAgent(withoutKey, sealed, now), "setBinding"), []);
});

Deno.test("ESP: after a restart, a home agent refuses what was sent before it, and takes what is sent after it", () => {
  const kept = memory();
  const both = ends({ homeGate: gateOf(HOME_AGENT, BOTH, kept) });
  const { update } = registerOverIpv6(both);
  const { homeAgent } = ends();
  const restarted = { ...both, homeAgent, homeGate: gateOf(HOME_AGENT, BOTH, kept, at(5000)) };
  assertEquals(toAgent(restarted, update, at(5000)), []);
  const result = registerBehindNat(restarted, 5000).result;
  assertEquals(ofKind(result, "registered").length, 1);
  assertEquals(homeAgent.bindings(at(5010)).length, 1);
});

Deno.test("ESP: re-keying loses no binding: the new association sends from its time on, the old one is still taken", () => {
  const at1 = at(100_000).unixMs;
  const list = [
    ...BOTH,
    toHomeAgent({ spi: 2001, validFromMs: at1 }),
    toMobileNode({ spi: 2002, validFromMs: at1 }),
  ];
  const both = ends({ mobileGate: gateOf(HOME_ADDRESS, list), homeGate: gateOf(HOME_AGENT, list) });
  const [action] = ofKind(newMobileNode().handle(careOf(CARE_OF), at(0)), "sendPacket");
  const [early] = outgoing(both.mobileGate, [action], at(99_998));
  const spis = [0, 50_000, 99_999, 100_000].map((nowMs, index) => {
    const { update, result } = index % 2 === 0
      ? registerOverIpv6(both, nowMs)
      : registerBehindNat(both, nowMs);
    assertEquals(ofKind(result, "registered").length, 1);
    assertEquals(both.homeAgent.bindings(at(nowMs)).length, 1);
    const envelope = decodeMobileIpv6Envelope(update);
    assert(envelope.ok);
    return readUint32(update, envelope.value.offset);
  });
  assertEquals(spis, [1001, 1001, 1001, 2001]);
  assertEquals(both.homeGate.open(early, at(100_000)).kind, "signalling");
});

Deno.test("ESP: nothing goes out unprotected where no association is valid any more", () => {
  const gone = gateOf(HOME_ADDRESS, [toHomeAgent({ validUntilMs: at(1000).unixMs })]);
  const packet = handMade({ sealWith: undefined });
  const action = {
    kind: "sendSignalling",
    source: undefined,
    destination: HOME_AGENT_IPV4,
    destinationPort: 4191,
    packet,
  } as const;
  assertEquals(gone.protect(action, at(999)).kind, "sendSignalling");
  const report = gone.protect(action, at(1000));
  assert(report.kind === "report");
  assertEquals(report.level, "error");
});

Deno.test("ESP: what is for others, cut off, of an unknown SPI, changed or sent again is dropped, and it is said why", () => {
  const gate = gateOf(HOME_AGENT);
  const [update] = outgoing(gateOf(HOME_ADDRESS), newMobileNode().handle(careOf(CARE_OF), at(0)), at(0));
  const reason = (packet: Uint8Array) => {
    const received = gate.open(packet, at(0));
    return received.kind === "report" ? received.message : received.kind;
  };
  const offset = 64;
  const other = Uint8Array.from(update);
  other[39] = 9;
  assertEquals(reason(other), "dropped: ESP for another node");
  const unknown = Uint8Array.from(update);
  unknown[offset] = 9;
  assertEquals(reason(unknown), "ESP without a valid security association");
  const cut = update.slice(0, offset + 7);
  cut[5] = cut.length - 40;
  cut[4] = 0;
  assertEquals(reason(cut), "dropped: a cut off ESP header");
  const changed = Uint8Array.from(update);
  changed[changed.length - 1] ^= 1;
  assertEquals(reason(changed), "wrong ESP integrity check value: do both ends have the same keys?");
  assertEquals([reason(update), reason(update)], [
    "signalling",
    "dropped: ESP sequence number used before, or too old",
  ]);
  assertEquals(incoming(gate, Uint8Array.of(0x60), undefined, at(0))?.protection, undefined);
});

Deno.test("ESP: addresses that the policy does not name are left alone", () => {
  const associations = associationsOf(HOME_AGENT);
  const open = new EspGate({ ownAddress: HOME_AGENT, associations, protects: () => false });
  const mobilityHeader = Uint8Array.of(59, 0, 0, 0, 0, 0, 0, 0);
  const packet = encodeMobilityPacket({ source: HOME_AGENT, destination: OTHER_NODE, mobilityHeader });
  const action = { kind: "sendPacket", source: HOME_AGENT, packet } as const;
  assertEquals(open.protect(action, at(0)), action);
  assertEquals(gateOf(HOME_AGENT).protect(action, at(0)), action);
});

Deno.test("ESP: a revocation and its answer are protected, and the answer does not count without", () => {
  const both = ends();
  registerOverIpv6(both);
  const now = at(5000);
  const revoked = both.homeAgent.handle({ kind: "revoked", identity: "mn1@example.org" }, now);
  const [indication] = outgoing(both.homeGate, revoked, now);
  assertEquals(layersOf(indication).protocol, Protocol.esp);
  const taken = toNode(both, indication, now);
  assert(ofKind(taken, "report").some(({ message }) => message === "the home agent has revoked the binding"));
  const [answer] = outgoing(both.mobileGate, taken, now);
  assertEquals(layersOf(answer).protocol, Protocol.esp);
  const done = toAgent(both, answer, now);
  assertEquals(done.map((action) => action.kind === "report" && action.message), [
    "the mobile node knows that its binding is revoked",
  ]);
});

Deno.test("ESP: a mobile node that the configuration forgets is told once, and not in the clear when its associations are gone", () => {
  for (const isRevokedFirst of [false, true]) {
    const both = ends();
    registerOverIpv6(both);
    const now = at(5000);
    const revoked = isRevokedFirst
      ? both.homeAgent.handle({ kind: "revoked", identity: "mn1@example.org" }, now)
      : [];
    const settings = homeAgentSettings({ mobileNodes: [] });
    revoked.push(...both.homeAgent.handle({ kind: "reconfigured", settings }, now));
    assertEquals(outgoing(both.homeGate, revoked, now).map((packet) => layersOf(packet).protocol), [
      Protocol.esp,
    ]);
    for (let nowMs = 5000; nowMs < 20_000; nowMs += 500) {
      assertEquals(ofKind(both.homeAgent.handle({ kind: "deadline" }, at(nowMs)), "sendPacket"), []);
    }
  }
});
