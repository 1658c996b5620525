import { assert, assertEquals } from "@std/assert";
import { CheckList } from "../../../cli/lab/check.ts";
import { configureHomeAgent } from "../../../cli/lab/daemons.ts";
import { buildInternet } from "../../../cli/lab/access/build.ts";
import { SignalCapture } from "../../../cli/lab/handover/signal_capture.ts";
import { HandoverStage } from "../../../cli/lab/handover/stage.ts";
import {
  CORRESPONDENT,
  HOME,
  HOME_AGENT_IPV4,
  HOME_AGENT_IPV6,
  HOME_AGENT_OUTSIDE,
} from "../../../cli/lab/access/internet.ts";
import { ACCESS_NETWORKS, handoverTopology, MOBILE_ROUTER } from "../../../cli/lab/handover/topology.ts";
import { Lab } from "../../../cli/lab/lab.ts";
import { startRouterAdvertiser } from "../../../cli/lab/router_advertisements.ts";
import { hasScapy } from "../../scapy.ts";
import { rootTest } from "../support.ts";

const { r6a } = ACCESS_NETWORKS;
const ANYCAST = "2001:db8:100:0:fdff:ffff:ffff:fffe";
/** Another home agent of the home link, which advertises and does nothing else. */
const OTHER_HOME_AGENT = "2001:db8:100::2";
/** It is tried first: three Binding Updates, and a farewell that nobody answers. */
const LIMIT_MS = 40_000;

async function askByScapy(lab: Lab, anycast = ANYCAST) {
  const script = new URL("ask_for_home_agents.py", import.meta.url).pathname;
  return JSON.parse(await lab.exec("cn", ["/usr/bin/python3", script, CORRESPONDENT, anycast]));
}

/** The fields of every packet of a capture that tshark finds with this filter. */
async function read(lab: Lab, path: string, filter: string, ...fields: string[]): Promise<string[][]> {
  const text = await lab.exec("mr", [
    ...["tshark", "-n", "-r", path, "-Y", filter, "-T", "fields"],
    ...fields.flatMap((field) => ["-e", field]),
  ]);
  return text.split("\n").filter((line) => line !== "").map((line) => line.split("\t"));
}

rootTest(
  "RFC 6275 10.5, 10.6, 11.4: home agents and prefixes are discovered by real daemons, and a silent home agent is passed over",
  async () => {
    const lab = await Lab.open(new AbortController().signal);
    const folder = lab.path("out");
    await Deno.mkdir(folder);
    try {
      const stage = await HandoverStage.open(lab, new CheckList(), { delayMs: 0, out: folder });
      if (hasScapy) {
        const reply = { source: HOME_AGENT_IPV6, identifier: 0x1234, homeAgents: [HOME_AGENT_IPV6] };
        assertEquals(await askByScapy(lab), reply);
      }
      await lab.network.ip("mr", ["address", "add", `${OTHER_HOME_AGENT}/64`, "dev", "eg1", "nodad"]);
      await stage.air.attach("eg1", HOME);
      const prefix = `${OTHER_HOME_AGENT}/64`;
      await startRouterAdvertiser(lab, { node: "mr", interfaceName: "eg1", prefix, isHomeAgent: true });
      await lab.until("the other home agent in the list", LIMIT_MS, async () => {
        const homeAgents: string[] = (await askByScapy(lab))?.homeAgents ?? [];
        return homeAgents.length === 2;
      });
      // Its radvd says preference 10, this one has none.
      assertEquals((await askByScapy(lab)).homeAgents, [OTHER_HOME_AGENT, HOME_AGENT_IPV6]);

      const capture = await SignalCapture.start(lab, "discovery");
      await stage.air.attach("eg0", r6a);
      const options = { egresses: ["eg0"], findsHomeAgent: true } as const;
      await stage.startMobileRouter("discovery", options);
      await stage.registeredIn(r6a, LIMIT_MS);
      assertEquals((await stage.mobileRouter!.ask())?.homeAgentAddress, HOME_AGENT_IPV6);
      await lab.exec("cn", ["ping", "-c1", "-W2", MOBILE_ROUTER.homeAddress]);
      await capture.end();
      const replies = await read(
        lab,
        capture.path,
        "icmpv6.type == 145",
        "ipv6.src",
        "icmpv6.checksum.status",
      );
      assertEquals(replies, [[HOME_AGENT_IPV6, "1"]]);
      const prefixes = await read(
        lab,
        capture.path,
        "icmpv6.type in {146, 147}",
        "icmpv6.type",
        "icmpv6.checksum.status",
        "icmpv6.opt.prefix",
      );
      assertEquals(prefixes, [["146", "1", ""], ["147", "1", "2001:db8:100::"]]);
      const errors = await read(lab, capture.path, "icmpv6.type == 4", "ipv6.src");
      assertEquals(errors, [], "no kernel complains");
      assert(!stage.mobileRouter!.log().includes("error"), stage.mobileRouter!.log());
      await stage.endMobileRouter();
    } finally {
      await lab.close();
    }
  },
);

rootTest("RFC 6275 10.5: a home agent with a virtual home network is discovered, too", async () => {
  if (!hasScapy) return;
  const lab = await Lab.open(new AbortController().signal);
  try {
    await buildInternet(lab, handoverTopology(), 0);
    await lab.network.ip("core", ["route", "add", "2001:db8:500::/64", "via", HOME_AGENT_OUTSIDE]);
    const homeAgent = await configureHomeAgent(lab, {
      node: "ha",
      ipv6Address: "2001:db8:500::1",
      ipv4Address: HOME_AGENT_IPV4,
      homePrefix: "2001:db8:500::/64",
      natRefreshSeconds: 25,
      mobileNodes: [],
    });
    homeAgent.start();
    await homeAgent.ready(LIMIT_MS);
    const answer = await askByScapy(lab, "2001:db8:500:0:fdff:ffff:ffff:fffe");
    assertEquals([answer?.source, answer?.homeAgents], ["2001:db8:500::1", ["2001:db8:500::1"]]);
  } finally {
    await lab.close();
  }
});
