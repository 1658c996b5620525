import { associationName } from "../../core/control/esp/security_association.ts";
import type { Ipv6Address } from "../../core/wire/address.ts";
import { LOWEST_SPI } from "../esp/algorithms.ts";
import {
  type AssociationFileResult,
  type FileAssociation,
  readAssociationFile,
} from "../esp/association_file.ts";
import { visible } from "../output/table.ts";
import { looksLikeKey } from "./mistake.ts";
import { nameOf } from "./path.ts";
import { addMistake, type TableSource } from "./read_table.ts";

/** A security association between a mobile node and its home agent. */
export interface ConfiguredAssociation extends FileAssociation {
  readonly source: Ipv6Address;
  readonly destination: Ipv6Address;
}

/** The two ends of ESP, as far as they are known. */
export interface EspEnds {
  readonly homeAddress: Ipv6Address | undefined;
  /** Undefined also where the mobile node looks for its home agent. */
  readonly homeAgentAddress: Ipv6Address | undefined;
}

/** The files of security associations that a configuration names, each read once. */
export class EspFiles {
  readonly #resolvePath: (path: string) => string;
  readonly #read = new Map<string, AssociationFileResult>();

  constructor(resolvePath: (path: string) => string) {
    this.#resolvePath = resolvePath;
  }

  /**
   * The associations of the file between the two ends, of which there has to be one each way; those of other nodes do not
   * matter. Empty after a mistake, too.
   */
  associations(
    file: string | undefined,
    ends: EspEnds,
    source: TableSource,
  ): readonly ConfiguredAssociation[] {
    if (file === undefined) return [];
    const path = this.#resolvePath(file);
    const result = this.#read.get(path) ?? readAssociationFile(path);
    this.#read.set(path, result);
    const complain = (text: string) => addMistake(source, "esp_file", `: ${text}`);
    const name = visible(path);
    if ("mistake" in result && result.missing && looksLikeKey(nameOf(path))) {
      complain("this looks like a key itself; write it to a file and name that");
    } else if ("mistake" in result) {
      complain(result.missing ? `${result.mistake}: ${howToMake(name, ends)}` : result.mistake);
    } else if ("mistakes" in result) {
      for (const { line, text } of result.mistakes) {
        complain(`${name}${line === undefined ? "" : `:${line}`}: ${text}`);
      }
    } else {
      return between(ends, result.associations, (text) => complain(`${name}: ${text}`));
    }
    return [];
  }
}

function howToMake(
  name: string,
  { homeAddress = "HOME_ADDRESS", homeAgentAddress = "HOME_AGENT_ADDRESS" }: EspEnds,
): string {
  return `make one with: (umask 077; dsmip config esp ${homeAddress} ${homeAgentAddress} > ${name})`;
}

function between(
  { homeAddress, homeAgentAddress }: EspEnds,
  associations: readonly FileAssociation[],
  complain: (text: string) => void,
): ConfiguredAssociation[] {
  if (homeAddress === undefined) return [];
  const isAgent = (address: Ipv6Address) => homeAgentAddress === undefined || address === homeAgentAddress;
  const found: ConfiguredAssociation[] = [];
  const names = new Set<string>();
  const keys = new Set<string>();
  for (const [index, association] of associations.entries()) {
    const { spi, source, destination } = association;
    const title = `[[security_association]] ${index + 1}`;
    if (source === undefined || destination === undefined) {
      complain(`${title} needs source and destination: home address and home agent's IPv6 address`);
      continue;
    }
    const isOurs = source === homeAddress && isAgent(destination) ||
      destination === homeAddress && isAgent(source);
    if (!isOurs) continue;
    const name = associationName({ spi, source, destination });
    if (spi < LOWEST_SPI) complain(`${title} spi = ${spi}: 1 to 255 are reserved`);
    if (names.has(name)) complain(`${title} spi = ${spi}: is that of another one the same way`);
    names.add(name);
    // What was sent one way under a key of both would be taken the other way.
    const own = [association.encryptionKey, association.integrityKey].map((key) => key.toHex()).filter(
      Boolean,
    );
    if (own.some((key) => keys.has(key))) complain(`${title} spi = ${spi}: has a key of another one`);
    for (const key of own) keys.add(key);
    found.push({ ...association, source, destination });
  }
  const agent = homeAgentAddress ?? "the home agent";
  if (!found.some(({ source }) => source === homeAddress)) {
    complain(`no security association from ${homeAddress} to ${agent}`);
  }
  if (!found.some(({ destination }) => destination === homeAddress)) {
    complain(`no security association from ${agent} to ${homeAddress}`);
  }
  return found;
}
