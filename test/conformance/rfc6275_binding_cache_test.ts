import { assertEquals } from "@std/assert";
import type { HomeAgent } from "../../core/control/home_agent.ts";
import { decodeMobilityHeader, encodeMobilityHeader } from "../../core/wire/mobility_header.ts";
import type { MobilityMessage } from "../../core/wire/mobility_message.ts";
import { findOption, type MobilityOption } from "../../core/wire/mobility_option.ts";
import { encodeMobilityPacket, type MobilityPacketParts } from "../../core/wire/mobility_packet.ts";
import {
  acknowledgementOverIpv6,
  at,
  HOME_ADDRESS,
  HOME_AGENT,
  IDENTITY,
  newHomeAgent,
  ofKind,
  receive,
  receiveOverIpv6,
  security,
  sent,
  sentOverIpv6,
} from "../control/script.ts";
import { valueOf } from "../wire/decoded.ts";

const CARE_OF = "2001:db8:f::7";
const OTHER = "2001:db8:e::9";

/** What the home agent does about a message that comes natively. */
function give(homeAgent: HomeAgent, parts: Partial<MobilityPacketParts>, monotonicMs = 0) {
  const message: MobilityMessage = { kind: "bindingRefreshRequest", options: [] };
  const mobilityHeader = encodeMobilityHeader(message);
  const packet = encodeMobilityPacket({ source: CARE_OF, destination: HOME_AGENT, mobilityHeader, ...parts });
  return homeAgent.handle({ kind: "signalling", outer: undefined, packet }, at(monotonicMs));
}

function bound(): HomeAgent {
  const homeAgent = newHomeAgent();
  receiveOverIpv6(homeAgent);
  return homeAgent;
}

const unknownMessage = encodeMobilityHeader({ kind: "unknownMessage", type: 200, data: new Uint8Array(2) });

Deno.test("RFC 6275 9.1 M-182, 6.3 M-072: a Home Address option in another message changes no binding", () => {
  for (const homeAgent of [newHomeAgent(), bound()]) {
    const before = homeAgent.bindings(at(0));
    for (const mobilityHeader of [unknownMessage, undefined]) {
      const actions = give(homeAgent, {
        source: OTHER,
        homeAddressOption: HOME_ADDRESS,
        ...(mobilityHeader && { mobilityHeader }),
      });
      assertEquals(ofKind(actions, "setBinding"), []);
    }
    assertEquals(homeAgent.bindings(at(0)), before);
  }
});

Deno.test("RFC 6275 9.2 M-183 M-260: what section 9.2 discards has no effect and no answer", () => {
  const homeAgent = bound();
  const wrongChecksum = encodeMobilityPacket({
    source: CARE_OF,
    destination: HOME_AGENT,
    mobilityHeader: unknownMessage,
  });
  wrongChecksum[45] ^= 1;
  const short = wrongChecksum.slice();
  short[41] = 9;
  for (const packet of [wrongChecksum, short, wrongChecksum.subarray(0, 44)]) {
    const actions = homeAgent.handle({ kind: "signalling", outer: undefined, packet }, at(0));
    assertEquals(actions.map(({ kind }) => kind), ["report"]);
  }
});

Deno.test("RFC 6275 8.2 M-131: a home agent is nobody's type 2 routing header's end", () => {
  const actions = give(newHomeAgent(), { routingHomeAddress: HOME_ADDRESS, mobilityHeader: unknownMessage });
  assertEquals(actions.map(({ kind }) => kind), ["report"]);
});

Deno.test("RFC 6275 9.5.1 M-219, 9.5.2 M-235: without a binding any sequence number is taken, and the binding is updated", () => {
  for (const sequenceNumber of [0, 1, 0x7fff, 0x8000, 0xffff]) {
    const homeAgent = newHomeAgent();
    assertEquals(acknowledgementOverIpv6(receiveOverIpv6(homeAgent, { sequenceNumber })).status, 0);
    receiveOverIpv6(homeAgent, { sequenceNumber: sequenceNumber + 1 & 0xffff, source: OTHER }, 1000);
    const [{ careOfAddress }, ...more] = homeAgent.bindings(at(1000));
    assertEquals([careOfAddress, more], [OTHER, []]);
  }
});

Deno.test("RFC 6275 9.5.1 M-228 M-229: an update without the H flag does not change the binding: status 139", () => {
  const homeAgent = bound();
  const before = homeAgent.bindings(at(1000));
  const other = { homeRegistration: false, source: OTHER };
  const actions = receiveOverIpv6(homeAgent, { sequenceNumber: 2, ...other }, 1000);
  assertEquals([ofKind(actions, "setBinding"), homeAgent.bindings(at(1000))], [[], before]);
  assertEquals(acknowledgementOverIpv6(actions).status, 139);
  receiveOverIpv6(homeAgent, { sequenceNumber: 3, lifetimeSeconds: 0 }, 2000);
  const without = receiveOverIpv6(homeAgent, { sequenceNumber: 4, ...other }, 3000);
  assertEquals(ofKind(without, "sendPacket"), [], "it may be for a correspondent node");
});

Deno.test("RFC 6275 6.2.1 M-061 M-062: an update with options that the home agent does not know is accepted all the same", () => {
  const unknown: MobilityOption = { kind: "unknownOption", type: 200, data: new Uint8Array(5) };
  const answer = receiveOverIpv6(newHomeAgent(), { more: [unknown, unknown] });
  assertEquals(acknowledgementOverIpv6(answer).status, 0);
});

Deno.test("RFC 6275 9.5.2 M-236, 10.3.1 M-276 M-282 M-284: the lifetime is never longer than asked for; status 0", () => {
  for (const [asked, maximum, granted] of [[420, 420, 420], [40, 420, 40], [4000, 420, 420], [4, 4, 4]]) {
    const homeAgent = newHomeAgent({ maximumLifetimeSeconds: maximum });
    const answer = acknowledgementOverIpv6(receiveOverIpv6(homeAgent, { lifetimeSeconds: asked }));
    assertEquals([answer.status, answer.lifetimeSeconds], [0, granted]);
    assertEquals(homeAgent.bindings(at(0))[0].remainingSeconds, granted);
  }
});

Deno.test("RFC 6275 9.5.2 M-237, 9.6 M-255, 10.3.1 M-273 M-280, 6.1.8 M-056: a binding stays for its lifetime, and no longer", () => {
  const homeAgent = newHomeAgent();
  receiveOverIpv6(homeAgent, { lifetimeSeconds: 40 });
  const end = (ms: number) => ofKind(homeAgent.handle({ kind: "deadline" }, at(ms)), "removeBinding").length;
  assertEquals([end(39_999), homeAgent.bindings(at(39_999)).length], [0, 1]);
  assertEquals([end(40_000), homeAgent.bindings(at(40_000)).length], [1, 0]);
});

Deno.test("RFC 6275 9.5.4 M-242 M-250: no acknowledgement for what was discarded, nor to a source that is not unicast", () => {
  const homeAgent = newHomeAgent();
  for (const source of ["ff02::1", "::", "fe80::1"]) {
    assertEquals(ofKind(receiveOverIpv6(homeAgent, { source, alternate: CARE_OF }), "sendPacket"), []);
  }
  assertEquals(ofKind(receiveOverIpv6(homeAgent, { homeRegistration: false }), "sendPacket"), []);
  assertEquals(homeAgent.bindings(at(0)), []);
});

Deno.test("RFC 6275 9.5.4 M-243 M-244 M-247, 10.3.1 M-261 M-263, 8.4 M-152 M-153: each update is answered, refusals with 128 or more", () => {
  const other = { ...security, spi: 2000, key: new Uint8Array(16).fill(9) };
  const refused: Parameters<typeof receiveOverIpv6>[1][] = [
    { sequenceNumber: 1 },
    { homeAddress: "2001:db8:200::1" },
    { homeAddress: "2001:db8:100::55" },
    { alternate: "ff02::1" },
    { proxyRegistration: true },
    { mobileRouter: true },
    { sealWith: { ...other, spi: security.spi } },
  ];
  for (const changes of refused) {
    const homeAgent = bound();
    const before = homeAgent.bindings(at(1000));
    const answer = receiveOverIpv6(homeAgent, { sequenceNumber: 2, ...changes }, 1000);
    assertEquals(acknowledgementOverIpv6(answer).status >= 128, true, JSON.stringify(changes));
    assertEquals(homeAgent.bindings(at(1000)), before);
  }
});

Deno.test("RFC 6275 8.4 M-147, 10.3.1 M-272: each mobile node has its own binding", () => {
  const second = { ...security, spi: 2000 };
  const node = (identity: string, homeAddress: string, key: typeof security | typeof second) => {
    return { identity, homeAddress, security: key, mobileNetworkPrefixes: [] };
  };
  const homeAgent = newHomeAgent({
    mobileNodes: [
      node(IDENTITY, HOME_ADDRESS, security),
      node("mn2@example.org", "2001:db8:100::200", second),
    ],
  });
  receiveOverIpv6(homeAgent);
  const other = { identity: "mn2@example.org", homeAddress: "2001:db8:100::200", sealWith: second };
  receiveOverIpv6(homeAgent, { ...other, source: OTHER });
  receiveOverIpv6(homeAgent, { ...other, source: OTHER, sequenceNumber: 2, lifetimeSeconds: 0 }, 1000);
  assertEquals(homeAgent.bindings(at(1000)).map(({ homeAddress }) => homeAddress), [HOME_ADDRESS]);
});

Deno.test("RFC 6275 6.1.7 M-047, 10.3.2 M-297 M-301: lifetime 0 deletes the binding; its answer has no refresh advice", () => {
  const homeAgent = bound();
  const answer = receiveOverIpv6(homeAgent, { sequenceNumber: 2, lifetimeSeconds: 0 }, 1000);
  const acknowledgement = acknowledgementOverIpv6(answer);
  assertEquals(acknowledgement.status, 0);
  assertEquals(findOption(acknowledgement.options, "bindingRefreshAdvice"), undefined);
  assertEquals(homeAgent.bindings(at(1000)), []);
});

Deno.test("RFC 6275 9.5.5 M-254: an update ends the request for it: one request, and the next after the next lifetime", () => {
  const homeAgent = newHomeAgent();
  receive(homeAgent);
  const requestAtMs = homeAgent.nextDeadline()!;
  const request = homeAgent.handle({ kind: "deadline" }, at(requestAtMs));
  assertEquals(sent(request).message.header.message.kind, "bindingRefreshRequest");
  assertEquals(homeAgent.handle({ kind: "deadline" }, at(requestAtMs + 1000)), []);
  receive(homeAgent, { sequenceNumber: 2 }, requestAtMs + 2000);
  assertEquals(homeAgent.nextDeadline(), requestAtMs + 2000 + requestAtMs);
});

Deno.test("RFC 6275 4.6 M-001, 6.1.7 M-049, 6.3 M-067, 10.3.1 M-269: home and care-of addresses have to be unicast and routable", () => {
  const homeAgent = newHomeAgent({ requireAuthentication: false, mobileNodes: [] });
  const open = { identity: undefined, timestamp: undefined, sealWith: undefined };
  for (const wrong of ["ff02::1", "ff0e::1", "fe80::1", "::1", "::", "::ffff:192.0.2.1"]) {
    receiveOverIpv6(homeAgent, { ...open, homeAddress: wrong });
    receiveOverIpv6(homeAgent, { ...open, source: wrong });
    receiveOverIpv6(homeAgent, { ...open, alternate: wrong });
  }
  for (const wrong of ["224.0.0.1", "0.0.0.0", "255.255.255.255", "127.0.0.1"]) {
    receive(homeAgent, { ...open, careOfAddress: wrong });
  }
  assertEquals(homeAgent.bindings(at(0)), []);
  assertEquals(acknowledgementOverIpv6(receiveOverIpv6(homeAgent, open)).status, 0);
});

Deno.test("RFC 6275 9.2 M-185: of the known types a home agent takes Binding Updates only", () => {
  const cookie = new Uint8Array(8);
  const others: MobilityMessage[] = [
    { kind: "bindingRefreshRequest", options: [] },
    { kind: "homeTestInit", homeInitCookie: cookie, options: [] },
    { kind: "careOfTestInit", careOfInitCookie: cookie, options: [] },
    { kind: "bindingError", status: 1, homeAddress: HOME_ADDRESS, options: [] },
  ];
  for (const message of others) {
    const actions = give(bound(), { mobilityHeader: encodeMobilityHeader(message) });
    assertEquals(actions.map(({ kind }) => kind), ["report"], message.kind);
  }
  const unknown = sentOverIpv6(give(bound(), { mobilityHeader: unknownMessage })).message.mobilityHeader;
  const answer = valueOf(decodeMobilityHeader(unknown)).message;
  assertEquals(answer.kind === "bindingError" && answer.status, 2);
});
