import { assertEquals } from "@std/assert";
import { parseConfiguration } from "../../cli/configuration/configuration.ts";
import {
  asHomeAgent,
  asMobileNode,
  assertMistakes,
  changed,
  changedNode,
  FULL_TOML,
  HOME_AGENT_TOML,
  KeyFolder,
  mistakesOf,
  MOBILE_NODE_TOML,
} from "./configuration_files.ts";

Deno.test("configuration: a home agent's IPv4 home network, pools and IPv4 home addresses", () => {
  using folder = new KeyFolder();
  const { settings, linkMtu } = asHomeAgent(parseConfiguration(`${folder.path}/ha.toml`, FULL_TOML));
  assertEquals(settings.ipv4HomePrefix, { address: "192.0.2.0", length: 24 });
  assertEquals(settings.ipv4Pool, { address: "192.0.2.128", length: 25 });
  assertEquals(settings.ipv4NetworkPool, { prefix: { address: "10.64.0.0", length: 16 }, networkLength: 26 });
  const mobileNetworkPool = { prefix: { address: "2001:db8:f00::", length: 48 }, networkLength: 60 };
  assertEquals(settings.mobileNetworkPool, mobileNetworkPool);
  assertEquals(linkMtu, 1400);
  assertEquals(settings.mobileNodes.map(({ ipv4HomeAddress }) => ipv4HomeAddress), [
    { address: "192.0.2.200", prefixLength: 32 },
    { address: "10.1.0.1", prefixLength: 24 },
  ]);
  const short = FULL_TOML.replaceAll(/^.*_length = .*\n/gm, "");
  const { ipv4NetworkPool, mobileNetworkPool: prefixes } =
    asHomeAgent(parseConfiguration(`${folder.path}/ha.toml`, short)).settings;
  assertEquals([ipv4NetworkPool?.networkLength, prefixes?.networkLength], [28, 64], "left out");
});

Deno.test("configuration: a pool that is smaller than its takers are many is warned of", () => {
  using folder = new KeyFolder();
  const pool = (addresses: string) => {
    const toml = FULL_TOML.replaceAll(/^ipv4_home_address.*\n/gm, "").replace(
      /^ipv4_pool =.*$/m,
      `ipv4_pool = "${addresses}"`,
    );
    return asHomeAgent(parseConfiguration(`${folder.path}/ha.toml`, toml)).warnings;
  };
  assertEquals(pool("192.0.2.128/31"), []);
  assertEquals(pool("192.0.2.128/32").map((text) => text.slice(0, 52)), [
    "ipv4_pool has 1 addresses for 2 mobile nodes without",
  ]);
});

Deno.test("configuration: a mobile node's IPv4 home address, any one, with a network or without", () => {
  using folder = new KeyFolder();
  const cases = [
    ["192.0.2.100", { address: "192.0.2.100", prefixLength: 32 }],
    ["192.0.2.100/32", { address: "192.0.2.100", prefixLength: 32 }],
    ["10.1.0.1/24", { address: "10.1.0.1", prefixLength: 24 }],
    ["any", { address: "0.0.0.0", prefixLength: 32 }],
    ["any/28", { address: "0.0.0.0", prefixLength: 28 }],
  ] as const;
  for (const [text, expected] of cases) {
    const toml = MOBILE_NODE_TOML + `ipv4_home_address = "${text}"\n`;
    const { settings } = asMobileNode(parseConfiguration(`${folder.path}/mn.toml`, toml));
    assertEquals(settings.ipv4HomeAddress, expected);
  }
});

Deno.test("configuration: what the pools leave out, and what is a part of the home network, may be so", () => {
  using folder = new KeyFolder();
  const accepted = [
    changed("ipv4_pool", '"192.0.2.0/24"'),
    changed("ipv4_home_prefix", '"192.0.0.0/16"'),
    changedNode("ipv4_home_address", '"10.64.9.1/24"'),
    changedNode("ipv4_home_address", '"192.0.2.65/26"'),
    changedNode("mobile_network_prefixes", '"2001:db8:f00:7::/64"'),
    changedNode("mobile_network_prefixes", '"2001:db8:100::200/120"'),
  ];
  for (const { name, from, to } of accepted) {
    const toml = FULL_TOML.replace(from, to);
    assertEquals(toml === FULL_TOML, false, name);
    parseConfiguration(`${folder.path}/ha.toml`, toml);
  }
  // One address is a home network, too: its own name and that for everybody are no addresses there.
  const one = HOME_AGENT_TOML.replace("\n\n", '\nipv4_home_prefix = "198.51.100.7/32"\n\n')
    .replace('::100"', '::100"\nipv4_home_address = "198.51.100.7"');
  parseConfiguration(`${folder.path}/ha.toml`, one);
  // On a real home link the home agent's address is one of its addresses.
  const onLink = HOME_AGENT_TOML.replace(
    "\n\n",
    '\nhome_link = "eth1"\nipv4_home_prefix = "203.0.113.0/24"\n\n',
  )
    .replace('::100"', '::100"\nipv4_home_address = "203.0.113.7"');
  parseConfiguration(`${folder.path}/ha.toml`, onLink);
});

const PREFIX = "must be an IPv4 prefix of 8 to";
const HOME_ADDRESS =
  "must be an IPv4 address such as 192.0.2.100, or with the length of the network around it (8 to 30)";

Deno.test("configuration: IPv4 home networks, pools and addresses that make no sense are refused", () => {
  assertMistakes(FULL_TOML, [
    changed(
      "ipv4_home_prefix",
      '"192.0.2.0"',
      `:5: [home_agent] ipv4_home_prefix = "192.0.2.0": ${PREFIX} 32 bits`,
    ),
    changed("ipv4_home_prefix", '"0.0.0.0/0"', `:5: [home_agent] ipv4_home_prefix = "0.0.0.0/0": ${PREFIX}`),
    changed(
      "ipv4_home_prefix",
      '"224.0.0.0/8"',
      `:5: [home_agent] ipv4_home_prefix = "224.0.0.0/8": ${PREFIX}`,
    ),
    changed(
      "ipv4_home_prefix",
      '"2001:db8::/32"',
      `:5: [home_agent] ipv4_home_prefix = "2001:db8::/32": ${PREFIX}`,
    ),
    changed(
      "ipv4_home_prefix",
      '"203.0.113.0/24"',
      ":5: [home_agent] ipv4_home_prefix: 203.0.113.0/24 ends at the home agent and covers its ipv4_address 203.0.113.1",
      ":6: [home_agent] ipv4_pool: 192.0.2.128/25 is not inside ipv4_home_prefix 203.0.113.0/24",
      ':16: [[mobile_node]] 1 ipv4_home_address = "192.0.2.200": is outside ipv4_home_prefix 203.0.113.0/24',
    ),
    changed(
      "ipv4_pool",
      '"192.0.3.0/25"',
      ":6: [home_agent] ipv4_pool: 192.0.3.0/25 is not inside ipv4_home_prefix",
    ),
    changed(
      "ipv4_pool",
      '"192.0.0.0/16"',
      ":6: [home_agent] ipv4_pool: 192.0.0.0/16 is not inside ipv4_home_prefix",
    ),
    changed(
      "ipv4_network_pool",
      '"10.64.0.0/31"',
      `:7: [home_agent] ipv4_network_pool = "10.64.0.0/31": ${PREFIX} 30`,
    ),
    changed(
      "ipv4_network_pool_length",
      "31",
      ":8: [home_agent] ipv4_network_pool_length = 31: must be a whole number from 8 to 30",
    ),
    changed(
      "ipv4_network_pool_length",
      "12",
      ":8: [home_agent] ipv4_network_pool_length: networks of 12 bits are larger than ipv4_network_pool 10.64.0.0/16;" +
        " ipv4_network_pool_length must be at least 16",
    ),
    changed(
      "mobile_network_pool",
      '"2001:db8:f00::"',
      ':9: [home_agent] mobile_network_pool = "2001:db8:f00::": must be',
    ),
    changed(
      "mobile_network_pool_length",
      "40",
      ":10: [home_agent] mobile_network_pool_length: networks of 40 bits",
    ),
    changed("mobile_network_pool_length", "65", ":10: [home_agent] mobile_network_pool_length = 65: must be"),
    changed("link_mtu", "67", ":11: [home_agent] link_mtu = 67: must be a whole number from 68 to 65535"),
    changed(
      "ipv4_home_address",
      '"192.0.2.0"',
      ':16: [[mobile_node]] 1 ipv4_home_address = "192.0.2.0": is the address of the network 192.0.2.0/24 itself',
    ),
    changed(
      "ipv4_home_address",
      '"192.0.2.255"',
      ':16: [[mobile_node]] 1 ipv4_home_address = "192.0.2.255": is the broadcast address of 192.0.2.0/24',
    ),
    changed(
      "ipv4_home_address",
      '"any"',
      `:16: [[mobile_node]] 1 ipv4_home_address = "any": ${HOME_ADDRESS}`,
    ),
    ...[
      "127.0.0.1",
      "169.254.0.1",
      "0.0.0.0",
      "224.0.0.5",
      "10.1.0.1/31",
      "10.1.0.1/7",
      "10.1.0.1/024",
      "10.1.0.1/",
      "::1",
    ]
      .map((text) =>
        changed(
          "ipv4_home_address",
          `"${text}"`,
          `:16: [[mobile_node]] 1 ipv4_home_address = "${text}": ${HOME_ADDRESS}`,
        )
      ),
    changedNode(
      "ipv4_home_address",
      '"10.1.0.0/24"',
      ':23: [[mobile_node]] 2 ipv4_home_address = "10.1.0.0/24": is the address of the network',
    ),
    changedNode(
      "ipv4_home_address",
      '"10.1.0.255/24"',
      ':23: [[mobile_node]] 2 ipv4_home_address = "10.1.0.255/24": is the broadcast address',
    ),
  ]);
  assertMistakes(FULL_TOML.replace(/ipv4_home_prefix.*/, ""), [
    {
      name: "no home prefix",
      from: /$/,
      to: "\n",
      expect: [
        ":6: [home_agent] ipv4_pool needs ipv4_home_prefix",
        ':16: [[mobile_node]] 1 ipv4_home_address = "192.0.2.200": is in no home network; add its network to [home_agent] as ipv4_home_prefix',
      ],
    },
  ]);
  assertMistakes(FULL_TOML.replaceAll(/^.*_network_pool = .*/gm, ""), [
    {
      name: "lengths alone",
      from: /$/,
      to: "\n",
      expect: [
        ":8: [home_agent] ipv4_network_pool_length: is of no use without ipv4_network_pool",
        ":10: [home_agent] mobile_network_pool_length: is of no use without mobile_network_pool",
      ],
    },
  ]);
  assertMistakes(FULL_TOML.replaceAll(/^.*_length = .*/gm, ""), [
    changed(
      "ipv4_network_pool",
      '"10.64.0.0/30"',
      ":7: [home_agent] ipv4_network_pool: networks of 28 bits are larger than ipv4_network_pool 10.64.0.0/30",
    ),
  ]);
});

Deno.test("configuration: one wrong IPv4 home prefix is one mistake", () => {
  using folder = new KeyFolder();
  const toml = FULL_TOML.replace('"192.0.2.0/24"', '"192.0.2.0/33"');
  assertEquals(mistakesOf(() => parseConfiguration(`${folder.path}/ha.toml`, toml)).mistakes.length, 1);
});

Deno.test("configuration: a mobile node's own mistakes with IPv4 home addresses", () => {
  const put = (text: string, ...expect: string[]) => ({ name: text, from: /$/, to: `${text}\n`, expect });
  assertMistakes(MOBILE_NODE_TOML, [
    put('ipv4_home_address = "some"', ':9: [mobile_node] ipv4_home_address = "some": ' + HOME_ADDRESS),
    put(
      'ipv4_home_address = "any/31"',
      ':9: [mobile_node] ipv4_home_address = "any/31": must be an IPv4 address',
    ),
    put('ipv4_home_address = "any/"', ':9: [mobile_node] ipv4_home_address = "any/": must be'),
    put('ipv4_home_address = "any/24/1"', ':9: [mobile_node] ipv4_home_address = "any/24/1": must be'),
    put('ipv4_home_address = "0.0.0.0"', ':9: [mobile_node] ipv4_home_address = "0.0.0.0": must be'),
    put(
      'ipv4_home_address = "10.1.0.0/24"',
      ':9: [mobile_node] ipv4_home_address = "10.1.0.0/24": is the address of',
    ),
    put(
      'ipv4_home_address = "203.0.113.1"',
      ':9: [mobile_node] ipv4_home_address = "203.0.113.1": is the home agent\'s own home_agent_ipv4_address',
    ),
    put(
      'ipv4_home_address = "203.0.113.7/24"',
      ":9: [mobile_node] ipv4_home_address: 203.0.113.0/24 overlaps home_agent_ipv4_address 203.0.113.1",
    ),
    put(
      'dsmip = false\nipv4_home_address = "any"',
      ":10: [mobile_node] ipv4_home_address: contradicts dsmip = false",
    ),
    put(
      'mobile_network_prefixes = "2001:db8::/32"',
      ":9: [mobile_node] mobile_network_prefixes: 2001:db8::/32 overlaps home_agent_ipv6_address 2001:db8:100::1",
    ),
  ]);
});
