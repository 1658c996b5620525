import { assertMatch } from "@std/assert";
import { configureHomeAgent, type HomeAgentOptions } from "../../cli/lab/daemons.ts";
import type { Lab } from "../../cli/lab/lab.ts";
import type { Topology } from "../../cli/lab/network.ts";
import {
  build,
  configureRouter,
  CORRESPONDENT,
  HOME_AGENT,
  hostAddresses,
  LIMIT_MS,
  LINK_MTU,
  MOBILE_ROUTER,
  mtuOfHost,
  ping,
  servedTest,
  TOPOLOGY,
  untilPing,
} from "./mobile_network_stage.ts";

/** With a second router between the first one and the host. */
const NESTED: Topology = {
  nodes: [
    {
      ...TOPOLOGY.nodes[0],
      routes: [["2001:db8:400::/64", CORRESPONDENT], ["2001:db8:500::/64", CORRESPONDENT]],
    },
    { ...TOPOLOGY.nodes[1], router: true },
    TOPOLOGY.nodes[2],
    { name: "mr2" },
    { name: "mnn" },
  ],
  links: [
    ...TOPOLOGY.links.slice(0, 2),
    [["mr", "lan0"], ["mr2", "eth0"]],
    [["mr2", "lan0"], ["mnn", "eth0"]],
  ],
};

const INNER = { identity: "inner@example.org", spi: 2000, mobileNetworkPrefixes: ["2001:db8:400::/64"] };

/** Of both routers. */
const ONE: HomeAgentOptions = {
  ...HOME_AGENT,
  mobileNodes: [MOBILE_ROUTER, { ...INNER, homeAddress: "2001:db8:100::200" }],
};
/** Of the inner router alone, on the correspondent node. */
const ITS_OWN: HomeAgentOptions = {
  ...HOME_AGENT,
  node: "cn",
  ipv6Address: "2001:db8:500::1",
  ipv4Address: "192.0.2.10",
  homePrefix: "2001:db8:500::/64",
  mobileNodes: [{ ...INNER, homeAddress: "2001:db8:500::200" }],
};

/** Of UDP in IPv4, octets. */
const UDP_OVERHEAD = 28;

/** The outer router asks for UDP, as if it were behind a NAT. */
async function forceUdp(lab: Lab): Promise<void> {
  const file = lab.path("mr.toml");
  await Deno.writeTextFile(file, (await Deno.readTextFile(file)).replace(/^egress/m, "force_udp = true\n$&"));
}

/** `overhead`: of the outer tunnel, octets. */
const CASES = [
  { title: "both with one home agent", outer: ONE, inner: ONE, far: CORRESPONDENT, overhead: 20 },
  {
    title: "both with one home agent, one in UDP",
    outer: ONE,
    inner: ONE,
    far: CORRESPONDENT,
    overhead: UDP_OVERHEAD,
  },
  {
    title: "each with its own home agent",
    outer: HOME_AGENT,
    inner: ITS_OWN,
    far: "2001:db8:200::1",
    overhead: 20,
  },
];

for (const { title, outer, inner, far, overhead } of CASES) {
  servedTest(
    `real daemons: a mobile router in a mobile network, ${title}: a host behind both, with the MTU of both tunnels`,
    async (lab) => {
      await build(lab, NESTED);
      const homeAgent = await configureHomeAgent(lab, inner);
      homeAgent.start();
      await homeAgent.ready(LIMIT_MS);
      if (outer !== inner) (await configureHomeAgent(lab, outer)).start();
      const router = (name: string, options: HomeAgentOptions, identity: string, egresses?: string[]) => {
        const mobileNode = options.mobileNodes.find((node) => node.identity === identity)!;
        return configureRouter(lab, { name, mobileNode, homeAgent: options, egresses });
      };
      // The inner one first: it has to wait for the outer one's advertisements.
      const innerRouter = await router("mr2", inner, INNER.identity, ["eth0"]);
      innerRouter.start();
      await innerRouter.ready(LIMIT_MS);
      const outerRouter = await router("mr", outer, MOBILE_ROUTER.identity);
      if (overhead === UDP_OVERHEAD) await forceUdp(lab);
      outerRouter.start();
      const isRegistered = ({ state }: { readonly state: string }) => state === "registered";
      const { answer } = await innerRouter.until("registration", LIMIT_MS, isRegistered);
      assertMatch(answer.careOfAddress ?? "", /^2001:db8:300:0:/);
      await lab.until("an address by SLAAC", LIMIT_MS, async () => (await hostAddresses(lab))[0]);
      await untilPing(lab, far);
      const mtu = LINK_MTU - overhead - 40;
      await lab.until(`an MTU of ${mtu}`, LIMIT_MS, async () => await mtuOfHost(lab) === mtu);
      await ping(lab, far, "-M", "do", "-s", `${mtu - 48}`);
      const [address] = await hostAddresses(lab);
      await lab.exec(far === CORRESPONDENT ? "cn" : "ha", ["ping", "-c1", "-W2", address]);
      // Who sends more is told, by whichever tunnel it does not fit.
      await lab.exec(far === CORRESPONDENT ? "cn" : "ha", [
        "ping",
        "-c4",
        "-i0.3",
        "-W1",
        "-s",
        `${mtu - 47}`,
        address,
      ]);
    },
  );
}
