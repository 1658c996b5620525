/**
 * Writes what is made from the definitions of the command line and the configuration: docs/configuration.md, and into
 * dist/ what a package installs.
 */
import { configurationReference } from "../cli/documentation/configuration_reference.ts";
import { configurationSchema } from "../cli/documentation/json_schema.ts";

/** Each file with its text; paths are relative to the root of the project. */
export function documentationFiles(): ReadonlyMap<string, string> {
  return new Map([
    ["docs/configuration.md", configurationReference()],
    ["dist/dsmip.schema.json", JSON.stringify(configurationSchema(undefined), undefined, 2) + "\n"],
  ]);
}

if (import.meta.main) {
  const root = new URL("../", import.meta.url);
  for (const [path, text] of documentationFiles()) {
    const url = new URL(path, root);
    Deno.mkdirSync(new URL(".", url), { recursive: true });
    Deno.writeTextFileSync(url, text);
    console.log(path);
  }
}
