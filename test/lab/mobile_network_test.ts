import { assertEquals, assertMatch } from "@std/assert";
import {
  configureHomeAgent,
  configureMobileNode,
  type HomeAgentOptions,
  type MobileNodeDaemon,
  type MobileNodeOptions,
} from "../../cli/lab/daemons.ts";
import { startDhcpClient } from "../../cli/lab/dhcp.ts";
import { Lab } from "../../cli/lab/lab.ts";
import type { Topology } from "../../cli/lab/network.ts";
import { takeSnapshot } from "../../cli/lab/snapshot.ts";
import { hasProgram, hostNetwork, rootTest } from "./support.ts";

/*
 *   cn ---- ha ---- mr ---- mnn
 *
 * The mobile router's access network is IPv4 only; the host behind it knows nothing.
 */
const TOPOLOGY: Topology = {
  nodes: [
    {
      name: "ha",
      router: true,
      addresses: [["access", "203.0.113.1/24"], ["cn", "2001:db8:200::1/64"], ["cn", "192.0.2.1/24"]],
    },
    {
      name: "cn",
      addresses: [["eth0", "2001:db8:200::10/64"], ["eth0", "192.0.2.10/24"]],
      routes: [["::/0", "2001:db8:200::1"], ["default", "192.0.2.1"]],
    },
    { name: "mr", ipv4Only: ["eth0"], addresses: [["eth0", "203.0.113.10/24"]] },
    { name: "mnn" },
  ],
  links: [
    [["ha", "cn"], ["cn", "eth0"]],
    [["ha", "access"], ["mr", "eth0"]],
    [["mr", "lan0"], ["mnn", "eth0"]],
  ],
};

const CORRESPONDENT = "2001:db8:200::10";
const MOBILE_ROUTER = {
  identity: "mr@example.org",
  homeAddress: "2001:db8:100::100",
  spi: 1000,
  mobileNetworkPrefixes: ["2001:db8:300::/56"],
};
const HOME_AGENT: HomeAgentOptions = {
  node: "ha",
  ipv6Address: "2001:db8:100::1",
  ipv4Address: "203.0.113.1",
  homePrefix: "2001:db8:100::/64",
  natRefreshSeconds: 25,
  mobileNodes: [MOBILE_ROUTER],
};
/** The mobile router's address in its IPv4 network. */
const IPV4 = "10.1.0.1/24";
const CORRESPONDENT_IPV4 = "192.0.2.10";
const LIMIT_MS = 15_000;
/** Of the access network, octets. */
const LINK_MTU = 1440;
const SERVED = '\n[mobile_network]\ninterface = "lan0"\ndns = ["2001:db8:200::53"]\n';

/** The network, with a smaller link than most to the mobile router, and a host that configures itself. */
async function build(lab: Lab, topology: Topology): Promise<void> {
  await lab.network.build(topology);
  await lab.network.ip("ha", ["link", "set", "access", "mtu", `${LINK_MTU}`]);
  await lab.network.ip("mr", ["link", "set", "eth0", "mtu", `${LINK_MTU}`]);
  await lab.exec("mnn", ["sysctl", "-qw", "net.ipv6.conf.eth0.accept_ra=1"]);
}

/** Adds a line to what both ends say of the mobile router, before they are started. */
async function giveIpv4Network(lab: Lab): Promise<void> {
  for (const file of ["ha.toml", "mr.toml"].map((name) => lab.path(name))) {
    const text = await Deno.readTextFile(file);
    await Deno.writeTextFile(
      file,
      text.replace(/^mobile_network_prefixes/m, `ipv4_home_address = "${IPV4}"\n$&`),
    );
  }
}

/** The network with a running home agent, and a mobile router that is configured and not yet started. */
async function openStage(lab: Lab, table: string) {
  await build(lab, TOPOLOGY);
  const homeAgent = await configureHomeAgent(lab, HOME_AGENT);
  const mobileRouter = await configureRouter(lab, {
    name: "mr",
    mobileNode: MOBILE_ROUTER,
    homeAgent: HOME_AGENT,
  }, table);
  await giveIpv4Network(lab);
  homeAgent.start();
  await homeAgent.ready(LIMIT_MS);
  return { homeAgent, mobileRouter };
}

/** With a table for its network; its node has its name. */
async function configureRouter(
  lab: Lab,
  options: Omit<MobileNodeOptions, "node">,
  table = SERVED,
): Promise<MobileNodeDaemon> {
  const router = await configureMobileNode(lab, { ...options, node: options.name });
  const file = lab.path(`${options.name}.toml`);
  await Deno.writeTextFile(file, await Deno.readTextFile(file) + table);
  return router;
}

async function mtuOfHost(lab: Lab): Promise<number> {
  return Number(await lab.exec("mnn", ["cat", "/proc/sys/net/ipv6/conf/eth0/mtu"]));
}

/** The addresses that the host's kernel has made and takes for new connections. */
async function hostAddresses(lab: Lab): Promise<string[]> {
  const [link] = JSON.parse(
    await lab.network.ip("mnn", ["-json", "-6", "address", "show", "dev", "eth0", "scope", "global"]),
  );
  const addresses: { local?: string; deprecated?: boolean }[] = link?.addr_info ?? [];
  return addresses.filter(({ local, deprecated }) => local !== undefined && !deprecated).map(({ local }) =>
    local!
  );
}

function hasDefaultRoute(lab: Lab): Promise<boolean> {
  return lab.network.ip("mnn", ["-6", "route", "show", "default"]).then((text) => text !== "");
}

function ping(lab: Lab, address: string, ...args: string[]): Promise<string> {
  return lab.exec("mnn", ["ping", "-c1", "-W2", ...args, address]);
}

async function untilPing(lab: Lab, address = CORRESPONDENT): Promise<void> {
  const isAnswered = () => ping(lab, address).then(() => true, () => false);
  await lab.until(`an answer of ${address}`, LIMIT_MS, isAnswered);
}

async function programs(lab: Lab): Promise<string> {
  const pids = await lab.exec("mr", ["ip", "netns", "pids", lab.network.namespace("mr")]);
  const names = pids.split("\n").filter((line) => line !== "").map((pid) => {
    try {
      return Deno.readTextFileSync(`/proc/${pid}/comm`).trim();
    } catch {
      return "";
    }
  });
  return names.filter((name) => name === "radvd" || name === "dnsmasq").join(" ");
}

const HAS_PROGRAMS = ["radvd", "dnsmasq", "setpriv", "udhcpc"].every(hasProgram);

/** A test as root with a lab, which leaves the network of this machine as it was. */
function labTest(name: string, play: (lab: Lab) => Promise<void>): void {
  const fn = async () => {
    const before = await hostNetwork();
    const lab = await Lab.open(new AbortController().signal);
    try {
      await play(lab);
    } finally {
      await lab.close();
    }
    assertEquals(await hostNetwork(), before);
  };
  if (HAS_PROGRAMS) rootTest(name, fn);
  else Deno.test({ name: `${name} (root, radvd, dnsmasq)`, ignore: true, fn });
}

labTest(
  "real daemons: a host behind a mobile router needs nothing: address, MTU, tunnel; detachment; kill -9",
  async (lab) => {
    const { mobileRouter } = await openStage(lab, SERVED);
    const untouched = await takeSnapshot(lab.network, "mr");
    mobileRouter.start();
    const isRegistered = () =>
      mobileRouter.until("registration", LIMIT_MS, ({ state }) => state === "registered");
    await isRegistered();
    const address = await lab.until(
      "an address by SLAAC",
      LIMIT_MS,
      async () => (await hostAddresses(lab))[0],
    );
    assertMatch(address, /^2001:db8:300:0:/);
    await untilPing(lab);
    // What the mobile router says is what the tunnel (20 octets, on a smaller link than most) carries.
    assertEquals(await mtuOfHost(lab), LINK_MTU - 20);
    await ping(lab, CORRESPONDENT, "-M", "do", "-s", `${LINK_MTU - 20 - 48}`);
    assertMatch(await startDhcpClient(lab, "mnn"), /^10\.1\.0\./);
    await untilPing(lab, CORRESPONDENT_IPV4);
    await ping(lab, CORRESPONDENT_IPV4, "-M", "do", "-s", `${LINK_MTU - 20 - 28}`);
    // What is larger than any link carries and may be cut is cut.
    await ping(lab, CORRESPONDENT_IPV4, "-M", "dont", "-s", "2000");

    // From outside to an address that nobody has: an answer, not a packet that goes round.
    const nobody = await lab.network.exec("cn", ["sh", "-c", "ping -c1 -W2 2001:db8:300:77::1 || true"]);
    assertMatch(nobody, /No route|unreachable/i);

    // Out of every network for a time: hosts keep what they have.
    await lab.network.ip("mr", ["link", "set", "eth0", "down"]);
    await mobileRouter.until("no tunnel", LIMIT_MS, ({ state }) => state !== "registered");
    assertEquals([await hostAddresses(lab), await hasDefaultRoute(lab)], [[address], true]);
    await lab.network.ip("mr", ["link", "set", "eth0", "up"]);
    await isRegistered();
    await untilPing(lab);

    await mobileRouter.end("SIGKILL");
    await lab.until("the end of radvd", 1000, async () => await programs(lab) === "");
    mobileRouter.start();
    await isRegistered();
    await untilPing(lab);
    await untilPing(lab, CORRESPONDENT_IPV4);
    assertEquals(await hostAddresses(lab), [address]);
    await mobileRouter.end("SIGTERM");
    await lab.until("no default route", 1000, async () => !await hasDefaultRoute(lab));
    assertEquals(await programs(lab), "");
    assertEquals(await takeSnapshot(lab.network, "mr"), untouched);
    assertEquals(await lab.exec("mr", ["sysctl", "-n", "net.ipv6.conf.all.forwarding"]), "0\n");
  },
);

labTest(
  "RFC 3963 5.4.2 N-018: real daemons: a prefix that the home agent refuses is not advertised any more",
  async (lab) => {
    const { homeAgent, mobileRouter } = await openStage(lab, SERVED);
    mobileRouter.start();
    await lab.until("an address by SLAAC", LIMIT_MS, async () => (await hostAddresses(lab))[0]);
    await untilPing(lab);
    await homeAgent.end("SIGTERM");
    const file = lab.path("ha.toml");
    await Deno.writeTextFile(
      file,
      (await Deno.readTextFile(file)).replace(/mobile_network_prefixes.*\n/, ""),
    );
    homeAgent.start();
    await homeAgent.ready(LIMIT_MS);
    // The mobile router's next packet finds no binding, so that it registers again.
    await lab.until("an address to leave", LIMIT_MS, async () => {
      await lab.exec("mr", ["ping", "-c1", "-W2", CORRESPONDENT]).catch(() => {});
      return (await hostAddresses(lab)).length === 0;
    });
    await lab.until("no default route", LIMIT_MS, async () => !await hasDefaultRoute(lab));
    await mobileRouter.until(
      "registration as a host",
      LIMIT_MS,
      ({ state, mobileNetworkPrefixes }) => state === "registered" && mobileNetworkPrefixes.length === 0,
    );
    assertEquals(await lab.network.ip("mr", ["-6", "address", "show", "to", "2001:db8:300::/56"]), "");
  },
);

labTest(
  "RFC 3963 5.4.2 N-018: real daemons: nor is one that the home agent never granted, in IPv4, too",
  async (lab) => {
    const { homeAgent, mobileRouter } = await openStage(lab, SERVED);
    await homeAgent.end("SIGTERM");
    const file = lab.path("ha.toml");
    const text = await Deno.readTextFile(file);
    await Deno.writeTextFile(file, text.replaceAll(/^(mobile_network_prefixes|ipv4_home_address).*\n/gm, ""));
    mobileRouter.start();
    // Its own by the configuration, before anybody has been asked.
    await lab.until("an address by SLAAC", LIMIT_MS, async () => (await hostAddresses(lab))[0]);
    homeAgent.start();
    await mobileRouter.until("registration", LIMIT_MS, ({ state }) => state === "registered");
    await lab.until("an address to leave", LIMIT_MS, async () => (await hostAddresses(lab)).length === 0);
    await lab.until("no default route", LIMIT_MS, async () => !await hasDefaultRoute(lab));
    const addresses = await lab.network.ip("mr", ["address", "show", "dev", "lan0", "scope", "global"]);
    assertEquals(addresses.match(/inet6? \S+/g), null);
    await lab.until("no DHCP server", LIMIT_MS, async () => !(await programs(lab)).includes("dnsmasq"));
  },
);

/** Of the mobile router in the mobile network: its home agent is the correspondent node. */
const INNER_HOME_AGENT: HomeAgentOptions = {
  ...HOME_AGENT,
  node: "cn",
  ipv6Address: "2001:db8:500::1",
  ipv4Address: "192.0.2.10",
  homePrefix: "2001:db8:500::/64",
  mobileNodes: [{
    identity: "inner@example.org",
    homeAddress: "2001:db8:500::200",
    spi: 2000,
    mobileNetworkPrefixes: ["2001:db8:400::/64"],
  }],
};

/** The lab above, with a second router between the first one and the host. */
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
  links: [...TOPOLOGY.links.slice(0, 2), [["mr", "lan0"], ["mr2", "eth0"]], [["mr2", "lan0"], [
    "mnn",
    "eth0",
  ]]],
};

labTest(
  "real daemons: a mobile router in a mobile network: hosts behind both, with the MTU of both tunnels",
  async (lab) => {
    await build(lab, NESTED);
    // The files of home agents have one name: this one has read its own before those of the next are written.
    const innerHomeAgent = await configureHomeAgent(lab, INNER_HOME_AGENT);
    innerHomeAgent.start();
    await innerHomeAgent.ready(LIMIT_MS);
    const homeAgent = await configureHomeAgent(lab, HOME_AGENT);
    const file = lab.path("ha.toml");
    await Deno.writeTextFile(file, (await Deno.readTextFile(file)).replaceAll("ha.sock", "outer-ha.sock"));
    homeAgent.start();
    const innerRouter = await configureRouter(lab, {
      name: "mr2",
      mobileNode: INNER_HOME_AGENT.mobileNodes[0],
      homeAgent: INNER_HOME_AGENT,
      egresses: ["eth0"],
    });
    innerRouter.start();
    await innerRouter.ready(LIMIT_MS);
    const outerRouter = await configureRouter(lab, {
      name: "mr",
      mobileNode: MOBILE_ROUTER,
      homeAgent: HOME_AGENT,
    });
    outerRouter.start();
    const { answer } = await innerRouter.until(
      "registration",
      LIMIT_MS,
      ({ state }) => state === "registered",
    );
    assertMatch(answer.careOfAddress ?? "", /^2001:db8:300:0:/);
    await lab.until("an address by SLAAC", LIMIT_MS, async () => (await hostAddresses(lab))[0]);
    const far = "2001:db8:200::1";
    await lab.until(
      "an answer through both tunnels",
      LIMIT_MS,
      () => lab.exec("mnn", ["ping", "-c1", "-W2", far]).then(() => true, () => false),
    );
    const mtu = LINK_MTU - 20 - 40;
    await lab.until(`an MTU of ${mtu}`, LIMIT_MS, async () => await mtuOfHost(lab) === mtu);
    await ping(lab, far, "-M", "do", "-s", `${mtu - 48}`);
  },
);

labTest(
  "real daemons: serve = false: the operator's radvd finds the prefix on the interface",
  async (lab) => {
    const { mobileRouter } = await openStage(
      lab,
      '\n[mobile_network]\ninterface = "lan0"\nserve = false\n',
    );
    mobileRouter.start();
    await mobileRouter.until("registration", LIMIT_MS, ({ state }) => state === "registered");
    assertMatch(
      await lab.network.ip("mr", ["-6", "address", "show", "dev", "lan0"]),
      /2001:db8:300::1\/64/,
    );
    assertEquals([await programs(lab), await hostAddresses(lab)], ["", []]);
    const configuration = await lab.writeFile(
      "operator.conf",
      "interface lan0 { AdvSendAdvert on; MinRtrAdvInterval 3; MaxRtrAdvInterval 4; prefix ::/64 {}; };\n",
    );
    lab.start("mr", "operator-radvd", [
      ...["radvd", "--nodaemon", "--logmethod", "stderr"],
      ...["--config", configuration, "--pidfile", lab.path("operator.pid")],
    ]);
    await lab.until("an address by SLAAC", LIMIT_MS, async () => (await hostAddresses(lab))[0]);
    await untilPing(lab);
  },
);
