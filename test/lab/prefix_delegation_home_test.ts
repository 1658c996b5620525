import { assertEquals } from "@std/assert";
import { configureHomeAgent, configureMobileNode, type HomeAgentOptions } from "../../cli/lab/daemons.ts";
import type { Topology } from "../../cli/lab/network.ts";
import { startRouterAdvertiser } from "../../cli/lab/router_advertisements.ts";
import { labTest } from "./support.ts";

/*
 *   ha ---- r6          ha is the home agent, r6 the router of an IPv6 network, and the correspondent
 *    |      |
 *      air              a bridge for each: the home link and the foreign network
 *       |
 *       mr              mobile router
 */
const POOL = "2001:db8:300::/56";
const HOME_AGENT_IPV6 = "2001:db8:100::1";
const LIMIT_MS = 15_000;

const TOPOLOGY: Topology = {
  nodes: [
    {
      name: "ha",
      router: true,
      addresses: [
        ["eth0", "203.0.113.1/24"],
        ["eth0", "2001:db8:1::1/64"],
        ["home", `${HOME_AGENT_IPV6}/64`],
      ],
      routes: [["::/0", "2001:db8:1::2"]],
    },
    {
      name: "r6",
      router: true,
      addresses: [["wan", "2001:db8:1::2/64"], ["lan", "2001:db8:a1::1/64"]],
      routes: [["2001:db8:100::/64", "2001:db8:1::1"], [POOL, "2001:db8:1::1"]],
    },
    {
      name: "air",
      ipv4Only: ["home", "foreign", "homep", "foreignp", "eg0"],
      bridges: [{ name: "home", ports: ["homep"] }, { name: "foreign", ports: ["foreignp"] }],
    },
    { name: "mr", router: true },
  ],
  links: [
    [["ha", "eth0"], ["r6", "wan"]],
    [["ha", "home"], ["air", "homep"]],
    [["r6", "lan"], ["air", "foreignp"]],
    [["mr", "eg0"], ["air", "eg0"]],
  ],
};

const HOME_AGENT: HomeAgentOptions = {
  node: "ha",
  ipv6Address: HOME_AGENT_IPV6,
  ipv4Address: "203.0.113.1",
  homePrefix: "2001:db8:100::/64",
  homeLink: "home",
  natRefreshSeconds: 25,
  mobileNetworkPool: POOL,
  mobileNodes: [{
    identity: "mr@example.org",
    homeAddress: "2001:db8:100::100",
    spi: 1000,
    requestPrefixes: 1,
  }],
};
const [{ homeAddress }] = HOME_AGENT.mobileNodes;
const DELEGATED = /delegated prefixes +prefixes=(\S+)/;

labTest(
  "RFC 6276 3.2: real daemons: at home a mobile router asks on the home link, and keeps its prefix away",
  async (lab) => {
    try {
      await lab.network.build(TOPOLOGY);
      await startRouterAdvertiser(lab, {
        node: "ha",
        interfaceName: "home",
        prefix: `${HOME_AGENT_IPV6}/64`,
        isHomeAgent: true,
      });
      await startRouterAdvertiser(lab, { node: "r6", interfaceName: "lan", prefix: "2001:db8:a1::/64" });
      const goTo = (network: string) =>
        lab.network.batch("air", [`link set eg0 down`, `link set eg0 master ${network}`, "link set eg0 up"]);
      const homeAgent = await configureHomeAgent(lab, HOME_AGENT);
      homeAgent.start();
      await homeAgent.ready(LIMIT_MS);
      const mobileRouter = await configureMobileNode(lab, {
        name: "mobile-router",
        node: "mr",
        mobileNode: HOME_AGENT.mobileNodes[0],
        homeAgent: HOME_AGENT,
        egresses: ["eg0"],
      });
      const ways = async (prefix: string) =>
        (await lab.network.ip("ha", ["-6", "route", "show", prefix])).trim().split("\n")
          .map((line) => / (via \S+ )?dev \S+/.exec(line)?.[0].trim()).toSorted();
      const byHomeLink = `via ${homeAddress} dev home`;
      const isThere = (what: string) =>
        mobileRouter.until(
          what,
          LIMIT_MS,
          ({ state, mobileNetworkPrefixes }) =>
            state === what && (state === "home" || mobileNetworkPrefixes.length === 1),
        );
      const ping = (from: string, to: string) =>
        lab.until(
          `an answer of ${to} to ${from}`,
          LIMIT_MS,
          () => lab.exec("r6", ["ping", "-c1", "-W1", "-I", from, to]).then(() => true, () => false),
        );

      await goTo("home");
      mobileRouter.start();
      await isThere("home");
      await lab.until("a prefix", LIMIT_MS, () => DELEGATED.test(mobileRouter.log()));
      const prefix = DELEGATED.exec(mobileRouter.log())![1];
      assertEquals(await ways(prefix), [byHomeLink]);
      const inside = prefix.replace(/\/64$/, "1");
      await lab.network.ip("mr", ["address", "add", `${inside}/128`, "dev", "lo", "nodad"]);
      await ping("2001:db8:1::2", inside);

      await goTo("foreign");
      const { answer } = await isThere("registered");
      assertEquals(answer.mobileNetworkPrefixes.map(({ address, length }) => `${address}/${length}`), [
        prefix,
      ]);
      assertEquals(await ways(prefix), ["dev dsmip-ha", byHomeLink]);
      await ping("2001:db8:1::2", inside);

      await goTo("home");
      await isThere("home");
      assertEquals(await ways(prefix), [byHomeLink]);
      await ping("2001:db8:1::2", inside);

      // It is given back on the home link, too.
      assertEquals((await mobileRouter.end("SIGTERM")).code, 0);
      await lab.until("the end of the lease", LIMIT_MS, () => homeAgent.log().includes("prefixes=none"));
      assertEquals(await ways(prefix), [undefined]);
    } catch (error) {
      for (const [name, lines] of lab.logTails(40)) console.log(name, lines.join("\n"));
      throw error;
    }
  },
);
