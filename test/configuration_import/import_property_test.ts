import { assert } from "@std/assert";
import fc from "fast-check";
import { parse } from "smol-toml";
import { ConfigurationError } from "../../cli/configuration/mistake.ts";
import { importText } from "../../cli/configuration_import/import.ts";

/** @returns whether it was imported */
function isAnswered(text: string): boolean {
  let toml: string;
  try {
    toml = importText("any\n.conf", text);
  } catch (error) {
    assert(error instanceof ConfigurationError, String(error));
    return false;
  }
  parse(toml);
  return true;
}

const word = fc.oneof(
  fc.constantFrom(
    "enabled",
    "disabled",
    "allow",
    "deny",
    "CN",
    "HA",
    "MN",
    "0",
    "7",
    "262144",
    "0.5",
    "1e400",
  ),
  fc.constantFrom(
    '"eth0"',
    '"lo"',
    '"a\\u0000"',
    "2001:db8:1::34",
    "2001:db8:1::35/64",
    "192.0.2.1",
    "192.0.2.1/24",
    "::",
  ),
  fc.constantFrom("(2001:db8:2::/64)", "(2001:db8:2::/64, 2001:db8:3::/48)", "(192.0.2.0/24)", "(x)", "()"),
  fc.stringMatching(/^[^\s#;{}(),"]{1,8}$/u),
);
const name = fc.constantFrom(
  ..."Interface MnHomeLink HomeAddress HomeV4Address HomeAgentAddress HomeAgentV4Address IsMobRtr MnUseDsmip6 DebugLevel"
    .split(" "),
  ..."MnMaxHaBindingLife HaMaxBindingLife BindingAclPolicy IPsecPolicySet IPsecPolicy MnIfPreference IfType Tunnel"
    .split(" "),
  ..."HaAcceptMobRtr SendMobPfxAdvs InitialBindackTimeoutFirstReg MnUseAllInterfaces Unknown constructor"
    .split(" "),
);
const simple = fc.tuple(name, fc.array(word, { maxLength: 3 })).map(([head, words]) =>
  `${[head, ...words].join(" ")};`
);
/** Those that depend on others. */
const policy = fc.constantFrom(
  "BindingAclPolicy 2001:db8:1::34 allow;",
  "BindingAclPolicy 2001:db8:1::34 (2001:db8:2::/64) allow;",
  "BindingAclPolicy 2001:db8:1::35 (2001:db8:3::/64) allow;",
  "BindingAclPolicy 2001:db8:1::34 deny;",
  "HaAcceptMobRtr enabled;",
  'Interface "eth0";',
  "MnUseDsmip6 disabled;",
  "IsMobRtr enabled;",
);
const block = fc.tuple(name, word, fc.array(simple, { maxLength: 4 }))
  .map(([head, one, inner]) => `${head} ${one} {\n${inner.join("\n")}\n}`);
const plausible = fc.tuple(
  fc.constantFrom("HA", "MN"),
  fc.array(fc.oneof(simple, policy, block), { maxLength: 12 }),
)
  .map(([kind, statements]) => `NodeConfig ${kind};\n${statements.join("\n")}\n`);

Deno.test("config import property: any text is an error with its line, or TOML", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => void isAnswered(text)), {
    numRuns: 1000,
  });
  const damaged = fc.tuple(
    plausible,
    fc.nat(),
    fc.nat(5),
    fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(...'{}();"#\n')),
  )
    .map(([text, at, length, put]) => {
      const start = at % text.length;
      return text.slice(0, start) + put + text.slice(start + length);
    });
  fc.assert(fc.property(damaged, (text) => void isAnswered(text)), { numRuns: 2000 });
});

Deno.test("config import property: nothing is left out without a word", () => {
  fc.assert(
    fc.property(plausible, (text) => {
      assert(isAnswered(text));
      const toml = importText("x.conf", text);
      const named = new Set(
        [...toml.matchAll(/\bline ([\d, ]+)/g)].flatMap(([, list]) => list.split(", ").map(Number)),
      );
      for (const [index, line] of text.split("\n").entries()) {
        if (/^[A-Z]/i.test(line) && !line.startsWith("NodeConfig") && !isInsideUnread(text, index)) {
          assert(named.has(index + 1), `line ${index + 1} of\n${text}\nis not in\n${toml}`);
        }
      }
    }),
    { numRuns: 2000 },
  );
});

/** Of a block that is left out as a whole, the first line is remarked only. */
function isInsideUnread(text: string, index: number): boolean {
  const lines = text.split("\n").slice(0, index);
  return lines.lastIndexOf("}") < lines.findLastIndex((line) => line.endsWith("{"));
}
