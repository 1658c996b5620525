import { assertEquals } from "@std/assert";
import type { MobilityOption } from "../../../core/wire/mobility_option.ts";
import {
  at,
  candidate,
  HOME_ADDRESS,
  newHomeAgent,
  newMobileNode,
  offer,
  ofKind,
  receiveOverIpv6,
  registerOverIpv6,
  updateOverIpv6,
} from "../script.ts";
import { delegatedTo, pool, prefix } from "./script.ts";

const CARE_OF = "2001:db8:f::7";
const POOL = pool("2001:db8:200::/56", 64);
const DELEGATED = prefix("2001:db8:200:7::/64");

Deno.test("RFC 6276 3.1: a mobile router that asks for prefixes registers in implicit mode, and has what is delegated", () => {
  const mobileNode = newMobileNode({ requestsPrefixes: true });
  const homeAgent = newHomeAgent({ mobileNetworkPool: POOL });
  const { update, answer, result } = registerOverIpv6(mobileNode, homeAgent, CARE_OF);
  const { mobileRouter, options } = updateOverIpv6(update);
  assertEquals([mobileRouter, options.some(({ kind }) => kind === "mobileNetworkPrefix")], [true, false]);
  assertEquals(ofKind(answer, "setBinding")[0].prefixes, []);
  assertEquals([ofKind(result, "setMobileNetworks"), homeAgent.hasBinding(HOME_ADDRESS)], [[], true]);

  const bound = homeAgent.handle(delegatedTo(HOME_ADDRESS, DELEGATED), at(100));
  assertEquals(ofKind(bound, "setBinding")[0].prefixes, [DELEGATED]);
  const told = mobileNode.handle({ kind: "delegatedPrefixes", prefixes: [DELEGATED] }, at(100));
  assertEquals(ofKind(told, "setMobileNetworks"), [{ kind: "setMobileNetworks", prefixes: [DELEGATED] }]);
  const lost = homeAgent.handle(delegatedTo(HOME_ADDRESS), at(200));
  assertEquals(ofKind(lost, "setBinding")[0].prefixes, []);
});

Deno.test("RFC 6276 4: without a lease nothing is bound; with one, a registration after it has the prefix", () => {
  const homeAgent = newHomeAgent({ mobileNetworkPool: POOL });
  assertEquals(homeAgent.handle(delegatedTo(HOME_ADDRESS, DELEGATED), at(0)), []);
  assertEquals(homeAgent.hasBinding(HOME_ADDRESS), false);
  const { answer } = registerOverIpv6(newMobileNode({ requestsPrefixes: true }), homeAgent, CARE_OF, 100);
  assertEquals(ofKind(answer, "setBinding")[0].prefixes, [DELEGATED]);
});

Deno.test("A mobile router at home has the networks that are delegated to it, also without a registration before", () => {
  const mobileNode = newMobileNode({ requestsPrefixes: true });
  mobileNode.handle({ kind: "delegatedPrefixes", prefixes: [DELEGATED] }, at(0));
  const home = candidate(HOME_ADDRESS, { atHome: true });
  mobileNode.handle(offer(home), at(0));
  // Nobody answers: at home without the home agent.
  const actions = [1, 2, 3, 4, 5, 6].flatMap((i) => mobileNode.handle({ kind: "deadline" }, at(i * 60_000)));
  assertEquals(ofKind(actions, "takeHomeAddress").length, 1);
  assertEquals(ofKind(actions, "setMobileNetworks").map(({ prefixes }) => prefixes), [[DELEGATED]]);
});

Deno.test("RFC 6276 4: a part of a delegated prefix that was asked for goes with it; what remains delegated stays", () => {
  const [whole, rest] = ["2001:db8:200::/56", "2001:db8:201::/56"].map(prefix);
  const [part, stays] = ["2001:db8:200:7::/64", "2001:db8:201:7::/64"].map(prefix);
  const homeAgent = newHomeAgent({ mobileNetworkPool: pool("2001:db8:200::/40", 56) });
  homeAgent.handle(delegatedTo(HOME_ADDRESS, whole, rest), at(0));
  const more = [part, stays].map(({ address, length }): MobilityOption => {
    return { kind: "mobileNetworkPrefix", prefix: address, prefixLength: length };
  });
  const bound = receiveOverIpv6(homeAgent, { mobileRouter: true, more });
  assertEquals(ofKind(bound, "setBinding")[0].prefixes, [whole, rest, part, stays]);
  const ended = homeAgent.handle(delegatedTo(HOME_ADDRESS, rest), at(100));
  assertEquals(ofKind(ended, "setBinding")[0].prefixes, [stays, rest]);
});
