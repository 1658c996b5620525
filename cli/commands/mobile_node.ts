import { Command } from "commander";
import { askCommand } from "./ask_command.ts";
import { MOBILE_NODE } from "./daemon_kind.ts";
import { globalOptions } from "./global_options.ts";
import { chosenOffloads, noOffloadOption, offloadOption } from "./offload_option.ts";

/** `dsmip mn up` and `dsmip mn status` */
export function mobileNodeCommand() {
  const up = new Command("up")
    .description(
      "Keep the home address reachable, in the foreground, until SIGTERM or Ctrl-C; the log is on standard error",
    )
    .requiredOption("--config <file>", "the mobile node's configuration (TOML)")
    .addOption(offloadOption())
    .addOption(noOffloadOption())
    .addHelpText("after", "\nExample:\n  dsmip mn up --config examples/mn.toml --log-format json")
    .action(async ({ config, offload }, command) => {
      const { runDaemon } = await import("./run_daemon.ts");
      const offloads = chosenOffloads(offload);
      await runDaemon({ kind: "mobileNode", config, offloads, ...globalOptions(command) });
    });
  const status = askCommand({
    name: "status",
    description: "Ask the running mobile node how it is attached",
    daemon: MOBILE_NODE,
    json: "{state, homeAddress, ..., counters}",
    loadDescription: async () => (await import("../output/status_view.ts")).describeStatus,
  });
  return new Command("mn")
    .description("The mobile node: register, and look at how it goes")
    .addHelpText("after", "\nExample:\n  dsmip mn up --config examples/mn.toml")
    .addCommand(up)
    .addCommand(status);
}
