import { Command } from "commander";
import { ask, askCommand, controlConfigOption, controlSocketOf, controlSocketOption } from "./ask_command.ts";
import { MOBILE_NODE } from "./daemon_kind.ts";
import { globalOptions } from "./global_options.ts";
import { chosenOffloads, noOffloadOption, offloadOption } from "./offload_option.ts";
import { reloadCommand } from "./reload_command.ts";

/** `dsmip mn up`, `dsmip mn status`, `dsmip mn switch`, `dsmip mn reload` */
export function mobileNodeCommand() {
  const up = new Command("up")
    .description(
      "Keep the home address reachable, in the foreground, until SIGTERM or Ctrl-C; the log is on standard error; SIGHUP reloads the configuration",
    )
    .requiredOption("--config <file>", "the mobile node's configuration (TOML)")
    .addOption(offloadOption())
    .addOption(noOffloadOption())
    .option("--trace <file>", "write what happens, and when, for a browser's trace viewer")
    .addHelpText("after", "\nExample:\n  dsmip mn up --config examples/mn.toml --log-format json")
    .action(async ({ config, offload, trace }, command) => {
      const { runDaemon } = await import("./run_daemon.ts");
      const offloads = chosenOffloads(offload);
      await runDaemon({ kind: "mobileNode", config, offloads, trace, ...globalOptions(command) });
    });
  const status = askCommand({
    name: "status",
    description: "Ask the running mobile node how it is attached",
    daemon: MOBILE_NODE,
    json: "{state, homeAddress, ..., counters}",
    loadDescription: async () => (await import("../output/status_view.ts")).describeStatus,
  });
  const move = new Command("switch")
    .description("Move to another interface now, before the one in use is lost")
    .argument("<interface>", "one of the mobile node's egress interfaces")
    .addOption(controlSocketOption(MOBILE_NODE))
    .addOption(controlConfigOption())
    .addHelpText("after", "\nExample:\n  dsmip mn switch wlan0")
    .action(async (interfaceName, options) => {
      const path = await controlSocketOf(MOBILE_NODE, options);
      await ask(MOBILE_NODE, path, { command: "switch", argument: interfaceName });
    });
  return new Command("mn")
    .description("The mobile node: register, look at how it goes, move")
    .addHelpText("after", "\nExample:\n  dsmip mn up --config examples/mn.toml")
    .addCommand(up)
    .addCommand(status)
    .addCommand(move)
    .addCommand(reloadCommand(MOBILE_NODE, "its key, lifetime, keepalive, preference and egress interfaces"));
}
