import { parse, TomlDate, TomlError } from "smol-toml";
import { canonicalIpv4, canonicalIpv6, type IpAddress } from "../../core/wire/address.ts";
import { Check, oneOf, text, wholeNumber, yesOrNo } from "../configuration/check.ts";
import { instantOf } from "../configuration/instant.ts";
import { readSecretFile } from "../configuration/key_file.ts";
import { findKeyLines } from "../configuration/key_lines.ts";
import type { Mistake } from "../configuration/mistake.ts";
import { addMistake, isTable, readTable, type Table, type TableSource } from "../configuration/read_table.ts";
import { visible } from "../output/table.ts";
import { ESP_ALGORITHMS, type EspAlgorithm } from "./algorithms.ts";

/** One [[security_association]] of a file. */
export interface FileAssociation {
  readonly spi: number;
  /** Undefined where the file does not say. */
  readonly source: IpAddress | undefined;
  readonly destination: IpAddress | undefined;
  readonly algorithm: EspAlgorithm;
  readonly encryptionKey: Uint8Array;
  readonly integrityKey: Uint8Array;
  /** Extended sequence numbers (RFC 4303 section 2.2.1). */
  readonly extendedNumbers: boolean;
  /** Milliseconds of the wall clock. */
  readonly validFromMs: number | undefined;
  readonly validUntilMs: number | undefined;
}

export type AssociationFileResult =
  | { readonly associations: readonly FileAssociation[] }
  /** The file is not to be used: a sentence with its name. `missing`: it is not there. */
  | { readonly mistake: string; readonly missing: boolean }
  /** What is wrong inside. */
  | { readonly mistakes: readonly Mistake[] };

const MAXIMUM_FILE_OCTETS = 1_048_576;
const TABLE = "security_association";

const address = text(
  "must be an IPv4 or IPv6 address",
  (value): IpAddress | undefined => canonicalIpv6(value) ?? canonicalIpv4(value),
);
const hexKey = text(
  "must be hexadecimal digits, two for an octet",
  (value) => /^([0-9a-fA-F]{2})+$/.test(value) ? value : undefined,
);
const instant = new Check(
  "must be a date and time with its offset from UTC, such as 2030-01-31T12:00:00Z",
  { kind: "text" },
  instantMs,
);
const ALGORITHM_NAMES = [...ESP_ALGORITHMS.keys()];
const KEYS = {
  spi: wholeNumber(1, 0xffff_ffff),
  source: address.optional(),
  destination: address.optional(),
  algorithm: oneOf(
    `must be one of ${ALGORITHM_NAMES.map((name) => `"${name}"`).join(", ")}`,
    ALGORITHM_NAMES,
  ),
  encryption_key: hexKey.optional(),
  integrity_key: hexKey.optional(),
  esn: yesOrNo().default(false),
  valid_from: instant.optional(),
  valid_until: instant.optional(),
};

/**
 * Reads a file of security associations: [[security_association]] tables with spi, algorithm, encryption_key and
 * integrity_key in hexadecimal digits; source and destination; esn, valid_from and valid_until. It holds keys: only its
 * owner may read it. No mistake shows a key.
 */
export function readAssociationFile(file: string): AssociationFileResult {
  const name = visible(file);
  const result = readSecretFile(file, name, MAXIMUM_FILE_OCTETS);
  if ("mistake" in result) return { ...result, missing: false };
  if (!("bytes" in result)) {
    return { mistake: `${name} cannot be read ${result.reason}`, missing: result.missing };
  }
  const content = new TextDecoder().decode(result.bytes);
  const document = parseToml(content);
  if ("mistakes" in document) return document;
  const mistakes: Mistake[] = [];
  const lines = findKeyLines(content);
  const tables = document.table[TABLE];
  if (!Array.isArray(tables) || Object.keys(document.table).length > 1) {
    mistakes.push({ line: undefined, text: `the file holds [[${TABLE}]] tables and nothing else` });
  }
  const associations = (Array.isArray(tables) ? tables : []).map((table, index) => {
    const source = { title: `[[${TABLE}]] ${index + 1}`, name: `${TABLE}.${index}`, lines, mistakes };
    if (isTable(table)) return readAssociation(table, source);
    addMistake(source, undefined, "must be a table");
  });
  return mistakes.length > 0
    ? { mistakes }
    : { associations: associations.filter((association) => association !== undefined) };
}

function readAssociation(table: Table, source: TableSource): FileAssociation | undefined {
  const values = readTable(table, KEYS, source);
  const algorithm = ESP_ALGORITHMS.get(values.algorithm ?? "");
  if (algorithm === undefined || values.spi === undefined) return undefined;
  checkKey(source, "encryption_key", values.encryption_key, algorithm.encryptionKeyOctets);
  checkKey(source, "integrity_key", values.integrity_key, algorithm.integrityKeyOctets);
  const { valid_from: validFromMs, valid_until: validUntilMs } = values;
  if (validFromMs !== undefined && validUntilMs !== undefined && validUntilMs <= validFromMs) {
    addMistake(source, "valid_until", ": is not after valid_from");
  }
  if (source.mistakes.length > 0) return undefined;
  return {
    spi: values.spi,
    source: values.source,
    destination: values.destination,
    algorithm,
    encryptionKey: Uint8Array.fromHex(values.encryption_key ?? ""),
    integrityKey: Uint8Array.fromHex(values.integrity_key ?? ""),
    extendedNumbers: values.esn === true,
    validFromMs,
    validUntilMs,
  };
}

function checkKey(
  source: TableSource,
  name: string,
  hex: string | undefined,
  allowedOctets: readonly number[],
): void {
  if (hex === undefined ? allowedOctets.length === 0 : allowedOctets.includes(hex.length / 2)) return;
  const allowed = allowedOctets.map((octets) => 2 * octets).join(" or ");
  const needed = allowedOctets.length === 0
    ? "is not used by this algorithm"
    : `must have ${allowed} hexadecimal digits`;
  addMistake(source, name, `: ${needed}${hex === undefined ? "" : `, it has ${hex.length}`}`);
}

/** Of a TOML date or RFC 3339 text, milliseconds since 1970. Without an offset it would mean another instant at the other end. */
function instantMs(value: unknown): number | undefined {
  if (value instanceof TomlDate) return value.isLocal() ? undefined : value.getTime();
  return typeof value === "string" ? instantOf(value) : undefined;
}

function parseToml(content: string): { readonly table: Table } | { readonly mistakes: readonly Mistake[] } {
  try {
    return { table: parse(content) };
  } catch (error) {
    // The parser's message goes on with the lines at fault, and those may hold a key.
    if (!(error instanceof TomlError)) throw error;
    return { mistakes: [{ line: error.line, text: `column ${error.column}: not TOML` }] };
  }
}
