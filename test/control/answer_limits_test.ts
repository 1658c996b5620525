import { assert, assertEquals } from "@std/assert";
import type { HomeAgentAction } from "../../core/control/action.ts";
import { encodeDiscoveryPacket } from "../../core/control/discovery_packet.ts";
import type { HomeAgentEvent } from "../../core/control/event.ts";
import type { HomeAgent } from "../../core/control/home_agent.ts";
import { homeAgentsAnycast } from "../../core/control/home_agent_discovery.ts";
import { ntpTimestamp } from "../../core/control/ntp_timestamp.ts";
import { encodeMobilityHeader } from "../../core/wire/mobility_header.ts";
import { encodeMobilityPacket } from "../../core/wire/mobility_packet.ts";
import { ipv6Packet } from "../wire/packets.ts";
import {
  at,
  handMade,
  handMadeOverIpv6,
  HOME_ADDRESS,
  HOME_AGENT,
  homeAgentSettings,
  newHomeAgent,
  ofKind,
  security,
} from "./script.ts";

/** What a home agent answers while somebody floods it from many addresses: little, and never in place of what others need. */

const WRONG_KEY = { ...security, key: new Uint8Array(16).fill(8) };
const FLOOD_PER_SECOND = 1000;
const FLOOD_SECONDS = 6;

/** Number `i` of a flood, from an address of its own. */
type Flood = (i: number) => HomeAgentEvent;

function address(i: number): string {
  return `172.16.${i >> 8 & 0xff}.${i & 0xff}`;
}

function signalling(i: number, packet: Uint8Array): HomeAgentEvent {
  return { kind: "signalling", outer: { address: address(i), port: 1024 + i % 50_000 }, packet };
}

const forged = handMade({ sealWith: WRONG_KEY });
/** Sealed by the mobile node, and seen by somebody a minute ago. */
const old = handMade({}, at(-60_000));
const unknownMessage = encodeMobilityPacket({
  source: HOME_ADDRESS,
  destination: HOME_AGENT,
  mobilityHeader: encodeMobilityHeader({ kind: "unknownMessage", type: 99, data: new Uint8Array(10) }),
});
const data = ipv6Packet({ source: HOME_ADDRESS, destination: "2001:db8:f::9" }, [], 59, new Uint8Array(8));

function discovery(i: number): HomeAgentEvent {
  const request = { kind: "otherIcmp", type: 144, code: 0, data: new Uint8Array(4) } as const;
  const source = `2001:db8:f::${i.toString(16)}`;
  const destination = homeAgentsAnycast(homeAgentSettings().homePrefix);
  return { kind: "discovery", packet: encodeDiscoveryPacket({ source, destination, message: request }) };
}

const FLOODS: Readonly<Record<string, Flood>> = {
  "wrong proofs": (i) => signalling(i, forged),
  "replayed updates": (i) => signalling(i, old),
  "unknown messages": (i) => signalling(i, unknownMessage),
  "traffic in a mobile node's name": (i) => ({
    kind: "unboundTraffic",
    outer: { address: address(i), port: 4191 },
    encapsulation: "udp",
    packet: data,
  }),
  "discovery of home agents": (i) => discovery(1 + i % 0xffff),
};

/** Of these floods nobody is told but by the answer that somebody else needs, too. */
const SHARED = [["unknown messages", "traffic in a mobile node's name"]];

function sends(actions: readonly HomeAgentAction[]): number {
  return ofKind(actions, "sendSignalling").length + ofKind(actions, "sendPacket").length;
}

function flood(homeAgent: HomeAgent, one: Flood): number {
  let answers = 0;
  for (let i = 0; i < FLOOD_SECONDS * FLOOD_PER_SECOND; i++) {
    answers += sends(homeAgent.handle(one(i), at(i * 1000 / FLOOD_PER_SECOND)));
  }
  return answers;
}

for (const [name, one] of Object.entries(FLOODS)) {
  const others = Object.entries(FLOODS).filter(([other]) =>
    other !== name && !SHARED.some((pair) => pair.includes(name) && pair.includes(other))
  );

  Deno.test(`a flood of ${name}: 100 answers and 50 a second at most, no binding, and all others are answered`, () => {
    const homeAgent = newHomeAgent();
    const answers = flood(homeAgent, one);
    assert(answers >= 1 && answers <= 100 + 50 * FLOOD_SECONDS, `${answers} answers`);
    const end = at(1000 * FLOOD_SECONDS);
    assertEquals([homeAgent.bindings(end), homeAgent.nextDeadline()], [[], undefined]);
    for (const [other, need] of others) {
      assertEquals(sends(homeAgent.handle(need(70_000), end)), 1, other);
    }
  });
}

Deno.test("a mobile node with a wrong clock is told the time while others send forged updates in its name", () => {
  const homeAgent = newHomeAgent();
  flood(homeAgent, FLOODS["wrong proofs"]);
  const now = at(1000 * FLOOD_SECONDS);
  const packet = handMade({ timestamp: ntpTimestamp(now.unixMs - 3_600_000, 0) });
  assertEquals(sends(homeAgent.handle(signalling(1, packet), now)), 1);
});

Deno.test("replays in a mobile node's name: two answers a second to all addresses together", () => {
  const homeAgent = newHomeAgent();
  const answers = flood(homeAgent, FLOODS["replayed updates"]);
  assert(answers >= 2 * FLOOD_SECONDS && answers <= 5 + 2 * FLOOD_SECONDS, `${answers} answers`);
});

/** A home agent of so many mobile nodes, and an update of each that somebody has seen a minute ago. */
function withCaptured(length: number): { homeAgent: HomeAgent; captured: Uint8Array[] } {
  const mobileNodes = Array.from({ length }, (_, i) => ({
    identity: `mn${i}@example.org`,
    homeAddress: `2001:db8:100::1${i}`,
    security,
    mobileNetworkPrefixes: [],
  }));
  const captured = mobileNodes.map(({ identity, homeAddress }) =>
    handMade({ identity, homeAddress }, at(-60_000))
  );
  return { homeAgent: newHomeAgent({ mobileNodes }), captured };
}

Deno.test("replays of many mobile nodes' updates: two answers a second to one address", () => {
  const { homeAgent, captured } = withCaptured(50);
  const outer = { address: address(1), port: 4191 };
  const answers = flood(
    homeAgent,
    (i) => ({ kind: "signalling", outer, packet: captured[i % captured.length] }),
  );
  assert(answers >= 2 * FLOOD_SECONDS && answers <= 5 + 2 * FLOOD_SECONDS, `${answers} answers`);
});

Deno.test("replays of many mobile nodes' updates from everywhere: 100 answers a second, twice what strangers get", () => {
  const { homeAgent, captured } = withCaptured(200);
  const answers = flood(homeAgent, (i) => signalling(i, captured[i % captured.length]));
  const most = 100 + 100 * FLOOD_SECONDS;
  assert(answers >= most - 5 && answers <= most, `${answers} answers`);
});

Deno.test("a mobile node that asks for prefixes is answered while others ask for home agents", () => {
  const homeAgent = newHomeAgent();
  const now = at(1000 * FLOOD_SECONDS);
  flood(homeAgent, discovery);
  const careOf = "2001:db8:e::7";
  const update = handMadeOverIpv6({ source: careOf }, now);
  homeAgent.handle({ kind: "signalling", outer: undefined, packet: update }, now);
  const message = { kind: "otherIcmp", type: 146, code: 0, data: new Uint8Array([0, 1, 0, 0]) } as const;
  const ends = { source: careOf, destination: HOME_AGENT, homeAddressOption: HOME_ADDRESS };
  const solicitation = encodeDiscoveryPacket({ ...ends, message });
  const answers = [1, 2].map(() => sends(homeAgent.handle({ kind: "discovery", packet: solicitation }, now)));
  assertEquals(answers, [1, 0], "the second within a second is one too many");
});
