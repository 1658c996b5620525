import { Argument, Command, InvalidArgumentError } from "commander";
import { canonicalIpv6, type Ipv6Address } from "../../core/wire/address.ts";
import { instantOf } from "../configuration/instant.ts";
import type { SchemaKind } from "../documentation/json_schema.ts";
import { print, remark } from "../output/write.ts";

const SCHEMA_KINDS: readonly SchemaKind[] = ["ha", "mn"];

function ipv6Address(value: string): Ipv6Address {
  const address = canonicalIpv6(value);
  if (address === undefined) throw new InvalidArgumentError("It must be an IPv6 address.");
  return address;
}

function rfc3339(value: string): string {
  if (instantOf(value) === undefined) {
    throw new InvalidArgumentError(
      "It must be a date and time with its offset, such as 2030-01-31T12:00:00Z.",
    );
  }
  return value;
}

/** `dsmip config check FILE`, `dsmip config schema`, `dsmip config esp` and `dsmip config import FILE` */
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
  const esp = new Command("esp")
    .description(
      "Make keys for ESP between a mobile node and its home agent: the esp_file of both, on standard output",
    )
    .argument("<home-address>", "the mobile node's", ipv6Address)
    .argument("<home-agent>", "the home agent's IPv6 address", ipv6Address)
    .option("--valid-from <time>", "when they begin to protect, such as 2030-01-31T12:00:00Z", rfc3339)
    .addHelpText(
      "after",
      "\nExample:\n  (umask 077; dsmip config esp 2001:db8:100::100 2001:db8:100::1 > mn1.esp)",
    )
    .action(async (homeAddress, homeAgentAddress, { validFrom }) => {
      const { newAssociations } = await import("../esp/new_associations.ts");
      print(newAssociations({ homeAddress, homeAgentAddress, validFrom }));
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
    .addCommand(esp)
    .addCommand(umip);
}
