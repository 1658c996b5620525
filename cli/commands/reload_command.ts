import { Command } from "commander";
import { RELOAD_LIMIT_MS } from "../daemon/control_protocol.ts";
import { Failure, messageOf, UsageError } from "../output/fault.ts";
import { print } from "../output/write.ts";
import { ask, controlConfigOption, controlSocketOf, controlSocketOption } from "./ask_command.ts";
import type { DaemonKind } from "./daemon_kind.ts";

/** `dsmip ha reload` and `dsmip mn reload`: the daemon reads its configuration again, as at SIGHUP. */
export function reloadCommand(daemon: DaemonKind, takenOver: string) {
  return new Command("reload")
    .description(
      `Let the ${daemon.title} read its configuration again, and take over ${takenOver}; ` +
        "a file with a mistake changes nothing, and what needs a restart is named",
    )
    .addOption(controlSocketOption(daemon))
    .addOption(controlConfigOption())
    .addHelpText(
      "after",
      `\nExample:\n  ${daemon.command} reload --config /etc/dsmip/${EXAMPLE_FILE[daemon.kind]}`,
    )
    .action(async (options) => {
      const path = await controlSocketOf(daemon, options).catch(refuse);
      const request = { command: "reload", timeLimitMs: RELOAD_LIMIT_MS };
      const { needRestart } = await ask(daemon, path, request);
      const waiting = Array.isArray(needRestart) ? needRestart.map(String) : [];
      print(
        waiting.length === 0
          ? "reloaded\n"
          : `reloaded\nchanged, but needs a restart: ${waiting.join(", ")}\n`,
      );
    });
}

const EXAMPLE_FILE = { homeAgent: "ha.toml", mobileNode: "mn.toml" } as const;

/** A mistake in the file is what this command is there to find: it has been asked in the right way. */
function refuse(error: unknown): never {
  throw error instanceof UsageError ? new Failure(messageOf(error)) : error;
}
