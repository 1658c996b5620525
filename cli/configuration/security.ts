import type { AuthenticationAlgorithm, MobilitySecurityAssociation } from "../../core/control/settings.ts";
import { readKeyFile } from "./key_file.ts";
import { addMistake, type TableSource } from "./read_table.ts";

/** The keys of a table that say how its mobile node proves its origin, as far as they were right. */
export interface SecurityKeys {
  readonly spi?: number;
  readonly key_file?: string;
  readonly algorithm?: AuthenticationAlgorithm;
}

/** Those of the key before, in a home agent's file. */
interface PreviousSecurityKeys {
  readonly previous_spi?: number;
  readonly previous_key_file?: string;
  readonly previous_algorithm?: AuthenticationAlgorithm;
}

type SecuritySource = TableSource & { readonly resolvePath: (path: string) => string };

/**
 * The mobility security association of one mobile node. With authentication "mn-ha" both spi and key_file have to be
 * there, unless there is esp_file alone; with "none" nothing of it may: a key that nobody asks for would only look safe.
 * Undefined after a mistake, too.
 */
export function readSecurity(
  keys: SecurityKeys,
  present: (key: string) => boolean,
  authentication: "mn-ha" | "none" | undefined,
  source: SecuritySource,
): MobilitySecurityAssociation | undefined {
  const needsKey = !present("esp_file") ||
    ["spi", "key_file", "previous_spi", "previous_key_file"].some(present);
  for (const key of ["spi", "key_file", "esp_file"]) {
    if (authentication === "none" && present(key)) {
      addMistake(
        source,
        key,
        ': contradicts authentication = "none", which asks nobody for a key; remove one of them',
      );
    }
    if (authentication === "mn-ha" && needsKey && key !== "esp_file" && !present(key)) {
      addMistake(
        source,
        key,
        ' is missing: proof of origin needs it, or esp_file alone (authentication = "none" would run open)',
      );
    }
  }
  const { spi, key_file: keyFile, algorithm } = keys;
  if (authentication !== "mn-ha" || keyFile === undefined) return undefined;
  return readAssociation({ spi, keyFile, algorithm }, "key_file", source);
}

/** The key before, while the home agent takes two: both its keys or none. Undefined after a mistake, too. */
export function readPreviousSecurity(
  keys: Pick<SecurityKeys, "algorithm"> & PreviousSecurityKeys,
  present: (key: string) => boolean,
  authentication: "mn-ha" | "none" | undefined,
  source: SecuritySource,
): MobilitySecurityAssociation | undefined {
  const named = ["previous_spi", "previous_key_file", "previous_algorithm"].filter(present);
  if (named.length === 0) return undefined;
  if (authentication === "none") {
    addMistake(
      source,
      named[0],
      ': contradicts authentication = "none", which asks nobody for a key; remove it',
    );
    return undefined;
  }
  for (const key of ["previous_spi", "previous_key_file"]) {
    if (!present(key)) addMistake(source, key, ` is missing: the key before needs it, beside ${named[0]}`);
  }
  const { previous_spi: spi, previous_key_file: keyFile } = keys;
  const algorithm = keys.previous_algorithm ?? keys.algorithm;
  if (keyFile === undefined) return undefined;
  return readAssociation({ spi, keyFile, algorithm }, "previous_key_file", source);
}

function readAssociation(
  { spi, keyFile, algorithm }: {
    readonly spi: number | undefined;
    readonly keyFile: string;
    readonly algorithm: AuthenticationAlgorithm | undefined;
  },
  name: string,
  source: SecuritySource,
): MobilitySecurityAssociation | undefined {
  const result = readKeyFile(source.resolvePath(keyFile));
  if ("mistake" in result) {
    addMistake(source, name, `: ${result.mistake}`);
    return undefined;
  }
  return spi === undefined || algorithm === undefined ? undefined : { spi, algorithm, key: result.key };
}
