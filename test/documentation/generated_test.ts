import { assert, assertEquals } from "@std/assert";
import { CONFIGURATION_TABLES } from "../../cli/documentation/configuration_tables.ts";
import { documentationFiles } from "../../scripts/docs.ts";

Deno.test("documentation: docs/configuration.md is what `deno task docs` makes", () => {
  const path = "docs/configuration.md";
  const there = Deno.readTextFileSync(new URL(`../../${path}`, import.meta.url));
  assert(there === documentationFiles().get(path), "out of date: run deno task docs");
});

Deno.test("documentation: each key has one line that ends as a sentence", () => {
  for (const { title, keys } of CONFIGURATION_TABLES) {
    for (const { name, description } of keys) {
      assertEquals(/^[A-Z"].*\.$/.test(description), true, `${title} ${name}`);
      assert(description.length <= 110 && !description.includes("\n"), `${title} ${name}`);
    }
  }
});

Deno.test("documentation: the daemons start without it", async () => {
  const entry = new URL("../../cli/commands/run_daemon.ts", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", entry] }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as {
    readonly modules: readonly { readonly specifier: string }[];
  };
  const names = modules.map(({ specifier }) => specifier);
  assert(names.some((name) => name.endsWith("/cli/configuration/schema.ts")));
  assertEquals(names.filter((name) => name.includes("/cli/documentation/")), []);
});
