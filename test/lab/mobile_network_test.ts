import { assertEquals, assertMatch } from "@std/assert";
import { MobilityCapture } from "../../cli/lab/mobility_capture.ts";
import { startDhcpClient } from "../../cli/lab/dhcp.ts";
import { takeSnapshot } from "../../cli/lab/snapshot.ts";
import {
  CORRESPONDENT,
  CORRESPONDENT_IPV4,
  hasDefaultRoute,
  HOME_AGENT,
  hostAddresses,
  LIMIT_MS,
  LINK_MTU,
  MOBILE_ROUTER,
  mtuOfHost,
  openStage,
  ping,
  programs,
  SERVED,
  servedTest,
  untilPing,
} from "./mobile_network_stage.ts";

/** That tshark has to find in the updates and answers. */
const OPTIONS = ["mip6.nemo.mnp.mnp", "mip6.ipv4ha.ha", "mip6.ipv4aa.sts"];

servedTest(
  "real daemons: a host behind a mobile router needs nothing: address, MTU, tunnel; detachment; kill -9",
  async (lab) => {
    const { mobileRouter } = await openStage(lab, SERVED);
    const untouched = await takeSnapshot(lab.network, "mr");
    const capture = await MobilityCapture.start(lab, "ha");
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
    const ipv4 = await startDhcpClient(lab, "mnn");
    assertMatch(ipv4, /^10\.1\.0\./);
    await untilPing(lab, CORRESPONDENT_IPV4);
    await ping(lab, CORRESPONDENT_IPV4, "-M", "do", "-s", `${LINK_MTU - 20 - 28}`);
    await lab.exec("cn", ["ping", "-c1", "-W2", "-M", "do", "-s", `${LINK_MTU - 20 - 28}`, ipv4]);
    // An MTU that the host was not told is told by the mobile router, and what may be cut is cut.
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
    const { messages, faulty, options } = await capture.end(OPTIONS);
    assertEquals([messages > 3, faulty, options], [true, [], OPTIONS]);
    assertEquals(await programs(lab), "");
    assertEquals(await takeSnapshot(lab.network, "mr"), untouched);
    assertEquals(await lab.exec("mr", ["sysctl", "-n", "net.ipv6.conf.all.forwarding"]), "0\n");
  },
);

servedTest(
  "RFC 6276: real daemons: a network that the home agent delegates is served, and outlives a detachment",
  async (lab) => {
    const { identity, homeAddress, spi } = MOBILE_ROUTER;
    const mobileNodes = [{ identity, homeAddress, spi, requestPrefixes: 1 }];
    const options = { ...HOME_AGENT, mobileNetworkPool: "2001:db8:a00::/48", mobileNodes };
    const { mobileRouter } = await openStage(lab, SERVED, options);
    mobileRouter.start();
    const address = await lab.until(
      "an address by SLAAC",
      LIMIT_MS,
      async () => (await hostAddresses(lab))[0],
    );
    assertMatch(address, /^2001:db8:a00:/);
    await untilPing(lab);
    await lab.network.ip("mr", ["link", "set", "eth0", "down"]);
    await mobileRouter.until("no tunnel", LIMIT_MS, ({ state }) => state !== "registered");
    await lab.network.ip("mr", ["link", "set", "eth0", "up"]);
    await mobileRouter.until("registration", LIMIT_MS, ({ state }) => state === "registered");
    assertEquals([await hostAddresses(lab), await hasDefaultRoute(lab)], [[address], true]);
    await untilPing(lab);
  },
);

servedTest(
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

servedTest(
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

servedTest(
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
