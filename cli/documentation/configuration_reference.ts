import {
  CONFIGURATION_TABLES,
  type DocumentedKey,
  type DocumentedTable,
  whenMissing,
} from "./configuration_tables.ts";

const HEAD = `# Configuration reference

All keys of a configuration file. This page is made by \`deno task docs\` from the definitions that the reader itself uses.

- A home agent's file holds \`[home_agent]\` and a \`[[mobile_node]]\` for each mobile node that it serves
  ([an example](../examples/ha.toml)); a mobile node's file holds \`[mobile_node]\`, and \`[mobile_network]\` when it is a
  router ([an example](../examples/mn.toml)).
- Files are TOML. Paths are relative to the file. A list of one value may be written without brackets.
- \`dsmip config check FILE\` finds every mistake and says what the file means; \`dsmip config schema\` prints a JSON schema for
  editors, such as those with Taplo: put \`#:schema dsmip.schema.json\` into the first line of a file.
`;

/** docs/configuration.md */
export function configurationReference(): string {
  return [HEAD, ...CONFIGURATION_TABLES.map(describeTable)].join("\n");
}

function describeTable({ title, about, keys }: DocumentedTable): string {
  const rows = keys.map(describeKey);
  return [`## ${title}`, "", about, "", "| key | default | what it is |", "| --- | --- | --- |", ...rows, ""]
    .join("\n");
}

function describeKey(key: DocumentedKey): string {
  const missing = whenMissing(key);
  const shown = key.check.missing?.value === undefined ? missing : `\`${missing}\``;
  const what = `${key.description} It ${key.check.allowed}.`.replaceAll("|", "\\|").replaceAll("<", "&lt;");
  return `| \`${key.name}\` | ${shown} | ${what} |`;
}
