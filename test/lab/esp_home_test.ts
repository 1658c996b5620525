import { assertEquals } from "@std/assert";
import { newAssociations } from "../../cli/esp/new_associations.ts";
import { Air } from "../../cli/lab/access/air.ts";
import { buildInternet } from "../../cli/lab/access/build.ts";
import {
  CORRESPONDENT,
  HOME,
  HOME_AGENT_IPV6,
  HOME_LINK,
  homeAgentOptions,
  internetParts,
} from "../../cli/lab/access/internet.ts";
import { registeredIn } from "../../cli/lab/access/registered.ts";
import { startAccessNetworks, startHomeLink } from "../../cli/lab/access/start.ts";
import { configureHomeAgent, configureMobileNode } from "../../cli/lab/daemons.ts";
import { timeToAnswer } from "../../cli/lab/traffic.ts";
import { labTest } from "./support.ts";

const LIMIT_MS = 15_000;
const IPV6 = {
  name: "ipv6",
  family: 6,
  title: "IPv6",
  addressesBegin: "2001:db8:a1:",
  behindNat: false,
} as const;
const NAT = {
  name: "nat",
  family: 4,
  title: "IPv4 behind NAT",
  addressesBegin: "192.168.77.",
  behindNat: true,
} as const;
const NETWORKS = [IPV6, NAT];
const homeAddress = "2001:db8:100::100";
const MOBILE_NODE = { identity: "mn@example.org", homeAddress, spi: 1000, espFile: "mn.esp" };
const HOME_AGENT = homeAgentOptions({ homeLink: HOME_LINK, mobileNodes: [MOBILE_NODE] });

labTest(
  "RFC 3776 3.1, RFC 6275 11.5.5: lab: under ESP a mobile node returns home from IPv6 and from behind a NAT, and leaves again",
  async (lab) => {
    const home = { addresses: [], routes: [] };
    const { nodes, links } = internetParts({ networks: NETWORKS, ports: ["eg0"], mobilePrefixes: [], home });
    await buildInternet(lab, {
      nodes: [...nodes, { name: "mn" }],
      links: [...links, [["mn", "eg0"], ["air", "eg0"]]],
    }, 0);
    await startHomeLink(lab);
    await startAccessNetworks(lab, NETWORKS);
    const air = await Air.open(lab);
    await air.cut("eg0");
    await lab.writeFile(
      MOBILE_NODE.espFile,
      newAssociations({ homeAddress, homeAgentAddress: HOME_AGENT_IPV6, validFrom: undefined }),
    );
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
    for (const network of [IPV6, HOME, NAT, HOME, IPV6]) {
      await air.detach("eg0");
      await air.attach("eg0", network);
      await registeredIn(mobileNode, network, LIMIT_MS);
      const bindings = (await homeAgent.ask())?.bindings.length;
      assertEquals(bindings, network === HOME ? 0 : 1, network.title);
      await timeToAnswer(lab, { from: "cn", to: "mn", address: homeAddress }, LIMIT_MS);
      await timeToAnswer(lab, { from: "mn", to: "cn", address: CORRESPONDENT }, LIMIT_MS);
    }
  },
  ["radvd", "dnsmasq", "nft", "ping"],
);
