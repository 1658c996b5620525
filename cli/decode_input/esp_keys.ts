import type { EspAssociation } from "../../core/inspect/esp.ts";
import { type IpAddress, ipv4Octets, ipv6Octets, isIpv4 } from "../../core/wire/address.ts";
import { ConfigurationError } from "../configuration/mistake.ts";
import { type FileAssociation, readAssociationFile } from "../esp/association_file.ts";
import { espCipher } from "../esp/cipher.ts";
import { UsageError } from "../output/fault.ts";

/** The file of `--esp-sa`. Throws UsageError with every mistake; none shows a key. */
export function readEspKeys(file: string): EspAssociation[] {
  const result = readAssociationFile(file);
  if ("mistake" in result) throw new UsageError(result.mistake);
  if ("mistakes" in result) throw new ConfigurationError(file, result.mistakes);
  return result.associations.map(inspected);
}

/** When it is valid does not matter to who reads a capture. */
function inspected(association: FileAssociation): EspAssociation {
  const { spi, source, destination, extendedNumbers } = association;
  const cipher = espCipher(association);
  // The upper half of an extended number is not in the packet; 2^32 packets of signalling are never sent.
  const high = extendedNumbers ? 0 : undefined;
  return {
    spi,
    source: source === undefined ? undefined : octetsOf(source),
    destination: destination === undefined ? undefined : octetsOf(destination),
    open: (packet) => cipher.open(packet, high),
  };
}

function octetsOf(address: IpAddress): Uint8Array {
  return isIpv4(address) ? ipv4Octets(address) : ipv6Octets(address);
}
