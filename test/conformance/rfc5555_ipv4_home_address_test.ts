import { assert, assertEquals } from "@std/assert";
import type { HomeAgent } from "../../core/control/home_agent.ts";
import type { HomeAgentAction, MobileNodeAction } from "../../core/control/action.ts";
import type { HomeAgentSettings, Ipv4HomeAddress } from "../../core/control/settings.ts";
import { Ipv4AddressStatusCode as Status } from "../../core/wire/binding_status.ts";
import type { MobilityOption, OptionOf } from "../../core/wire/mobility_option.ts";
import {
  acknowledgementOverIpv6,
  at,
  careOf,
  fromIpv6,
  fromOuter,
  handMade,
  HOME_ADDRESS,
  HOME_AGENT_IPV4,
  IDENTITY,
  newHomeAgent,
  newMobileNode,
  ofKind,
  receive,
  register,
  registerOverIpv6,
  security,
  sentAcknowledgement,
  sentUpdate,
  updateOverIpv6,
} from "../control/script.ts";

const STATIC = { address: "192.0.2.100", prefixLength: 32 };
const NETWORK = { address: "10.1.0.1", prefixLength: 24 };
const ANY = { address: "0.0.0.0", prefixLength: 32 };
const CARE_OF = "198.51.100.7";
const HOME_PREFIX = { address: "192.0.2.0", length: 24 };
const POOL = { address: "192.0.2.128", length: 25 };
const NETWORK_POOL = { prefix: { address: "10.64.0.0", length: 16 }, networkLength: 28 };

const OTHER_NODE = {
  identity: "mn2@example.org",
  homeAddress: "2001:db8:100::200",
  security: { ...security, spi: 2000 },
  mobileNetworkPrefixes: [],
  ipv4HomeAddress: { address: "192.0.2.200", prefixLength: 32 },
};

/** A home agent with pools, where our node has this address of its own. */
function homeAgentWith(
  ipv4HomeAddress: Ipv4HomeAddress | undefined,
  changes: Partial<HomeAgentSettings> = {},
): HomeAgent {
  const mine = {
    identity: IDENTITY,
    homeAddress: HOME_ADDRESS,
    security,
    mobileNetworkPrefixes: [],
    ipv4HomeAddress,
  };
  return newHomeAgent({
    mobileNodes: [mine, OTHER_NODE],
    ipv4HomePrefix: HOME_PREFIX,
    ipv4Pool: POOL,
    ipv4NetworkPool: NETWORK_POOL,
    ...changes,
  });
}

const NO_POOLS = { ipv4Pool: undefined, ipv4NetworkPool: undefined };

function request(
  { address, prefixLength }: Ipv4HomeAddress,
  requestPrefix = false,
): OptionOf<"ipv4HomeAddress"> {
  return { kind: "ipv4HomeAddress", prefixLength, requestPrefix, homeAddress: address };
}

function acknowledgements(options: readonly MobilityOption[]): OptionOf<"ipv4AddressAcknowledgement">[] {
  return options.filter((option) => option.kind === "ipv4AddressAcknowledgement");
}

/** Status, prefix length and address of each answer to a hand-made update with these options. */
function answersTo(homeAgent: HomeAgent, more: MobilityOption[], sequenceNumber = 1) {
  const actions = receive(homeAgent, { more, sequenceNumber }, sequenceNumber * 1000);
  const answer = sentAcknowledgement(actions);
  return {
    status: answer.status,
    answers: acknowledgements(answer.options).map(({ status, prefixLength, homeAddress }) =>
      [status, prefixLength, homeAddress] as const
    ),
    bound: ofKind(actions, "setBinding")[0]?.ipv4HomeAddresses,
  };
}

function ipv4Of(actions: readonly MobileNodeAction[]) {
  return ofKind(actions, "setIpv4HomeAddress").map(({ ipv4HomeAddress }) => ipv4HomeAddress);
}

Deno.test("RFC 5555 2.3.1 D-007 D-084 D-085, 2.3 D-006: over IPv6 one update binds both home addresses", () => {
  const mobileNode = newMobileNode({ ipv4HomeAddress: STATIC });
  const homeAgent = homeAgentWith(STATIC);
  const { update, answer, result } = registerOverIpv6(mobileNode, homeAgent, "2001:db8:f::7");
  assertEquals(
    updateOverIpv6(update).options.filter(({ kind }) => kind === "ipv4HomeAddress"),
    [request(STATIC)],
  );
  assertEquals(acknowledgements(acknowledgementOverIpv6(answer).options), [
    { kind: "ipv4AddressAcknowledgement", status: 0, prefixLength: 32, homeAddress: STATIC.address },
  ]);
  const [binding] = ofKind(answer, "setBinding");
  assertEquals(
    [binding.tunnel.encapsulation, binding.ipv4HomeAddresses],
    ["ipv6InIpv6", [STATIC]],
    "D-013: one tunnel carries both",
  );
  assertEquals(homeAgent.bindings(at(20))[0].ipv4HomeAddresses, [STATIC]);
  assertEquals(ipv4Of(result), [STATIC]);
  assertEquals(mobileNode.status(at(20)).ipv4HomeAddress, STATIC, "D-088");
});

Deno.test("RFC 5555 2.3.2.1 D-015 D-016 D-017, 4.5 D-100 D-114 D-115: over IPv4, with and without a NAT", () => {
  for (const outer of [{ address: CARE_OF, port: 4191 }, { address: "203.0.113.99", port: 40001 }]) {
    const mobileNode = newMobileNode({ ipv4HomeAddress: STATIC });
    const homeAgent = homeAgentWith(STATIC);
    const { update, answer, result } = register(mobileNode, homeAgent, CARE_OF, outer);
    const kinds = sentUpdate(update).options.map(({ kind }) => kind);
    assert(kinds.includes("ipv4HomeAddress") && kinds.includes("ipv4CareOfAddress"));
    const [{ tunnel, ipv4HomeAddresses }] = ofKind(answer, "setBinding");
    assertEquals([tunnel.address, ipv4HomeAddresses], [outer.address, [STATIC]]);
    assertEquals(ipv4Of(result), [STATIC]);
  }
});

Deno.test("RFC 5555 2.3.1 D-010 D-011, 4.4.2 D-090: a home agent that says nothing of IPv4 is not asked again", () => {
  const mobileNode = newMobileNode({ ipv4HomeAddress: STATIC, security: undefined });
  const homeAgent = newHomeAgent({ requireAuthentication: false, mobileNodes: [] });
  const update = mobileNode.handle(careOf(CARE_OF), at(0));
  const { options, ...fields } = sentUpdate(update);
  const more = options.filter(({ kind }) => kind !== "ipv4HomeAddress" && kind !== "ipv4CareOfAddress");
  const silent = handMade({
    ...fields,
    more,
    sealWith: undefined,
    identity: undefined,
    timestamp: undefined,
  });
  const outer = { address: CARE_OF, port: 4191 };
  const answer = homeAgent.handle({ kind: "signalling", outer, packet: silent }, at(0));
  const result = mobileNode.handle(fromOuter(answer, HOME_AGENT_IPV4, 4191), at(10));
  assertEquals(ipv4Of(result), []);
  assert(ofKind(result, "report").some(({ level, message }) => level === "warning" && /IPv4/.test(message)));
  const { state, ipv4HomeAddress } = mobileNode.status(at(20));
  assertEquals([state, ipv4HomeAddress], ["registered", null]);
  const refresh = mobileNode.handle({ kind: "deadline" }, at(315_000));
  assertEquals(sentUpdate(refresh).options.some(({ kind }) => kind === "ipv4HomeAddress"), false);
});

Deno.test("RFC 5555 2.5 D-025, 4.5 D-104 D-110, 4.4.2 D-080 D-086: an address of the pool, the same one again", () => {
  const mobileNode = newMobileNode({ ipv4HomeAddress: ANY });
  const homeAgent = homeAgentWith(undefined);
  const { update, result } = register(mobileNode, homeAgent, CARE_OF);
  assertEquals(sentUpdate(update).options.filter(({ kind }) => kind === "ipv4HomeAddress"), [request(ANY)]);
  const [granted] = ipv4Of(result);
  assertEquals(granted, { address: "192.0.2.128", prefixLength: 32 });
  const refresh = mobileNode.handle({ kind: "deadline" }, at(315_000));
  assertEquals(
    sentUpdate(refresh).options.filter(({ kind }) => kind === "ipv4HomeAddress"),
    [request(granted!)],
    "the refresh names it",
  );
  const refreshed = homeAgent.handle(fromOuter(refresh, CARE_OF, 4191), at(315_001));
  assertEquals(ofKind(refreshed, "setBinding"), [], "nothing changes");
  // Who forgets it gets it again.
  assertEquals(answersTo(homeAgent, [request(ANY)], 40000).answers, [[Status.success, 32, "192.0.2.128"]]);
});

Deno.test("RFC 5555 4.5 D-104 D-125: to the unspecified address the configured one is the answer", () => {
  assertEquals(answersTo(homeAgentWith(STATIC), [request(ANY)]).answers, [[0, 32, STATIC.address]]);
});

Deno.test("RFC 5555 4.5 D-108 D-109 D-111 D-113, 3.1.1 D-030, 3.2.1 D-041: refused addresses, each with its status", () => {
  const rows: readonly [string, HomeAgent, Ipv4HomeAddress, number][] = [
    [
      "another node's",
      homeAgentWith(STATIC),
      { address: "192.0.2.200", prefixLength: 32 },
      Status.incorrectHomeAddress,
    ],
    [
      "another's, of the pool",
      homeAgentWith(undefined),
      { address: "192.0.2.200", prefixLength: 32 },
      Status.incorrectHomeAddress,
    ],
    [
      "outside the pool",
      homeAgentWith(undefined),
      { address: "192.0.2.5", prefixLength: 32 },
      Status.incorrectHomeAddress,
    ],
    ["no IPv4 at all", homeAgentWith(undefined, NO_POOLS), STATIC, Status.administrativelyProhibited],
    ["no pool", homeAgentWith(undefined, NO_POOLS), ANY, Status.dynamicAssignmentNotAvailable],
    ["multicast", homeAgentWith(STATIC), { address: "224.0.0.5", prefixLength: 32 }, Status.invalidAddress],
    ["loopback", homeAgentWith(STATIC), { address: "127.0.0.1", prefixLength: 32 }, Status.invalidAddress],
    [
      "no prefix length",
      homeAgentWith(STATIC),
      { address: STATIC.address, prefixLength: 0 },
      Status.reasonUnspecified,
    ],
    [
      "33 bits",
      homeAgentWith(STATIC),
      { address: STATIC.address, prefixLength: 33 },
      Status.reasonUnspecified,
    ],
    [
      "a prefix around a single address",
      homeAgentWith(STATIC, NO_POOLS),
      { ...STATIC, prefixLength: 24 },
      Status.prefixAllocationUnauthorized,
    ],
    [
      "shorter than configured",
      homeAgentWith(NETWORK),
      { ...NETWORK, prefixLength: 16 },
      Status.prefixAllocationUnauthorized,
    ],
    [
      "another network",
      homeAgentWith(NETWORK),
      { address: "10.9.0.1", prefixLength: 24 },
      Status.prefixAllocationUnauthorized,
    ],
    [
      "shorter than the pool gives",
      homeAgentWith(undefined),
      { ...ANY, prefixLength: 24 },
      Status.prefixAllocationUnauthorized,
    ],
    [
      "no pool of networks",
      homeAgentWith(undefined, NO_POOLS),
      { ...ANY, prefixLength: 28 },
      Status.prefixAllocationUnauthorized,
    ],
  ];
  for (const [why, homeAgent, asked, refusal] of rows) {
    const { status, answers, bound } = answersTo(homeAgent, [request(asked, asked.prefixLength < 32)]);
    assertEquals(status, 0, `${why}: the IPv6 home address is bound`);
    assertEquals([answers, bound], [[[refusal, 0, asked.address]], []], why);
  }
});

Deno.test("RFC 5555 4.5 D-112, 3.2.1 D-040, 3.1.1 D-028 D-029 D-031: networks of the length asked for, and refreshes", () => {
  const mobileNode = newMobileNode({ ipv4HomeAddress: { address: "0.0.0.0", prefixLength: 29 } });
  const homeAgent = homeAgentWith(undefined);
  const { update, result, answer } = register(mobileNode, homeAgent, CARE_OF);
  assertEquals(
    sentUpdate(update).options.filter(({ kind }) => kind === "ipv4HomeAddress"),
    [request({ address: "0.0.0.0", prefixLength: 29 }, true)],
  );
  const granted = { address: "10.64.0.1", prefixLength: 29 };
  assertEquals([ipv4Of(result), ofKind(answer, "setBinding")[0].ipv4HomeAddresses], [[granted], [granted]]);
  const refresh = mobileNode.handle({ kind: "deadline" }, at(315_000));
  assertEquals(
    sentUpdate(refresh).options.filter(({ kind }) => kind === "ipv4HomeAddress"),
    [request(granted, false)],
    "P is for new requests only",
  );
  // P in a refresh allocates nothing anew.
  const again = answersTo(homeAgent, [request(granted, true)], 40000);
  assertEquals([again.answers, again.bound], [[[0, 29, granted.address]], undefined]);
  // The home agent's length counts, whatever was asked for.
  const other = newMobileNode({ ipv4HomeAddress: NETWORK });
  assertEquals(ipv4Of(register(other, homeAgentWith(NETWORK), CARE_OF).result), [NETWORK]);
});

Deno.test("RFC 5555 3.1.1 D-033: an address and a prefix by two options, each answered and bound", () => {
  const { answers, bound } = answersTo(homeAgentWith(undefined), [
    request(ANY),
    request({ ...ANY, prefixLength: 28 }, true),
    request({ address: "192.0.2.200", prefixLength: 32 }),
  ]);
  assertEquals(answers, [
    [Status.success, 32, "192.0.2.128"],
    [Status.success, 28, "10.64.0.1"],
    [Status.incorrectHomeAddress, 0, "192.0.2.200"],
  ]);
  assertEquals(bound, [{ address: "192.0.2.128", prefixLength: 32 }, {
    address: "10.64.0.1",
    prefixLength: 28,
  }]);
  const many = answersTo(
    homeAgentWith(NETWORK),
    Array.from({ length: 12 }, (_, host) => request({ address: `10.1.0.${host + 1}`, prefixLength: 32 })),
  );
  assertEquals([many.answers.length, many.bound?.length], [12, 8], "and not more of them than we keep");
});

Deno.test("RFC 5555 4.4.2.1 D-092 D-093, D-094: without the option IPv4 goes, IPv6 stays; with IPv6 all goes", () => {
  const homeAgent = homeAgentWith(STATIC);
  assertEquals(answersTo(homeAgent, [request(STATIC)]).bound, [STATIC]);
  const { answers, bound } = answersTo(homeAgent, [], 2);
  assertEquals([answers, bound], [[], []]);
  assertEquals(homeAgent.bindings(at(2000)).map(({ ipv4HomeAddresses }) => ipv4HomeAddresses), [[]]);
  assertEquals(answersTo(homeAgent, [request(STATIC)], 3).bound, [STATIC]);
  const removal = receive(
    homeAgent,
    { lifetimeSeconds: 0, sequenceNumber: 4, more: [request(STATIC)] },
    4000,
  );
  assertEquals(ofKind(removal, "removeBinding").length, 1);
  assertEquals(
    acknowledgements(sentAcknowledgement(removal).options).map(({ status }) => status),
    [Status.success],
    "done as asked",
  );
  assertEquals(homeAgent.bindings(at(4000)), []);
});

Deno.test("RFC 5555 4.4.2 D-091: a refused IPv4 home address is no binding; the IPv6 one is, and it is asked for again", () => {
  const mobileNode = newMobileNode({ ipv4HomeAddress: { address: "192.0.2.200", prefixLength: 32 } });
  const homeAgent = homeAgentWith(STATIC);
  const { result } = register(mobileNode, homeAgent, CARE_OF);
  assertEquals(ipv4Of(result), []);
  const errors = ofKind(result, "report").filter(({ level }) => level === "error");
  assertEquals(errors.map(({ details }) => details.status), [Status.incorrectHomeAddress]);
  assertEquals([mobileNode.status(at(20)).state, mobileNode.status(at(20)).ipv4HomeAddress], [
    "registered",
    null,
  ]);
  const refresh = mobileNode.handle({ kind: "deadline" }, at(315_000));
  const answer = homeAgent.handle(fromOuter(refresh, CARE_OF, 4191), at(315_001));
  const again = mobileNode.handle(fromOuter(answer, HOME_AGENT_IPV4, 4191), at(315_002));
  assertEquals(ofKind(again, "report").filter(({ level }) => level === "error"), [], "told once");
});

Deno.test("RFC 5555 4.5 D-102: single addresses of the home link are defended, networks behind a router are not", () => {
  const settings = { homeLink: true };
  const homeAgent = homeAgentWith(STATIC, settings);
  receive(homeAgent, { more: [request(STATIC)] }, 1000);
  const probed = { kind: "homeAddressProbed", homeAddress: HOME_ADDRESS, duplicate: false } as const;
  const actions = homeAgent.handle(probed, at(1500));
  assertEquals(ofKind(actions, "interceptIpv4HomeAddress").map(({ address }) => address), [STATIC.address]);
  const refresh = receive(homeAgent, { more: [request(STATIC)], sequenceNumber: 2 }, 2000);
  assertEquals(ofKind(refresh, "interceptIpv4HomeAddress"), []);
  const without = receive(homeAgent, { sequenceNumber: 3 }, 3000);
  assertEquals(ofKind(without, "releaseIpv4HomeAddress").map(({ address }) => address), [STATIC.address]);
  receive(homeAgent, { more: [request(STATIC)], sequenceNumber: 4 }, 4000);
  const removal: HomeAgentAction[] = receive(homeAgent, { lifetimeSeconds: 0, sequenceNumber: 5 }, 5000);
  assertEquals(ofKind(removal, "releaseIpv4HomeAddress").map(({ address }) => address), [STATIC.address]);

  const router = homeAgentWith(NETWORK, settings);
  receive(router, { more: [request(NETWORK, true)] }, 1000);
  assertEquals(ofKind(router.handle(probed, at(1500)), "interceptIpv4HomeAddress"), []);
});

Deno.test("RFC 5555 4.5: an address that was granted by a home agent before its restart is granted again, or another", () => {
  const mobileNode = newMobileNode({ ipv4HomeAddress: ANY });
  const [granted] = ipv4Of(register(mobileNode, homeAgentWith(undefined), CARE_OF).result);
  // The new one has not given it away, though it begins with another.
  const started = homeAgentWith(undefined, { ipv4Pool: { address: "192.0.2.0", length: 24 } });
  const refresh = mobileNode.handle({ kind: "deadline" }, at(315_000));
  const answer = started.handle(fromOuter(refresh, CARE_OF, 4191), at(315_001));
  assertEquals(ofKind(answer, "setBinding")[0].ipv4HomeAddresses, [granted!]);
  mobileNode.handle(fromOuter(answer, HOME_AGENT_IPV4, 4191), at(315_002));
  // Another one has no such pool any more: the node asks for any at once.
  const changed = homeAgentWith(undefined, { ipv4Pool: { address: "192.0.2.64", length: 26 } });
  const next = mobileNode.handle({ kind: "deadline" }, at(640_000));
  const refusal = changed.handle(fromOuter(next, CARE_OF, 4191), at(640_001));
  const asked = mobileNode.handle(fromOuter(refusal, HOME_AGENT_IPV4, 4191), at(640_002));
  assertEquals(ipv4Of(asked), [undefined]);
  const other = changed.handle(fromOuter(asked, CARE_OF, 4191), at(640_003));
  const result = mobileNode.handle(fromOuter(other, HOME_AGENT_IPV4, 4191), at(640_004));
  assertEquals(ipv4Of(result).length, 1);
  assert(ipv4Of(result)[0]!.address.startsWith("192.0.2."));
});

Deno.test("RFC 5555 4.2: an update that is refused as a whole refuses its IPv4 home addresses, too", () => {
  const homeAgent = homeAgentWith(STATIC, { acceptForceUdp: false });
  const actions = receive(homeAgent, { forceUdp: true, more: [request(STATIC)] }, 1000);
  assertEquals(acknowledgements(sentAcknowledgement(actions).options).map(({ status }) => status), [
    Status.reasonUnspecified,
  ]);
  assertEquals(ofKind(actions, "setBinding"), []);
  // A mobile node that has one loses it with the registration.
  const mobileNode = newMobileNode({ ipv4HomeAddress: STATIC });
  const willing = homeAgentWith(STATIC);
  registerOverIpv6(mobileNode, willing, "2001:db8:f::7");
  const refresh = mobileNode.handle({ kind: "deadline" }, at(315_000));
  const strict = homeAgentWith(STATIC, { homePrefix: { address: "2001:db8:900::", length: 64 } });
  const refused = strict.handle(fromIpv6(refresh), at(315_001));
  assertEquals(ipv4Of(mobileNode.handle(fromIpv6(refused), at(315_002))), [undefined]);
});

Deno.test("RFC 5555 4.5 D-111: the address of a node that is gone is there for the next one", () => {
  const { ipv4HomeAddress: _, ...other } = OTHER_NODE;
  const mine = { identity: IDENTITY, homeAddress: HOME_ADDRESS, security, mobileNetworkPrefixes: [] };
  const homeAgent = newHomeAgent({
    mobileNodes: [mine, other],
    ipv4HomePrefix: HOME_PREFIX,
    ipv4Pool: { address: "192.0.2.128", length: 32 },
  });
  const { identity, homeAddress, security: sealWith } = other;
  let sequenceNumber = 1;
  const askOther = () => {
    sequenceNumber++;
    const more = [request(ANY)];
    const update = { identity, homeAddress, sealWith, more, sequenceNumber };
    const [answer] = acknowledgements(
      sentAcknowledgement(receive(homeAgent, update, sequenceNumber * 1000)).options,
    );
    return answer.status;
  };
  assertEquals(answersTo(homeAgent, [request(ANY)]).answers, [[Status.success, 32, "192.0.2.128"]]);
  assertEquals(askOther(), Status.dynamicAssignmentNotAvailable);
  receive(homeAgent, { lifetimeSeconds: 0, sequenceNumber: 2 }, 2500);
  assertEquals(askOther(), Status.success);
});

Deno.test("an outer address that is the mobile node's own IPv4 home address is refused (174): the tunnel would go into itself", () => {
  const from = (homeAgent: HomeAgent, address: string, nowMs: number, asked?: Ipv4HomeAddress) => {
    const more = asked === undefined ? [] : [request(asked)];
    const packet = handMade({ sequenceNumber: nowMs, more }, at(nowMs));
    const outer = { address, port: 4191 };
    return sentAcknowledgement(homeAgent.handle({ kind: "signalling", outer, packet }, at(nowMs))).status;
  };
  assertEquals(from(homeAgentWith(STATIC), STATIC.address, 1), 174);
  assertEquals(from(homeAgentWith(NETWORK), "10.1.0.77", 1), 174);
  const [pooled, asked] = [homeAgentWith(undefined), homeAgentWith(undefined)];
  assertEquals(from(asked, "192.0.2.129", 1, { address: "192.0.2.129", prefixLength: 32 }), 174);
  assertEquals(from(pooled, CARE_OF, 1, ANY), 0);
  const [{ address }] = pooled.bindings(at(1))[0].ipv4HomeAddresses;
  assertEquals(from(pooled, address, 2), 174);
  // Behind another mobile node it may be.
  assertEquals(from(pooled, OTHER_NODE.ipv4HomeAddress.address, 3), 0);
});
