import { assert, assertEquals, assertThrows } from "@std/assert";
import { readConfiguration } from "../../cli/configuration/configuration.ts";
import { overwriteKeys, withHeldKeys } from "../../cli/configuration/held_keys.ts";
import { rereadConfiguration } from "../../cli/configuration/reread.ts";
import { UsageError } from "../../cli/output/fault.ts";
import {
  asHomeAgent,
  asMobileNode,
  FULL_TOML,
  HOME_AGENT_TOML,
  KEY_HEX,
  KeyFolder,
  MOBILE_NODE_TOML,
} from "./configuration_files.ts";

/** A daemon's file that changes under it. */
function changing(folder: KeyFolder, before: string, after: string) {
  const file = folder.write("daemon.toml", before);
  const running = readConfiguration(file);
  folder.write("daemon.toml", after);
  return running;
}

Deno.test("reread: mobile nodes, lifetimes and limits are the file's, and nothing else has changed", () => {
  using folder = new KeyFolder();
  const [one] = HOME_AGENT_TOML.split('\n[[mobile_node]]\nidentity = "mn2');
  const after = one.replace("\n\n", '\nmaximum_lifetime_seconds = 60\nport = 4191\ntun = "dsmip-ha"\n\n')
    .replace('::100"', '::300"');
  const { configuration, needRestart } = rereadConfiguration(
    asHomeAgent(changing(folder, HOME_AGENT_TOML, after)),
  );
  assertEquals(needRestart, []); // The defaults, written out, are no change.
  assertEquals(configuration.settings.mobileNodes.map(({ homeAddress }) => homeAddress), [
    "2001:db8:100::300",
  ]);
  assertEquals(configuration.settings.maximumLifetimeSeconds, 60);
});

Deno.test("reread: what needs a restart is named and keeps its value, again and again", () => {
  using folder = new KeyFolder();
  const after = HOME_AGENT_TOML.replace(
    "\n\n",
    "\nport = 4000\nworkers = 2\nclock_tolerance_seconds = 30\n\n",
  )
    .replace("203.0.113.1", "203.0.113.2");
  let running = asHomeAgent(changing(folder, HOME_AGENT_TOML, after));
  for (let round = 0; round < 2; round++) {
    const { configuration, needRestart } = rereadConfiguration(running);
    assertEquals(needRestart, ["home_agent.ipv4_address", "home_agent.workers", "home_agent.port"]);
    const { ipv4Address, port, workers, settings } = configuration;
    assertEquals([ipv4Address, port, workers], ["203.0.113.1", 4191, 1]);
    assertEquals(settings.clockToleranceMs, 30_000);
    running = configuration;
  }
});

Deno.test("reread: mobile nodes have to fit the home network that still runs", () => {
  using folder = new KeyFolder();
  const after = FULL_TOML.replaceAll(/2001:db8:100:/gi, "2001:db8:101:").replace(
    "2001:DB8:100:0::1",
    "2001:db8:101::1",
  );
  const running = asHomeAgent(changing(folder, FULL_TOML, after));
  const { message } = assertThrows(() => rereadConfiguration(running), UsageError);
  assert(
    message.includes(':15: [[mobile_node]] 1 home_address = "2001:db8:101::100": is outside home_prefix'),
    message,
  );
  assert(
    message.includes(
      "until a restart brings what has changed: home_agent.ipv6_address, home_agent.home_prefix",
    ),
    message,
  );
});

Deno.test("reread: a mistake is told with its line", () => {
  using folder = new KeyFolder();
  const running = changing(folder, HOME_AGENT_TOML, HOME_AGENT_TOML.replace("spi = 1001", "spi = 1"));
  const { message } = assertThrows(() => rereadConfiguration(running), UsageError);
  assert(message.includes("daemon.toml:15: [[mobile_node]] 2 spi = 1: must be"), message);
});

Deno.test("reread: the file of another kind of daemon is refused", () => {
  using folder = new KeyFolder();
  const running = changing(folder, HOME_AGENT_TOML, MOBILE_NODE_TOML);
  assertThrows(() => rereadConfiguration(running), UsageError, "another kind of daemon");
});

Deno.test("reread: a mobile node takes a key and a lifetime; a mobile network that comes or goes needs a restart", () => {
  using folder = new KeyFolder();
  const network = '\n[mobile_network]\ninterface = "lan0"\n';
  const own = MOBILE_NODE_TOML + 'mobile_network_prefixes = "2001:db8:200::/64"\n';
  const changed = own.replace("spi = 1000", "spi = 1001\nlifetime_seconds = 60").replace(
    "mn1.key",
    "mn2.key",
  );
  const gone = rereadConfiguration(asMobileNode(changing(folder, own + network, changed)));
  assertEquals(gone.needRestart.filter((key) => !key.startsWith("mobile_network.")), []);
  assert(gone.needRestart.includes("mobile_network.interface"));
  assertEquals(gone.configuration.mobileNetwork?.interfaceName, "lan0");
  assertEquals([gone.configuration.settings.security?.spi, gone.configuration.settings.lifetimeSeconds], [
    1001,
    60,
  ]);
  const come = rereadConfiguration(asMobileNode(changing(folder, own, changed + network)));
  assert(come.needRestart.includes("mobile_network.interface"));
  assertEquals(come.configuration.mobileNetwork, undefined);
});

Deno.test("keys: while they are rolled a mobile node has two at the home agent, and the roll copies none", () => {
  using folder = new KeyFolder();
  const rolling = HOME_AGENT_TOML.replace("spi = 1000", "spi = 2000")
    .replace('"mn1.key"', '"mn2.key"\nprevious_spi = 1000\nprevious_key_file = "mn1.key"')
    .replace("hmac-sha1-96", 'hmac-sha1-96"\nprevious_spi = 5000\nprevious_key_file = "mn1.key');
  const running = asHomeAgent(changing(folder, HOME_AGENT_TOML, rolling));
  const [old] = running.settings.mobileNodes;
  const next = withHeldKeys(rereadConfiguration(running).configuration, running);
  const [one, two] = next.settings.mobileNodes;
  assertEquals(one.security?.key.toHex(), KEY_HEX.mn2);
  assertEquals([one.previousSecurity?.spi, one.previousSecurity?.algorithm], [1000, "hmac-sha256-128"]);
  assert(one.previousSecurity?.key === old.security?.key);
  assertEquals(two.previousSecurity?.algorithm, "hmac-sha1-96");
  overwriteKeys(running, next);
  assertEquals(one.previousSecurity?.key.toHex(), KEY_HEX.mn1);
});

Deno.test("keys: those that stay are the same octets, copies and those that go are overwritten", () => {
  using folder = new KeyFolder();
  const file = folder.write("ha.toml", HOME_AGENT_TOML);
  const before = asHomeAgent(readConfiguration(file));
  folder.write("mn2.key", KEY_HEX.mn1);
  const fresh = asHomeAgent(readConfiguration(file));
  const next = withHeldKeys(fresh, before);
  const keysOf = ({ settings }: typeof before) => settings.mobileNodes.map(({ security }) => security!.key);
  overwriteKeys(before, next);
  assert(keysOf(next)[0] === keysOf(before)[0]);
  assertEquals(keysOf(next).map((key) => key.toHex()), [KEY_HEX.mn1, KEY_HEX.mn1]);
  assertEquals(keysOf(fresh)[0].toHex(), "00".repeat(16));
  assertEquals(keysOf(before)[1].toHex(), "00".repeat(16));
  overwriteKeys(next);
  assertEquals(keysOf(next).map((key) => key.toHex()), ["00".repeat(16), "00".repeat(16)]);
});

Deno.test("keys: of a file that is checked twice, or is another daemon's, no key of the first reading is left", () => {
  using folder = new KeyFolder();
  for (const after of [HOME_AGENT_TOML.replace("\n\n", "\nport = 4000\n\n"), MOBILE_NODE_TOML]) {
    const running = asHomeAgent(changing(folder, HOME_AGENT_TOML, after));
    const read: ArrayLike<unknown>[] = [];
    const { from } = Uint8Array;
    Uint8Array.from = (...words: unknown[]) => {
      const key = Reflect.apply(from, Uint8Array, words);
      read.push(key);
      return key;
    };
    let used: Uint8Array[] = [];
    try {
      const { settings } = rereadConfiguration(running).configuration;
      used = settings.mobileNodes.map(({ security }) => security!.key);
    } catch (error) {
      assert(error instanceof UsageError);
    } finally {
      Uint8Array.from = from;
    }
    assertEquals(read.length, after === MOBILE_NODE_TOML ? 1 : 4);
    const left = read.filter((key) => Array.from(key).some((octet) => octet !== 0));
    assertEquals(left, used);
  }
});

Deno.test("reread: these keys change while the daemon runs, each by itself", () => {
  using folder = new KeyFolder();
  const ofAgent = [
    "maximum_lifetime_seconds = 60",
    "nat_refresh_seconds = 7",
    "force_udp = true",
    "accept_force_udp = false",
    "prefix_advertisements = false",
    "probe_care_of_address = true",
    "preference = 9",
    "clock_tolerance_seconds = 30",
  ];
  for (const line of ofAgent) {
    const after = HOME_AGENT_TOML.replace("\n\n", `\n${line}\n\n`);
    assertEquals(rereadConfiguration(changing(folder, HOME_AGENT_TOML, after)).needRestart, [], line);
  }
  const ofNode = [
    MOBILE_NODE_TOML.replace("eth0", "eth1"),
    MOBILE_NODE_TOML.replace("1000", "1001"),
    MOBILE_NODE_TOML.replace("mn1.key", "mn2.key"),
    ...[
      'algorithm = "hmac-sha1-96"',
      "lifetime_seconds = 60",
      "first_timeout_ms = 700",
      "keepalive_seconds = 9",
      "force_udp = true",
      'prefer = "ipv4"',
    ].map((line) => `${MOBILE_NODE_TOML}${line}\n`),
  ];
  for (const after of ofNode) {
    assertEquals(rereadConfiguration(changing(folder, MOBILE_NODE_TOML, after)).needRestart, [], after);
  }
  const more = `${MOBILE_NODE_TOML}router_probe_ms = 0\nlocal_port = 4000\n`.replace("mn1@", "mn3@");
  assertEquals(rereadConfiguration(changing(folder, MOBILE_NODE_TOML, more)).needRestart, [
    "mobile_node.identity",
    "mobile_node.router_probe_ms",
    "mobile_node.local_port",
  ]);
});

Deno.test("keys: a longer one that begins like the one before, or the same for another algorithm, is a new one", () => {
  using folder = new KeyFolder();
  const file = folder.write("ha.toml", HOME_AGENT_TOML);
  const before = asHomeAgent(readConfiguration(file));
  folder.write("mn1.key", `${KEY_HEX.mn1}aabb`);
  folder.write("ha.toml", HOME_AGENT_TOML.replace("hmac-sha1-96", "hmac-sha256-128"));
  const next = withHeldKeys(asHomeAgent(readConfiguration(file)), before);
  const [one, two] = next.settings.mobileNodes.map(({ security }) => security!);
  assertEquals([one.key.toHex(), two.algorithm], [`${KEY_HEX.mn1}aabb`, "hmac-sha256-128"]);
});
