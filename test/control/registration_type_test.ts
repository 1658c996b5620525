import { assert, assertEquals } from "@std/assert";
import type { HomeAgentAction, MobileNodeAction } from "../../core/control/action.ts";
import type { HomeAgent } from "../../core/control/home_agent.ts";
import type { MobileNode } from "../../core/control/mobile_node.ts";
import {
  at,
  careOf,
  fromOuter,
  HOME_AGENT_IPV4,
  homeAgentSettings,
  newHomeAgent,
  newMobileNode,
  ofKind,
  register,
  sentAcknowledgement,
  sentUpdate,
} from "./script.ts";

/** A mobile router that was killed, and is started again as a plain mobile node while its binding stands; and back. */

const COA = "198.51.100.7";
const NETWORKS = [{ address: "2001:db8:200::", length: 64 }];
const [NODE] = homeAgentSettings().mobileNodes;

function newRoutersHomeAgent(): HomeAgent {
  return newHomeAgent({ mobileNodes: [{ ...NODE, mobileNetworkPrefixes: NETWORKS }] });
}

/** Answers updates until there is none; what was said, as "lifetime status". */
function talk(
  mobileNode: MobileNode,
  homeAgent: HomeAgent,
  first: MobileNodeAction[],
  startMs: number,
): string[] {
  const said: string[] = [];
  let actions = first;
  for (let nowMs = startMs; ofKind(actions, "sendSignalling").length > 0; nowMs += 10) {
    const { lifetimeSeconds } = sentUpdate(actions);
    const answer: HomeAgentAction[] = homeAgent.handle(fromOuter(actions, COA, 4191), at(nowMs));
    said.push(`${lifetimeSeconds} ${sentAcknowledgement(answer).status}`);
    actions = mobileNode.handle(fromOuter(answer, HOME_AGENT_IPV4, 4191), at(nowMs + 5));
  }
  return said;
}

for (const isRouterFirst of [true, false]) {
  const name = isRouterFirst
    ? "a mobile router comes back as a mobile node"
    : "a mobile node comes back as a router";
  Deno.test(`RFC 3963 6.2: ${name}: the binding in the way is removed, then there is the new one`, () => {
    const homeAgent = newRoutersHomeAgent();
    const asRouter = { mobileNetworkPrefixes: NETWORKS };
    register(newMobileNode(isRouterFirst ? asRouter : {}, () => 0.1), homeAgent, COA);
    const again = newMobileNode(isRouterFirst ? {} : asRouter, () => 0.2);
    const said = talk(again, homeAgent, again.handle(careOf(COA), at(5000)), 5000);
    assertEquals(said, ["420 139", "0 0", "420 0"]);
    assertEquals(again.status(at(6000)).state, "registered");
    const networks = homeAgent.bindings(at(6000))[0].mobileNetworkPrefixes;
    assertEquals(networks, isRouterFirst ? [] : NETWORKS);
  });
}

Deno.test("a home agent that goes on refusing the type is asked again after a minute only", () => {
  const stubborn = newRoutersHomeAgent();
  register(newMobileNode({ mobileNetworkPrefixes: NETWORKS }, () => 0.1), stubborn, COA);
  const mobileNode = newMobileNode({}, () => 0.2);
  // Its de-registration is lost on the way, and answered by somebody who has nothing to remove.
  const first = mobileNode.handle(careOf(COA), at(5000));
  const refusal = fromOuter(stubborn.handle(fromOuter(first, COA, 4191), at(5000)), HOME_AGENT_IPV4, 4191);
  const removal = mobileNode.handle(refusal, at(5010));
  assertEquals([sentUpdate(removal).lifetimeSeconds, mobileNode.status(at(5010)).state], [0, "registering"]);
  const nothing = newRoutersHomeAgent().handle(fromOuter(removal, COA, 4191), at(5020));
  assertEquals(sentAcknowledgement(nothing).status, 133);
  const second = mobileNode.handle(fromOuter(nothing, HOME_AGENT_IPV4, 4191), at(5030));
  assertEquals(sentUpdate(second).lifetimeSeconds, 420);
  const refused = stubborn.handle(fromOuter(second, COA, 4191), at(5040));
  const end = mobileNode.handle(fromOuter(refused, HOME_AGENT_IPV4, 4191), at(5050));
  assertEquals(ofKind(end, "sendSignalling"), []);
  const { state, lastRefusal } = mobileNode.status(at(5050));
  assertEquals([state, lastRefusal?.status, mobileNode.nextDeadline()], ["refused", 139, 65_050]);
});

Deno.test("the removal of what is in the way is sent again until it is answered, and ended by a stop", () => {
  const homeAgent = newRoutersHomeAgent();
  register(newMobileNode({ mobileNetworkPrefixes: NETWORKS }, () => 0.1), homeAgent, COA);
  const mobileNode = newMobileNode({}, () => 0.2);
  const first = mobileNode.handle(careOf(COA), at(5000));
  const refusal = homeAgent.handle(fromOuter(first, COA, 4191), at(5000));
  mobileNode.handle(fromOuter(refusal, HOME_AGENT_IPV4, 4191), at(5010));
  const again = mobileNode.handle({ kind: "deadline" }, at(mobileNode.nextDeadline()!));
  assertEquals(sentUpdate(again).lifetimeSeconds, 0);
  const stop = mobileNode.handle({ kind: "stop" }, at(9000));
  assertEquals([sentUpdate(stop).lifetimeSeconds, mobileNode.status(at(9000)).state], [0, "deregistering"]);
  assert(mobileNode.nextDeadline() !== undefined);
});
