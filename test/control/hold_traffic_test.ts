import { assertEquals } from "@std/assert";
import type { MobileNodeAction } from "../../core/control/action.ts";
import {
  at,
  candidate,
  careOf,
  fromIpv6,
  newHomeAgent,
  newMobileNode,
  offer,
  ofKind,
  registerOverIpv6,
} from "./script.ts";

const HERE = candidate("2001:db8:f::7");
const THERE = candidate("2001:db8:e::7");

function holds(actions: readonly MobileNodeAction[]): number[] {
  return ofKind(actions, "holdTraffic").map(({ forMs }) => forMs);
}

Deno.test("traffic waits a second for a care-of address, and until the answer behind a Binding Update", () => {
  const [mobileNode, homeAgent] = [newMobileNode(), newHomeAgent()];
  registerOverIpv6(mobileNode, homeAgent, HERE.address);
  assertEquals(holds(mobileNode.handle(careOf(undefined), at(1000))), [1000]);
  const update = mobileNode.handle(offer(THERE), at(1100));
  const kinds = update.map(({ kind }) => kind).filter((kind) => kind !== "report");
  assertEquals(kinds, ["holdTraffic", "useCareOfAddress", "sendPacket", "holdTraffic"]);
  assertEquals(holds(update), [1000, 10]);
  const answer = homeAgent.handle(fromIpv6(update), at(1101));
  assertEquals(holds(mobileNode.handle(fromIpv6(answer), at(1103))), [0]);
});

Deno.test("traffic may wait longer where the care-of address before is still there", () => {
  const [mobileNode, homeAgent] = [newMobileNode(), newHomeAgent()];
  registerOverIpv6(mobileNode, homeAgent, HERE.address);
  assertEquals(holds(mobileNode.handle(offer(THERE, HERE), at(1000))), []);
  const there = { ...THERE, interfaceName: "eg1" };
  mobileNode.handle(offer(HERE, there), at(1100));
  assertEquals(holds(mobileNode.handle({ kind: "switchTo", interfaceName: "eg1" }, at(1200))), [1000, 20]);
});

Deno.test("at home traffic waits for the answer, and goes on when the home address has been taken", () => {
  const [mobileNode, homeAgent] = [newMobileNode(), newHomeAgent()];
  registerOverIpv6(mobileNode, homeAgent, HERE.address);
  const update = mobileNode.handle(offer(candidate("2001:db8:100::77", { atHome: true })), at(1000));
  assertEquals(holds(update), [1000, 1000]);
  const end = mobileNode.handle(fromIpv6(homeAgent.handle(fromIpv6(update), at(1040))), at(1041));
  const kinds = end.map(({ kind }) => kind).filter((kind) => kind !== "report");
  assertEquals([kinds.slice(-3), holds(end)], [["clearTunnel", "takeHomeAddress", "holdTraffic"], [0]]);
});

Deno.test("without a binding nothing waits, nor does a refresh", () => {
  const [mobileNode, homeAgent] = [newMobileNode(), newHomeAgent()];
  assertEquals(holds(mobileNode.handle(offer(HERE), at(0))), []);
  assertEquals(holds(mobileNode.handle(careOf(undefined), at(1))), []);
  const { result } = registerOverIpv6(mobileNode, homeAgent, HERE.address, 2000);
  assertEquals(holds(result), []);
  const refresh = mobileNode.handle({ kind: "deadline" }, at(mobileNode.nextDeadline()!));
  const answer = homeAgent.handle(fromIpv6(refresh), at(mobileNode.nextDeadline()! - 100));
  assertEquals(
    holds([...refresh, ...mobileNode.handle(fromIpv6(answer), at(mobileNode.nextDeadline()!))]),
    [],
  );
});
