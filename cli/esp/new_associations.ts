import type { Ipv6Address } from "../../core/wire/address.ts";
import { ESP_ALGORITHMS, LOWEST_SPI } from "./algorithms.ts";

/** AES-GCM with 256 bits, the longer of its keys. */
const ALGORITHM = "aes-gcm-16";
const KEY_OCTETS = Math.max(...ESP_ALGORITHMS.get(ALGORITHM)!.encryptionKeyOctets);

/** What the tables are made for. */
export interface AssociationRequest {
  readonly homeAddress: Ipv6Address;
  readonly homeAgentAddress: Ipv6Address;
  /** RFC 3339; undefined: at once. */
  readonly validFrom: string | undefined;
}

/** Two [[security_association]] tables, one for each way, with new random keys and SPIs. */
export function newAssociations({ homeAddress, homeAgentAddress, validFrom }: AssociationRequest): string {
  const [there, back] = newSpis();
  const table = (spi: number, source: Ipv6Address, destination: Ipv6Address) =>
    [
      "[[security_association]]",
      `spi = ${spi}`,
      `source = "${source}"`,
      `destination = "${destination}"`,
      `algorithm = "${ALGORITHM}"`,
      `encryption_key = "${crypto.getRandomValues(new Uint8Array(KEY_OCTETS)).toHex()}"`,
      ...(validFrom === undefined ? [] : [`valid_from = "${validFrom}"`]),
      "",
    ].join("\n");
  return `${table(there, homeAddress, homeAgentAddress)}\n${table(back, homeAgentAddress, homeAddress)}`;
}

/** Two that are not the same. */
function newSpis(): Uint32Array {
  for (;;) {
    const spis = crypto.getRandomValues(new Uint32Array(2));
    if (spis.every((spi) => spi >= LOWEST_SPI) && spis[0] !== spis[1]) return spis;
  }
}
