import { assertEquals } from "@std/assert";
import { decodeMobilityHeader, encodeMobilityHeader } from "../../core/wire/mobility_header.ts";
import type { MobileNode } from "../../core/control/mobile_node.ts";
import type { HomeAgentSettings } from "../../core/control/settings.ts";
import type { MobilityOption } from "../../core/wire/mobility_option.ts";
import { encodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import {
  acknowledgementOverIpv6,
  at,
  candidate,
  careOf,
  fromIpv6,
  fromOuter,
  HOME_ADDRESS,
  HOME_AGENT,
  IDENTITY,
  newHomeAgent,
  newMobileNode,
  offer,
  ofKind,
  receive,
  receiveOverIpv6,
  registerOverIpv6,
  security,
  sentAcknowledgement,
  sentUpdate,
  updateOverIpv6,
} from "../control/script.ts";
import { FLAGLESS_UPDATE } from "../vectors/mobility_headers.ts";
import { valueOf } from "../wire/decoded.ts";

const CARE_OF = "2001:db8:f::7";
const PREFIX = { address: "2001:db8:200::", length: 56 };
const PART = { address: "2001:db8:200:1::", length: 64 };
const OTHERS = { address: "2001:db8:300::", length: 64 };

const asOption = ({ address, length }: { address: string; length: number }): MobilityOption => {
  return { kind: "mobileNetworkPrefix", prefixLength: length, prefix: address };
};

const OTHER_NODE = {
  identity: "mn2@example.org",
  homeAddress: "2001:db8:100::200",
  security: { ...security, spi: 2000 },
  mobileNetworkPrefixes: [OTHERS],
};

/** A home agent that gives our node these prefixes, and others to another node. */
function routerHomeAgent(prefixes = [PREFIX], changes: Partial<HomeAgentSettings> = {}) {
  const mine = { identity: IDENTITY, homeAddress: HOME_ADDRESS, security, mobileNetworkPrefixes: prefixes };
  return newHomeAgent({ mobileNodes: [mine, OTHER_NODE], ...changes });
}

function statusOf(mobileNode: MobileNode) {
  const { state, mobileNetworkPrefixes } = mobileNode.status(at(20));
  return [state, mobileNetworkPrefixes];
}

Deno.test("RFC 3963 5.2 N-004 N-005 N-006: a mobile router names its prefixes in every Binding Update, with R and H", () => {
  const mobileNode = newMobileNode({ mobileNetworkPrefixes: [PART] });
  const homeAgent = routerHomeAgent();
  const { update, answer } = registerOverIpv6(mobileNode, homeAgent, CARE_OF);
  const refresh = mobileNode.handle({ kind: "deadline" }, at(315_000));
  for (const actions of [update, refresh]) {
    const { mobileRouter, homeRegistration, options } = updateOverIpv6(actions);
    assertEquals([mobileRouter, homeRegistration], [true, true]);
    assertEquals(options.filter(({ kind }) => kind === "mobileNetworkPrefix"), [asOption(PART)]);
  }
  assertEquals(ofKind(answer, "setBinding")[0].prefixes, [PART]);
  assertEquals(acknowledgementOverIpv6(answer).mobileRouter, true);
  assertEquals(statusOf(mobileNode), ["registered", [PART]]);
});

Deno.test("RFC 3963 5.8 N-029, 6.7 N-048: the de-registration names no prefixes, and those in one are ignored", () => {
  const mobileNode = newMobileNode({ mobileNetworkPrefixes: [PART] });
  const homeAgent = routerHomeAgent();
  registerOverIpv6(mobileNode, homeAgent, CARE_OF);
  const stop = mobileNode.handle({ kind: "stop" }, at(1000));
  const { mobileRouter, options } = updateOverIpv6(stop);
  assertEquals([mobileRouter, options.some(({ kind }) => kind === "mobileNetworkPrefix")], [true, false]);
  const removed = ofKind(homeAgent.handle(fromIpv6(stop), at(1001)), "removeBinding");
  assertEquals(removed, [{ kind: "removeBinding", homeAddress: HOME_ADDRESS, prefixes: [PART] }]);

  const other = routerHomeAgent();
  receiveOverIpv6(other, { mobileRouter: true });
  const more = [asOption(OTHERS)];
  const answer = receiveOverIpv6(other, { sequenceNumber: 2, lifetimeSeconds: 0, more }, 1000);
  assertEquals(acknowledgementOverIpv6(answer).status, 0);
});

Deno.test("RFC 3963 6.2 N-031: over IPv4, and in implicit mode the prefixes of the configuration", () => {
  const mobileNode = newMobileNode({ mobileNetworkPrefixes: [PART] });
  const update = mobileNode.handle(careOf("198.51.100.7"), at(0));
  assertEquals(sentUpdate(update).mobileRouter, true);
  const answer = routerHomeAgent().handle(fromOuter(update, "198.51.100.7", 4191), at(1));
  assertEquals(ofKind(answer, "setBinding")[0].prefixes, [PART]);
  const implicit = receive(routerHomeAgent(), { mobileRouter: true });
  assertEquals(ofKind(implicit, "setBinding")[0].prefixes, [PREFIX]);
});

Deno.test("RFC 3963 4.1 N-001: without the R flag nothing is forwarded but the home address", () => {
  const answer = receiveOverIpv6(routerHomeAgent(), { more: [asOption(PART)] });
  assertEquals(ofKind(answer, "setBinding")[0].prefixes, []);
  assertEquals(acknowledgementOverIpv6(answer).mobileRouter, false);
});

Deno.test("RFC 3963 6.2 N-032 N-033 N-034 N-035 N-038 N-039 N-040 N-041 N-043: what is refused, and how", () => {
  const linkLocal = { address: "fe80::", length: 64 };
  const multicast = { address: "ff05::", length: 16 };
  const everything = { address: "2001:db8::", length: 0 };
  const wider = { ...PREFIX, length: 48 };
  const many = Array.from(
    { length: 17 },
    (_, i) => asOption({ address: `2001:db8:200:${i + 1}::`, length: 64 }),
  );
  const cases: [prefixes: typeof PREFIX[], changes: Parameters<typeof receiveOverIpv6>[1], status: number][] =
    [
      [[PREFIX], { homeRegistration: false }, 140],
      [[PREFIX], { more: [asOption(linkLocal)] }, 141],
      [[PREFIX], { more: [asOption(multicast)] }, 141],
      [[PREFIX], { more: [asOption(everything)] }, 141],
      [[PREFIX], { more: [asOption(PART), asOption(OTHERS)] }, 142],
      [[PREFIX], { more: [asOption(wider)] }, 142],
      [[PREFIX], { more: many }, 130],
      [[], {}, 143],
    ];
  for (const [prefixes, changes, status] of cases) {
    const homeAgent = routerHomeAgent(prefixes);
    const answer = receiveOverIpv6(homeAgent, { mobileRouter: true, ...changes });
    const { status: actual, mobileRouter } = acknowledgementOverIpv6(answer);
    assertEquals([actual, mobileRouter], [status, false], JSON.stringify(changes));
    assertEquals(homeAgent.bindings(at(0)), []);
  }
});

Deno.test("RFC 3963 6.2 N-036: another R flag than that of the binding is status 139", () => {
  const homeAgent = routerHomeAgent();
  receiveOverIpv6(homeAgent, { mobileRouter: true });
  const answer = receiveOverIpv6(homeAgent, { sequenceNumber: 2 }, 1000);
  assertEquals(acknowledgementOverIpv6(answer).status, 139);
  assertEquals(homeAgent.bindings(at(1000))[0].mobileNetworkPrefixes, [PREFIX]);
});

Deno.test("RFC 3963 6.2 N-037 N-042: all prefixes of an update, and those that it does not name no more", () => {
  const homeAgent = routerHomeAgent();
  const second = { address: "2001:db8:200:2::", length: 64 };
  const both = receiveOverIpv6(homeAgent, { mobileRouter: true, more: [PART, second, PART].map(asOption) });
  assertEquals(ofKind(both, "setBinding")[0].prefixes, [PART, second]);
  const one = receiveOverIpv6(homeAgent, {
    mobileRouter: true,
    sequenceNumber: 2,
    more: [asOption(second)],
  }, 1000);
  assertEquals(ofKind(one, "setBinding")[0].prefixes, [second]);
});

Deno.test("RFC 3963 6.2 N-044: the home address of a mobile router is defended as a router's", () => {
  const homeAgent = routerHomeAgent([PREFIX], { homeLink: true });
  receiveOverIpv6(homeAgent, { mobileRouter: true });
  const probed = { kind: "homeAddressProbed", homeAddress: HOME_ADDRESS, duplicate: false } as const;
  assertEquals(ofKind(homeAgent.handle(probed, at(1000)), "interceptHomeAddress")[0].mobileRouter, true);
});

const REFUSALS = [
  { status: 140, homeAgent: () => newHomeAgent(), prefix: PART },
  { status: 141, homeAgent: routerHomeAgent, prefix: { address: "2001:db8::", length: 0 } },
  { status: 142, homeAgent: routerHomeAgent, prefix: OTHERS },
];
for (const { status, homeAgent: newAgent, prefix } of REFUSALS) {
  Deno.test(`RFC 3963 5.4.2 N-015 N-018 N-019 N-020: after status ${status} it registers its home address alone, for ever, and says so`, () => {
    const mobileNode = newMobileNode({ mobileNetworkPrefixes: [prefix] });
    const homeAgent = newAgent();
    const { answer, result } = registerOverIpv6(mobileNode, homeAgent, CARE_OF);
    assertEquals(acknowledgementOverIpv6(answer).status, status);
    const [{ level, details }] = ofKind(result, "report");
    assertEquals([level, details.status, homeAgent.bindings(at(10))], ["error", status, []]);
    assertEquals(ofKind(result, "homeAgentFails").map(({ failure }) => failure), ["mobileRouterRefused"]);
    assertEquals(updateOverIpv6(result).mobileRouter, false);
    assertEquals(updateOverIpv6(result).options.some(({ kind }) => kind === "mobileNetworkPrefix"), false);
    const alone = mobileNode.handle(fromIpv6(homeAgent.handle(fromIpv6(result), at(15))), at(16));
    assertEquals(ofKind(alone, "setMobileNetworks"), [{ kind: "setMobileNetworks", prefixes: [] }], "N-018");
    assertEquals(statusOf(mobileNode), ["registered", []]);
    assertEquals(updateOverIpv6(mobileNode.handle(careOf("2001:db8:e::7"), at(1000))).mobileRouter, false);
  });
}

Deno.test("RFC 3963 5.4.2 N-013: status 143, which explicit mode should not see, refuses the mobile router, too", () => {
  const mobileNode = newMobileNode({ mobileNetworkPrefixes: [PART], security: undefined });
  const { sequenceNumber } = sentUpdate(mobileNode.handle(careOf("198.51.100.7"), at(0)));
  const open = { requireAuthentication: false, mobileNodes: [] };
  const plain = { sequenceNumber, identity: undefined, timestamp: undefined, sealWith: undefined };
  const answer = sentAcknowledgement(receive(newHomeAgent(open), plain));
  const refusal = { ...answer, status: 143, lifetimeSeconds: 0 };
  const mobilityHeader = encodeMobilityHeader(refusal);
  const packet = encodeMobilityPacket({ source: HOME_AGENT, destination: HOME_ADDRESS, mobilityHeader });
  const outer = { address: "203.0.113.1", port: 4191 };
  const result = mobileNode.handle({ kind: "signalling", outer, packet }, at(10));
  assertEquals(ofKind(result, "report")[0].details.status, 143);
  assertEquals(sentUpdate(result).mobileRouter, false);
});

Deno.test("RFC 3963 5.4: an acceptance without the R flag is a registration without prefixes, and an error in the log", () => {
  const mobileNode = newMobileNode({ mobileNetworkPrefixes: [PART], security: undefined });
  const update = mobileNode.handle(careOf("198.51.100.7"), at(0));
  const open = newHomeAgent({ requireAuthentication: false, mobileNodes: [] });
  const { sequenceNumber } = sentUpdate(update);
  const plain = receive(open, {
    sequenceNumber,
    identity: undefined,
    timestamp: undefined,
    sealWith: undefined,
  });
  assertEquals(sentAcknowledgement(plain).mobileRouter, false);
  const result = mobileNode.handle(fromOuter(plain, "203.0.113.1", 4191), at(10));
  assertEquals(ofKind(result, "report").filter(({ level }) => level === "error").length, 1);
  assertEquals(statusOf(mobileNode), ["registered", []]);
});

Deno.test("RFC 3963 4.3 N-002: the reserved octet of a Mobile Network Prefix option is sent as zero and ignored", () => {
  const message = { ...FLAGLESS_UPDATE, options: [asOption(PREFIX)] };
  const octets = encodeMobilityHeader(message);
  const [offset] = valueOf(decodeMobilityHeader(octets)).optionOffsets;
  assertEquals([octets[offset], octets[offset + 1], octets[offset + 2]], [6, 18, 0]);
  octets[offset + 2] = 0xff;
  assertEquals(valueOf(decodeMobilityHeader(octets)).message, message);
});

Deno.test("RFC 3963 5.8 N-026 N-027: a mobile router that has returned home de-registers there", () => {
  const mobileNode = newMobileNode({ mobileNetworkPrefixes: [PART] });
  const homeAgent = routerHomeAgent();
  registerOverIpv6(mobileNode, homeAgent, CARE_OF);
  const back = mobileNode.handle(offer(candidate("2001:db8:100::77", { atHome: true })), at(1000));
  const { lifetimeSeconds, mobileRouter } = updateOverIpv6(back);
  assertEquals([lifetimeSeconds, mobileRouter], [0, true]);
  mobileNode.handle(fromIpv6(homeAgent.handle(fromIpv6(back), at(1001))), at(1002));
  assertEquals([mobileNode.status(at(1002)).state, homeAgent.bindings(at(1002))], ["home", []]);
});

Deno.test("a care-of address behind the mobile router itself is refused (174): the tunnel would go into itself; one behind another is not", () => {
  const homeAgent = routerHomeAgent();
  const statusFor = (alternate: string, sequenceNumber: number) => {
    const update = { mobileRouter: true, alternate, sequenceNumber, more: [asOption(PREFIX)] };
    return acknowledgementOverIpv6(receiveOverIpv6(homeAgent, update, sequenceNumber)).status;
  };
  assertEquals(statusFor("2001:db8:200:1::7", 1), 174);
  homeAgent.handle({ kind: "delegatedPrefixes", homeAddress: HOME_ADDRESS, prefixes: [OTHERS] }, at(2));
  assertEquals(statusFor("2001:db8:300::7", 3), 174);
  homeAgent.handle({ kind: "delegatedPrefixes", homeAddress: HOME_ADDRESS, prefixes: [] }, at(4));
  assertEquals(statusFor("2001:db8:300::7", 5), 0);
});
