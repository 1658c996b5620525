import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  answerDiscovery,
  homeAgentsAnycast,
  type HomeLinkFacts,
} from "../../core/control/home_agent_discovery.ts";
import { decodeExtensionHeaders, type ExtensionHeader } from "../../core/wire/extension_header.ts";
import { decodeIcmpv6Message, encodeIcmpv6Message } from "../../core/wire/icmpv6.ts";
import { homeAgentsIn } from "../../core/wire/icmpv6_home_agent.ts";
import { decodeIpv6Header } from "../../core/wire/ipv6.ts";
import {
  at,
  HOME_ADDRESS,
  HOME_AGENT,
  newHomeAgent,
  newMobileNode,
  ofKind,
  registerOverIpv6,
} from "../control/script.ts";
import { valueOf } from "../wire/decoded.ts";
import { hexOf } from "../wire/octets.ts";
import { ipv6Packet } from "../wire/packets.ts";

const CARE_OF = "2001:db8:f::7";
const ANYCAST = "2001:db8:100:0:fdff:ffff:ffff:fffe";
const PREFIX = { address: "2001:db8:100::", length: 64 };

function facts(changes: Partial<HomeLinkFacts> = {}): HomeLinkFacts {
  return {
    address: HOME_AGENT,
    homePrefix: PREFIX,
    homeAgents: (mobileRouters) => mobileRouters ? [] : [HOME_AGENT, "2001:db8:100::2"],
    prefixes: [{ prefix: PREFIX, validSeconds: 86_400, preferredSeconds: 14_400 }],
    mayAdvertiseTo: (home, careOf) => home === HOME_ADDRESS && careOf === CARE_OF,
    ...changes,
  };
}

const HOME_ADDRESS_OPTION: ExtensionHeader = {
  kind: "destinationOptions",
  nextHeader: 0,
  options: [{ kind: "homeAddress", homeAddress: HOME_ADDRESS }],
};

/** A request made by hand; its checksum is over the home address where an option has it. */
function ask(type: number, destination: string, changes: {
  source?: string;
  flags?: number;
  headers?: readonly ExtensionHeader[];
  code?: number;
  more?: Uint8Array;
} = {}): Uint8Array {
  const { source = CARE_OF, flags = 0, headers = [], code = 0, more = new Uint8Array(0) } = changes;
  const data = new Uint8Array([0x12, 0x34, flags, 0, ...more]);
  const message = { kind: "otherIcmp", type, code, data } as const;
  const from = headers.length > 0 ? HOME_ADDRESS : source;
  const icmp = encodeIcmpv6Message(message, { source: from, destination });
  return ipv6Packet({ source, destination }, headers, 58, icmp);
}

/** What an answer says, its checksum verified over the home address where a routing header has it. */
function read(answer: Uint8Array | undefined) {
  if (answer === undefined) return undefined;
  const { source, destination, nextHeader } = valueOf(decodeIpv6Header(answer, 0));
  const { headers, offset } = valueOf(decodeExtensionHeaders(answer, 40, answer.length, nextHeader));
  const [routing] = headers;
  const home = routing?.kind === "homeAddressRouting" ? routing.homeAddress : undefined;
  const addresses = { source, destination: home ?? destination };
  const { message, checksumValid } = valueOf(decodeIcmpv6Message(answer, offset, answer.length, addresses));
  if (message.kind !== "otherIcmp") throw new Error(message.kind);
  return { source, destination, home, checksumValid, type: message.type, data: message.data };
}

Deno.test("RFC 6275 6.5 M-080, 6.6 M-081, 8.4 M-155, 10.5.1 M-338 M-339 M-340: home agent address discovery is answered to its source", () => {
  const answer = read(answerDiscovery(ask(144, ANYCAST), facts()))!;
  const { data, ...rest } = answer;
  const ends = { source: HOME_AGENT, destination: CARE_OF, home: undefined };
  assertEquals(rest, { ...ends, checksumValid: true, type: 145 });
  assertEquals(hexOf(data.subarray(0, 4)), hexOf(new Uint8Array([0x12, 0x34, 0, 0])));
  assertEquals(homeAgentsIn(data), [HOME_AGENT, "2001:db8:100::2"]);
});

Deno.test("RFC 2526 3: the home agents anycast address", () => {
  assertEquals(homeAgentsAnycast(PREFIX), ANYCAST);
  assertEquals(
    homeAgentsAnycast({ address: "2001:db8:100::", length: 48 }),
    "2001:db8:100:ffff:ffff:ffff:ffff:fffe",
  );
});

Deno.test("RFC 6275 10.5.1 M-343 M-344: as many addresses as fit the minimum MTU, the most preferred ones", () => {
  const homeAgents = Array.from({ length: 100 }, (_, i) => `2001:db8:100::${(i + 16).toString(16)}`);
  const answer = answerDiscovery(ask(144, ANYCAST), facts({ homeAgents: () => homeAgents }))!;
  assertEquals(answer.length <= 1280 && answer.length + 16 > 1280, true);
  assertEquals(homeAgentsIn(read(answer)!.data), homeAgents.slice(0, 77));
});

Deno.test("RFC 3963 7.2 N-049 N-050 N-051: asked for mobile routers' home agents, the R flag tells whether there are any", () => {
  const yes = read(
    answerDiscovery(ask(144, ANYCAST, { flags: 0x80 }), facts({ homeAgents: () => [HOME_AGENT] })),
  )!;
  assertEquals([yes.data[2], homeAgentsIn(yes.data)], [0x80, [HOME_AGENT]]);
  const no = read(answerDiscovery(ask(144, ANYCAST, { flags: 0x80 }), facts()))!;
  assertEquals([no.data[2], homeAgentsIn(no.data).length], [0, 0]);
});

Deno.test("RFC 6275 6.8 M-088 M-090 M-091 M-093 M-094 M-096, 8.4 M-157, 10.6.3 M-350 M-351 M-352 M-353: a Mobile Prefix Advertisement, with a type 2 routing header", () => {
  const answer = read(answerDiscovery(ask(146, HOME_AGENT, { headers: [HOME_ADDRESS_OPTION] }), facts()))!;
  const { data, ...rest } = answer;
  const ends = { source: HOME_AGENT, destination: CARE_OF, home: HOME_ADDRESS };
  assertEquals(rest, { ...ends, checksumValid: true, type: 147 });
  assertEquals(
    hexOf(data).replaceAll(" ", ""),
    "12340000" + "030440c0" + "00015180" + "00003840" + "00000000" + "20010db8010000000000000000000000",
  );
});

Deno.test("RFC 6275 10.5.1, 10.6.2: what is not answered", () => {
  const options = [HOME_ADDRESS_OPTION];
  const damaged = ask(144, ANYCAST);
  damaged[damaged.length - 1] ^= 1;
  const silent: [what: string, packet: Uint8Array][] = [
    ["discovery to a unicast address", ask(144, HOME_AGENT)],
    ["discovery from a link", ask(144, ANYCAST, { source: "fe80::1" })],
    ["discovery from ::", ask(144, ANYCAST, { source: "::" })],
    ["another code", ask(144, ANYCAST, { code: 1 })],
    ["a reply", ask(145, ANYCAST)],
    ["a wrong checksum", damaged],
    ["a solicitation without a home address", ask(146, HOME_AGENT)],
    [
      "a solicitation from elsewhere than bound",
      ask(146, HOME_AGENT, { headers: options, source: "2001:db8::5" }),
    ],
    ["a solicitation to another", ask(146, "2001:db8:100::9", { headers: options })],
  ];
  for (const [what, packet] of silent) assertEquals(answerDiscovery(packet, facts()), undefined, what);
});

Deno.test("RFC 6275 6.5 M-079, 6.7 M-084 M-086: reserved bits of a request, and options that are not known, are ignored", () => {
  const headers = [HOME_ADDRESS_OPTION];
  const answers = [0, 0x7f].map((flags) => answerDiscovery(ask(144, ANYCAST, { flags }), facts()));
  assertEquals(answers[1], answers[0]);
  const unknownOption = new Uint8Array([200, 1, 0, 0, 0, 0, 0, 0]);
  const plain = answerDiscovery(ask(146, HOME_AGENT, { headers }), facts());
  for (const changes of [{ flags: 0xff }, { more: unknownOption }]) {
    assertEquals(answerDiscovery(ask(146, HOME_AGENT, { headers, ...changes }), facts()), plain);
  }
});

Deno.test("discovery: whatever octets come, nothing is thrown", () => {
  const good = ask(146, HOME_AGENT, { headers: [HOME_ADDRESS_OPTION] });
  fc.assert(fc.property(fc.nat(good.length - 1), fc.nat(255), fc.nat(good.length), (at, octet, length) => {
    const packet = good.slice(0, length);
    if (at < length) packet[at] = octet;
    answerDiscovery(packet, facts());
  }));
});

Deno.test("RFC 6275 10.5.1, 10.6.2: the home agent answers for itself, and about prefixes only to whom is bound there", () => {
  const homeAgent = newHomeAgent({ preference: 5 });
  const answers = (packet: Uint8Array, ms: number) =>
    ofKind(homeAgent.handle({ kind: "discovery", packet }, at(ms)), "sendPacket").map(({ packet }) =>
      read(packet)!
    );
  const [reply] = answers(ask(144, ANYCAST), 0);
  assertEquals([reply.type, homeAgentsIn(reply.data)], [145, [HOME_AGENT]]);
  const solicitation = ask(146, HOME_AGENT, { headers: [HOME_ADDRESS_OPTION] });
  assertEquals(answers(solicitation, 1), [], "nobody is bound");
  registerOverIpv6(newMobileNode(), homeAgent, CARE_OF, 10);
  assertEquals(answers(solicitation, 100).map(({ type, home }) => [type, home]), [[147, HOME_ADDRESS]]);
  assertEquals(
    answers(ask(146, HOME_AGENT, { source: "2001:db8:e::7", headers: [HOME_ADDRESS_OPTION] }), 101),
    [],
  );
});

Deno.test("RFC 6275 6.8 M-095: not more than one Mobile Prefix Advertisement a second goes to a mobile node, wherever it is", () => {
  const homeAgent = newHomeAgent();
  const mobileNode = newMobileNode();
  registerOverIpv6(mobileNode, homeAgent, CARE_OF);
  const asks = (source: string, ms: number) => {
    const packet = ask(146, HOME_AGENT, { source, headers: [HOME_ADDRESS_OPTION] });
    return ofKind(homeAgent.handle({ kind: "discovery", packet }, at(ms)), "sendPacket").length;
  };
  assertEquals([asks(CARE_OF, 100), asks(CARE_OF, 101), asks(CARE_OF, 600)], [1, 0, 0]);
  registerOverIpv6(mobileNode, homeAgent, "2001:db8:e::7", 700);
  assertEquals([asks("2001:db8:e::7", 1000), asks("2001:db8:e::7", 1100)], [0, 1]);
});

Deno.test("RFC 6275 8.4 M-158: prefix advertisements can be switched off, and home agent discovery goes on", () => {
  for (const prefixAdvertisements of [true, false]) {
    const homeAgent = newHomeAgent({ prefixAdvertisements });
    registerOverIpv6(newMobileNode(), homeAgent, CARE_OF);
    const packets = [ask(146, HOME_AGENT, { headers: [HOME_ADDRESS_OPTION] }), ask(144, ANYCAST)];
    const answers = packets.map((packet) =>
      ofKind(homeAgent.handle({ kind: "discovery", packet }, at(100)), "sendPacket").length
    );
    assertEquals(answers, [prefixAdvertisements ? 1 : 0, 1]);
  }
});

Deno.test("discovery makes no reflector: a flood of requests is answered rarely", () => {
  const homeAgent = newHomeAgent();
  let answers = 0;
  for (let ms = 0; ms < 1000; ms++) {
    answers +=
      ofKind(homeAgent.handle({ kind: "discovery", packet: ask(144, ANYCAST) }, at(ms)), "sendPacket").length;
  }
  assertEquals(answers < 10, true, `${answers}`);
});
