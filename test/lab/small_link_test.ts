import { assertEquals } from "@std/assert";
import { LAN } from "../../cli/lab/access/access_network.ts";
import { CORRESPONDENT, homeAgentOptions } from "../../cli/lab/access/internet.ts";
import { runTransfer } from "../../cli/lab/traffic.ts";
import { EGRESS, IPV4, IPV6, LIMIT_MS, openAccessStage } from "./access_stage.ts";
import { labTest } from "./support.ts";

const LINK_MTU = 1280;
const MOBILE_NODE = { identity: "mn@example.org", homeAddress: "2001:db8:100::100", spi: 1000 };
const HOME_AGENT = homeAgentOptions({ mobileNodes: [MOBILE_NODE] });
const OCTETS = 1_000_000;

for (const network of [IPV6, IPV4]) {
  labTest(
    `RFC 2473 7.1, RFC 4213 3.2.1: lab: an ${network.title} access link of 1280 octets carries whole packets of 1280 octets, and TCP, both ways`,
    async (lab) => {
      const { air, mobileNode } = await openAccessStage(lab, {
        networks: [network],
        homeAgent: HOME_AGENT,
        node: { name: "mn" },
      });
      for (const [node, device] of [["mn", EGRESS], [network.name, LAN]]) {
        await lab.network.ip(node, ["link", "set", device, "mtu", String(LINK_MTU)]);
      }
      await air.attach(EGRESS, network);
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
