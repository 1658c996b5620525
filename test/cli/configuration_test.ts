import { assert, assertEquals } from "@std/assert";
import { parse } from "smol-toml";
import { parseConfiguration, readConfiguration } from "../../cli/configuration/configuration.ts";
import {
  asHomeAgent,
  asMobileNode,
  HOME_AGENT_TOML,
  KEY_HEX,
  KeyFolder,
  mistakesOf,
  MOBILE_NODE_TOML,
} from "./configuration_files.ts";

function octets(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g)!, (digits) => parseInt(digits, 16));
}

Deno.test("configuration: a home agent's file with the defaults", () => {
  using folder = new KeyFolder();
  const file = folder.write("ha.toml", HOME_AGENT_TOML, 0o644);
  assertEquals(readConfiguration(file), {
    kind: "homeAgent",
    file,
    document: parse(HOME_AGENT_TOML),
    settings: {
      address: "2001:db8:100::1",
      homePrefix: { address: "2001:db8:100::", length: 64 },
      mobileNodes: [
        {
          identity: "mn1@example.org",
          homeAddress: "2001:db8:100::100",
          mobileNetworkPrefixes: [],
          ipv4HomeAddress: undefined,
          security: { spi: 1000, algorithm: "hmac-sha256-128", key: octets(KEY_HEX.mn1) },
          requiresEsp: false,
        },
        {
          identity: "mn2@example.org",
          homeAddress: "2001:db8:100::200",
          mobileNetworkPrefixes: [],
          ipv4HomeAddress: undefined,
          security: { spi: 1001, algorithm: "hmac-sha1-96", key: octets(KEY_HEX.mn2) },
          requiresEsp: false,
        },
      ],
      requireAuthentication: true,
      maximumLifetimeSeconds: 420,
      natRefreshSeconds: 25,
      forceUdp: false,
      acceptForceUdp: true,
      prefixAdvertisements: true,
      probeCareOfAddress: false,
      clockToleranceMs: 7000,
      homeLink: false,
      preference: 0,
      ipv4HomePrefix: undefined,
      ipv4Pool: undefined,
      ipv4NetworkPool: undefined,
      mobileNetworkPool: undefined,
    },
    ipv4Address: "203.0.113.1",
    homeLink: undefined,
    port: 4191,
    tun: "dsmip-ha",
    linkMtu: undefined,
    workers: 1,
    forwarding: false,
    controlSocket: "/run/dsmip/ha.sock",
    stateDirectory: "/var/lib/dsmip",
    securityAssociations: [],
    warnings: [],
  });
});

Deno.test("configuration: a mobile node's file with the defaults", () => {
  using folder = new KeyFolder();
  const file = folder.write("mn.toml", MOBILE_NODE_TOML, 0o644);
  assertEquals(readConfiguration(file), {
    kind: "mobileNode",
    file,
    document: parse(MOBILE_NODE_TOML),
    settings: {
      identity: "mn1@example.org",
      homeAddress: "2001:db8:100::100",
      homeAgentAddress: "2001:db8:100::1",
      homeAgentIpv4Address: "203.0.113.1",
      homeAgentPort: 4191,
      security: { spi: 1000, algorithm: "hmac-sha256-128", key: octets(KEY_HEX.mn1) },
      requiresEsp: false,
      lifetimeSeconds: 420,
      firstTimeoutMs: 1500,
      forceUdp: false,
      keepaliveSeconds: undefined,
      prefer: "ipv6",
      dsmip: true,
      mobileNetworkPrefixes: [],
      requestsPrefixes: false,
      ipv4HomeAddress: undefined,
    },
    requestPrefixes: 0,
    egress: ["eth0"],
    manage: true,
    routerProbeMs: 1000,
    localPort: 4191,
    tun: "dsmip-mn",
    mobileNetwork: undefined,
    workers: 1,
    controlSocket: "/run/dsmip/mn.sock",
    stateDirectory: "/var/lib/dsmip",
    securityAssociations: [],
    warnings: [],
  });
});

Deno.test("configuration: without a home agent's IPv6 address, one is to be discovered", () => {
  using folder = new KeyFolder();
  const text = MOBILE_NODE_TOML.replace(/home_agent_ipv6_address.*\n/, "");
  const configuration = readConfiguration(folder.write("mn.toml", text, 0o644));
  assertEquals(
    configuration.kind === "mobileNode" ? configuration.settings.homeAgentAddress : "",
    undefined,
  );
});

Deno.test("RFC 5555 3.2.2 D-049: configuration: every optional key is taken", () => {
  using folder = new KeyFolder();
  const agentKeys = `
tun = "homelink"
home_link = "eth1"
preference = 7
forwarding = true
port = 4192
control_socket = "run/ha.sock"
maximum_lifetime_seconds = 262140
nat_refresh_seconds = 0
force_udp = true
clock_tolerance_seconds = 4

`;
  const agent = asHomeAgent(
    parseConfiguration(`${folder.path}/ha.toml`, HOME_AGENT_TOML.replace("\n\n", agentKeys)),
  );
  assertEquals(agent.tun, "homelink");
  assertEquals(agent.homeLink, "eth1");
  assertEquals([agent.settings.homeLink, agent.settings.preference], [true, 7]);
  assertEquals(agent.forwarding, true);
  assertEquals(agent.port, 4192);
  assertEquals(agent.controlSocket, `${folder.path}/run/ha.sock`);
  assertEquals(agent.settings.maximumLifetimeSeconds, 262140);
  assertEquals(agent.settings.natRefreshSeconds, 0);
  assertEquals(agent.settings.forceUdp, true);
  assertEquals(agent.settings.clockToleranceMs, 4000);

  const refusing = HOME_AGENT_TOML.replace("\n\n", "\naccept_force_udp = false\n\n");
  const other = asHomeAgent(parseConfiguration(`${folder.path}/ha.toml`, refusing));
  assertEquals(other.settings.acceptForceUdp, false);

  const nodeKeys = `
algorithm = "hmac-sha1-96"
tun = "t"
control_socket = "/run/other.sock"
lifetime_seconds = 4
force_udp = true
keepalive_seconds = 20
home_agent_port = 65535
local_port = 0
manage = false
router_probe_ms = 0
prefer = "keep"
dsmip = false
mobile_network_prefixes = ["2001:db8:200::/64", "2001:db8:201::/64"]
request_prefixes = 4
`;
  const withoutIpv4 = MOBILE_NODE_TOML.replace(/home_agent_ipv4_address.*\n/, "");
  const twoInterfaces = withoutIpv4.replace(/"eth0"/, '["eth0", "wlan0"]') + nodeKeys;
  const node = asMobileNode(parseConfiguration(`${folder.path}/mn.toml`, twoInterfaces));
  assertEquals(node.egress, ["eth0", "wlan0"]);
  assertEquals([node.manage, node.routerProbeMs, node.requestPrefixes], [false, 0, 4]);
  assertEquals(node.settings.requestsPrefixes, true);
  assertEquals([node.settings.prefer, node.settings.dsmip], ["keep", false]);
  assertEquals(node.settings.mobileNetworkPrefixes.map(({ length }) => length), [64, 64]);
  assertEquals(node.settings.homeAgentIpv4Address, undefined);
  assertEquals(node.tun, "t");
  assertEquals(node.controlSocket, "/run/other.sock");
  assertEquals(node.localPort, 0);
  assertEquals(node.settings.lifetimeSeconds, 4);
  assertEquals(node.settings.forceUdp, true);
  assertEquals(node.settings.keepaliveSeconds, 20);
  assertEquals(node.settings.homeAgentPort, 65535);
  assertEquals(node.settings.security?.algorithm, "hmac-sha1-96");
});

Deno.test("configuration: running open is asked for by name and warned of", () => {
  const withoutKeys = (toml: string) => toml.replace(/^(spi|key_file|algorithm) = .*\n/gm, "");
  const open = (toml: string) =>
    withoutKeys(toml).replace("ipv4_address =", 'authentication = "none"\nipv4_address =');
  const agent = asHomeAgent(parseConfiguration("ha.toml", open(HOME_AGENT_TOML)));
  assertEquals(agent.settings.requireAuthentication, false);
  assertEquals(agent.settings.mobileNodes.map((node) => node.security), [undefined, undefined]);
  const openNode = withoutKeys(MOBILE_NODE_TOML) + 'authentication = "none"\n';
  const node = asMobileNode(parseConfiguration("mn.toml", openNode));
  assertEquals(node.settings.security, undefined);
  for (const { warnings } of [agent, node]) {
    assertEquals(warnings.length, 1);
    assert(warnings[0].startsWith('authentication = "none":'), warnings[0]);
  }
  const alone = parseConfiguration("ha.toml", HOME_AGENT_TOML.split("\n\n")[0]);
  assertEquals(alone.warnings, ["no [[mobile_node]]: every Binding Update will be refused"]);
});

Deno.test("configuration: a file that cannot be one", () => {
  using folder = new KeyFolder();
  const cases = [
    [`${folder.path}/none.toml`, "there is no such file"],
    [folder.path, "this is a directory"],
    ["/dev/zero", "longer than 4 MiB"],
    [folder.write("latin1.toml", Uint8Array.of(0x61, 0xe4)), "is not UTF-8 text"],
  ] as const;
  for (const [file, text] of cases) {
    const { message } = mistakesOf(() => readConfiguration(file));
    assert(message.startsWith(`${file}: ${text}`), message);
  }
});
