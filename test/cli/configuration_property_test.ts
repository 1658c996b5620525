import { assert } from "@std/assert";
import fc from "fast-check";
import { stringify } from "smol-toml";
import { parseConfiguration, readConfiguration } from "../../cli/configuration/configuration.ts";
import { ConfigurationError } from "../../cli/configuration/mistake.ts";
import { HOME_AGENT_KEYS, MOBILE_NODE_ENTRY_KEYS, MOBILE_NODE_KEYS } from "../../cli/configuration/schema.ts";
import { HOME_AGENT_TOML, KEY_HEX, KeyFolder, MOBILE_NODE_TOML } from "./configuration_files.ts";

/** Reads, and checks that the only fault is a ConfigurationError that a person can read. */
function isAnswered(read: () => unknown, file: string): boolean {
  try {
    read();
    return true;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    for (const line of error.message.split("\n")) {
      assert(line.startsWith(file) && line.length > file.length, line);
      assert(!/[\p{Cc}\u2028\u2029]/u.test(line), JSON.stringify(line));
      assert(line.length < 1000, `a line of ${line.length} characters`);
    }
    assert(!error.message.includes(KEY_HEX.mn1.slice(0, 16)), "a key is in the message");
    return error.mistakes.length > 0;
  }
}

/** A good file with some of its text replaced by anything. */
const damaged = fc.tuple(
  fc.constantFrom(HOME_AGENT_TOML, MOBILE_NODE_TOML),
  fc.array(
    fc.tuple(
      fc.nat(),
      fc.nat(12),
      fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("[", "]", '"', "=", "\n", "{", "\0")),
    ),
    { minLength: 1, maxLength: 4 },
  ),
).map(([toml, changes]) =>
  changes.reduce<string>((text, [at, length, put]) => {
    const start = at % (text.length + 1);
    return text.slice(0, start) + put + text.slice(start + length);
  }, toml)
);

const value = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.boolean(),
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "2001:db8:100::1",
    "2001:db8:100::/64",
    "203.0.113.1",
    "none",
    "mn-ha",
    "mn1.key",
    KEY_HEX.mn1,
    "::/0",
  ),
  fc.date({ noInvalidDate: true, min: new Date("0001-01-02"), max: new Date("9999-01-01") }),
  fc.array(fc.integer()),
  fc.object({ maxDepth: 1, withNullPrototype: false, values: [fc.integer(), fc.string()] }),
);

function table(keys: readonly string[]) {
  const name = fc.oneof(
    fc.constantFrom(...keys),
    fc.string(),
    fc.constantFrom("__proto__", "constructor", "toString"),
  );
  return fc.dictionary(name, value, { maxKeys: 12 });
}

/** TOML that is well-formed, with the right names and anything for their values. */
const plausible = fc.record({
  home_agent: fc.oneof(table(Object.keys(HOME_AGENT_KEYS)), value),
  mobile_node: fc.oneof(
    table(Object.keys(MOBILE_NODE_KEYS)),
    fc.array(table(Object.keys(MOBILE_NODE_ENTRY_KEYS)), { maxLength: 3 }),
    value,
  ),
}, { requiredKeys: [] }).map((document) => stringify(document));

Deno.test("configuration property: any text is a configuration or a clear error", () => {
  using folder = new KeyFolder();
  const file = `${folder.path}/any.toml`;
  const holds = (text: string) => isAnswered(() => parseConfiguration(file, text), file);
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), holds), { numRuns: 1000 });
  fc.assert(fc.property(damaged, holds), { numRuns: 3000 });
  fc.assert(fc.property(plausible, holds), { numRuns: 2000 });
});

Deno.test("configuration property: any bytes in a file are a configuration or a clear error", () => {
  using folder = new KeyFolder();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const file = folder.write("any.toml", bytes);
      return isAnswered(() => readConfiguration(file), file);
    }),
    { numRuns: 300 },
  );
});

Deno.test("configuration: deep nesting and many mistakes are answered", () => {
  const deep = `a = ${"[".repeat(100_000)}`;
  const dotted = `${"a.".repeat(20_000)}b = 1`;
  const many = "[home_agent]\n" + Array.from({ length: 5_000 }, (_, index) => `k${index} = 1\n`).join("");
  const nodes = "[home_agent]\n" + "[[mobile_node]]\n".repeat(20_000);
  for (const toml of [deep, dotted, many, nodes]) {
    assert(isAnswered(() => parseConfiguration("x.toml", toml), "x.toml"));
  }
});
