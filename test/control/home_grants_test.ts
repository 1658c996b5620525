import { assertEquals } from "@std/assert";
import type { MobileNode } from "../../core/control/mobile_node.ts";
import type { HomeAgent } from "../../core/control/home_agent.ts";
import { newHomeAgent, newMobileNode, ofKind, registerOverIpv6 } from "./script.ts";

const CARE_OF = "2001:db8:f::7";
const OWN = { address: "10.1.0.1", prefixLength: 24 };

/** What a first registration tells of IPv4 and of mobile networks. */
function told(mobileNode: MobileNode, homeAgent: HomeAgent) {
  const { result } = registerOverIpv6(mobileNode, homeAgent, CARE_OF);
  return [
    ofKind(result, "setIpv4HomeAddress").map(({ ipv4HomeAddress }) => ipv4HomeAddress),
    ofKind(result, "setMobileNetworks").map(({ prefixes }) => prefixes),
  ];
}

Deno.test("home grants: the first answer is told also where nothing is granted of what the configuration says", () => {
  assertEquals(told(newMobileNode({ ipv4HomeAddress: OWN }), newHomeAgent()), [[undefined], []]);
});

Deno.test("home grants: who asks for nothing is told nothing", () => {
  assertEquals(told(newMobileNode(), newHomeAgent()), [[], []]);
});
