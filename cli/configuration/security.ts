import type { AuthenticationAlgorithm, MobilitySecurityAssociation } from "../../core/control/settings.ts";
import { readKeyFile } from "./key_file.ts";
import { addMistake, type TableSource } from "./read_table.ts";

/** The keys of a table that say how its mobile node proves its origin, as far as they were right. */
export interface SecurityKeys {
  readonly spi?: number;
  readonly key_file?: string;
  readonly algorithm?: AuthenticationAlgorithm;
}

/**
 * The security association of one mobile node. With authentication "mn-ha" both spi and key_file have to be
 * there, with "none" neither may: a key that nobody asks for would only look safe. Undefined after a mistake, too.
 */
export function readSecurity(
  keys: SecurityKeys,
  present: (key: string) => boolean,
  authentication: "mn-ha" | "none" | undefined,
  source: TableSource & { readonly resolvePath: (path: string) => string },
): MobilitySecurityAssociation | undefined {
  for (const key of ["spi", "key_file"]) {
    if (authentication === "none" && present(key)) {
      addMistake(
        source,
        key,
        ': contradicts authentication = "none", which asks nobody for a key; remove one of them',
      );
    }
    if (authentication === "mn-ha" && !present(key)) {
      addMistake(
        source,
        key,
        ' is missing: proof of origin needs it (authentication = "none" would run open)',
      );
    }
  }
  const { spi, key_file: keyFile, algorithm } = keys;
  if (authentication !== "mn-ha" || keyFile === undefined) return undefined;
  const result = readKeyFile(source.resolvePath(keyFile));
  if ("mistake" in result) {
    addMistake(source, "key_file", `: ${result.mistake}`);
    return undefined;
  }
  return spi === undefined || algorithm === undefined ? undefined : { spi, algorithm, key: result.key };
}
