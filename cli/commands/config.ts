import { Command } from "commander";
import { print, remark } from "../output/write.ts";

/** `dsmip config check FILE` */
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
  return new Command("config")
    .description("Work with configuration files")
    .addHelpText("after", "\nExample:\n  dsmip config check examples/mn.toml")
    .addCommand(check);
}
