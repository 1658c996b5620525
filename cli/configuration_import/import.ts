import { readConfigurationText } from "../configuration/configuration_text.ts";
import { ConfigurationError } from "../configuration/mistake.ts";
import { nameOf } from "../configuration/path.ts";
import { Draft } from "./draft.ts";
import { importHomeAgent } from "./home_agent.ts";
import { importMobileNode } from "./mobile_node.ts";
import { readStatements } from "./statements.ts";
import { oneWord } from "./values.ts";

/**
 * Reads UMIP's mip6d.conf and returns ours, as TOML: with the line that each value comes from, a remark for each line that
 * has no counterpart, and placeholders for what is not there.
 * @throws ConfigurationError where the file cannot be read, or is not a home agent's or a mobile node's
 */
export function importConfiguration(file: string): string {
  return importText(file, readConfigurationText(file));
}

/** As importConfiguration, with the text at hand. */
export function importText(file: string, text: string): string {
  const statements = readStatements(file, text);
  const kinds = statements.filter(({ name }) => name === "NodeConfig");
  const last = kinds.at(-1);
  const kind = last === undefined ? undefined : oneWord(last);
  const draft = new Draft(nameOf(file));
  if (kind === "HA") importHomeAgent(statements, draft);
  else if (kind === "MN") importMobileNode(statements, draft);
  else throw new ConfigurationError(file, [{ line: last?.line, text: whyNeither(kind) }]);
  return draft.toToml();
}

function whyNeither(kind: string | undefined): string {
  return kind === "CN" || kind === undefined
    ? "a correspondent node (NodeConfig CN, or none) needs no dsmip: only home agents and mobile nodes are imported"
    : "NodeConfig must be HA or MN";
}
