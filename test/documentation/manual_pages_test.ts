import { assert, assertEquals } from "@std/assert";
import { buildProgram } from "../../cli/commands/program.ts";
import { allCommands, documentCommand } from "../../cli/documentation/command_tree.ts";
import { CONFIGURATION_TABLES } from "../../cli/documentation/configuration_tables.ts";
import { escapeRoff } from "../../cli/documentation/roff.ts";
import { documentationFiles } from "../../scripts/docs.ts";
import { hasProgram } from "../lab/support.ts";

/** What a formatter makes of a page, and what it complains of. */
async function format(program: string, args: readonly string[], page: string) {
  const child = new Deno.Command(program, {
    args: [...args],
    env: { LC_ALL: "C.UTF-8", MANWIDTH: "100" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(page));
  await writer.close();
  const { stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  return { text: decoder.decode(stdout), complaints: decoder.decode(stderr) };
}

const PAGES = [...documentationFiles()].filter(([path]) => path.startsWith("dist/man/"));

for (const [path, page] of PAGES) {
  const name = path.split("/").at(-1);
  Deno.test({
    name: `manual page ${name}: groff and man find nothing to complain of`,
    ignore: !hasProgram("groff") || !hasProgram("man"),
    fn: async () => {
      assertEquals((await format("groff", ["-ww", "-man", "-Tutf8", "-rLL=100n"], page)).complaints, "");
      assertEquals((await format("man", ["--warnings", "-l", "-"], page)).complaints, "");
    },
  });
}

Deno.test({
  name: "manual pages: every command, option and key is there",
  ignore: !hasProgram("groff"),
  fn: async () => {
    const [command, file] = await Promise.all(
      PAGES.map(async ([, page]) => (await format("groff", ["-man", "-Tascii", "-P-cbou"], page)).text),
    );
    for (const { fullName, options } of allCommands(documentCommand(buildProgram()))) {
      for (const { flags } of options) {
        assert(command.includes(flags) || flags.includes("--help"), `${fullName} ${flags}`);
      }
    }
    for (const { title, keys } of CONFIGURATION_TABLES) {
      assert(file.includes(title), title);
      for (const { name } of keys) assert(new RegExp(`^ +${name} \\(`, "m").test(file), name);
    }
    for (
      const text of [
        "dsmip config import file",
        "Serve as a home agent",
        "dsmip doctor [options]",
        "dsmip config import /etc/mip6d.conf > mn.toml",
      ]
    ) {
      assert(command.replace(/\s+/g, " ").includes(text), text);
    }
  },
});

Deno.test("manual pages: text means itself", async () => {
  const text = ".dot at the start\n'quote\na \\fB b \\\\ -x--y ~^`'\n";
  if (!hasProgram("groff")) return;
  const page = `.TH X 1\n.SH Y\n.nf\n${escapeRoff(text)}.fi\n`;
  const { text: shown } = await format("groff", ["-man", "-Tascii", "-P-cbou"], page);
  for (const line of [".dot at the start", "'quote", "a \\fB b \\\\ -x--y"]) {
    assert(shown.includes(line), shown);
  }
});
