import { assertEquals } from "@std/assert";
import { parseConfiguration } from "../../cli/configuration/configuration.ts";
import {
  assertMistakes,
  type BadCase,
  HOME_AGENT_TOML,
  KeyFolder,
  mistakesOf,
  MOBILE_NODE_TOML,
} from "./configuration_files.ts";

const IPV6 = "must be a global unicast IPv6 address";

const BAD_HOME_AGENTS: readonly BadCase[] = [
  {
    name: "half of the key before",
    from: /^spi = 1000/m,
    to: "previous_spi = 999\nspi = 1000",
    expect: [
      ":6: [[mobile_node]] 1 previous_key_file is missing: the key before needs it, beside previous_spi",
    ],
  },
  {
    name: "the other half",
    from: /^spi = 1000/m,
    to: 'previous_key_file = "mn2.key"\nspi = 1000',
    expect: [
      ":6: [[mobile_node]] 1 previous_spi is missing: the key before needs it, beside previous_key_file",
    ],
  },
  {
    name: "the key before with the SPI of the next",
    from: /^spi = 1000/m,
    to: 'previous_spi = 1000\nprevious_key_file = "mn2.key"\nspi = 1000',
    expect: [
      ":9: [[mobile_node]] 1 previous_spi = 1000: is that of [[mobile_node]] 1 already; each needs its own",
    ],
  },
  {
    name: "the key before with another node's SPI, and without a file",
    from: /^spi = 1001/m,
    to: 'spi = 1001\nprevious_spi = 1000\nprevious_key_file = "gone.key"',
    expect: [
      ":16: [[mobile_node]] 2 previous_spi = 1000: is that of [[mobile_node]] 1 already; each needs its own",
      ":17: [[mobile_node]] 2 previous_key_file: key file",
    ],
  },
  {
    name: "the key before where nobody needs a key",
    from: /home_prefix = .*\n\n[^]*/m,
    to:
      'home_prefix = "2001:db8:100::/64"\nauthentication = "none"\n[[mobile_node]]\nidentity = "mn@example.org"\n' +
      'home_address = "2001:db8:100::100"\nprevious_spi = 1000\n',
    expect: [':9: [[mobile_node]] 1 previous_spi: contradicts authentication = "none"'],
  },
  {
    name: "mistyped key",
    from: /^home_prefix/m,
    to: "home_prefx",
    expect: [
      ":4: [home_agent] home_prefx: unknown key; did you mean home_prefix?",
      ":1: [home_agent] home_prefix is missing: it must be an IPv6 prefix",
    ],
  },
  {
    name: "unlike any key",
    from: /^ipv6_address/m,
    to: "zebra = 1\nipv6_address",
    expect: [
      ":2: [home_agent] zebra: unknown key; known keys: ipv6_address, ipv4_address, home_prefix,",
    ],
  },
  {
    name: "a name that every object has",
    from: /^ipv6_address/m,
    to: "toString = 1\nipv6_address",
    expect: [":2: [home_agent] toString: unknown key; known keys:"],
  },
  {
    name: "letters swapped",
    from: /^spi = 1000/m,
    to: "sip = 1000",
    expect: [":9: [[mobile_node]] 1 sip: unknown key; did you mean spi?"],
  },
  {
    name: "what looks like a key inside a string of many lines",
    from: /\n\n/,
    to: '\ntun = """\nport = 1"""\nport = 0\n\n',
    expect: [":5: [home_agent] tun = ", ":7: [home_agent] port = 0: must be"],
  },
  {
    name: "hyphens for underscores",
    from: /^spi = 1001/m,
    to: "SPI = 1001",
    expect: [
      ":15: [[mobile_node]] 2 SPI: unknown key; did you mean spi?",
      ":12: [[mobile_node]] 2 spi is missing: proof of origin needs it",
    ],
  },
  {
    name: "no address",
    from: /"2001:DB8:100:0::1"/,
    to: '"2001:db8::1::2"',
    expect: [
      `:2: [home_agent] ipv6_address = "2001:db8::1::2": ${IPV6}`,
    ],
  },
  {
    name: "link-local",
    from: /"2001:DB8:100:0::1"/,
    to: '"fe80::1"',
    expect: [`:2: [home_agent] ipv6_address = "fe80::1": ${IPV6}`],
  },
  {
    name: "multicast IPv4",
    from: /"203.0.113.1"/,
    to: '"224.0.0.1"',
    expect: [
      ':3: [home_agent] ipv4_address = "224.0.0.1": must be a unicast IPv4 address',
    ],
  },
  {
    name: "a number for an address",
    from: /"203.0.113.1"/,
    to: "203",
    expect: [":3: [home_agent] ipv4_address = 203: must be a unicast"],
  },
  {
    name: "prefix without length",
    from: /::\/64/,
    to: "::",
    expect: [
      ':4: [home_agent] home_prefix = "2001:db8:100::": must be an IPv6 prefix such as 2001:db8:100::/64',
    ],
  },
  {
    name: "outside the prefix",
    from: /100::100/,
    to: "200::100",
    expect: [
      ':8: [[mobile_node]] 1 home_address = "2001:db8:200::100": is outside home_prefix 2001:db8:100::/64',
    ],
  },
  {
    name: "home agent outside the prefix",
    from: /100:0::1/,
    to: "101::1",
    expect: [
      ':2: [home_agent] ipv6_address = "2001:db8:101::1": is outside home_prefix 2001:db8:100::/64',
    ],
  },
  {
    name: "the home agent's address",
    from: /::200"/,
    to: '::1"',
    expect: [
      ':14: [[mobile_node]] 2 home_address = "2001:db8:100::1": is the home agent\'s own ipv6_address',
    ],
  },
  {
    name: "anycast",
    from: /::200"/,
    to: '::"',
    expect: [':14: [[mobile_node]] 2 home_address = "2001:db8:100::": is the routers\' anycast'],
  },
  {
    name: "twice the same",
    from: /mn2@[^]*1001/,
    to: 'mn1@example.org"\nhome_address = "2001:db8:100:0::100"\nspi = 1000',
    expect: [
      ':13: [[mobile_node]] 2 identity = "mn1@example.org": is that of [[mobile_node]] 1 already',
      ':14: [[mobile_node]] 2 home_address = "2001:db8:100::100": is that of [[mobile_node]] 1 already',
      ":15: [[mobile_node]] 2 spi = 1000: is that of [[mobile_node]] 1 already",
    ],
  },
  {
    name: "reserved SPI",
    from: /1000/,
    to: "255",
    expect: [":9: [[mobile_node]] 1 spi = 255: must be a whole number from 256 to 4294967295"],
  },
  {
    name: "SPI too large",
    from: /1000/,
    to: "4294967296",
    expect: [":9: [[mobile_node]] 1 spi = 4294967296: must be"],
  },
  {
    name: "algorithm",
    from: /hmac-sha1-96/,
    to: "md5",
    expect: [
      ':17: [[mobile_node]] 2 algorithm = "md5": must be "hmac-sha256-128" or "hmac-sha1-96"',
    ],
  },
  {
    name: "authentication",
    from: /\n\n/,
    to: '\nauthentication = "off"\n\n',
    expect: [
      ':5: [home_agent] authentication = "off": must be "mn-ha" (proof of origin, RFC 4285) or "none"',
    ],
  },
  {
    name: "keys although open",
    from: /\n\n/,
    to: '\nauthentication = "none"\n\n',
    expect: [
      ':10: [[mobile_node]] 1 spi: contradicts authentication = "none"',
      ":17: [[mobile_node]] 2 key_file: contradicts",
    ],
  },
  {
    name: "port 0",
    from: /\n\n/,
    to: "\nport = 0\n\n",
    expect: [":5: [home_agent] port = 0: must be a whole number from 1 to 65535"],
  },
  {
    name: "port 65536",
    from: /\n\n/,
    to: "\nport = 65536\n\n",
    expect: [":5: [home_agent] port = 65536: must be"],
  },
  {
    name: "a fraction",
    from: /\n\n/,
    to: "\nport = 1.5\n\n",
    expect: [":5: [home_agent] port = 1.5: must be a whole number"],
  },
  {
    name: "lifetime not a multiple",
    from: /\n\n/,
    to: "\nmaximum_lifetime_seconds = 422\n\n",
    expect: [
      ":5: [home_agent] maximum_lifetime_seconds = 422: must be a whole number from 4 to 262140 and a multiple of 4",
    ],
  },
  {
    name: "lifetime 0",
    from: /\n\n/,
    to: "\nmaximum_lifetime_seconds = 0\n\n",
    expect: [":5: [home_agent] maximum_lifetime_seconds = 0: must be"],
  },
  {
    name: "lifetime too long",
    from: /\n\n/,
    to: "\nmaximum_lifetime_seconds = 262144\n\n",
    expect: [":5: [home_agent] maximum_lifetime_seconds = 262144: must be"],
  },
  {
    name: "RFC 4285 A-004 A-016: clock tolerance of 3 s",
    from: /\n\n/,
    to: "\nclock_tolerance_seconds = 3\n\n",
    expect: [":5: [home_agent] clock_tolerance_seconds = 3: must be a whole number from 4"],
  },
  {
    name: "yes",
    from: /\n\n/,
    to: '\nforce_udp = "yes"\n\n',
    expect: [':5: [home_agent] force_udp = "yes": must be true or false'],
  },
  {
    name: "F flags",
    from: /\n\n/,
    to: "\nforce_udp = true\naccept_force_udp = false\n\n",
    expect: [
      ":6: [home_agent] accept_force_udp = false: contradicts force_udp = true",
    ],
  },
  {
    name: "long interface name",
    from: /\n\n/,
    to: '\ntun = "abcdefghijklmnop"\n\n',
    expect: [
      ':5: [home_agent] tun = "abcdefghijklmnop": must be the name of a network interface: 1 to 15 octets',
    ],
  },
  {
    name: "white space in an interface name",
    from: /\n\n/,
    to: '\ntun = "a b"\n\n',
    expect: [':5: [home_agent] tun = "a b": must be'],
  },
  {
    name: "identity",
    from: /mn1@example.org/,
    to: "mn 1",
    expect: [':7: [[mobile_node]] 1 identity = "mn 1": must be a network access identifier'],
  },
  {
    name: "identity too long",
    from: /mn1@/,
    to: "m".repeat(250) + "@",
    expect: [':7: [[mobile_node]] 1 identity = "mmmmm'],
  },
  {
    name: "no identity",
    from: /identity = "mn1.*\n/,
    to: "",
    expect: [":6: [[mobile_node]] 1 identity is missing: it must be a network access"],
  },
  {
    name: "no key file named",
    from: /key_file = "mn1.*\n/,
    to: "",
    expect: [":6: [[mobile_node]] 1 key_file is missing: proof of origin"],
  },
  {
    name: "single brackets",
    from: /\[\[mobile_node\]\][^]*/,
    to: '[mobile_node]\nidentity = "x"',
    expect: [
      ":6: [mobile_node] contradicts [home_agent]: a file is for one of them",
    ],
  },
  {
    name: "an array for the home agent",
    from: /\[home_agent\]/,
    to: "[[home_agent]]",
    expect: [": [home_agent] must be one table"],
  },
  {
    name: "a foreign table",
    from: /^/,
    to: "[log]\nlevel = 1\n",
    expect: [":1: log: unknown; a file holds [home_agent] with"],
  },
  { name: "TOML syntax", from: /= "203/, to: "= = 203", expect: [":3: column 16: not TOML: invalid value"] },
  {
    name: "twice the same key",
    from: /\n\n/,
    to: '\nipv4_address = "203.0.113.2"\n\n',
    expect: [":5: column 1: not TOML: trying to redefine"],
  },
  {
    name: "a date",
    from: /spi = 1000/,
    to: "spi = 2026-01-01",
    expect: [":9: [[mobile_node]] 1 spi = a date: must be"],
  },
  {
    name: "nothing at all",
    from: /[^]*/,
    to: "",
    expect: [": neither [home_agent] nor [mobile_node] stands here"],
  },
];

const BAD_MOBILE_NODES: readonly BadCase[] = [
  {
    name: "egress is the tunnel",
    from: /"eth0"/,
    to: '"dsmip-mn"',
    expect: [':6: [mobile_node] egress = "dsmip-mn": is the interface of the tunnel'],
  },
  {
    name: "egress is lo",
    from: /"eth0"/,
    to: '"lo"',
    expect: [':6: [mobile_node] egress = "lo": is the loopback interface'],
  },
  {
    name: "no egress at all",
    from: /"eth0"/,
    to: "[]",
    expect: [":6: [mobile_node] egress = []: must be the name of a network interface"],
  },
  {
    name: "an egress twice",
    from: /"eth0"/,
    to: '["eth0", "eth0"]',
    expect: [':6: [mobile_node] egress = ["eth0", "eth0"]: must be the name of a network interface'],
  },
  {
    name: "egresses that may be the pieces of a key",
    from: /"eth0"/,
    to: '["0123456789ab", "cdef/1234567"]',
    expect: [":6: [mobile_node] egress = an array: must be the name of a network interface"],
  },
  {
    name: "egresses that are numbers",
    from: /"eth0"/,
    to: "[1, 2]",
    expect: [":6: [mobile_node] egress = an array: must be the name of a network interface"],
  },
  {
    name: "IPv4 without a home agent there",
    from: /home_agent_ipv4_address.*\n/,
    to: "",
    expect: [
      ":1: [mobile_node] home_agent_ipv4_address is missing: IPv4 networks need it; dsmip = false does without them",
    ],
  },
  {
    name: "home agent's address",
    from: /::100"/,
    to: '::1"',
    expect: [':3: [mobile_node] home_address = "2001:db8:100::1": is the home agent\'s'],
  },
  {
    name: "lifetime",
    from: /$/,
    to: "lifetime_seconds = 3\n",
    expect: [":9: [mobile_node] lifetime_seconds = 3: must be"],
  },
  {
    name: "keepalive",
    from: /$/,
    to: "keepalive_seconds = 0\n",
    expect: [":9: [mobile_node] keepalive_seconds = 0: must be a whole number from 1"],
  },
  {
    name: "open with a key",
    from: /$/,
    to: 'authentication = "none"\n',
    expect: [
      ':7: [mobile_node] spi: contradicts authentication = "none"',
      ":8: [mobile_node] key_file: contradicts",
    ],
  },
  {
    name: "double brackets",
    from: /\[mobile_node\]/,
    to: "[[mobile_node]]",
    expect: [
      ":1: [[mobile_node]] belongs beside [home_agent]; a mobile node's own file has one [mobile_node]",
    ],
  },
  {
    name: "all mistakes at once",
    from: /[^]*/,
    to: '[mobile_node]\nidentity = ""\nlocal_port = -1\nfoo = 1\negress = "."\ntun = 3',
    expect: [
      ':2: [mobile_node] identity = "": must be',
      ":3: [mobile_node] local_port = -1: must be a whole number from 0 to 65535 (0 takes any free port)",
      ":4: [mobile_node] foo: unknown key",
      ':5: [mobile_node] egress = ".": must be',
      ":6: [mobile_node] tun = 3: must be",
      ":1: [mobile_node] home_address is missing",
      ":1: [mobile_node] spi is missing",
    ],
  },
];

Deno.test("configuration: each mistake is named with file, line, key, value and what is allowed", () => {
  assertMistakes(HOME_AGENT_TOML, BAD_HOME_AGENTS);
  assertMistakes(MOBILE_NODE_TOML, BAD_MOBILE_NODES);
});

Deno.test("configuration: one mistake gives one line", () => {
  using folder = new KeyFolder();
  const file = `${folder.path}/bad.toml`;
  const error = mistakesOf(() => parseConfiguration(file, HOME_AGENT_TOML.replace("1000", "1")));
  assertEquals(error.mistakes.length, 1);
  assertEquals(
    error.message,
    `${file}:9: [[mobile_node]] 1 spi = 1: must be a whole number from 256 to 4294967295 (0 to 255 are reserved)`,
  );
});
