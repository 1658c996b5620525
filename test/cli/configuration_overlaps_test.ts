import { assertEquals } from "@std/assert";
import { parseConfiguration } from "../../cli/configuration/configuration.ts";
import {
  asHomeAgent,
  assertMistakes,
  changed,
  changedNode,
  FULL_TOML,
  HOME_AGENT_TOML,
  mistakesOf,
} from "./configuration_files.ts";

Deno.test("configuration: an address or a prefix that is claimed for two things is refused at the later place", () => {
  assertMistakes(FULL_TOML, [
    changedNode(
      "ipv4_home_address",
      '"192.0.2.200"',
      ':23: [[mobile_node]] 2 ipv4_home_address = "192.0.2.200": is that of [[mobile_node]] 1 already; each needs its own',
    ),
    changedNode(
      "ipv4_home_address",
      '"192.0.2.193/27"',
      ":23: [[mobile_node]] 2 ipv4_home_address: 192.0.2.192/27 overlaps 192.0.2.200 of [[mobile_node]] 1; keep them apart",
    ),
    changedNode(
      "ipv4_home_address",
      '"203.0.113.9/24"',
      ":23: [[mobile_node]] 2 ipv4_home_address: 203.0.113.0/24 overlaps ipv4_address 203.0.113.1",
    ),
    changedNode(
      "ipv4_home_address",
      '"192.0.0.1/16"',
      ":23: [[mobile_node]] 2 ipv4_home_address: 192.0.0.0/16 overlaps ipv4_home_prefix 192.0.2.0/24",
    ),
    changedNode(
      "ipv4_home_address",
      '"10.0.0.1/8"',
      ":23: [[mobile_node]] 2 ipv4_home_address: 10.0.0.0/8 overlaps ipv4_network_pool 10.64.0.0/16",
    ),
    changed(
      "ipv4_network_pool",
      '"192.0.2.64/26"',
      ":7: [home_agent] ipv4_network_pool: 192.0.2.64/26 overlaps ipv4_home_prefix 192.0.2.0/24",
    ),
    changed(
      "ipv4_network_pool",
      '"192.0.0.0/16"',
      ":7: [home_agent] ipv4_network_pool: 192.0.0.0/16 overlaps ipv4_home_prefix",
    ),
    changed(
      "ipv4_network_pool",
      '"203.0.112.0/20"',
      ":7: [home_agent] ipv4_network_pool: 203.0.112.0/20 overlaps ipv4_address 203.0.113.1",
    ),
    changed(
      "mobile_network_pool",
      '"2001:db8::/32"',
      ":9: [home_agent] mobile_network_pool: 2001:db8::/32 overlaps ",
    ),
    changed(
      "mobile_network_pool",
      '"2001:db8:100:0:8000::/66"',
      ":9: [home_agent] mobile_network_pool: 2001:db8:100:0:8000::/66 overlaps home_prefix 2001:db8:100::/64",
    ),
    changedNode(
      "mobile_network_prefixes",
      '"2001:db8:f00::/40"',
      ":24: [[mobile_node]] 2 mobile_network_prefixes: 2001:db8:f00::/40 overlaps mobile_network_pool 2001:db8:f00::/48",
    ),
    changedNode(
      "mobile_network_prefixes",
      '"2001:db8:100::/64"',
      ":24: [[mobile_node]] 2 mobile_network_prefixes: 2001:db8:100::/64 overlaps ",
    ),
    changedNode(
      "mobile_network_prefixes",
      '"2001:db8:100::/127"',
      ":24: [[mobile_node]] 2 mobile_network_prefixes: 2001:db8:100::/127 overlaps ipv6_address 2001:db8:100::1",
    ),
    changedNode(
      "mobile_network_prefixes",
      '"2001:db8:100::100/120"',
      ":24: [[mobile_node]] 2 mobile_network_prefixes: 2001:db8:100::100/120 overlaps 2001:db8:100::100 of [[mobile_node]] 1",
    ),
    changedNode(
      "mobile_network_prefixes",
      '["2001:db8:200::/64", "2001:db8:200::/63"]',
      ":24: [[mobile_node]] 2 mobile_network_prefixes: 2001:db8:200::/63 overlaps mobile_network_prefixes 2001:db8:200::/64",
    ),
  ]);
  const alone = FULL_TOML.replace('ipv4_home_address = "192.0.2.200"', "");
  assertMistakes(alone.replace(/^ipv4_pool.*/m, ""), [
    changedNode(
      "ipv4_home_address",
      '"192.0.2.1/24"',
      ":23: [[mobile_node]] 2 ipv4_home_address: 192.0.2.0/24 overlaps ipv4_home_prefix 192.0.2.0/24",
    ),
  ]);
  assertMistakes(alone, [
    changedNode(
      "ipv4_home_address",
      '"192.0.2.129/25"',
      ":23: [[mobile_node]] 2 ipv4_home_address: 192.0.2.128/25 overlaps ipv4_pool 192.0.2.128/25",
    ),
  ]);
  const first = FULL_TOML.replace(
    '"192.0.2.200"',
    '"192.0.2.200"\nmobile_network_prefixes = "2001:db8:200::/56"',
  );
  assertMistakes(first, [
    {
      name: "of two identities",
      from: /$/,
      to: "\n",
      expect: [
        ":25: [[mobile_node]] 2 mobile_network_prefixes: 2001:db8:200::/64 overlaps 2001:db8:200::/56 of [[mobile_node]] 1",
      ],
    },
  ]);
  const onLink = FULL_TOML.replace('"2001:db8:100::/64"', '"2001:db8:100::/64"\nhome_link = "eth1"');
  assertMistakes(
    onLink,
    [
      changedNode(
        "ipv4_home_address",
        '"192.0.2.65/26"',
        ":24: [[mobile_node]] 2 ipv4_home_address: 192.0.2.65/26 is a part of ipv4_home_prefix 192.0.2.0/24, whose hosts look for it on eth1",
      ),
      changed(
        "ipv4_home_address",
        '"203.0.113.1"',
        ':17: [[mobile_node]] 1 ipv4_home_address = "203.0.113.1": is the home agent\'s own ipv4_address',
      ),
      {
        name: "a pool around the home agent",
        from: /^ipv4_home_prefix = .*\nipv4_pool = .*/m,
        to: 'ipv4_home_prefix = "203.0.113.0/24"\nipv4_pool = "203.0.113.0/28"',
        expect: [":7: [home_agent] ipv4_pool: 203.0.113.0/28 overlaps ipv4_address 203.0.113.1"],
      },
    ],
  );
});

Deno.test("configuration: networks have as many lengths as the data path looks for, those of pools included", () => {
  const ipv4 = (...lengths: number[]) =>
    lengths.map((length, index) => `ipv4_home_address = "10.${index}.0.1/${length}"\n`);
  const ipv6 = (...lengths: number[]) =>
    lengths.map((length, index) => `mobile_network_prefixes = "2001:db8:20${index}::/${length}"\n`);
  const read = (pool: string, lines: readonly string[]) =>
    parseConfiguration(
      "ha.toml",
      HOME_AGENT_TOML.split("\n\n")[0] + `\nauthentication = "none"\n${pool}\n` + lines.map((line, index) =>
        `[[mobile_node]]
identity = "mn${index}@example.org"
home_address = "2001:db8:100::1:${index}"
${line}`
      ).join(""),
    );
  read("", ipv4(16, 17, 18, 19, 20, 21, 22, 23, 23));
  read("", ipv6(48, 49, 50, 51, 52, 53, 54, 55, 55));
  const ipv4Pool = 'ipv4_network_pool = "10.64.0.0/16"';
  const ipv6Pool = 'mobile_network_pool = "2001:db8:f00::/48"';
  read(ipv4Pool, ipv4(16, 17, 18, 19, 20, 21, 22, 28));
  read(ipv6Pool, [...ipv6(48, 49, 50, 51, 52, 53, 54, 64), ...ipv4(30)]);
  const mistakes = [
    [
      ipv4Pool,
      ipv4(16, 17, 18, 19, 20, 21, 22, 23),
      ":38: [[mobile_node]] 8 ipv4_home_address: mobile networks have " +
      "the lengths 28, 16, 17, 18, 19, 20, 21, 22 already, and /23 is one more; at most 8 are served",
    ],
    [
      ipv6Pool,
      ipv6(48, 49, 50, 51, 52, 53, 54, 55),
      ":38: [[mobile_node]] 8 mobile_network_prefixes: mobile networks " +
      "have the lengths 64, 48, 49, 50, 51, 52, 53, 54 already, and /55 is one more; at most 8 are served",
    ],
  ] as const;
  for (const [pool, lines, expected] of mistakes) {
    assertEquals(mistakesOf(() => read(pool, lines)).message, `ha.toml${expected}`);
  }
});

Deno.test("configuration: ten thousand mobile nodes with networks are read in no time", () => {
  const nodes = Array.from({ length: 10_000 }, (_, index) => {
    const [high, low] = [index >> 8, index & 0xff];
    return `[[mobile_node]]
identity = "mn${index}@example.org"
home_address = "2001:db8:100::1:${index.toString(16)}"
ipv4_home_address = "10.${high}.${low}.1/24"
mobile_network_prefixes = "2001:db8:200:${index.toString(16)}::/64"
`;
  });
  const head = HOME_AGENT_TOML.split("\n\n")[0] + '\nauthentication = "none"\n';
  const startMs = performance.now();
  const read = (more: string) => asHomeAgent(parseConfiguration("ha.toml", head + nodes.join("") + more));
  assertEquals(read("").settings.mobileNodes.length, 10_000);
  nodes.pop();
  const clash = `[[mobile_node]]
identity = "other@example.org"
home_address = "2001:db8:100::2"
ipv4_home_address = "10.0.0.1/8"
`;
  assertEquals(mistakesOf(() => read(clash)).mistakes.length, 1);
  assertEquals(performance.now() - startMs < 20_000, true, "an overlap is not looked for pair by pair");
});
