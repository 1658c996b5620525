import { assert, assertEquals } from "@std/assert";
import { documentationFiles } from "../../scripts/docs.ts";
import { hasProgram } from "../lab/support.ts";
import { run } from "../ffi/in_namespace.ts";

/** Each line with what TAB shows behind it; words that are the only ones are written into the line. */
const LINES: readonly (readonly [line: string, shown: readonly string[], notShown: readonly string[]])[] = [
  ["dsmip ", ["ha", "mn", "decode", "lab", "config", "doctor"], ["serve"]],
  // Not the command: the value of an option.
  ["dsmip --log-level ha ", ["ha", "mn"], ["serve"]],
  ["dsmip config ", ["check", "schema", "import"], ["serve", "ha"]],
  ["dsmip config schema ", ["ha", "mn"], ["check"]],
  ["dsmip --log-level debug ha ", ["serve", "bindings"], ["status"]],
  ["dsmip ha serve --", ["--config", "--offload", "--no-offload", "--log-level"], ["--trace", "--filter"]],
  ["dsmip decode --format ", ["text", "fields", "json"], ["serve"]],
  ["dsmip decode -t ", ["r", "d", "dd", "e", "ud"], ["text"]],
  ["dsmip --log-level ", ["debug", "info", "warning", "error"], ["ha"]],
  ["dsmip mn switch ", ["lo"], ["serve"]],
];

/** A folder with the completions. */
function withCompletions(use: (folder: string) => void): void {
  const folder = Deno.makeTempDirSync({ prefix: "dsmip-completion-" });
  try {
    for (const [path, text] of documentationFiles()) {
      if (path.startsWith("dist/completions/")) {
        Deno.writeTextFileSync(`${folder}/${path.split("/").at(-1)}`, text);
      }
    }
    Deno.writeTextFileSync(`${folder}/a b.toml`, "");
    use(folder);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

function testShell(shell: string, use: (folder: string) => void): void {
  const ignore = !hasProgram(shell) || !hasProgram("python3");
  Deno.test({
    name: `completion: ${shell}${ignore ? " (is not installed)" : ""}`,
    ignore,
    fn: () => withCompletions(use),
  });
}

/** What bash makes of a line, by its own rules for words. */
function bashReply(folder: string, line: string): string[] {
  const script = `source ${folder}/dsmip.bash
compopt() { :; }
COMP_WORDS=(${line.replaceAll("=", " = ")}${
    line.endsWith(" ") ? '""' : ""
  }); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
_dsmip; printf '%s\\n' "\${COMPREPLY[@]}"`;
  return run("bash", "--norc", "-c", script).trimEnd().split("\n");
}

testShell("bash", (folder) => {
  run("bash", "-n", `${folder}/dsmip.bash`);
  for (const [line, shown, notShown] of LINES) {
    const reply = bashReply(folder, line);
    for (const word of shown) assert(reply.includes(word), `${line}: ${word} not in ${reply}`);
    for (const word of notShown) assert(!reply.includes(word), `${line}: ${word}`);
  }
  assertEquals(bashReply(folder, "dsmip decode --format=j"), ["json"]);
  assertEquals(bashReply(folder, `dsmip config check ${folder}/a`), [`${folder}/a b.toml`]);
  assertEquals(bashReply(folder, `dsmip ha serve --config ${folder}/a`), [`${folder}/a b.toml`]);
  assertEquals(bashReply(folder, "dsmip lab run --runs "), [""]);
  pressTab("bash", `${folder}/dsmip.bash`, "dsmip config ", "check", "import", "schema");
  pressTab("bash", `${folder}/dsmip.bash`, `dsmip config check ${folder}/a`, `${folder}/a\\ b.toml`);
});

testShell("zsh", (folder) => {
  run("zsh", "-n", `${folder}/_dsmip`);
  pressTab("zsh", `${folder}/_dsmip`, "dsmip ha serve --", "--config", "--offload", "--log-level");
  pressTab("zsh", `${folder}/_dsmip`, "dsmip --log-level debug ha ", "serve", "bindings");
  pressTab("zsh", `${folder}/_dsmip`, `dsmip config check ${folder}/a`, `${folder}/a\\ b.toml`);
});

testShell("fish", (folder) => {
  run("fish", "-n", `${folder}/dsmip.fish`);
  const complete = (line: string) =>
    run("fish", "--no-config", "-c", `source ${folder}/dsmip.fish; complete -C ${JSON.stringify(line)}`)
      .trimEnd().split("\n").map((found) => found.split("\t")[0]);
  for (const [line, shown, notShown] of LINES) {
    const reply = complete(line);
    for (const word of shown) assert(reply.includes(word), `${line}: ${word} not in ${reply}`);
    for (const word of notShown) assert(!reply.includes(word), `${line}: ${word}`);
  }
  assertEquals(complete(`dsmip config check ${folder}/a`), [`${folder}/a b.toml`]);
});

/** Types in a real terminal. */
function pressTab(shell: string, script: string, line: string, ...shown: string[]): void {
  const program = new URL("press_tab.py", import.meta.url).pathname;
  run("python3", program, shell, script, line, ...shown);
}
