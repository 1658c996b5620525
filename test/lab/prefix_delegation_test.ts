import { assert, assertEquals } from "@std/assert";
import { configureHomeAgent, configureMobileNode, type HomeAgentOptions } from "../../cli/lab/daemons.ts";
import { Lab } from "../../cli/lab/lab.ts";
import type { Topology } from "../../cli/lab/network.ts";
import { hostNetwork, rootTest } from "./support.ts";

/*
 *   core ---- ha          core is the Internet, and the correspondent
 *    |
 *    mr ---- mnn          mobile router, and the node behind it
 */
const POOL = "2001:db8:300::/56";
const HOME_AGENT_IPV6 = "2001:db8:100::1";
const CORRESPONDENT = "2001:db8:1::ffff";
const LIMIT_MS = 15_000;

const TOPOLOGY: Topology = {
  nodes: [
    {
      name: "core",
      router: true,
      addresses: [["ha", "203.0.113.126/25"], ["ha", `${CORRESPONDENT}/64`], ["mr", "198.51.100.1/24"]],
      routes: [["2001:db8:100::/64", "2001:db8:1::1"], [POOL, "2001:db8:1::1"]],
    },
    {
      name: "ha",
      router: true,
      addresses: [["eth0", "203.0.113.1/25"], ["eth0", "2001:db8:1::1/64"]],
      routes: [["default", "203.0.113.126"], ["::/0", CORRESPONDENT]],
    },
    {
      name: "mr",
      router: true,
      ipv4Only: ["eth0"],
      addresses: [["eth0", "198.51.100.7/24"]],
      routes: [["default", "198.51.100.1"]],
    },
    { name: "mnn" },
  ],
  links: [
    [["ha", "eth0"], ["core", "ha"]],
    [["mr", "eth0"], ["core", "mr"]],
    [["mr", "lan"], ["mnn", "eth0"]],
  ],
};

const HOME_AGENT: HomeAgentOptions = {
  node: "ha",
  ipv6Address: HOME_AGENT_IPV6,
  ipv4Address: "203.0.113.1",
  homePrefix: "2001:db8:100::/64",
  natRefreshSeconds: 25,
  mobileNetworkPool: POOL,
  mobileNodes: [{
    identity: "mr@example.org",
    homeAddress: "2001:db8:100::100",
    spi: 1000,
    requestPrefixes: 1,
  }],
};

rootTest("RFC 6276: real daemons: a mobile router without prefixes asks for one and gets it", async () => {
  const before = await hostNetwork();
  const lab = await Lab.open(new AbortController().signal);
  try {
    await lab.network.build(TOPOLOGY);
    const homeAgent = await configureHomeAgent(lab, HOME_AGENT);
    homeAgent.start();
    await homeAgent.ready(LIMIT_MS);
    const mobileRouter = await configureMobileNode(lab, {
      name: "mobile-router",
      node: "mr",
      mobileNode: HOME_AGENT.mobileNodes[0],
      homeAgent: HOME_AGENT,
    });
    mobileRouter.start();
    const start = performance.now();
    await mobileRouter.until("registration", LIMIT_MS, ({ state }) => state === "registered");
    console.log("registered", performance.now() - start);
    await lab.until("prefix", LIMIT_MS, () => mobileRouter.log().includes("delegated prefixes"));
    console.log("delegated", performance.now() - start);
    console.log(mobileRouter.log());
    console.log(homeAgent.log());
    console.log(await mobileRouter.end("SIGTERM"));
    console.log(mobileRouter.log());
    console.log(homeAgent.log());
  } finally {
    await lab.close();
  }
  assertEquals(await hostNetwork(), before);
  assert(true);
});
