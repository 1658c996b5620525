import type { ForwardingCase } from "./case_tools.ts";
import { ecnCases } from "./ecn_cases.ts";
import { espCases } from "./esp_cases.ts";
import { homeAgentCases } from "./home_agent_cases.ts";
import { innerPacketCases } from "./inner_packet_cases.ts";
import { ipv4Cases } from "./ipv4_cases.ts";
import { ipv4FragmentCases } from "./ipv4_fragment_cases.ts";
import { ipv4MobileNodeCases } from "./ipv4_mobile_node_cases.ts";
import { ipv4PrefixCases } from "./ipv4_prefix_cases.ts";
import { mobileNetworkCases } from "./mobile_network_cases.ts";
import { mobileNodeCases } from "./mobile_node_cases.ts";
import { outerIpv6Cases } from "./outer_ipv6_cases.ts";
import { packetTooBigCases } from "./packet_too_big_cases.ts";

/** The one list that every forwarder is held to. */
export const FORWARDING_CASES: readonly ForwardingCase[] = [
  ...innerPacketCases,
  ...homeAgentCases,
  ...mobileNodeCases,
  ...mobileNetworkCases,
  ...espCases,
  ...ecnCases,
  ...packetTooBigCases,
  ...ipv4Cases,
  ...ipv4FragmentCases,
  ...ipv4MobileNodeCases,
  ...ipv4PrefixCases,
  ...outerIpv6Cases,
];
