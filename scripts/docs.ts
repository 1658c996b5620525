/**
 * Writes what is made from the definitions of the command line and the configuration: docs/configuration.md, and into
 * dist/ what a package installs.
 */
import { buildProgram } from "../cli/commands/program.ts";
import { documentCommand } from "../cli/documentation/command_tree.ts";
import { bashCompletion } from "../cli/documentation/completion_bash.ts";
import { fishCompletion } from "../cli/documentation/completion_fish.ts";
import { zshCompletion } from "../cli/documentation/completion_zsh.ts";
import { configurationReference } from "../cli/documentation/configuration_reference.ts";
import { configurationSchema } from "../cli/documentation/json_schema.ts";
import { commandPage, configurationPage } from "../cli/documentation/manual_pages.ts";

const ROOT = new URL("../", import.meta.url);

/** Each file with its text; paths are relative to the root of the project. */
export function documentationFiles(): ReadonlyMap<string, string> {
  const program = documentCommand(buildProgram());
  const example = (name: string) => Deno.readTextFileSync(new URL(`examples/${name}.toml`, ROOT));
  return new Map([
    ["docs/configuration.md", configurationReference()],
    ["dist/dsmip.schema.json", JSON.stringify(configurationSchema(undefined), undefined, 2) + "\n"],
    ["dist/man/dsmip.1", commandPage(program)],
    ["dist/man/dsmip.toml.5", configurationPage({ ha: example("ha"), mn: example("mn") })],
    ["dist/completions/dsmip.bash", bashCompletion(program)],
    ["dist/completions/_dsmip", zshCompletion(program)],
    ["dist/completions/dsmip.fish", fishCompletion(program)],
  ]);
}

if (import.meta.main) {
  for (const [path, text] of documentationFiles()) {
    const url = new URL(path, ROOT);
    Deno.mkdirSync(new URL(".", url), { recursive: true });
    Deno.writeTextFileSync(url, text);
    console.log(path);
  }
}
