import { Command, InvalidArgumentError, Option } from "commander";
import { FaultsFound } from "../output/fault.ts";
import { print, remark } from "../output/write.ts";

/** How long a silence to look for where nothing else is said, seconds; and what a NAT is asked for at most. */
const NAT_TIMEOUT_SECONDS = { usual: 70, least: 4, most: 600 } as const;

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
    .addOption(
      new Option(
        "--nat-timeout [seconds]",
        "register with the home agent, and find out how long a NAT on the way remembers a silent flow, up to so many seconds; " +
          "takes minutes, and the home address while it lasts",
      ).preset(String(NAT_TIMEOUT_SECONDS.usual)).argParser(natTimeout),
    )
    .addOption(new Option("--json", "for programs: one JSON object, {ok, findings}"))
    .addHelpText(
      "after",
      "\nExit status 1: a fault was found.\n\nExamples:\n  dsmip doctor --config examples/mn.toml\n" +
        "  dsmip doctor --config examples/mn.toml --nat-timeout 140",
    )
    .action(async ({ config, json, natTimeout }) => {
      const { readConfiguration } = await import("../configuration/configuration.ts");
      const { examine } = await import("../doctor/doctor.ts");
      const configuration = config === undefined ? undefined : readConfiguration(config);
      const findings = await examine(configuration, natTimeout);
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

function natTimeout(text: string): number {
  const { least, most } = NAT_TIMEOUT_SECONDS;
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= least && seconds <= most) return seconds;
  throw new InvalidArgumentError(`${least} to ${most} whole seconds are possible.`);
}
