import { assert, assertEquals, assertMatch } from "@std/assert";
import { parse } from "smol-toml";
import { parseConfiguration } from "../../cli/configuration/configuration.ts";
import { ConfigurationError } from "../../cli/configuration/mistake.ts";
import { importText } from "../../cli/configuration_import/import.ts";
import { dsmip } from "../cli/dsmip.ts";

const FOLDER = new URL("umip/", import.meta.url);

function imported(name: string): string {
  return importText(name, Deno.readTextFileSync(new URL(name, FOLDER)));
}

/** The mistakes that are left in a draft, without the file's name. */
function mistakesIn(toml: string): string[] {
  try {
    parseConfiguration("/nowhere/x.toml", toml);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.mistakes.map(({ text }) => text);
  }
}

function assertKeysMissing(toml: string, ...others: string[]): void {
  const mistakes = mistakesIn(toml);
  const keyFiles = mistakes.filter((text) =>
    /key_file: key file .* does not exist: make one with: /.test(text)
  );
  assertEquals(mistakes.filter((text) => !keyFiles.includes(text)), others);
  assertEquals(keyFiles.length, [...toml.matchAll(/^key_file = /gm)].length);
}

Deno.test("config import: a mobile router", () => {
  const toml = imported("mobile_router.conf");
  assertEquals(parse(toml), {
    mobile_node: {
      lifetime_seconds: 60,
      dsmip: true,
      home_agent_ipv6_address: "2001:db8:100::1",
      home_agent_ipv4_address: "203.0.113.1",
      home_address: "2001:db8:100::ff0d",
      identity: "mn-2001-db8-100--ff0d",
      spi: 65293,
      key_file: "mn-2001-db8-100--ff0d.key",
      mobile_network_prefixes: ["2001:db8:1017::/64", "2001:db8:1018::/64"],
      ipv4_home_address: "192.0.2.17",
      egress: ["wwan0", "wwan1"],
    },
  });
  assertKeysMissing(toml);
});

Deno.test("config import: a mobile node that asks for its home agent and knows IPv6 only", () => {
  const toml = imported("mobile_node.conf");
  assertEquals(parse(toml), {
    mobile_node: {
      first_timeout_ms: 2500,
      home_address: "2001:db8:1:1::34",
      identity: "mn-2001-db8-1-1--34",
      spi: 65_588,
      key_file: "mn-2001-db8-1-1--34.key",
      dsmip: false,
      egress: ["eth0"],
    },
  });
  assertKeysMissing(toml);
});

Deno.test("config import: a home agent with mobile routers", () => {
  const toml = imported("home_agent.conf");
  const node = (end: string) => ({
    home_address: `2001:db8:100::${end}`,
    identity: `mn-2001-db8-100--${end}`,
    spi: Number.parseInt(end, 16),
    key_file: `mn-2001-db8-100--${end}.key`,
  });
  assertEquals(parse(toml), {
    home_agent: {
      home_link: "eth1",
      maximum_lifetime_seconds: 3600,
      prefix_advertisements: false,
      ipv4_address: "203.0.113.1",
      ipv6_address: "TO DO",
      home_prefix: "2001:db8:100::/64",
    },
    mobile_node: [
      { ...node("ff0d"), mobile_network_prefixes: ["2001:db8:1017::/64", "2001:db8:1018::/64"] },
      node("ff0e"),
    ],
  });
  assertKeysMissing(
    toml,
    '[home_agent] ipv6_address = "TO DO": must be a global unicast IPv6 address such as 2001:db8:100::1',
  );
});

Deno.test("config import: a home agent that knows its mobile nodes from IPsecPolicySet", () => {
  const toml = imported("home_agent_ipsec.conf");
  assertEquals(parse(toml).home_agent, {
    home_link: "eth0",
    ipv6_address: "2001:db8:6:1::1",
    ipv4_address: "TO DO",
    home_prefix: "2001:db8:6::/56",
  });
  assertKeysMissing(
    toml,
    '[home_agent] ipv4_address = "TO DO": must be a unicast IPv4 address such as 203.0.113.1',
  );
});

Deno.test("config import: both ends agree on what UMIP does not have", () => {
  type File = { mobile_node: Record<string, unknown> & Record<string, unknown>[] };
  const node = (parse(imported("mobile_router.conf")) as unknown as File).mobile_node;
  const [entry] = (parse(imported("home_agent.conf")) as unknown as File).mobile_node;
  for (const key of ["identity", "spi", "key_file", "home_address", "mobile_network_prefixes"]) {
    assertEquals(entry[key], node[key], key);
  }
});

const MN = 'NodeConfig MN;\nMnHomeLink "eth0" { HomeAddress 2001:db8:1::34/64';

/** What a text becomes, line by line; null: no such key. */
const CASES:
  readonly (readonly [name: string, text: string, key: string, value: unknown, remark?: string])[] = [
    [
      "the last one holds",
      `${MN}; }\nMnMaxHaBindingLife 40;\nMnMaxHaBindingLife 80;`,
      "lifetime_seconds",
      80,
    ],
    ["longer than can be said", `${MN}; }\nMnMaxHaBindingLife 999999;`, "lifetime_seconds", 262_140],
    [
      "shorter than can be said",
      `${MN}; }\nMnMaxHaBindingLife 3;`,
      "lifetime_seconds",
      undefined,
      "line 3: MnMaxHaBindingLife 3: not understood",
    ],
    [
      "not a number",
      `${MN}; }\nMnMaxHaBindingLife soon;`,
      "lifetime_seconds",
      undefined,
      "line 3: MnMaxHaBindingLife soon: not understood",
    ],
    [
      "no router",
      `${MN} (2001:db8:2::/64); }`,
      "mobile_network_prefixes",
      undefined,
      "IsMobRtr is not enabled",
    ],
    [
      "the same network twice",
      `${MN} (2001:db8:2::/64, 2001:db8:2::1/64); IsMobRtr enabled; }`,
      "mobile_network_prefixes",
      ["2001:db8:2::/64"],
    ],
    [
      "no DSMIP",
      `${MN}; HomeV4Address 192.0.2.1/24; }\nMnUseDsmip6 disabled;`,
      "ipv4_home_address",
      undefined,
      "dsmip = false knows IPv6 only",
    ],
    ["DSMIP, and no IPv4 address", `${MN}; }\nMnUseDsmip6 enabled;`, "home_agent_ipv4_address", "TO DO"],
    [
      "mistyped",
      `${MN}; }\nMnMaxHaBindingLive 80;`,
      "lifetime_seconds",
      undefined,
      "did you mean MnMaxHaBindingLife?",
    ],
    [
      "unlike any",
      `${MN}; }\nFrobnicate all the "things" (a, b) { here; }`,
      "x",
      undefined,
      'line 3: Frobnicate all the "things" (a, b) {...}: not known here',
    ],
    ["a name that every object has", `${MN}; }\ntoString 1;`, "toString", undefined, "line 3: toString 1:"],
    [
      "an include without its semicolon",
      `include "/etc/mip6d.conf.d/*.conf"\n${MN}; }`,
      "home_address",
      "2001:db8:1::34",
      'line 1: include "/etc/mip6d.conf.d/*.conf": not followed',
    ],
    [
      "two home links",
      `${MN}; }\nMnHomeLink "eth1" { HomeAddress 2001:db8:2::34/64; }`,
      "home_address",
      "2001:db8:1::34",
      'line 3: MnHomeLink "eth1" {...}: one home address a file',
    ],
    ["no home address", 'NodeConfig MN;\nInterface "eth0";', "home_address", "TO DO"],
    [
      "an interface that nothing can be called",
      `${MN}; }\nInterface "a/b";`,
      "egress",
      ["eth0"],
      'line 3: Interface "a/b": not understood',
    ],
    [
      "a link-local home address",
      'NodeConfig MN;\nMnHomeLink "eth0" { HomeAddress fe80::1/64; }',
      "home_address",
      "TO DO",
      "line 2: HomeAddress fe80::1/64: not understood",
    ],
    [
      "something like a key",
      `${MN}; }\nSecret 00112233445566778899aabbccddeeff;`,
      "x",
      undefined,
      "line 3: (not shown: it looks like a key)",
    ],
  ];

Deno.test("config import: what else stands in files", () => {
  for (const [name, text, key, value, remark] of CASES) {
    const toml = importText("x.conf", text);
    const { mobile_node: node } = parse(toml) as { mobile_node: Record<string, unknown> };
    assertEquals(Object.hasOwn(node, key) ? node[key] : undefined, value, name);
    assert(remark === undefined || toml.includes(remark), `${name}: ${toml}`);
    assert(!toml.includes("0011223344"), name);
  }
});

Deno.test("config import: home agents with oddities", () => {
  const policies = (text: string) =>
    parse(importText("x.conf", `NodeConfig HA;\n${text}`)) as unknown as {
      readonly home_agent: Record<string, unknown>;
      readonly mobile_node?: readonly Record<string, unknown>[];
    };
  const sameSpi = policies("BindingAclPolicy 2001:db8:1::1:0:5 allow; BindingAclPolicy 2001:db8:1::5 allow;");
  assertEquals(sameSpi.mobile_node!.map(({ spi }) => spi), [65_541, "TO DO"]);
  const notRouter = policies("BindingAclPolicy 2001:db8:1::5 (2001:db8:2::/64) allow;");
  assertEquals(notRouter.mobile_node![0].mobile_network_prefixes, undefined);
  const denied = policies("BindingAclPolicy 2001:db8:1::5 deny; BindingAclPolicy 2001:db8:1::5 allow;");
  assertEquals(denied.mobile_node, undefined);
  assertEquals(policies('Interface "eth0"; Interface "eth1";').home_agent.home_link, "eth0");
  assertEquals(policies("").home_agent.home_prefix, "TO DO");
});

Deno.test("config import: of networks and interfaces the first eight are taken, and a remark says so", () => {
  const nine = Array.from({ length: 9 }, (_, index) => `2001:db8:${index + 2}::/64`);
  const networks = `(${nine.join(", ")})`;
  const interfaces = Array.from({ length: 9 }, (_, index) => `Interface "wwan${index}";`).join("\n");
  const node = importText("mn.conf", `${MN} ${networks}; IsMobRtr enabled; }\n${interfaces}`);
  const agent = importText(
    "ha.conf",
    `NodeConfig HA;\nHaAcceptMobRtr enabled;\nBindingAclPolicy 2001:db8:1::34 ${networks} allow;`,
  );
  const { mobile_node: imported } = parse(node) as { mobile_node: Record<string, unknown> };
  const { mobile_node: [entry] } = parse(agent) as unknown as { mobile_node: Record<string, unknown>[] };
  for (const table of [imported, entry]) assertEquals(table.mobile_network_prefixes, nine.slice(0, 8));
  assertEquals(imported.egress, nine.slice(0, 8).map((_, index) => `wwan${index}`));
  assertMatch(node, /^# line 2: HomeAddress .*: 8 networks at most; the rest is left out$/m);
  assertMatch(node, /^# line 11: Interface "wwan8": left out: 8 interfaces at most$/m);
  assertMatch(agent, /^# line 3: BindingAclPolicy .*: 8 networks at most; the rest is left out$/m);
});

const DAMAGED: readonly (readonly [text: string, message: string])[] = [
  ["NodeConfig MN", ":1: the last statement has no end; write ; behind it"],
  ['NodeConfig MN;\nMnHomeLink "eth0 {\n}', ':2: a string has no end; write " behind it'],
  ['NodeConfig MN;\nMnHomeLink "eth0" {\n  IsMobRtr enabled;\n', ":2: a block has no end; write } behind it"],
  ["NodeConfig MN;\n}", ":2: } ends a block that nothing has begun"],
  [
    'NodeConfig MN;\nMnHomeLink "eth0" {\n  IsMobRtr enabled\n}',
    ":4: } stands where a statement should end; write ; before it",
  ],
  [
    "NodeConfig HA;\nBindingAclPolicy 2001:db8::1 (2001:db8:1::/64;",
    ":2: a list has no end; write ) behind it",
  ],
  [
    "NodeConfig HA;\nBindingAclPolicy 2001:db8::1 (2001:db8:1::/64; 2001:db8:2::/64) allow;",
    ":2: a list has no end; write ) behind it",
  ],
  ["NodeConfig HA;\n(a);", ":2: a statement begins with a name, such as NodeConfig"],
  [`NodeConfig HA; ${"a {".repeat(30)}`, ":1: blocks stand too deep in each other"],
  ["NodeConfig CN;", ":1: a correspondent node"],
  ["", ": a correspondent node"],
  ["NodeConfig XX;", ":1: NodeConfig must be HA or MN"],
];

Deno.test("config import: damaged files are answered with the line", () => {
  for (const [text, message] of DAMAGED) {
    try {
      importText("x.conf", text);
    } catch (error) {
      assert(error instanceof ConfigurationError, text);
      assert(error.message.startsWith(`x.conf${message}`), `${JSON.stringify(text)}: ${error.message}`);
      continue;
    }
    throw new Error(`${JSON.stringify(text)} was imported`);
  }
});

Deno.test("config import: writes to standard output, and faults to standard error", async () => {
  const file = new URL("mobile_node.conf", FOLDER).pathname;
  const [good, missing] = await Promise.all([
    dsmip("config", "import", file),
    dsmip("config", "import", "/nowhere.conf"),
  ]);
  assertEquals(good, { code: 0, stdout: imported("mobile_node.conf"), stderr: "" });
  assertEquals(missing, { code: 2, stdout: "", stderr: "dsmip: /nowhere.conf: there is no such file\n" });
});
