import { assertEquals } from "@std/assert";
import { type AccessNetwork, LAN } from "../../cli/lab/access/access_network.ts";
import { buildInternet } from "../../cli/lab/access/build.ts";
import { CORRESPONDENT, homeAgentOptions, internetParts } from "../../cli/lab/access/internet.ts";
import { startAccessNetworks } from "../../cli/lab/access/start.ts";
import { configureHomeAgent, configureMobileNode } from "../../cli/lab/daemons.ts";
import { runTransfer } from "../../cli/lab/traffic.ts";
import { labTest } from "./support.ts";

const LIMIT_MS = 15_000;
const LINK_MTU = 1280;
const NETWORKS: readonly AccessNetwork[] = [
  { name: "ipv6", family: 6, title: "IPv6", addressesBegin: "2001:db8:a1:", behindNat: false },
  { name: "ipv4", family: 4, title: "IPv4", addressesBegin: "198.51.100.", behindNat: false },
];
const MOBILE_NODE = { identity: "mn@example.org", homeAddress: "2001:db8:100::100", spi: 1000 };
const HOME_AGENT = homeAgentOptions({ mobileNodes: [MOBILE_NODE] });
const OCTETS = 1_000_000;

for (const network of NETWORKS) {
  labTest(
    `RFC 2473 7.1, RFC 4213 3.2.1: lab: an ${network.title} access link of 1280 octets carries whole packets of 1280 octets, and TCP, both ways`,
    async (lab) => {
      const { nodes, links } = internetParts({ networks: [network], ports: ["eg0"], mobilePrefixes: [] });
      await buildInternet(lab, {
        nodes: [...nodes, { name: "mn" }],
        links: [...links, [["mn", "eg0"], ["air", "eg0"]]],
      }, 0);
      for (const [node, device] of [["mn", "eg0"], [network.name, LAN]]) {
        await lab.network.ip(node, ["link", "set", device, "mtu", String(LINK_MTU)]);
      }
      await lab.network.batch("air", [`link set eg0 master ${network.name}`, "link set eg0 up"]);
      await startAccessNetworks(lab, [network]);
      const homeAgent = await configureHomeAgent(lab, HOME_AGENT);
      const mobileNode = await configureMobileNode(lab, {
        name: "mn",
        node: "mn",
        homeAgent: HOME_AGENT,
        mobileNode: MOBILE_NODE,
        egresses: ["eg0"],
      });
      homeAgent.start();
      await homeAgent.ready(LIMIT_MS);
      mobileNode.start();
      await mobileNode.until("registration", LIMIT_MS, ({ state }) => state === "registered");
      // 40 octets of IPv6 and 8 of ICMPv6; the first to the mobile node tells the home agent of the link, by an error.
      const ping = (node: string, address: string, octets: number) =>
        lab.exec(node, ["ping", "-n", "-c1", "-w5", "-W1", "-s", `${octets - 48}`, address]);
      for (const octets of [LINK_MTU, LINK_MTU - 40, LINK_MTU - 39, 3000]) {
        await ping("mn", CORRESPONDENT, octets);
        await ping("cn", MOBILE_NODE.homeAddress, octets);
      }
      const up = { from: "mn", to: "cn", address: CORRESPONDENT };
      const down = { from: "cn", to: "mn", address: MOBILE_NODE.homeAddress };
      for (const [way, port] of [[up, 5301], [down, 5302]] as const) {
        const { received, same } = await runTransfer(lab, way, port, OCTETS);
        assertEquals([received.octets, same], [OCTETS, true]);
      }
    },
    ["radvd", "dnsmasq", "ping"],
  );
}
