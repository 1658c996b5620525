import type { Form } from "../configuration/check.ts";
import { MAXIMUM_MOBILE_NODES } from "../configuration/home_agent.ts";
import {
  type DocumentedKey,
  type DocumentedTable,
  HOME_AGENT_TABLE,
  MOBILE_NETWORK_TABLE,
  MOBILE_NODE_ENTRY_TABLE,
  MOBILE_NODE_TABLE,
} from "./configuration_tables.ts";

/** A JSON schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The kinds of configuration file that a schema is made for. */
export type SchemaKind = "ha" | "mn";

/**
 * The JSON schema of a configuration file, for editors. It lets through whatever the reader does, and refuses unknown
 * keys, missing ones, wrong types and numbers out of range. What only code can tell is left to `dsmip config check`.
 * @param kind undefined: of either file
 */
export function configurationSchema(kind: SchemaKind | undefined): JsonSchema {
  // Not "oneOf": an editor could then say no more than that neither kind is right.
  const isHomeAgents = { type: "object", properties: { home_agent: {} }, required: ["home_agent"] };
  const either = { type: "object", if: isHomeAgents, then: FILE_SCHEMAS.ha(), else: FILE_SCHEMAS.mn() };
  const schema = kind === undefined ? { title: "A configuration of dsmip", ...either } : FILE_SCHEMAS[kind]();
  return { $schema: "http://json-schema.org/draft-07/schema#", ...schema };
}

const FILE_SCHEMAS: Readonly<Record<SchemaKind, () => JsonSchema>> = {
  ha: () =>
    fileSchema("A home agent's configuration of dsmip", ["home_agent"], {
      home_agent: tableSchema(HOME_AGENT_TABLE),
      mobile_node: {
        type: "array",
        items: tableSchema(MOBILE_NODE_ENTRY_TABLE),
        maxItems: MAXIMUM_MOBILE_NODES,
      },
    }),
  mn: () =>
    fileSchema("A mobile node's configuration of dsmip", ["mobile_node"], {
      mobile_node: tableSchema(MOBILE_NODE_TABLE),
      mobile_network: tableSchema(MOBILE_NETWORK_TABLE),
    }),
};

function fileSchema(title: string, required: readonly string[], properties: JsonSchema): JsonSchema {
  return { title, type: "object", required, properties, additionalProperties: false };
}

function tableSchema({ about, keys }: DocumentedTable): JsonSchema {
  return {
    type: "object",
    description: about,
    required: keys.filter(({ check }) => check.missing === undefined).map(({ name }) => name),
    properties: Object.fromEntries(keys.map((key) => [key.name, keySchema(key)])),
    additionalProperties: false,
  };
}

function keySchema({ check, description }: DocumentedKey): JsonSchema {
  const value = check.missing?.value;
  return {
    description: `${description} It ${check.allowed}.`,
    ...formSchema(check.form),
    ...(value === undefined ? {} : { default: value }),
  };
}

function formSchema(form: Form): JsonSchema {
  switch (form.kind) {
    case "text":
      return { type: "string", ...(form.format === undefined ? {} : { format: form.format }) };
    case "number":
      return {
        type: "integer",
        minimum: form.lowest,
        maximum: form.highest,
        ...(form.multipleOf === 1 ? {} : { multipleOf: form.multipleOf }),
      };
    case "yesOrNo":
      return { type: "boolean" };
    case "word":
      return { enum: form.words };
    case "list": {
      const items = formSchema(form.item);
      const many = {
        type: "array",
        items,
        minItems: form.least,
        maxItems: form.most,
        uniqueItems: true,
      };
      return { anyOf: [items, many] };
    }
  }
}
