import { assert, assertEquals } from "@std/assert";
import { ipv6Octets } from "../../core/wire/address.ts";
import { encodeMobilityHeader } from "../../core/wire/mobility_header.ts";
import { findOption } from "../../core/wire/mobility_option.ts";
import {
  decodeMobilityPacket,
  encodeMobilityPacket,
  type MobilityPacket,
} from "../../core/wire/mobility_packet.ts";
import {
  acknowledgementOverIpv6,
  at,
  handMadeOverIpv6,
  hmac,
  HOME_ADDRESS,
  HOME_AGENT,
  newHomeAgent,
  newMobileNode,
  ofKind,
  receive,
  receiveOverIpv6,
  registerOverIpv6,
  security,
  sent,
  sentAcknowledgement,
  sentOverIpv6,
} from "../control/script.ts";

const CARE_OF = "2001:db8:f::7";
const OTHER = "2001:db8:e::9";
const PROBED = { kind: "homeAddressProbed", homeAddress: HOME_ADDRESS } as const;

function mobilityPacketIn(packet: Uint8Array): MobilityPacket {
  const decoded = decodeMobilityPacket(packet);
  assert(decoded.ok);
  return decoded.value;
}

Deno.test("RFC 6275 10.3.1 M-233 M-234 M-251 M-253 M-271 M-281, RFC 5555 D-117: the answer over IPv6, with a type 2 routing header", () => {
  const homeAgent = newHomeAgent();
  const { answer } = registerOverIpv6(newMobileNode(), homeAgent, CARE_OF);
  const { source, message: packet } = sentOverIpv6(answer);
  assertEquals([source, packet.source, packet.destination], [HOME_AGENT, HOME_AGENT, CARE_OF]);
  assertEquals([packet.routingHomeAddress, packet.homeAddressOption], [HOME_ADDRESS, undefined]);
  assert(packet.checksumValid);
  const [binding] = ofKind(answer, "setBinding");
  assertEquals(binding.tunnel, { encapsulation: "ipv6InIpv6", address: CARE_OF, port: 0 });
  assertEquals(homeAgent.bindings(at(0))[0].careOfAddress, CARE_OF);
});

Deno.test("RFC 5555 3.2.2 D-047 4.5 D-107: over IPv6 nothing is said of NAT and UDP, whatever is asked for", () => {
  const answer = receiveOverIpv6(newHomeAgent({ forceUdp: true, acceptForceUdp: false }), { forceUdp: true });
  assertEquals(acknowledgementOverIpv6(answer).status, 0);
  assertEquals(findOption(acknowledgementOverIpv6(answer).options, "natDetection"), undefined);
  assertEquals(ofKind(answer, "setBinding")[0].tunnel.encapsulation, "ipv6InIpv6");
});

Deno.test("RFC 6275 9.5.1 M-233: a proven alternate care-of address counts, the answer goes to the source", () => {
  const answer = receiveOverIpv6(newHomeAgent(), { alternate: OTHER });
  assertEquals(ofKind(answer, "setBinding")[0].tunnel.address, OTHER);
  assertEquals(sentOverIpv6(answer).message.destination, CARE_OF);
});

Deno.test("running open, an alternate care-of address has to be the source (174)", () => {
  const open = { requireAuthentication: false, mobileNodes: [] };
  const plain = { identity: undefined, timestamp: undefined, sealWith: undefined };
  const redirected = receiveOverIpv6(newHomeAgent(open), { ...plain, alternate: OTHER });
  assertEquals(acknowledgementOverIpv6(redirected).status, 174);
  // A plain RFC 6275 node, without any option of ours.
  const accepted = receiveOverIpv6(newHomeAgent(open), { ...plain, alternate: undefined });
  assertEquals(acknowledgementOverIpv6(accepted).status, 0);
  assertEquals(acknowledgementOverIpv6(accepted).options, []);
});

for (const alternate of ["ff02::1", "fe80::1", "::1", "::", "::ffff:192.0.2.1", HOME_AGENT]) {
  Deno.test(`a care-of address that packets cannot go to is refused with status 174: ${alternate}`, () => {
    const homeAgent = newHomeAgent();
    assertEquals(acknowledgementOverIpv6(receiveOverIpv6(homeAgent, { alternate })).status, 174);
    assertEquals(homeAgent.bindings(at(0)), []);
  });
}

Deno.test("RFC 4285 5.1: without the option the authenticator covers the IPv6 source: from elsewhere it is status 146", () => {
  const { mobilityHeader } = mobilityPacketIn(handMadeOverIpv6({ alternate: undefined }));
  for (const [source, status] of [[CARE_OF, 0], [OTHER, 146]] as const) {
    const ends = { source, destination: HOME_AGENT, homeAddressOption: HOME_ADDRESS };
    const packet = encodeMobilityPacket({ ...ends, mobilityHeader });
    const answer = newHomeAgent().handle({ kind: "signalling", outer: undefined, packet }, at(0));
    assertEquals(acknowledgementOverIpv6(answer).status, status);
  }
});

Deno.test("RFC 4285 5.1 A-006: the authenticator is over care-of address, home address and the message, computed here by hand", () => {
  const { update, answer } = registerOverIpv6(newMobileNode(), newHomeAgent(), CARE_OF);
  for (const actions of [update, answer]) {
    const { mobilityHeader, header } = mobilityPacketIn(sentOverIpv6(actions).packet);
    const { message } = header;
    const proof = "options" in message ? findOption(message.options, "messageAuthentication") : undefined;
    const covered = mobilityHeader.slice(0, mobilityHeader.length - 16);
    covered.fill(0, 4, 6);
    const data = new Uint8Array([...ipv6Octets(CARE_OF), ...ipv6Octets(HOME_ADDRESS), ...covered]);
    assertEquals(proof?.authenticationData, hmac("sha256", security.key, data).subarray(0, 16));
  }
});

Deno.test("RFC 6275 10.3.1 M-268: without a Home Address option only a de-registration is taken", () => {
  const homeAgent = newHomeAgent();
  const atHome = { source: HOME_ADDRESS, withHomeAddressOption: false };
  const silent = receiveOverIpv6(homeAgent, { ...atHome, alternate: CARE_OF });
  assertEquals(ofKind(silent, "sendPacket"), []);
  assertEquals(ofKind(silent, "setBinding"), []);
});

Deno.test("RFC 6275 10.3.2 M-239 M-240 M-252 M-295: at home, lifetime 0 or the home address as care-of address removes the binding", () => {
  const atHome = { source: HOME_ADDRESS, withHomeAddressOption: false, sequenceNumber: 2 };
  for (const lifetimeSeconds of [0, 420]) {
    const homeAgent = newHomeAgent();
    receiveOverIpv6(homeAgent);
    const answer = receiveOverIpv6(homeAgent, { ...atHome, lifetimeSeconds }, 1000);
    assertEquals(ofKind(answer, "removeBinding").length, 1);
    const packet = sentOverIpv6(answer).message;
    assertEquals([packet.destination, packet.routingHomeAddress], [HOME_ADDRESS, undefined]);
    const { status, lifetimeSeconds: granted } = acknowledgementOverIpv6(answer);
    assertEquals([status, granted], [0, 0]);
  }
});

Deno.test("RFC 6275 9.5.1 M-220 M-227: IPv6 and IPv4 care-of addresses of one node share its sequence numbers", () => {
  const homeAgent = newHomeAgent();
  receiveOverIpv6(homeAgent, { sequenceNumber: 10 });
  assertEquals(sentAcknowledgement(receive(homeAgent, { sequenceNumber: 10 }, 1000)).status, 135);
  const moved = receive(homeAgent, { sequenceNumber: 11 }, 2000);
  assertEquals(ofKind(moved, "setBinding")[0].tunnel.encapsulation, "ipv6InIpv4");
  const back = acknowledgementOverIpv6(receiveOverIpv6(homeAgent, { sequenceNumber: 11 }, 3000));
  assertEquals([back.status, back.sequenceNumber], [135, 11]);
});

Deno.test("RFC 6275 10.3.1 M-266 M-267, 10.3.2 M-296: refusals over IPv6 have their status codes", () => {
  const statusOf = (changes: Parameters<typeof receiveOverIpv6>[1]) =>
    acknowledgementOverIpv6(receiveOverIpv6(newHomeAgent(), changes)).status;
  assertEquals(statusOf({ homeAddress: "2001:db8:200::1" }), 132);
  assertEquals(statusOf({ homeAddress: "2001:db8:100::2" }), 129);
  assertEquals(statusOf({ lifetimeSeconds: 0 }), 133);
  assertEquals(statusOf({ proxyRegistration: true }), 152);
});

Deno.test("RFC 6275 9.3.1 M-192, 9.5.1 M-218 M-226 M-231: silence over IPv6 for what is no home registration", () => {
  const homeAgent = newHomeAgent();
  const wrong: Parameters<typeof receiveOverIpv6>[1][] = [
    { homeAddress: "fe80::1" },
    { homeAddress: "ff02::1" },
    { homeRegistration: false },
    { more: [{ kind: "nonceIndices", homeNonceIndex: 1, careOfNonceIndex: 2 }] },
    { destination: "2001:db8:100::9" },
    { identity: undefined },
  ];
  for (const changes of wrong) assertEquals(ofKind(receiveOverIpv6(homeAgent, changes), "sendPacket"), []);
});

Deno.test("RFC 6275 9.3.3 M-206 M-207 M-208: a Binding Error goes to the IPv6 source, without a routing header, rarely", () => {
  const homeAgent = newHomeAgent();
  const packet = new Uint8Array(48);
  packet[0] = 0x60;
  packet.set([0x20, 1, 0xd, 0xb8, 1, 0], 8);
  packet.set([1, 0], 22);
  const event = (address: string) => {
    return {
      kind: "unboundTraffic",
      outer: { address, port: 0 },
      encapsulation: "ipv6InIpv6",
      packet,
    } as const;
  };
  const { message } = sentOverIpv6(homeAgent.handle(event(CARE_OF), at(0)));
  assertEquals([message.destination, message.routingHomeAddress], [CARE_OF, undefined]);
  assertEquals(message.header.message, {
    kind: "bindingError",
    status: 1,
    homeAddress: HOME_ADDRESS,
    options: [],
  });
  const answers = Array.from(
    { length: 50 },
    () => ofKind(homeAgent.handle(event(CARE_OF), at(0)), "sendPacket"),
  );
  assertEquals(answers.flat().length, 4);
  assertEquals(homeAgent.handle(event("ff02::1"), at(10_000)), []);
});

Deno.test("RFC 6275 9.2 M-186, 9.3.3 M-207: an unknown type over IPv6 is answered with the Home Address option's address", () => {
  const message = { kind: "unknownMessage", type: 200, data: new Uint8Array(2) } as const;
  const mobilityHeader = encodeMobilityHeader(message);
  const ends = { source: CARE_OF, destination: HOME_AGENT, homeAddressOption: HOME_ADDRESS };
  const packet = encodeMobilityPacket({ ...ends, mobilityHeader });
  const answer = newHomeAgent().handle({ kind: "signalling", outer: undefined, packet }, at(0));
  const sentBack = sentOverIpv6(answer).message;
  assertEquals([sentBack.destination, sentBack.routingHomeAddress], [CARE_OF, undefined]);
  const error = sentBack.header.message;
  assertEquals(error, { kind: "bindingError", status: 2, homeAddress: HOME_ADDRESS, options: [] });
});

Deno.test("a home agent is nobody's mobile node: a type 2 routing header to it is refused", () => {
  const mobilityHeader = encodeMobilityHeader({ kind: "unknownMessage", type: 200, data: new Uint8Array(2) });
  const ends = { source: CARE_OF, destination: HOME_AGENT, routingHomeAddress: HOME_ADDRESS };
  const packet = encodeMobilityPacket({ ...ends, mobilityHeader });
  const answer = newHomeAgent().handle({ kind: "signalling", outer: undefined, packet }, at(0));
  assertEquals(ofKind(answer, "sendPacket"), []);
});

Deno.test("RFC 6275 6.1 M-023 M-025: a type 2 routing header is for acknowledgements: over IPv6 no refresh is asked for", () => {
  const homeAgent = newHomeAgent();
  const { message } = sentOverIpv6(receiveOverIpv6(homeAgent, { lifetimeSeconds: 80 }));
  assertEquals([message.destination, message.routingHomeAddress], [CARE_OF, HOME_ADDRESS]);
  assertEquals(homeAgent.nextDeadline(), 80_000);
  const end = homeAgent.handle({ kind: "deadline" }, at(80_000));
  assertEquals([ofKind(end, "removeBinding").length, ofKind(end, "sendPacket")], [1, []]);
});

Deno.test("RFC 6275 10.3.1 M-274 M-292, 10.4.1 M-305 M-306: the home link is asked first, then bound and defended", () => {
  const homeAgent = newHomeAgent({ homeLink: true });
  const asked = receiveOverIpv6(homeAgent, { linkLocalCompatibility: true });
  assertEquals(asked, [
    { kind: "probeHomeAddress", homeAddress: HOME_ADDRESS, linkLocalCompatibility: true },
  ]);
  assertEquals(homeAgent.bindings(at(0)), []);
  // A retransmission waits with it, and is the one that is answered.
  assertEquals(receiveOverIpv6(homeAgent, { sequenceNumber: 2 }, 500), []);
  const bound = homeAgent.handle({ ...PROBED, duplicate: false }, at(1000));
  assertEquals(acknowledgementOverIpv6(bound).sequenceNumber, 2);
  assertEquals(ofKind(bound, "interceptHomeAddress"), [{
    kind: "interceptHomeAddress",
    homeAddress: HOME_ADDRESS,
    linkLocalCompatibility: false,
    mobileRouter: false,
  }]);
  assertEquals(homeAgent.handle({ ...PROBED, duplicate: false }, at(1001)), []);
  // A move does not ask again.
  const moved = receiveOverIpv6(homeAgent, { sequenceNumber: 3, source: OTHER }, 2000);
  assertEquals(ofKind(moved, "setBinding").length, 1);
  assertEquals([ofKind(moved, "interceptHomeAddress"), ofKind(moved, "probeHomeAddress")], [[], []]);
});

Deno.test("RFC 6275 10.3.1 M-275: a home address that another node has is refused with status 134", () => {
  const homeAgent = newHomeAgent({ homeLink: true });
  receive(homeAgent);
  const refused = homeAgent.handle({ ...PROBED, duplicate: true }, at(1000));
  assertEquals(sentAcknowledgement(refused).status, 134);
  assertEquals(sent(refused).destination, "198.51.100.7");
  assertEquals([homeAgent.bindings(at(1000)), homeAgent.nextDeadline()], [[], undefined]);
});

Deno.test("the home link that says nothing is forgotten, and who de-registers meanwhile is not bound", () => {
  const homeAgent = newHomeAgent({ homeLink: true });
  receiveOverIpv6(homeAgent);
  assertEquals(homeAgent.nextDeadline(), 10_000);
  homeAgent.handle({ kind: "deadline" }, at(10_000));
  assertEquals(homeAgent.handle({ ...PROBED, duplicate: false }, at(10_001)), []);
  receiveOverIpv6(homeAgent, {}, 20_000);
  const gone = receiveOverIpv6(homeAgent, { sequenceNumber: 2, lifetimeSeconds: 0 }, 20_100);
  assertEquals(acknowledgementOverIpv6(gone).status, 133);
  assertEquals(homeAgent.handle({ ...PROBED, duplicate: false }, at(20_200)), []);
});

Deno.test("RFC 6275 10.3.2 M-304: interception ends before the answer, and with the lifetime", () => {
  const bound = () => {
    const homeAgent = newHomeAgent({ homeLink: true });
    receiveOverIpv6(homeAgent);
    homeAgent.handle({ ...PROBED, duplicate: false }, at(0));
    return homeAgent;
  };
  const removed = receiveOverIpv6(bound(), { sequenceNumber: 2, lifetimeSeconds: 0 }, 1000);
  const kinds = removed.map(({ kind }) => kind).filter((kind) => kind !== "report");
  assertEquals(kinds, ["removeBinding", "releaseHomeAddress", "sendPacket"]);
  const homeAgent = bound();
  homeAgent.handle({ kind: "deadline" }, at(400_000));
  const expired = homeAgent.handle({ kind: "deadline" }, at(420_000));
  assertEquals(ofKind(expired, "releaseHomeAddress").length, 1);
});
