import { assert, assertEquals } from "@std/assert";
import { parseConfiguration } from "../../cli/configuration/configuration.ts";
import {
  asMobileNode,
  HOME_AGENT_TOML,
  KeyFolder,
  mistakesOf,
  MOBILE_NODE_TOML,
} from "./configuration_files.ts";

function read(table: string) {
  using folder = new KeyFolder();
  return asMobileNode(parseConfiguration(`${folder.path}/mn.toml`, MOBILE_NODE_TOML + table)).mobileNetwork;
}

Deno.test("configuration: a mobile network with the defaults, and with everything", () => {
  assertEquals(read(""), undefined);
  assertEquals(read('[mobile_network]\ninterface = "lan0"\n'), {
    interfaceName: "lan0",
    serve: true,
    dns: [],
  });
  assertEquals(
    read('[mobile_network]\ninterface = "br-lan.7"\ndns = ["2001:DB8::53", "192.0.2.53"]\n'),
    { interfaceName: "br-lan.7", serve: true, dns: ["2001:db8::53", "192.0.2.53"] },
  );
  assertEquals(read('[mobile_network]\ninterface = "lan0"\nserve = false\n')?.serve, false);
});

Deno.test("configuration: a mobile network without anything to serve is worth a warning", () => {
  using folder = new KeyFolder();
  const table = '\n[mobile_network]\ninterface = "lan0"\n';
  const warnings = (line: string, more = table) =>
    asMobileNode(parseConfiguration(`${folder.path}/mn.toml`, MOBILE_NODE_TOML + line + more)).warnings
      .length;
  assertEquals(warnings(""), 1);
  assertEquals(warnings('ipv4_home_address = "192.0.2.100"'), 1);
  assertEquals(warnings("", ""), 0);
  for (
    const line of [
      'mobile_network_prefixes = ["2001:db8:300::/64"]',
      "request_prefixes = 1",
      'ipv4_home_address = "10.1.0.1/24"',
      'ipv4_home_address = "any/28"',
    ]
  ) assertEquals(warnings(line), 0, line);
});

/** The first line of the table is the tenth of the file, when an empty one stands before it. */
const BAD: readonly (readonly [name: string, table: string, mistake: string])[] = [
  ["no interface", "[mobile_network]", ":10: [mobile_network] interface is missing: it must be the name"],
  [
    "the tunnel",
    '[mobile_network]\ninterface = "dsmip-mn"',
    ':11: [mobile_network] interface = "dsmip-mn": is the interface of the tunnel itself (tun); name the one',
  ],
  [
    "an egress",
    '[mobile_network]\ninterface = "eth0"',
    ':11: [mobile_network] interface = "eth0": is an egress',
  ],
  [
    "loopback",
    '[mobile_network]\ninterface = "lo"',
    ':11: [mobile_network] interface = "lo": is the loopback',
  ],
  [
    "signs that mean something in other files",
    '[mobile_network]\ninterface = "lan0;{}"',
    ':11: [mobile_network] interface = "lan0;{}": must be the name of one network interface: 1 to 15 letters',
  ],
  [
    "a list of interfaces",
    '[mobile_network]\ninterface = ["a1", "b1"]',
    ':11: [mobile_network] interface = ["a1", "b1"]',
  ],
  [
    "several tables",
    '[[mobile_network]]\ninterface = "lan0"',
    ":10: must be one table, written [mobile_network]",
  ],
  [
    "a multicast server",
    '[mobile_network]\ninterface = "lan0"\ndns = ["ff02::fb"]',
    ':12: [mobile_network] dns = ["ff02::fb"]: must be a unicast address of a DNS server',
  ],
  [
    "too many servers",
    '[mobile_network]\ninterface = "lan0"\ndns = ["192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"]',
    ":12: [mobile_network] dns: more than 3 IPv4 addresses",
  ],
  [
    "servers that nobody is told of",
    '[mobile_network]\ninterface = "lan0"\nserve = false\ndns = ["192.0.2.1"]',
    ":13: [mobile_network] dns: contradicts serve = false",
  ],
  [
    "a mistyped key",
    '[mobile_network]\ninterfaces = "lan0"',
    ":11: [mobile_network] interfaces: unknown key; did you mean interface?",
  ],
];

Deno.test("configuration: what is wrong with a mobile network is said, with its line", () => {
  using folder = new KeyFolder();
  const file = `${folder.path}/mn.toml`;
  for (const [name, table, mistake] of BAD) {
    const { message } = mistakesOf(() => parseConfiguration(file, `${MOBILE_NODE_TOML}\n${table}\n`));
    assert(message.split("\n").some((line) => line.startsWith(file + mistake)), `${name}: ${message}`);
  }
});

Deno.test("configuration: a home agent has no mobile network", () => {
  using folder = new KeyFolder();
  const file = `${folder.path}/ha.toml`;
  const text = `${HOME_AGENT_TOML}\n[mobile_network]\ninterface = "lan0"\n`;
  const { message } = mistakesOf(() => parseConfiguration(file, text));
  assertEquals(
    message,
    `${file}:19: [mobile_network] belongs beside [mobile_node], in the file of a mobile router`,
  );
});
