import { parse, TomlError } from "smol-toml";
import { visible } from "../output/table.ts";
import { readConfigurationText } from "./configuration_text.ts";
import { readHomeAgent } from "./home_agent.ts";
import { findKeyLines } from "./key_lines.ts";
import { ConfigurationError, type Mistake, showName } from "./mistake.ts";
import { readMobileNode } from "./mobile_node.ts";
import { absolutePath, folderOf } from "./path.ts";
import { isTable, type Table } from "./read_table.ts";
import type { Configuration, ConfigurationSource } from "./record.ts";

/**
 * Reads a configuration file, the key files that it names included, and tells by its tables which kind it is.
 * Throws a ConfigurationError with every mistake in it: file, line, key, value and what is allowed.
 */
export function readConfiguration(file: string): Configuration {
  return parseConfiguration(file, readConfigurationText(file));
}

/** As readConfiguration, with the text at hand; key files are looked for beside `file`. */
export function parseConfiguration(file: string, text: string): Configuration {
  return checkDocument(file, parseToml(file, text), findKeyLines(text));
}

/**
 * Checks what stands in a configuration file, and reads the key files that it names.
 * @param lines where the keys stand, see findKeyLines
 * @throws ConfigurationError with every mistake
 */
export function checkDocument(
  file: string,
  document: Table,
  lines: ReadonlyMap<string, number>,
): Configuration {
  const mistakes: Mistake[] = [];
  const source: ConfigurationSource = {
    file,
    document,
    lines,
    resolvePath: (path) => absolutePath(folderOf(file), path),
    mistakes,
  };
  const configuration = readKind(source);
  if (configuration === undefined || mistakes.length > 0) {
    mistakes.sort((one, other) => (one.line ?? Infinity) - (other.line ?? Infinity));
    throw new ConfigurationError(file, mistakes);
  }
  return configuration;
}

function readKind(source: ConfigurationSource): Configuration | undefined {
  const { document, lines, mistakes } = source;
  for (const name of Object.keys(document)) {
    if (name === "home_agent" || name === "mobile_node") continue;
    if (name === "mobile_network" && !Object.hasOwn(document, "home_agent")) continue;
    const text = name === "mobile_network"
      ? "[mobile_network] belongs beside [mobile_node], in the file of a mobile router"
      : `${showName(name)}: unknown; a file holds [home_agent] with [[mobile_node]]s, or [mobile_node]`;
    mistakes.push({ line: lines.get(name) ?? lines.get(`${name}.0`), text });
  }
  if (Object.hasOwn(document, "home_agent")) return readHomeAgent(source);
  if (isTable(document.mobile_node)) return readMobileNode(source);
  const text = Object.hasOwn(document, "mobile_node")
    ? "[[mobile_node]] belongs beside [home_agent]; a mobile node's own file has one [mobile_node]"
    : "neither [home_agent] nor [mobile_node] stands here";
  mistakes.push({ line: lines.get("mobile_node.0") ?? lines.get("mobile_node"), text });
}

export function parseToml(file: string, text: string): Table {
  try {
    return parse(text);
  } catch (error) {
    // The parser's message goes on with the lines at fault, and those may hold anything.
    if (error instanceof TomlError) {
      const reason = error.message.split("\n")[0].replace(/^Invalid TOML document: /, "");
      const mistake = { line: error.line, text: `column ${error.column}: not TOML: ${visible(reason)}` };
      throw new ConfigurationError(file, [mistake]);
    }
    throw new ConfigurationError(file, [{ line: undefined, text: "not TOML that this program can read" }]);
  }
}
