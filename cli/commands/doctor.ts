import { Command, Option } from "commander";
import { FaultsFound } from "../output/fault.ts";
import { print, remark } from "../output/write.ts";

/** `dsmip doctor` */
export function doctorCommand() {
  return new Command("doctor")
    .description(
      "Look for what keeps a home agent or a mobile node from working on this machine, and say what to do about it; " +
        "nothing is changed",
    )
    .addOption(
      new Option("--config <file>", "look at what this configuration needs, too, and ask its home agent"),
    )
    .addOption(new Option("--json", "for programs: one JSON object, {ok, findings}"))
    .addHelpText(
      "after",
      "\nExit status 1: a fault was found.\n\nExample:\n  dsmip doctor --config examples/mn.toml",
    )
    .action(async ({ config, json }) => {
      const { readConfiguration } = await import("../configuration/configuration.ts");
      const { examine } = await import("../doctor/doctor.ts");
      const configuration = config === undefined ? undefined : readConfiguration(config);
      const findings = await examine(configuration);
      const isFine = findings.every(({ state }) => state !== "fault");
      if (json) print(JSON.stringify({ ok: isFine, findings }) + "\n");
      else {
        const { coloursFor } = await import("../output/colours.ts");
        const { describeFindings } = await import("../output/findings_view.ts");
        print(describeFindings(findings, coloursFor(Deno.stdout)));
        if (configuration === undefined) {
          remark("Name a configuration to look at more: dsmip doctor --config FILE\n");
        }
      }
      if (!isFine) throw new FaultsFound();
    });
}
