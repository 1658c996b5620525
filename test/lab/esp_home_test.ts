import { assertEquals } from "@std/assert";
import { CORRESPONDENT, HOME, HOME_LINK, homeAgentOptions } from "../../cli/lab/access/internet.ts";
import { registeredIn } from "../../cli/lab/access/registered.ts";
import { timeToAnswer } from "../../cli/lab/traffic.ts";
import { EGRESS, IPV6, LIMIT_MS, NAT, openAccessStage } from "./access_stage.ts";
import { labTest } from "./support.ts";

const homeAddress = "2001:db8:100::100";
const MOBILE_NODE = { identity: "mn@example.org", homeAddress, spi: 1000, espFile: "mn.esp" };
const HOME_AGENT = homeAgentOptions({ homeLink: HOME_LINK, mobileNodes: [MOBILE_NODE] });

labTest(
  "RFC 3776 3.1, RFC 6275 11.5.5: lab: under ESP a mobile node returns home from IPv6 and from behind a NAT, and leaves again",
  async (lab) => {
    const { air, homeAgent, mobileNode } = await openAccessStage(lab, {
      networks: [IPV6, NAT],
      homeAgent: HOME_AGENT,
      node: { name: "mn" },
    });
    mobileNode.start();
    for (const network of [IPV6, HOME, NAT, HOME, IPV6]) {
      await air.detach(EGRESS);
      await air.attach(EGRESS, network);
      await registeredIn(mobileNode, network, LIMIT_MS);
      const bindings = (await homeAgent.ask())?.bindings.length;
      assertEquals(bindings, network === HOME ? 0 : 1, network.title);
      await timeToAnswer(lab, { from: "cn", to: "mn", address: homeAddress }, LIMIT_MS);
      await timeToAnswer(lab, { from: "mn", to: "cn", address: CORRESPONDENT }, LIMIT_MS);
    }
  },
  ["radvd", "dnsmasq", "nft", "ping"],
);
