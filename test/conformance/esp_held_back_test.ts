import { assertEquals } from "@std/assert";
import { type Ends, ends, outgoing, toAgent, toNode } from "../control/esp/esp_script.ts";
import { at, careOf, HOME_ADDRESS, homeAgentSettings, ofKind } from "../control/script.ts";

/* Somebody on the path holds a message under ESP back, and lets it go when it suits him: the window of ESP takes it. */

const CARE_OF = "2001:db8:f::7";
const ELSEWHERE = "2001:db8:e::7";
const HOUR_MS = 3_600_000;
const NODE = {
  identity: "mn1@example.org",
  homeAddress: HOME_ADDRESS,
  security: undefined,
  requiresEsp: true,
  mobileNetworkPrefixes: [],
};

function updateFrom(both: Ends, careOfAddress: string, nowMs: number): Uint8Array {
  const now = at(nowMs);
  return outgoing(both.mobileGate, both.mobileNode.handle(careOf(careOfAddress), now), now)[0];
}

/** The home agent takes the update, and the mobile node the answer. */
function exchange(both: Ends, update: Uint8Array, nowMs: number): Uint8Array {
  const [answer] = outgoing(both.homeGate, toAgent(both, update, at(nowMs)), at(nowMs));
  toNode(both, answer, at(nowMs));
  return answer;
}

Deno.test("ESP: an update that was held back does not bind when the mobile node has moved on and has left", () => {
  const both = ends();
  const held = updateFrom(both, CARE_OF, 0);
  exchange(both, updateFrom(both, ELSEWHERE, 2000), 2000);
  assertEquals(both.homeAgent.bindings(at(2000)).length, 1);
  const [removal] = outgoing(both.mobileGate, both.mobileNode.handle({ kind: "stop" }, at(5000)), at(5000));
  exchange(both, removal, 5000);
  both.homeAgent.handle({ kind: "deadline" }, at(HOUR_MS));
  assertEquals(toAgent(both, held, at(HOUR_MS)).map(({ kind }) => kind), ["report"]);
  assertEquals(both.homeAgent.bindings(at(HOUR_MS)), []);
});

Deno.test("ESP: a revocation that was held back does not end the registration after it", () => {
  const both = ends();
  exchange(both, updateFrom(both, CARE_OF, 0), 0);
  const revoked = both.homeAgent.handle({ kind: "revoked", identity: "mn1@example.org" }, at(1000));
  const [held] = outgoing(both.homeGate, revoked, at(1000));
  both.homeAgent.handle(
    { kind: "reconfigured", settings: homeAgentSettings({ mobileNodes: [NODE] }) },
    at(2000),
  );
  exchange(both, updateFrom(both, ELSEWHERE, 3000), 3000);
  assertEquals(both.mobileNode.status(at(3000)).state, "registered");
  const actions = toNode(both, held, at(4000));
  assertEquals(ofKind(actions, "clearTunnel"), []);
  assertEquals(both.mobileNode.status(at(4000)).state, "registered");
});
