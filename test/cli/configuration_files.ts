import type {
  Configuration,
  HomeAgentConfiguration,
  MobileNodeConfiguration,
} from "../../cli/configuration/record.ts";
import { assert } from "@std/assert";
import { parseConfiguration } from "../../cli/configuration/configuration.ts";
import { ConfigurationError } from "../../cli/configuration/mistake.ts";

/** Shared by the tests of the configuration: a good file of each kind, and a folder with their keys. */
export const HOME_AGENT_TOML = `[home_agent]
ipv6_address = "2001:DB8:100:0::1"
ipv4_address = "203.0.113.1"
home_prefix = "2001:db8:100::/64"

[[mobile_node]]
identity = "mn1@example.org"
home_address = "2001:db8:100::100"
spi = 1000
key_file = "mn1.key"

[[mobile_node]]
identity = "mn2@example.org"
home_address = "2001:db8:100::200"
spi = 1001
key_file = "mn2.key"
algorithm = "hmac-sha1-96"
`;

/** A home agent that serves anybody, without keys; more of the table [home_agent] may follow. */
export const OPEN_HOME_AGENT_TOML = `[home_agent]
ipv6_address = "2001:db8:100::1"
ipv4_address = "203.0.113.1"
home_prefix = "2001:db8:100::/64"
authentication = "none"
`;

export const MOBILE_NODE_TOML = `[mobile_node]
identity = "mn1@example.org"
home_address = "2001:db8:100::100"
home_agent_ipv6_address = "2001:db8:100::1"
home_agent_ipv4_address = "203.0.113.1"
egress = "eth0"
spi = 1000
key_file = "mn1.key"
`;

/** A mobile node without keys; more of the table [mobile_node] may follow. */
export const OPEN_MOBILE_NODE_TOML = `[mobile_node]
identity = "mn1@example.org"
home_address = "2001:db8:100::100"
home_agent_ipv6_address = "2001:db8:100::1"
home_agent_ipv4_address = "203.0.113.1"
egress = "eth0"
authentication = "none"
`;

export const KEY_HEX = { mn1: "00112233445566778899aabbccddeeff", mn2: "fedcba98765432100123456789abcdef" };

/** A folder with mn1.key and mn2.key, removed when it is disposed of. */
export class KeyFolder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "dsmip-test-" });

  constructor() {
    this.write("mn1.key", KEY_HEX.mn1 + "\n");
    this.write("mn2.key", ` ${KEY_HEX.mn2.toUpperCase().replace(/(..)/g, "$1 ")}\n`);
  }

  /** Writes a file with mode 0600, or another one, and returns its path. */
  write(name: string, content: string | Uint8Array, mode = 0o600): string {
    const path = `${this.path}/${name}`;
    Deno.writeFileSync(path, typeof content === "string" ? new TextEncoder().encode(content) : content);
    Deno.chmodSync(path, mode);
    return path;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

export function asHomeAgent(configuration: Configuration): HomeAgentConfiguration {
  if (configuration.kind !== "homeAgent") throw new Error("a home agent's configuration was expected");
  return configuration;
}

export function asMobileNode(configuration: Configuration): MobileNodeConfiguration {
  if (configuration.kind !== "mobileNode") throw new Error("a mobile node's configuration was expected");
  return configuration;
}

/** The ConfigurationError that the function has to throw. */
export function mistakesOf(read: () => Configuration): ConfigurationError {
  try {
    read();
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  throw new Error("a ConfigurationError was expected");
}

/** What a change to a good file has to be answered with: text to find, each on a line with the line's number. */
export interface BadCase {
  readonly name: string;
  readonly from: RegExp;
  readonly to: string;
  readonly expect: readonly string[];
}

/** Makes each change to the good file and looks for what is said of it. */
export function assertMistakes(toml: string, cases: readonly BadCase[]): void {
  using folder = new KeyFolder();
  const file = `${folder.path}/bad.toml`;
  for (const { name, from, to, expect } of cases) {
    const changed = toml.replace(from, to);
    assert(changed !== toml, `${name}: the case changes nothing`);
    const { message } = mistakesOf(() => parseConfiguration(file, changed));
    const lines = message.split("\n");
    for (const text of expect) {
      assert(lines.some((line) => line.startsWith(file + text)), `${name}: ${text}\nnot in\n${message}`);
    }
    assert(!message.includes("undefined"), message);
  }
}

/** IPv4 at home, and networks: the good file goes on from here. Lines 5 to 11 are [home_agent]'s. */
const POOLS = `
ipv4_home_prefix = "192.0.2.0/24"
ipv4_pool = "192.0.2.128/25"
ipv4_network_pool = "10.64.0.0/16"
ipv4_network_pool_length = 26
mobile_network_pool = "2001:db8:f00::/48"
mobile_network_pool_length = 60
link_mtu = 1400

`;
export const FULL_TOML = HOME_AGENT_TOML.replace("\n\n", POOLS)
  .replace('::100"', '::100"\nipv4_home_address = "192.0.2.200"')
  .replace(
    '::200"',
    '::200"\nipv4_home_address = "10.1.0.1/24"\nmobile_network_prefixes = "2001:db8:200::/64"',
  );

/** A case that changes the value of a key, the first one of that name. */
export function changed(key: string, value: string, ...expect: string[]): BadCase {
  return {
    name: `${key} = ${value}`,
    from: new RegExp(`^${key} = .*$`, "m"),
    to: `${key} = ${value}`,
    expect,
  };
}

/** A case that changes what the second mobile node has. */
export function changedNode(key: string, value: string, ...expect: string[]): BadCase {
  const from = new RegExp(`(mn2@[^]*?\n)${key} = .*`);
  return { name: `mn2 ${key} = ${value}`, from, to: `$1${key} = ${value}`, expect };
}
