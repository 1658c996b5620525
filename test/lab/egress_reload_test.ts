import { assert, assertEquals } from "@std/assert";
import type { MobileNodeStatus } from "../../core/control/mobile_node_status.ts";
import { configureHomeAgent, configureMobileNode } from "../../cli/lab/daemons.ts";
import type { Topology } from "../../cli/lab/network.ts";
import { runFlow } from "../../cli/lab/traffic.ts";
import { HOME_AGENT as RELOADED_HOME_AGENT, LIMIT_MS, reload, rewrite } from "./reload_stage.ts";
import { labTest } from "./support.ts";

/*
 *            eth0
 *   cn ---- ha ==== mn      router advertisements on both
 *            eth1
 */
const TOPOLOGY: Topology = {
  nodes: [
    {
      name: "ha",
      router: true,
      addresses: [
        ["access0", "2001:db8:e::1/64"],
        ["access0", "203.0.113.1/24"],
        ["access1", "2001:db8:f::1/64"],
        ["cn", "2001:db8:200::1/64"],
      ],
    },
    { name: "cn", addresses: [["eth0", "2001:db8:200::10/64"]], routes: [["::/0", "2001:db8:200::1"]] },
    { name: "mn" },
  ],
  links: [
    [["ha", "access0"], ["mn", "eth0"]],
    [["ha", "access1"], ["mn", "eth1"]],
    [["ha", "cn"], ["cn", "eth0"]],
  ],
};
const MOBILE_NODE = { identity: "mn@example.org", homeAddress: "2001:db8:100::100", spi: 1000 };
const HOME_AGENT = { ...RELOADED_HOME_AGENT, mobileNodes: [MOBILE_NODE] };
const ADVERTISEMENTS = ["e", "f"].map((letter, index) =>
  `interface access${index} { AdvSendAdvert on; prefix 2001:db8:${letter}::/64 { AdvAutonomous on; }; };\n`
).join("");

labTest(
  "lab: egress interfaces come, change their order and go by a reload, and traffic goes on",
  async (lab) => {
    await lab.network.build(TOPOLOGY);
    const config = await lab.writeFile("radvd.conf", ADVERTISEMENTS);
    const radvd = ["radvd", "--nodaemon", "--logmethod", "stderr", "--pidfile", lab.path("radvd.pid")];
    lab.start("ha", "radvd", [...radvd, "--config", config]);
    const homeAgent = await configureHomeAgent(lab, HOME_AGENT);
    homeAgent.start();
    await homeAgent.ready(LIMIT_MS);
    const options = { name: "mn", node: "mn", mobileNode: MOBILE_NODE, homeAgent: HOME_AGENT };
    const mobileNode = await configureMobileNode(lab, { ...options, egresses: ["eth0"] });
    mobileNode.start();
    const isAt = (interfaceName: string) => (status: MobileNodeStatus) =>
      status.state === "registered" && status.interfaceName === interfaceName;
    await mobileNode.until("registered by eth0", LIMIT_MS, isAt("eth0"));
    /** What is in the routing table of the egress at this position. */
    const table = (position: number) =>
      lab.exec("mn", ["ip", "-6", "route", "show", "table", `${41_910 + position}`]).catch(() => "");
    assertEquals([await table(0) !== "", await table(1) !== ""], [true, false]);
    const way = { from: "cn", to: "mn", address: MOBILE_NODE.homeAddress };
    const flow = runFlow(lab, { way, port: 5001, packetOctets: 200, intervalMs: 5, seconds: 6 });

    // Another, and the better one.
    await rewrite(lab, "mn", (text) => text.replace('egress = ["eth0"]', 'egress = ["eth1","eth0"]'));
    const { code, stdout } = await reload(lab, "mn");
    assertEquals([code, stdout], [0, "reloaded\n"]);
    await mobileNode.until("registered by eth1", LIMIT_MS, isAt("eth1"));
    assertEquals([await table(0) !== "", await table(1) !== ""], [true, true]);

    // Three Binding Updates a second is what RFC 6275 section 11.8 allows: a quick machine has used them up.
    await new Promise((resolve) => setTimeout(resolve, 1000));
    // The one in use goes.
    await rewrite(lab, "mn", (text) => text.replace('egress = ["eth1","eth0"]', 'egress = ["eth0"]'));
    assertEquals((await reload(lab, "mn")).code, 0);
    await mobileNode.until("registered by eth0", LIMIT_MS, isAt("eth0"));
    await lab.until("nothing left of eth1", LIMIT_MS, async () => await table(1) === "");
    const { received, lost } = await flow;
    assert(lost <= 20, `${lost} of ${received + lost} packets lost`);
  },
  ["radvd"],
);
