import { assert, assertEquals } from "@std/assert";
import { Ajv } from "ajv";
import ajvFormats from "ajv-formats";
import fc from "fast-check";
import { parse } from "smol-toml";
import type { Form } from "../../cli/configuration/check.ts";
import { parseConfiguration } from "../../cli/configuration/configuration.ts";
import { CONFIGURATION_TABLES, type DocumentedKey } from "../../cli/documentation/configuration_tables.ts";
import { configurationSchema } from "../../cli/documentation/json_schema.ts";
import { dsmip } from "../cli/dsmip.ts";
import { FULL_TOML, HOME_AGENT_TOML, KeyFolder, MOBILE_NODE_TOML } from "../cli/configuration_files.ts";

const ajv = new Ajv({ allErrors: true, strict: true });
(ajvFormats as unknown as (ajv: Ajv) => void)(ajv);
const ofEither = ajv.compile(configurationSchema(undefined));
const ofKind = { ha: ajv.compile(configurationSchema("ha")), mn: ajv.compile(configurationSchema("mn")) };

const ROUTER_TOML = `${MOBILE_NODE_TOML}mobile_network_prefixes = "2001:db8:200::/64"
[mobile_network]
interface = "lan0"
dns = ["2001:db8::53", "192.0.2.53"]
`;

function example(name: string): string {
  return Deno.readTextFileSync(new URL(`../../examples/${name}`, import.meta.url));
}

Deno.test("json schema: lets good files through, and tells the kinds apart", () => {
  for (const toml of [HOME_AGENT_TOML, FULL_TOML, example("ha.toml")]) {
    assert(ofKind.ha(parse(toml)) && ofEither(parse(toml)), JSON.stringify(ofKind.ha.errors));
    assert(!ofKind.mn(parse(toml)));
  }
  for (const toml of [MOBILE_NODE_TOML, ROUTER_TOML, example("mn.toml")]) {
    assert(ofKind.mn(parse(toml)) && ofEither(parse(toml)), JSON.stringify(ofKind.mn.errors));
    assert(!ofKind.ha(parse(toml)));
  }
});

Deno.test("json schema: the examples' remarks show every default as it is", () => {
  for (const [name, titles] of [["ha.toml", ["[home_agent]"]], ["mn.toml", ["[mobile_node]"]]] as const) {
    const defaults = example(name).split("What follows shows the defaults.")[1].split("\n\n")[0];
    for (const { keys } of CONFIGURATION_TABLES.filter(({ title }) => titles.some((one) => one === title))) {
      for (const [, key, value] of defaults.matchAll(/^# (\w+) = ("[^"]*"|\S+)/gm)) {
        const missing = keys.find(({ name }) => name === key)?.check.missing;
        assert(missing !== undefined, `${name}: ${key} has no default`);
        if (missing.value !== undefined) {
          assertEquals(JSON.stringify(missing.value), value, `${name}: ${key}`);
        }
      }
    }
  }
});

/** One more than a mobile router may have. */
const NINE = JSON.stringify(Array.from({ length: 9 }, (_, index) => `2001:db8:${index}::/48`));

const BAD: readonly (readonly [name: string, from: RegExp, to: string, keyword: string])[] = [
  ["mistyped key", /^home_prefix/m, "home_prefx", "additionalProperties"],
  ["missing key", /^home_prefix.*\n/m, "", "required"],
  ["not a number", /^spi = 1000/m, 'spi = "1000"', "type"],
  ["reserved number", /^spi = 1000/m, "spi = 255", "minimum"],
  ["number with a fraction", /^spi = 1000/m, "spi = 1000.5", "type"],
  ["too big", /^\n/m, "port = 65536\n\n", "maximum"],
  ["not a multiple", /^\n/m, "maximum_lifetime_seconds = 42\n\n", "multipleOf"],
  ["not a word", /"hmac-sha1-96"/, '"md5"', "enum"],
  ["not an address", /"203.0.113.1"/, '"203.0.113"', "format"],
  [
    "a list with the same twice",
    /^spi = 1000/m,
    'mobile_network_prefixes = ["a", "a"]\nspi = 1000',
    "uniqueItems",
  ],
  ["a list too long", /^spi = 1000/m, `mobile_network_prefixes = ${NINE}\nspi = 1000`, "maxItems"],
  ["unknown table", /^\n/m, "\n[mobile_network]\n", "additionalProperties"],
];

Deno.test("json schema: refuses what an editor can show", () => {
  for (const [name, from, to, keyword] of BAD) {
    const toml = HOME_AGENT_TOML.replace(from, to);
    assert(toml !== HOME_AGENT_TOML, name);
    for (const validate of [ofKind.ha, ofEither]) {
      assert(!validate(parse(toml)), name);
      const { errors } = validate;
      assert(errors!.some((error) => error.keyword === keyword), `${name}: ${JSON.stringify(errors)}`);
    }
  }
});

const anything = fc.oneof(
  fc.integer({ min: -10, max: 5000 }).map((number) => number * 4),
  fc.integer(),
  fc.integer({ min: 0, max: 300_000 }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.string(),
  fc.constantFrom("ipv6", "keep", "none", "mn-ha", "eth0", "2001:db8::1", "192.0.2.1", "hmac-sha1-96"),
  fc.array(fc.constantFrom("eth0", "wlan0", "2001:db8::/64", "192.0.2.1"), { maxLength: 10 }),
  fc.constantFrom({}, null),
);

function holdsText(form: Form): boolean {
  return form.kind === "text" || form.kind === "list" && holdsText(form.item);
}

/** Of texts the schema knows less than the reader; of all else it says the same. */
Deno.test("json schema property: a key's schema and its check agree", () => {
  const tables = { "[home_agent]": ["ha", "home_agent"], "[mobile_node]": ["mn", "mobile_node"] } as const;
  for (const [title, [kind, name]] of Object.entries(tables)) {
    const { keys } = CONFIGURATION_TABLES.find((table) => table.title === title)!;
    const schema = configurationSchema(kind) as unknown as {
      readonly properties: Readonly<
        Record<string, { readonly properties: Readonly<Record<string, object>> }>
      >;
    };
    for (const { name: key, check } of keys as readonly DocumentedKey[]) {
      const validate = ajv.compile(schema.properties[name].properties[key]);
      const agree = (value: unknown) => {
        const reads = check.read(value) !== undefined;
        const validates = validate(value);
        assert(
          reads === validates || validates && holdsText(check.form),
          `${key} = ${JSON.stringify(value)}`,
        );
      };
      fc.assert(fc.property(anything, agree), { numRuns: 200 });
      if (check.missing?.value !== undefined) assert(validate(check.missing.value), `the default of ${key}`);
    }
  }
});

Deno.test("json schema property: what the reader takes, the schema takes", () => {
  using folder = new KeyFolder();
  const change = fc.tuple(
    fc.constantFrom(HOME_AGENT_TOML, FULL_TOML, ROUTER_TOML),
    fc.nat(),
    fc.string({ maxLength: 3 }),
  );
  fc.assert(
    fc.property(change, ([toml, at, put]) => {
      const start = at % toml.length;
      const text = toml.slice(0, start) + put + toml.slice(start + put.length);
      try {
        parseConfiguration(`${folder.path}/x.toml`, text);
      } catch {
        return;
      }
      assert(ofEither(parse(text)), `${text}\n${JSON.stringify(ofEither.errors)}`);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("config schema: prints the schema of a kind, or of both", async () => {
  const [either, ha, wrong] = await Promise.all([
    dsmip("config", "schema"),
    dsmip("config", "schema", "ha"),
    dsmip("config", "schema", "cn"),
  ]);
  assertEquals(JSON.parse(either.stdout), JSON.parse(JSON.stringify(configurationSchema(undefined))));
  assertEquals(JSON.parse(ha.stdout), JSON.parse(JSON.stringify(configurationSchema("ha"))));
  assertEquals([wrong.code, wrong.stdout], [2, ""]);
  assert(wrong.stderr.includes("Allowed choices are ha, mn"), wrong.stderr);
});
