import { Command } from "commander";
import { askCommand } from "./ask_command.ts";
import { HOME_AGENT } from "./daemon_kind.ts";
import { globalOptions } from "./global_options.ts";
import { chosenOffloads, noOffloadOption, offloadOption } from "./offload_option.ts";
import { reloadCommand } from "./reload_command.ts";
import { revokeCommand } from "./revoke_command.ts";

/** `dsmip ha serve`, `dsmip ha bindings`, `dsmip ha revoke`, `dsmip ha reload` */
export function homeAgentCommand() {
  const serve = new Command("serve")
    .description(
      "Serve as a home agent, in the foreground, until SIGTERM or Ctrl-C; the log is on standard error; SIGHUP reloads the configuration",
    )
    .requiredOption("--config <file>", "the home agent's configuration (TOML)")
    .addOption(offloadOption())
    .addOption(noOffloadOption())
    .addHelpText("after", "\nExample:\n  dsmip ha serve --config examples/ha.toml --log-level debug")
    .action(async ({ config, offload }, command) => {
      const { runDaemon } = await import("./run_daemon.ts");
      const offloads = chosenOffloads(offload);
      await runDaemon({ kind: "homeAgent", config, offloads, ...globalOptions(command) });
    });
  const bindings = askCommand({
    name: "bindings",
    description: "Ask the running home agent for its binding cache",
    daemon: HOME_AGENT,
    json: "{bindings, counters}",
    loadDescription: async () => (await import("../output/status_view.ts")).describeBindings,
  });
  return new Command("ha")
    .description("The home agent: serve, look at who is bound, revoke, reload")
    .addHelpText("after", "\nExample:\n  dsmip ha serve --config examples/ha.toml")
    .addCommand(serve)
    .addCommand(bindings)
    .addCommand(revokeCommand())
    .addCommand(reloadCommand(HOME_AGENT, "mobile nodes, keys, lifetimes and limits"));
}
