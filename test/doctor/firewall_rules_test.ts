import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { judge, type ProbePacket, readRuleset } from "../../cli/doctor/firewall_rules.ts";
import { closeFileDescriptor } from "../../ffi/file_descriptor.ts";
import { openUdpSocket, receive, sendTo } from "../../ffi/socket.ts";
import { testInNamespace, TestNamespace } from "../ffi/in_namespace.ts";

/** UDP from eth0 of the other machine, which nobody has answered. */
const PROBE: ProbePacket = {
  hook: "input",
  family: 4,
  protocol: 17,
  sourcePort: 4191,
  destinationPort: 4191,
  inInterface: "eth0",
  connection: "new",
};

function listed(namespace: TestNamespace): string {
  return namespace.run("nft", "--json", "--numeric", "list", "ruleset");
}

function load(namespace: TestNamespace, text: string): void {
  const file = Deno.makeTempFileSync();
  Deno.writeTextFileSync(file, `flush ruleset\n${text}`);
  namespace.run("nft", "-f", file);
  Deno.removeSync(file);
}

const condition = fc.constantFrom(
  "udp dport 4191",
  "udp dport != 4191",
  "udp dport { 53, 4000-4200 }",
  "udp dport 4190-4192",
  "udp dport @ports",
  "udp sport 4191",
  "th dport 53",
  "tcp dport 4191",
  "meta l4proto { 41, 17 }",
  "meta l4proto != udp",
  "ip protocol udp",
  "ip6 nexthdr udp",
  "meta nfproto ipv4",
);
/** These go together with any of the others. */
const another = fc.constantFrom(
  'iifname "eth0"',
  'iifname "eth*"',
  'iifname { "lo", "eth1" }',
  "ct state new",
  "ct state established,related",
  "ct state != new",
);
/** What this reader does not judge: the answer may be "maybe" then. */
const unjudged = fc.constantFrom("ip saddr 203.0.113.0/24", "meta mark 0", "ip ttl > 200");
const verdict = fc.constantFrom(
  "accept",
  "drop",
  "reject",
  "return",
  "jump sub",
  "goto sub",
  "counter",
  "ct state vmap { new : drop, established : accept }",
  "ct state vmap { invalid : drop, established : accept }",
);
const conditions = fc.tuple(
  fc.option(another, { nil: "" }),
  fc.option(fc.oneof({ arbitrary: condition, weight: 9 }, { arbitrary: unjudged, weight: 1 }), { nil: "" }),
);
const rules = (end: fc.Arbitrary<string>) =>
  fc.array(fc.tuple(conditions, end).map(([before, last]) => [...before, last].join(" ")), { maxLength: 4 });
/** Two chains have to let a packet through, and one drops it: with as many of both, few would pass. */
const policy = fc.constantFrom("accept", "accept", "accept", "drop");
const ruleset = fc.record({
  first: rules(verdict),
  second: rules(verdict),
  // A chain that calls itself is not loaded.
  sub: rules(verdict.filter((one) => !one.includes("sub"))),
  policies: fc.tuple(policy, policy),
}).map(({ first, second, sub, policies }) =>
  `table inet f {
  set ports { type inet_service; flags interval; elements = { 53, 4100-4199 }; }
  chain sub { ${sub.join("\n")}
  }
  chain first { type filter hook input priority 0; policy ${policies[0]};
  ${first.join("\n")}
  }
  chain second { type filter hook input priority 5; policy ${policies[1]};
  ${second.join("\n")}
  }
}
`
);

testInNamespace("firewall rules: what is judged is what the kernel does", async (here) => {
  const there = new TestNamespace();
  try {
    here.ip("link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", there.name);
    for (const [machine, address] of [[here, "203.0.113.1"], [there, "203.0.113.2"]] as const) {
      machine.ip("addr", "add", `${address}/24`, "dev", "eth0");
      machine.ip("link", "set", "eth0", "up");
    }
    const open = (machine: TestNamespace, address: string) =>
      machine.enter(() => openUdpSocket({ address, port: 4191, receiveBufferOctets: 65_536 }).fileDescriptor);
    const [receiver, sender] = [open(here, "203.0.113.1"), open(there, "203.0.113.2")];
    const buffer = new Uint8Array(100);
    const arrives = async (limitMs: number) => {
      assertEquals(sendTo(sender, new Uint8Array(9), "203.0.113.1", 4191), undefined);
      for (let waitedMs = 0; waitedMs < limitMs; waitedMs += 2) {
        if (receive(receiver, buffer) !== undefined) return true;
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
      return false;
    };
    assert(await arrives(2000));
    const kinds = { passed: 0, dropped: 0, maybe: 0 };
    const agrees = async (text: string) => {
      load(here, text);
      const { kind } = judge(readRuleset(listed(here)), PROBE);
      kinds[kind]++;
      if (kind === "passed") assert(await arrives(500), `passed, and is dropped:\n${text}`);
      if (kind === "dropped") assert(!await arrives(6), `dropped, and passes:\n${text}`);
    };
    await fc.assert(fc.asyncProperty(ruleset, agrees), { numRuns: 100, endOnFailure: true });
    assert(kinds.passed > 10 && kinds.dropped > 10, JSON.stringify(kinds));
    for (const fileDescriptor of [receiver, sender]) closeFileDescriptor(fileDescriptor);
  } finally {
    there.remove();
  }
});

/** So many chains as the kernel lets call each other: each calls the next, and the last one drops. */
const DEEP = Array.from(
  { length: 15 },
  (_, index) => `chain c${15 - index} { ${index === 0 ? "drop" : `jump c${16 - index}`}; }`,
).join("\n");

/** Each ruleset, as nft writes it, with what is said of PROBE. */
const JUDGED: readonly (readonly [rules: string, kind: string, by?: string])[] = [
  ["", "passed"],
  [
    "chain in { type filter hook input priority 0; policy drop; }",
    "dropped",
    "the policy of table inet f chain in",
  ],
  ["chain in { type filter hook input priority 0; udp dport { 1-2, 4191-4200 } drop; }", "dropped"],
  ["chain in { type filter hook input priority 0; udp dport 4000-4191 drop; }", "dropped"],
  ["chain in { type filter hook output priority 0; policy drop; }", "passed"],
  [
    "chain in { type filter hook input priority 0; ip saddr 10.0.0.0/8 drop; }",
    "maybe",
    "table inet f chain in rule handle",
  ],
  [
    "chain in { type filter hook input priority 0; policy drop; limit rate 1/second accept; }",
    "maybe",
    "the policy of table inet f chain in",
  ],
  ["chain in { type filter hook input priority 0; ip saddr 203.0.113.0/24 return; drop; }", "maybe"],
  [
    "chain in { type filter hook input priority 0; policy drop; ip saddr 10.0.0.0/8 return; accept; }",
    "maybe",
  ],
  [
    "chain sub { ip saddr 10.0.0.0/8 return; accept; }\nchain in { type filter hook input priority 0; jump sub; drop; }",
    "maybe",
  ],
  ["chain in { type filter hook input priority 0; udp dport vmap { 53 : accept, 4191 : drop }; }", "dropped"],
  [`${DEEP}\nchain in { type filter hook input priority 0; jump c1; }`, "dropped"],
  ["chain in { type filter hook input priority 0; quota over 1 mbytes drop; }", "maybe"],
  ["chain in { type filter hook input priority 0; ct count over 2 drop; }", "maybe"],
  ["chain in { type filter hook input priority 0; ct state != untracked drop; }", "dropped"],
];

testInNamespace("firewall rules: each verdict names its rule", (namespace) => {
  for (const [text, kind, by] of JUDGED) {
    load(namespace, `table inet f { ${text.replaceAll("; ", ";\n")}\n}\n`);
    const verdict = judge(readRuleset(listed(namespace)), PROBE);
    assertEquals(verdict.kind, kind, text);
    assert(
      by === undefined || verdict.kind !== "passed" && verdict.by.startsWith(by),
      JSON.stringify(verdict),
    );
  }
});

Deno.test("firewall rules: tables of dsmip itself, unknown conditions, chains that call each other", () => {
  const chain = (table: string, name: string, more: object = {}) => ({
    chain: { family: "inet", table, name, ...more },
  });
  const rule = (table: string, name: string, ...expr: object[]) => ({
    rule: { family: "inet", table, chain: name, handle: 1, expr },
  });
  const hook = { hook: "input", prio: 0, policy: "accept" };
  const judged = (...nftables: object[]) => judge(readRuleset(JSON.stringify({ nftables })), PROBE).kind;
  assertEquals(judged(chain("dsmip_ha", "in", hook), rule("dsmip_ha", "in", { drop: null })), "passed");
  const jump = (target: string) => ({ jump: { target } });
  // What this kernel may not load.
  for (const condition of [{ xt: null }, { synproxy: null }, { queue: { num: 0 } }]) {
    assertEquals(judged(chain("f", "in", hook), rule("f", "in", condition, { drop: null })), "maybe");
  }
  const unlike = {
    match: { op: "!=", left: { payload: { protocol: "udp", field: "dport" } }, right: "@gone" },
  };
  assertEquals(judged(chain("f", "in", hook), rule("f", "in", unlike, { drop: null })), "maybe");
  const circle = [
    chain("f", "a", hook),
    chain("f", "b"),
    rule("f", "a", jump("b")),
    rule("f", "b", jump("a")),
  ];
  assertEquals(judged(...circle), "passed");
});
