import { assert, assertEquals } from "@std/assert";
import { configureHomeAgent, configureMobileNode, type HomeAgentOptions } from "../../cli/lab/daemons.ts";
import type { Topology } from "../../cli/lab/network.ts";
import { parseIpv6Prefix, prefixContains } from "../../core/wire/address.ts";
import { encodeDhcpv6 } from "../../core/wire/dhcpv6.ts";
import type { Dhcpv6Option } from "../../core/wire/dhcpv6_option.ts";
import { inNetworkNamespace } from "../../ffi/namespace.ts";
import { Udp6DeviceSocket } from "../../ffi/udp6_device_socket.ts";
import { iaPd, relayed, solicit } from "../control/delegation/script.ts";
import { labTest } from "./support.ts";

/*
 *   core ---- ha          core is the Internet, and the correspondent
 *    |
 *    mr ---- mnn          mobile router, and the node behind it
 */
const POOL = "2001:db8:300::/56";
const HOME_AGENT_IPV6 = "2001:db8:100::1";
const CORRESPONDENT = "2001:db8:1::ffff";
const LIMIT_MS = 15_000;
/** radvd tells the host of what is delegated. */
const SERVED = '\n[mobile_network]\ninterface = "lan"\n';

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

const [MOBILE_ROUTER] = HOME_AGENT.mobileNodes;
const textOf = ({ address, length }: { address: string; length: number }) => `${address}/${length}`;

labTest(
  "RFC 6276: real daemons: a mobile router without prefixes gets one, its network is reached, also after restarts",
  async (lab) => {
    try {
      await lab.network.build(TOPOLOGY);
      const homeAgent = await configureHomeAgent(lab, HOME_AGENT);
      const mobileRouter = await configureMobileNode(lab, {
        name: "mobile-router",
        node: "mr",
        mobileNode: MOBILE_ROUTER,
        homeAgent: HOME_AGENT,
      });
      const file = lab.path("mobile-router.toml");
      await Deno.writeTextFile(file, await Deno.readTextFile(file) + SERVED);
      await lab.exec("mnn", ["sysctl", "-qw", "net.ipv6.conf.eth0.accept_ra=1"]);
      const registered = async () => {
        const { answer } = await mobileRouter.until(
          "a registration with a delegated prefix",
          LIMIT_MS,
          ({ state, mobileNetworkPrefixes }) => state === "registered" && mobileNetworkPrefixes.length === 1,
        );
        return textOf(answer.mobileNetworkPrefixes[0]);
      };
      const isBound = (prefix: string) =>
        homeAgent.until(
          `the binding of ${prefix}`,
          LIMIT_MS,
          ({ bindings }) =>
            bindings.some(({ mobileNetworkPrefixes }) => mobileNetworkPrefixes.map(textOf).includes(prefix)),
        );
      const routesOf = async (prefix: string) =>
        (await lab.network.ip("ha", ["-6", "route", "show", prefix])).trim();
      const ping = (node: string, address: string) =>
        lab.until(
          `an answer of ${address} to ${node}`,
          LIMIT_MS,
          () => lab.exec(node, ["ping", "-c1", "-W1", address]).then(() => true, () => false),
        );

      homeAgent.start();
      await homeAgent.ready(LIMIT_MS);
      mobileRouter.start();
      const prefix = await registered();
      await isBound(prefix);
      assert((await routesOf(prefix)).includes("dev dsmip-ha proto 155"));

      // The host behind it makes an address of its own, which the Internet reaches, and which reaches the Internet.
      const host = await lab.until("an address of the host", LIMIT_MS, async () => {
        const shown = await lab.network.ip("mnn", [
          "-6",
          "address",
          "show",
          "dev",
          "eth0",
          "scope",
          "global",
        ]);
        return /inet6 (\S+)\/64/.exec(shown)?.[1];
      });
      assert(prefixContains(parseIpv6Prefix(prefix)!, host), host);
      await ping("core", host);
      await ping("mnn", CORRESPONDENT);

      // The home agent forgets everything: the mobile router gets the same prefix again.
      await homeAgent.end("SIGKILL");
      homeAgent.start();
      await homeAgent.ready(LIMIT_MS);
      // What the mobile router sends itself is answered: there is no binding.
      await ping("mr", CORRESPONDENT);
      await isBound(prefix);
      assertEquals(await registered(), prefix);
      await ping("core", host);

      // Killed, the mobile router gives nothing back, and gets the same.
      await mobileRouter.end("SIGKILL");
      mobileRouter.start();
      assertEquals(await registered(), prefix);

      // Ended, it gives it back.
      const { code, tookMs } = await mobileRouter.end("SIGTERM");
      assertEquals(code, 0);
      assert(tookMs < 2000, `${tookMs} ms`);
      assertEquals(await routesOf(prefix), "");
      assert(homeAgent.log().includes("prefixes=none"), homeAgent.log());
    } catch (error) {
      for (const [name, lines] of lab.logTails(40)) console.log(name, lines.join("\n"));
      throw error;
    }
  },
);

labTest(
  "RFC 6276 4: real daemons: nobody but a bound home address, by its tunnel, is answered",
  async (lab) => {
    await lab.network.build(TOPOLOGY);
    const homeAgent = await configureHomeAgent(lab, HOME_AGENT);
    homeAgent.start();
    await homeAgent.ready(LIMIT_MS);
    const options = [
      { kind: "clientIdentifier", duid: new Uint8Array(6) },
      { kind: "rapidCommit" },
      iaPd(1),
    ];
    const datagram = (address: string) =>
      encodeDhcpv6(relayed(
        { kind: "message", type: solicit, transactionId: 1, options: options as Dhcpv6Option[] },
        address,
      ));
    const { homeAddress } = MOBILE_ROUTER;
    // On the way to the home agent, with addresses of its own and of the mobile router.
    await lab.network.ip("core", ["address", "add", `${homeAddress}/128`, "dev", "lo", "nodad"]);
    await lab.network.ip("ha", [
      "-6",
      "route",
      "add",
      `${homeAddress}/128`,
      "via",
      CORRESPONDENT,
      "metric",
      "1",
    ]);
    const namespace = lab.network.namespace("core");
    for (const source of [CORRESPONDENT, homeAddress]) {
      using socket = inNetworkNamespace(
        namespace,
        () => new Udp6DeviceSocket({ address: source, port: 547, device: "ha", receiveBufferOctets: 65_536 }),
      );
      for (let i = 0; i < 3; i++) socket.send(datagram(source), HOME_AGENT_IPV6, 547);
      await new Promise((resolve) => setTimeout(resolve, 300));
      assertEquals(socket.receive(), undefined);
    }
    assert(!homeAgent.log().includes("delegated"), homeAgent.log());
  },
);
