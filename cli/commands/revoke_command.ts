import { Command } from "commander";
import { print } from "../output/write.ts";
import { ask, controlConfigOption, controlSocketOf, controlSocketOption } from "./ask_command.ts";
import { HOME_AGENT } from "./daemon_kind.ts";

/** `dsmip ha revoke`: at once, and until the configuration is loaded again. */
export function revokeCommand() {
  return new Command("revoke")
    .description(
      "Revoke the bindings of a mobile node at once, tell it so (RFC 5846), and refuse it until the configuration is loaded " +
        "again; for good, remove its [[mobile_node]] and reload",
    )
    .argument("<identity>", "the mobile node's, as in its [[mobile_node]]")
    .addOption(controlSocketOption(HOME_AGENT))
    .addOption(controlConfigOption())
    .addHelpText("after", "\nExample:\n  dsmip ha revoke mn1@example.org")
    .action(async (identity, options) => {
      const path = await controlSocketOf(HOME_AGENT, options);
      const { homeAddresses } = await ask(HOME_AGENT, path, { command: "revoke", argument: identity });
      const revoked = Array.isArray(homeAddresses) ? homeAddresses.map(String) : [];
      print(
        (revoked.length === 0 ? "no binding stood\n" : `revoked: ${revoked.join(", ")}\n`) +
          "refused until the next reload or restart; for good, remove its [[mobile_node]] and reload\n",
      );
    });
}
