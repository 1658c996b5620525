import { Argument, Command } from "commander";
import type { SchemaKind } from "../documentation/json_schema.ts";
import { print, remark } from "../output/write.ts";

const SCHEMA_KINDS: readonly SchemaKind[] = ["ha", "mn"];

/** `dsmip config check FILE`, `dsmip config schema` and `dsmip config import FILE` */
export function configCommand() {
  const check = new Command("check")
    .description("Look for every mistake in a configuration file and say what it means; no secret is shown")
    .argument("<file>", "a home agent's or a mobile node's configuration (TOML)")
    .addHelpText("after", "\nExample:\n  dsmip config check examples/ha.toml")
    .action(async (file) => {
      const { readConfiguration } = await import("../configuration/configuration.ts");
      const { coloursFor } = await import("../output/colours.ts");
      const { describeConfiguration } = await import("../output/configuration_view.ts");
      const configuration = readConfiguration(file);
      for (const warning of configuration.warnings) remark(`warning: ${file}: ${warning}\n`);
      print(describeConfiguration(configuration, coloursFor(Deno.stdout)));
    });
  const schema = new Command("schema")
    .description("Print the JSON schema of configuration files, for editors")
    .addArgument(
      new Argument("[kind]", "a home agent's file or a mobile node's; left out: either").choices(
        SCHEMA_KINDS,
      ),
    )
    .addHelpText("after", "\nExample:\n  dsmip config schema ha > dsmip-ha.schema.json")
    .action(async (kind) => {
      const { configurationSchema } = await import("../documentation/json_schema.ts");
      print(JSON.stringify(configurationSchema(kind), undefined, 2) + "\n");
    });
  const umip = new Command("import")
    .description(
      "Turn a mip6d.conf of UMIP into a configuration of ours, on standard output, with a remark for each line that has " +
        "no counterpart and TO DO where something is missing",
    )
    .argument("<file>", "a home agent's or a mobile node's mip6d.conf")
    .addHelpText("after", "\nExample:\n  dsmip config import /etc/mip6d.conf > mn.toml")
    .action(async (file) => {
      const { importConfiguration } = await import("../configuration_import/import.ts");
      print(importConfiguration(file));
    });
  return new Command("config")
    .description("Work with configuration files")
    .addHelpText("after", "\nExample:\n  dsmip config check examples/mn.toml")
    .addCommand(check)
    .addCommand(schema)
    .addCommand(umip);
}
