import { parse, TomlError } from "smol-toml";
import type { EspAssociation } from "../../core/inspect/esp.ts";
import { parseIpv4, parseIpv6 } from "../../core/wire/address.ts";
import { oneOf, text, wholeNumber } from "../configuration/check.ts";
import { readSecretFile } from "../configuration/key_file.ts";
import { findKeyLines } from "../configuration/key_lines.ts";
import { ConfigurationError, type Mistake } from "../configuration/mistake.ts";
import { addMistake, isTable, readTable, type Table, type TableSource } from "../configuration/read_table.ts";
import { UsageError } from "../output/fault.ts";
import { visible } from "../output/table.ts";
import { ESP_ALGORITHMS } from "./esp_cipher.ts";

const MAXIMUM_FILE_OCTETS = 1_048_576;
const TABLE = "security_association";

const address = text(
  "must be an IPv4 or IPv6 address",
  (value) => addressOctets(value) === undefined ? undefined : value,
);
const hexKey = text(
  "must be hexadecimal digits, two for an octet",
  (value) => /^([0-9a-fA-F]{2})+$/.test(value) ? value : undefined,
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
};

/**
 * The file of `--esp-sa`: [[security_association]] tables with spi, algorithm, encryption_key and integrity_key in
 * hexadecimal digits, and source and destination where they matter. It holds keys: only its owner may read it.
 * Throws UsageError with every mistake; none shows a key.
 */
export function readEspKeys(file: string): EspAssociation[] {
  const name = visible(file);
  const result = readSecretFile(file, name, MAXIMUM_FILE_OCTETS);
  if ("mistake" in result) throw new UsageError(result.mistake);
  if (!("bytes" in result)) throw new UsageError(`${name} cannot be read ${result.reason}`);
  const text = new TextDecoder().decode(result.bytes);
  const document = parseToml(file, text);
  const mistakes: Mistake[] = [];
  const lines = findKeyLines(text);
  const tables = document[TABLE];
  if (!Array.isArray(tables) || Object.keys(document).length > 1) {
    mistakes.push({ line: undefined, text: `the file holds [[${TABLE}]] tables and nothing else` });
  }
  const associations = (Array.isArray(tables) ? tables : []).map((table, index) => {
    const source = { title: `[[${TABLE}]] ${index + 1}`, name: `${TABLE}.${index}`, lines, mistakes };
    if (isTable(table)) return readAssociation(table, source);
    addMistake(source, undefined, "must be a table");
  });
  if (mistakes.length > 0) throw new ConfigurationError(file, mistakes);
  return associations.filter((association) => association !== undefined);
}

function readAssociation(table: Table, source: TableSource): EspAssociation | undefined {
  const values = readTable(table, KEYS, source);
  const algorithm = ESP_ALGORITHMS.get(values.algorithm ?? "");
  if (algorithm === undefined || values.spi === undefined) return undefined;
  checkKey(source, "encryption_key", values.encryption_key, algorithm.encryptionKeyOctets);
  checkKey(source, "integrity_key", values.integrity_key, algorithm.integrityKeyOctets);
  if (source.mistakes.length > 0) return undefined;
  return {
    spi: values.spi,
    source: addressOctets(values.source ?? ""),
    destination: addressOctets(values.destination ?? ""),
    open: algorithm.opener(
      Uint8Array.fromHex(values.encryption_key ?? ""),
      Uint8Array.fromHex(values.integrity_key ?? ""),
    ),
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

function addressOctets(text: string): Uint8Array | undefined {
  return parseIpv4(text) ?? parseIpv6(text);
}

function parseToml(file: string, text: string): Table {
  try {
    return parse(text);
  } catch (error) {
    // The parser's message goes on with the lines at fault, and those may hold a key.
    if (!(error instanceof TomlError)) throw error;
    throw new ConfigurationError(file, [{ line: error.line, text: `column ${error.column}: not TOML` }]);
  }
}
