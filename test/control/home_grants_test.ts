import { assertEquals } from "@std/assert";
import type { MobileNode } from "../../core/control/mobile_node.ts";
import type { HomeAgent } from "../../core/control/home_agent.ts";
import { HOME_ADDRESS, newHomeAgent, newMobileNode, ofKind, registerOverIpv6 } from "./script.ts";

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

Deno.test("home grants: both ends log what becomes of an IPv4 home address, the home agent what it refuses", () => {
  const ipv4Pool = { address: "192.0.2.4", length: 32 };
  const homeAgent = newHomeAgent({
    ipv4HomePrefix: { address: "192.0.2.0", length: 24 },
    ipv4Pool,
    mobileNodes: [HOME_ADDRESS, "2001:db8:100::101"].map((homeAddress, index) => ({
      identity: `mn${index + 1}@example.org`,
      homeAddress,
      security: undefined,
      mobileNetworkPrefixes: [],
    })),
    requireAuthentication: false,
  });
  const register = (homeAddress: string, identity: string, careOf: string) => {
    const ipv4HomeAddress = { address: "0.0.0.0", prefixLength: 32 };
    const mobileNode = newMobileNode({ homeAddress, identity, ipv4HomeAddress, security: undefined });
    const { answer, result } = registerOverIpv6(mobileNode, homeAgent, careOf);
    return [...answer, ...result].filter((action) => action.kind === "report")
      .filter(({ message }) => message.includes("IPv4")).map(({ level, message, details }) =>
        `${level} ${message} ${details.address ?? details.status}`
      );
  };
  assertEquals(register(HOME_ADDRESS, "mn1@example.org", CARE_OF), ["info IPv4 home address 192.0.2.4"]);
  assertEquals(register("2001:db8:100::101", "mn2@example.org", "2001:db8:f::8"), [
    "warning IPv4 home address refused 132",
    "error the home agent refuses the IPv4 home address 0.0.0.0",
  ]);
});
