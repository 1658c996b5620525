import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { KeptUpdate } from "../../core/control/update_origin.ts";
import type { HomeAgent } from "../../core/control/home_agent.ts";
import type { HomeAgentSettings } from "../../core/control/settings.ts";
import {
  at,
  handMade,
  HOME_ADDRESS,
  HOME_AGENT,
  homeAgentSettings,
  IDENTITY,
  newHomeAgent,
  newMobileNode,
  ofKind,
  receive,
  register,
  registerOverIpv6,
  security,
  sentAcknowledgement,
} from "./script.ts";

const NAT = { address: "192.0.2.9", port: 8763 };
const [NODE] = homeAgentSettings().mobileNodes;

/** A home agent that has started at this instant, with what the one before has kept. */
function startAgain(kept: readonly KeptUpdate[], atMs: number, changes: Partial<HomeAgentSettings> = {}) {
  const homeAgent = newHomeAgent(changes, at(atMs).unixMs);
  const actions = homeAgent.handle({ kind: "keptUpdates", updates: kept }, at(atMs));
  return { homeAgent, actions };
}

function bound(changes: Partial<HomeAgentSettings> = {}): { homeAgent: HomeAgent; kept: KeptUpdate[] } {
  const homeAgent = newHomeAgent(changes);
  register(newMobileNode(), homeAgent, "10.0.0.42", NAT);
  return { homeAgent, kept: homeAgent.keptUpdates() };
}

Deno.test("kept updates: a home agent that starts has the bindings of the one before, as old as they are, and answers nobody", () => {
  const { homeAgent, kept } = bound();
  const { homeAgent: next, actions } = startAgain(kept, 60_000);
  assertEquals(next.bindings(at(60_000)), homeAgent.bindings(at(60_000)));
  assertEquals(next.bindings(at(60_000))[0].remainingSeconds, 360);
  assertEquals(ofKind(actions, "setBinding")[0].tunnel, { encapsulation: "udp", ...NAT });
  assertEquals([ofKind(actions, "sendSignalling"), ofKind(actions, "sendPacket")], [[], []]);
  assertEquals(next.keptUpdates(), kept);
});

Deno.test("kept updates: they stay what they are when the memory that they came in is used again", () => {
  const homeAgent = newHomeAgent();
  const packet = handMade();
  homeAgent.handle({ kind: "signalling", outer: NAT, packet }, at(0));
  const before = homeAgent.keptUpdates();
  packet.fill(0);
  assertEquals(homeAgent.keptUpdates(), before);
});

Deno.test("kept updates: likewise over IPv6, with mobile network prefixes and an IPv4 home address of a pool", () => {
  const mobileNetworkPrefixes = [{ address: "2001:db8:200::", length: 64 }];
  const changes = {
    mobileNodes: [{ ...NODE, mobileNetworkPrefixes }],
    ipv4HomePrefix: { address: "192.0.2.0", length: 24 },
    ipv4Pool: { address: "192.0.2.128", length: 25 },
  };
  const homeAgent = newHomeAgent(changes);
  const ipv4HomeAddress = { address: "0.0.0.0", prefixLength: 32 };
  const mobileNode = newMobileNode({ mobileNetworkPrefixes, ipv4HomeAddress });
  registerOverIpv6(mobileNode, homeAgent, "2001:db8:9::7");
  const [before] = homeAgent.bindings(at(1000));
  assertEquals([before.encapsulation, before.mobileNetworkPrefixes, before.ipv4HomeAddresses.length], [
    "ipv6InIpv6",
    mobileNetworkPrefixes,
    1,
  ]);
  const { homeAgent: next, actions } = startAgain(homeAgent.keptUpdates(), 1000, changes);
  assertEquals(next.bindings(at(1000)), [before]);
  assertEquals([ofKind(actions, "sendSignalling"), ofKind(actions, "sendPacket")], [[], []]);
});

Deno.test("kept updates: the mobile node goes on with its next update, and nothing older is fresh", () => {
  const { kept } = bound();
  const { homeAgent } = startAgain(kept, 2000);
  const replay = homeAgent.handle({ kind: "signalling", outer: NAT, packet: kept[0].packet }, at(2100));
  assertEquals(ofKind(replay, "setBinding"), []);
  const older = handMade({ careOfAddress: "198.51.100.66", sequenceNumber: 9 }, at(-1000));
  const elsewhere = { address: "198.51.100.66", port: 4191 };
  assertEquals(
    ofKind(homeAgent.handle({ kind: "signalling", outer: elsewhere, packet: older }, at(2200)), "setBinding"),
    [],
  );
  const { sequenceNumber } = homeAgent.bindings(at(2300))[0];
  const answer = receive(homeAgent, { sequenceNumber: sequenceNumber + 1 }, 2300);
  assertEquals(sentAcknowledgement(answer).status, 0);
});

Deno.test("kept updates: those of before a start without any are as old as ever", () => {
  const homeAgent = newHomeAgent({}, at(2000).unixMs);
  const packet = handMade({}, at(1999));
  assertEquals(
    ofKind(homeAgent.handle({ kind: "signalling", outer: NAT, packet }, at(2001)), "setBinding"),
    [],
  );
});

Deno.test("kept updates: the configuration of now decides: no node, another key, another address, a home link", () => {
  const { kept } = bound();
  const refusing: Partial<HomeAgentSettings>[] = [
    { mobileNodes: [] },
    { mobileNodes: [{ ...NODE, security: { ...security, key: new Uint8Array(16).fill(8) } }] },
    { mobileNodes: [{ ...NODE, homeAddress: "2001:db8:100::200" }] },
    { mobileNodes: [{ ...NODE, identity: "mn2@example.org" }] },
    { homeLink: true },
  ];
  for (const changes of refusing) {
    const { homeAgent, actions } = startAgain(kept, 1000, changes);
    assertEquals(
      [homeAgent.bindings(at(1000)), ofKind(actions, "setBinding")],
      [[], []],
      JSON.stringify(changes),
    );
  }
});

Deno.test("kept updates: one that has expired binds nothing for longer than an instant, and one from the future nothing at all", () => {
  const { kept } = bound();
  const { homeAgent } = startAgain(kept, 420_001);
  homeAgent.handle({ kind: "deadline" }, at(420_001));
  assertEquals(homeAgent.bindings(at(420_001)), []);
  assertEquals(startAgain(kept, -1).actions, []);
  assertEquals(startAgain([{ ...kept[0], receivedUnixMs: Number.NaN }], 1000).actions, []);
});

Deno.test("kept updates: bindings that are gone, or that have delegated prefixes, are not kept", () => {
  const { homeAgent } = bound();
  homeAgent.handle({
    kind: "delegatedPrefixes",
    homeAddress: HOME_ADDRESS,
    prefixes: [{ address: "2001:db8:f00::", length: 64 }],
  }, at(100));
  assertEquals(homeAgent.keptUpdates(), []);
  homeAgent.handle({ kind: "delegatedPrefixes", homeAddress: HOME_ADDRESS, prefixes: [] }, at(200));
  assertEquals(homeAgent.keptUpdates().length, 1);
  homeAgent.handle({ kind: "revoked", identity: IDENTITY }, at(300));
  assertEquals(homeAgent.keptUpdates(), []);
});

Deno.test("kept updates: no change of any octet of the packet makes a binding that its mobile node did not ask for", () => {
  const { homeAgent, kept: [kept] } = bound();
  const before = homeAgent.bindings(at(1000));
  fc.assert(
    fc.property(fc.nat(kept.packet.length - 1), fc.integer({ min: 1, max: 255 }), (offset, change) => {
      const packet = kept.packet.slice();
      packet[offset] ^= change;
      const { homeAgent: next } = startAgain([{ ...kept, packet }], 1000);
      const after = next.bindings(at(1000));
      // Hop limit and the like prove nothing and change nothing.
      assert(after.length === 0 || JSON.stringify(after) === JSON.stringify(before));
    }),
    { numRuns: 500 },
  );
});

Deno.test("kept updates: of a node that speaks under ESP nothing is kept, and nothing is believed", () => {
  const changes = { mobileNodes: [{ ...NODE, requiresEsp: true, security: undefined }] };
  const homeAgent = newHomeAgent(changes);
  const outer = { address: "198.51.100.7", port: 4191 };
  const protection = { source: HOME_ADDRESS, destination: HOME_AGENT, spi: 2000, isLatest: true };
  const packet = handMade({ sealWith: undefined, timestamp: undefined });
  homeAgent.handle({ kind: "signalling", outer, packet, protection }, at(0));
  assertEquals([homeAgent.bindings(at(0)).length, homeAgent.keptUpdates()], [1, []]);
  const { homeAgent: next } = startAgain([{ outer, packet, receivedUnixMs: at(0).unixMs }], 1000, changes);
  assertEquals(next.bindings(at(1000)), []);
});

Deno.test("kept updates: where care-of addresses are probed, a mobile node over IPv4 has to show again where it is", () => {
  const { kept } = bound();
  const { homeAgent, actions } = startAgain(kept, 1000, { probeCareOfAddress: true });
  assertEquals([homeAgent.bindings(at(1000)), actions.filter(({ kind }) => kind !== "report")], [[], []]);
});
