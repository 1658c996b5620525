import { assert, assertEquals, assertMatch } from "@std/assert";
import project from "../../deno.json" with { type: "json" };
import { ControlSocket } from "../../cli/daemon/control_socket.ts";
import { newAssociations } from "../../cli/esp/new_associations.ts";
import { HOME_AGENT_TOML, KEY_HEX, KeyFolder } from "./configuration_files.ts";
import { dsmipCommand } from "../../cli/lab/lab.ts";
import { dsmip } from "./dsmip.ts";

const EXAMPLES = new URL("../../examples/", import.meta.url);

Deno.test("command line: --version and --help, each with an example, on standard output", async () => {
  const version = await dsmip("--version");
  assertEquals([version.code, version.stderr], [0, ""]);
  const kind = Deno.env.get("DSMIP") ? "(self-extracting|compiled)" : "from source";
  const { os, arch } = Deno.build;
  assertMatch(
    version.stdout,
    new RegExp(`^dsmip ${project.version} \\(${kind}, deno ${Deno.version.deno}, ${os} ${arch}\\)\n$`),
  );
  const lines = [
    "",
    "ha",
    "ha serve",
    "ha bindings",
    "mn up",
    "mn status",
    "decode",
    "lab run",
    "config",
    "config check",
  ];
  const runs = await Promise.all(lines.map((line) => dsmip(...line.split(" ").filter(Boolean), "--help")));
  for (const [index, { code, stdout, stderr }] of runs.entries()) {
    const line = lines[index];
    assertEquals([code, stderr], [0, ""], line);
    assert(stdout.startsWith(`Usage: dsmip ${line}`.trimEnd()), stdout);
    assert(/\nExamples?:\n {2}dsmip /.test(stdout), `${line} has no example:\n${stdout}`);
    assert(stdout.includes("--log-level"), stdout);
    assertEquals(stdout.split("\n").filter((one) => one.length > 80), [], `${line}: wider than 80 columns`);
  }
});

Deno.test("command line: a usage error says what is wrong and where help is, on standard error, with status 2", async () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["", /^Usage: dsmip /],
    ["ha", /^Usage: dsmip ha /],
    ["hb", /^dsmip: error: unknown command 'hb'\n.*[Hh]a.*\nTry: dsmip --help\n$/],
    [
      "ha serve",
      /^dsmip: error: required option '--config <file>' not specified\nTry: dsmip ha serve --help\n$/,
    ],
    [
      "ha bindings --jsn",
      /^dsmip: error: unknown option '--jsn'\n\(Did you mean --json\?\)\nTry: dsmip ha bindings --help\n$/,
    ],
    [
      "ha bindings --config x --control-socket y",
      /^dsmip: error: option .* cannot be used with option .*\nTry:/,
    ],
    [
      "--log-level loud mn status",
      /^dsmip: error: option '--log-level <level>' argument 'loud' is invalid\. .*info/,
    ],
    ["config check", /^dsmip: error: missing required argument 'file'\nTry: dsmip config check --help\n$/],
    ["config check /nonexistent/x.toml", /^dsmip: \/nonexistent\/x\.toml: there is no such file\n$/],
  ];
  const runs = await Promise.all(cases.map(([line]) => dsmip(...line.split(" ").filter(Boolean))));
  for (const [index, { code, stdout, stderr }] of runs.entries()) {
    const [line, expected] = cases[index];
    assertEquals([code, stdout], [2, ""], line);
    assert(expected.test(stderr), `${line}:\n${stderr}`);
  }
});

Deno.test("command line: config check accepts the examples, refuses mistakes, and warns of an open one", async () => {
  using folder = new KeyFolder();
  for (const name of ["ha.toml", "mn.toml"]) {
    const file = folder.write(name, Deno.readTextFileSync(new URL(name, EXAMPLES)));
    const { code, stdout, stderr } = await dsmip("config", "check", file);
    assertEquals([code, stderr], [0, ""], name);
    assert(stdout.includes("2001:db8:100::100") && stdout.includes(file), stdout);
    assert(!stdout.includes(KEY_HEX.mn1), stdout);
  }
  // The lines that an example shows as comments are its defaults, and they are right.
  const ends = { homeAddress: "2001:db8:100::100", homeAgentAddress: "2001:db8:100::1" };
  folder.write("mn1.esp", newAssociations({ ...ends, validFrom: undefined }));
  const all = Deno.readTextFileSync(new URL("mn.toml", EXAMPLES)).replace(/^# (?=[a-z0-9_]+ = |\[)/gm, "");
  assertEquals((await dsmip("config", "check", folder.write("all.toml", all))).code, 0);
  folder.write("mn1-old.key", `${KEY_HEX.mn2}\n`);
  const allAgent = Deno.readTextFileSync(new URL("ha.toml", EXAMPLES)).replace(/^# (?=[a-z0-9_]+ = )/gm, "");
  assertEquals((await dsmip("config", "check", folder.write("all_ha.toml", allAgent))).code, 0);

  const bad = folder.write("bad.toml", HOME_AGENT_TOML.replace("1000", "1").replace("203.0.113.1", "x"));
  const wrong = await dsmip("config", "check", bad);
  assertEquals([wrong.code, wrong.stdout, wrong.stderr.trimEnd().split("\n").length], [2, "", 2]);
  assert(wrong.stderr.includes(`${bad}:3: [home_agent] ipv4_address = "x"`), wrong.stderr);
  assert(wrong.stderr.includes(`${bad}:9: [[mobile_node]] 1 spi = 1:`), wrong.stderr);

  const openFile = folder.write(
    "open.toml",
    HOME_AGENT_TOML.split("\n\n")[0] + '\nauthentication = "none"\n',
  );
  const open = await dsmip("config", "check", openFile);
  assertEquals(open.code, 0);
  assert(open.stderr.startsWith(`warning: ${openFile}: authentication = "none": `), open.stderr);

  const swapped = await dsmip("mn", "up", "--config", openFile);
  assertEquals([swapped.code, swapped.stdout], [2, ""]);
  assertEquals(
    swapped.stderr,
    `dsmip: ${openFile}: this is a home agent's configuration; try: dsmip ha serve --config ${openFile}\n`,
  );
  const asked = await dsmip("mn", "status", "--config", openFile);
  assertEquals(asked.code, 2);
  assert(asked.stderr.endsWith(`try: dsmip ha bindings --config ${openFile}\n`), asked.stderr);
});

Deno.test("command line: bindings and status ask the daemon, and say so when there is none", async () => {
  using folder = new KeyFolder();
  const path = `${folder.path}/ha.sock`;
  const none = await dsmip("ha", "bindings", "--control-socket", path);
  assertEquals(none, {
    code: 1,
    stdout: "",
    stderr: `dsmip: no home agent answers at ${path}: is \`dsmip ha serve\` running?\n`,
  });
  const answer = { bindings: [{ homeAddress: "2001:db8:100::100" }], counters: { sent: 3 } };
  await using _socket = await ControlSocket.open({ path, handlers: { bindings: () => answer } });
  const file = folder.write("ha.toml", HOME_AGENT_TOML.replace("\n\n", '\ncontrol_socket = "ha.sock"\n\n'));
  const json = await dsmip("ha", "bindings", "--json", "--config", file, "--log-level", "debug");
  assertEquals(json, { code: 0, stdout: JSON.stringify(answer) + "\n", stderr: "" });
  const table = await dsmip("ha", "bindings", "--control-socket", path);
  assertEquals([table.code, table.stderr], [0, ""]);
  assert(table.stdout.startsWith("HOME ADDRESS") && table.stdout.includes("2001:db8:100::100"), table.stdout);
  const other = await dsmip("mn", "status", "--control-socket", path);
  assertEquals([other.code, other.stdout], [1, ""]);
  assertEquals(other.stderr, `dsmip: ${path}: unknown command "status"; this daemon knows: bindings\n`);
});

Deno.test("command line: a reader that goes away ends it quietly", async () => {
  const script = '"$0" "$@" --help | true; echo "${PIPESTATUS[0]}"';
  const { stdout, stderr } = await new Deno.Command("bash", { args: ["-c", script, ...dsmipCommand()] })
    .output();
  assertEquals([new TextDecoder().decode(stdout), new TextDecoder().decode(stderr)], ["0\n", ""]);
});
