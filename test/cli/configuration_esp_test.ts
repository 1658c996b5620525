import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { overwriteKeys } from "../../cli/configuration/held_keys.ts";
import { coloursFor } from "../../cli/output/colours.ts";
import { describeConfiguration } from "../../cli/output/configuration_view.ts";
import { newAssociations } from "../../cli/esp/new_associations.ts";
import { readConfiguration } from "../../cli/configuration/configuration.ts";
import { HOME_AGENT_TOML, KeyFolder, MOBILE_NODE_TOML } from "./configuration_files.ts";

const HOME_ADDRESS = "2001:db8:100::100";
const HOME_AGENT = "2001:db8:100::1";
const KEY = "c3".repeat(18);
const PLAIN = coloursFor({ isTerminal: () => false });

function table(spi: number, source: string, destination: string, more = ""): string {
  return `[[security_association]]
spi = ${spi}
source = "${source}"
destination = "${destination}"
algorithm = "aes-gcm-16"
encryption_key = "${KEY}${spi.toString(16).padStart(4, "0")}"
${more}`;
}

const PAIR = table(5000, "2001:DB8:100::100", HOME_AGENT) + table(5001, HOME_AGENT, HOME_ADDRESS);
const WITHOUT_KEY = /spi = 1000\nkey_file = "mn1.key"\n/;

function read(toml: string, esp: string, mode = 0o600) {
  using folder = new KeyFolder();
  folder.write("mn1.esp", esp, mode);
  return readConfiguration(folder.write("dsmip.toml", toml, 0o644));
}

function mistakes(toml: string, esp: string, mode = 0o600): string {
  try {
    read(toml, esp, mode);
  } catch (error) {
    const { message } = error as Error;
    assert(!message.includes(KEY.slice(0, 12)), message);
    return message;
  }
  throw new Error("no mistake");
}

const NODE = MOBILE_NODE_TOML.replace(WITHOUT_KEY, 'esp_file = "mn1.esp"\n');
const AGENT = HOME_AGENT_TOML.replace(WITHOUT_KEY, 'esp_file = "mn1.esp"\n');

Deno.test("configuration: esp_file at both ends, in place of the shared key or beside it", () => {
  const other = table(5000, "2001:db8:100::200", HOME_AGENT);
  for (const toml of [NODE, AGENT, NODE + 'spi = 1000\nkey_file = "mn1.key"\n']) {
    const { securityAssociations, stateDirectory, kind, settings } = read(toml, PAIR + other);
    assertEquals(securityAssociations.map(({ spi, source, destination }) => [spi, source, destination]), [
      [5000, HOME_ADDRESS, HOME_AGENT],
      [5001, HOME_AGENT, HOME_ADDRESS],
    ]);
    assertEquals(stateDirectory, "/var/lib/dsmip");
    const node = kind === "homeAgent" ? settings.mobileNodes[0] : settings;
    assertEquals(node.requiresEsp, true);
    assertEquals(node.security?.spi, toml.includes("key_file") && kind === "mobileNode" ? 1000 : undefined);
  }
});

Deno.test("configuration: esn and lifetimes, as RFC 3339 text or as dates of TOML", () => {
  const more = 'esn = true\nvalid_from = 2030-01-31T12:00:00+01:00\nvalid_until = "2030-02-01T00:00:00.5Z"\n';
  const [one, back] =
    read(NODE, table(5000, HOME_ADDRESS, HOME_AGENT, more) + table(5001, HOME_AGENT, HOME_ADDRESS))
      .securityAssociations;
  assertEquals([one.extendedNumbers, one.validFromMs, one.validUntilMs], [
    true,
    Date.UTC(2030, 0, 31, 11),
    Date.UTC(2030, 1, 1, 0, 0, 0, 500),
  ]);
  assertEquals([back.extendedNumbers, back.validFromMs, back.validUntilMs], [false, undefined, undefined]);
});

Deno.test("configuration: mistakes of esp_file say file, line and what to do", () => {
  const esp = (text: string, mode?: number) => mistakes(NODE, text, mode);
  assertStringIncludes(
    mistakes(NODE + 'authentication = "none"\n', PAIR),
    'esp_file: contradicts authentication = "none"',
  );
  assertStringIncludes(mistakes(NODE.replace('esp_file = "mn1.esp"\n', ""), PAIR), "or esp_file alone");
  assertStringIncludes(mistakes(NODE + "spi = 1000\n", PAIR), "key_file is missing");
  assertStringIncludes(
    mistakes(NODE.replace("mn1.esp", "none.esp"), PAIR),
    `none.esp cannot be read (no such file): make one with: (umask 077; dsmip config esp ${HOME_ADDRESS} ${HOME_AGENT} > `,
  );
  assertStringIncludes(mistakes(NODE.replace("mn1.esp", `${KEY}c3c3`), PAIR), "this looks like a key itself");
  assertStringIncludes(esp(PAIR, 0o644), "can be used by others (mode 0644): chmod 600");
  assert(
    /dsmip\.toml:\d+: \[mobile_node\] esp_file: .*mn1\.esp:6: .* encryption_key: must have 40 or 72/.test(
      esp(PAIR.replace("c3c3", "c3")),
    ),
  );
  assertStringIncludes(
    esp(table(5000, HOME_ADDRESS, HOME_AGENT)),
    `no security association from ${HOME_AGENT} to ${HOME_ADDRESS}`,
  );
  assertStringIncludes(
    esp(PAIR.replaceAll(HOME_AGENT, "2001:db8:100::2")),
    `no security association from ${HOME_ADDRESS} to ${HOME_AGENT}`,
  );
  assertStringIncludes(
    esp(PAIR.replace("spi = 5000", "spi = 255")),
    "[[security_association]] 1 spi = 255: 1 to 255 are reserved",
  );
  assertStringIncludes(
    esp(PAIR + table(5000, HOME_ADDRESS, HOME_AGENT)),
    "is that of another one the same way",
  );
  assertStringIncludes(
    esp(PAIR.replaceAll(/(?<=c3)....(?=")/g, "0000")),
    "[[security_association]] 2 spi = 5001: has a key of another one",
  );
  assertStringIncludes(esp(PAIR.replace(/source.*\n/, "")), "needs source and destination");
  assertStringIncludes(esp(PAIR + 'valid_from = "2030-01-31"\n'), "with its offset from UTC");
  assertStringIncludes(esp(PAIR + "valid_until = 2030-01-31T12:00:00\n"), "with its offset from UTC");
  const turned = 'valid_from = "2030-01-02T00:00:00Z"\nvalid_until = "2030-01-01T00:00:00Z"\n';
  assertStringIncludes(esp(PAIR + turned), "valid_until: is not after valid_from");
  assertStringIncludes(mistakes(AGENT, ""), "the file holds [[security_association]] tables");
});

Deno.test("config esp: what it makes is an esp_file of both ends, and never the same twice", () => {
  const ends = { homeAddress: HOME_ADDRESS, homeAgentAddress: HOME_AGENT };
  const validFrom = "2030-01-31T12:00:00Z";
  const made = newAssociations({ ...ends, validFrom });
  for (const toml of [NODE, AGENT]) {
    const associations = read(toml, made).securityAssociations;
    assertEquals(associations.map(({ source, validFromMs }) => [source, validFromMs]), [
      [HOME_ADDRESS, Date.UTC(2030, 0, 31, 12)],
      [HOME_AGENT, Date.UTC(2030, 0, 31, 12)],
    ]);
    assertEquals(associations.map(({ encryptionKey }) => encryptionKey.length), [36, 36]);
  }
  const both = read(NODE, made + newAssociations({ ...ends, validFrom: undefined })).securityAssociations;
  assertEquals(new Set(both.map(({ spi }) => spi)).size, 4);
  assertEquals(new Set(both.map(({ encryptionKey }) => encryptionKey.toHex())).size, 4);
});

Deno.test("configuration: what config check shows of ESP, and that the keys are overwritten like others", () => {
  const configuration = read(NODE, PAIR);
  const text = describeConfiguration(configuration, PLAIN);
  assertStringIncludes(text, "ESP with SPIs 5000, 5001");
  assert(!text.includes(KEY.slice(0, 12)));
  overwriteKeys(configuration);
  for (const { encryptionKey } of configuration.securityAssociations) {
    assert(encryptionKey.every((octet) => octet === 0));
  }
});

Deno.test("ESP: what is slow to load is loaded by those who have it configured only", async () => {
  const files = ["configuration/configuration.ts", "daemon/home_agent.ts", "daemon/run_mobile_node.ts"].map((
    name,
  ) => new URL(`../../cli/${name}`, import.meta.url).pathname);
  for (const file of files) {
    const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", file] }).output();
    const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
      readonly modules: readonly {
        readonly specifier: string;
        readonly dependencies?: readonly {
          readonly isDynamic?: boolean;
          readonly code?: { specifier: string };
        }[];
      }[];
    };
    const byName = new Map(modules.map((one) => [one.specifier, one]));
    const loaded = new Set<string>();
    const visit = (specifier: string) => {
      if (loaded.has(specifier)) return;
      loaded.add(specifier);
      for (const { isDynamic, code } of byName.get(specifier)?.dependencies ?? []) {
        if (isDynamic !== true && code !== undefined) visit(code.specifier);
      }
    };
    visit(new URL(`file://${file}`).href);
    assert(loaded.size > 20, `${loaded.size} modules`);
    const slow = [...loaded].filter((name) => /node:crypto|\/esp\/cipher\.ts|esp_station\.ts/.test(name));
    assertEquals(slow, [], file);
  }
});
