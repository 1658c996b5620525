import { ESP_HEADER_OCTETS, espPayloadOctets, isEspPaddingRight } from "../wire/esp.ts";
import type { Layer } from "./layer.ts";
import { NONE } from "./packet_cursor.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import { addChild, addFields, decimal, hexadecimal } from "./tree.ts";
import type { Field } from "./tree.ts";

/** A security association whose keys somebody gave: RFC 4303. */
export interface EspAssociation {
  readonly spi: number;
  /** Where it counts only between these addresses, 4 or 16 octets each. */
  readonly source?: Uint8Array;
  readonly destination?: Uint8Array;
  /**
   * Verifies and decrypts a packet that begins with the SPI. The answer ends with padding, pad length and next header
   * (RFC 4303 2.4); undefined where the integrity check fails or the length cannot be.
   */
  readonly open: (packet: Uint8Array) => Uint8Array | undefined;
}

const FIELDS: readonly Field[] = [
  { name: "SPI", at: 0, octets: 4, show: hexadecimal },
  { name: "Sequence number", at: 4, octets: 4, show: decimal },
];

/** RFC 4303: what follows the sequence number is encrypted, or looks so, unless the cursor has the keys. */
export const esp: Layer = {
  name: "ESP",
  carry(cursor) {
    if (cursor.espAssociations.length === 0 || cursor.partial) return false;
    if (cursor.available < ESP_HEADER_OCTETS || cursor.limit !== cursor.end) return false;
    const spi = cursor.uint32(cursor.offset);
    const association = cursor.espAssociations.find((candidate) => matches(candidate, cursor, spi));
    if (association === undefined) return false;
    const content = association.open(cursor.bytes.subarray(cursor.offset, cursor.limit));
    const payloadOctets = content && espPayloadOctets(content);
    if (content === undefined || payloadOctets === undefined) {
      cursor.complain(content === undefined ? "the ESP integrity check fails" : "wrong ESP padding");
      return false;
    }
    if (!isEspPaddingRight(content, payloadOctets)) cursor.complain("the ESP padding is not 1, 2, 3...");
    cursor.espSpi = spi;
    cursor.espSequenceNumber = cursor.uint32(cursor.offset + 4);
    cursor.offset += ESP_HEADER_OCTETS;
    cursor.continueWith(content.subarray(0, payloadOctets), "decrypted");
    cursor.follow("ipProtocol", content[content.length - 1]);
    return true;
  },
  line(cursor, out) {
    out.styled("strong", "ESP");
    if (!cursor.need(ESP_HEADER_OCTETS, "an ESP header")) return;
    out.text(" spi=0x");
    out.hex(cursor.uint32(cursor.offset), 8);
    out.text(" seq=");
    out.decimal(cursor.uint32(cursor.offset + 4));
    out.text(" len=");
    out.decimal(cursor.end - cursor.offset - ESP_HEADER_OCTETS);
  },
  tree(cursor, node) {
    if (!addFields(cursor, node, cursor.offset, FIELDS)) return;
    const octets = cursor.available - ESP_HEADER_OCTETS;
    if (octets > 0) {
      addChild(node, "Encrypted data", cursor.offset + ESP_HEADER_OCTETS, octets, `${octets} bytes`);
    }
  },
};

/** The home addresses count for the care-of addresses, as they do in security policies (RFC 3776 section 3). */
function matches(association: EspAssociation, cursor: PacketCursor, spi: number): boolean {
  if (association.spi !== spi) return false;
  return hasAddress(cursor, association.source, cursor.sourceOffset, cursor.homeAddressOffset) &&
    hasAddress(cursor, association.destination, cursor.destinationOffset, cursor.routingHomeAddressOffset);
}

function hasAddress(
  { bytes, ipVersion }: PacketCursor,
  wanted: Uint8Array | undefined,
  ...offsets: readonly number[]
): boolean {
  if (wanted === undefined) return true;
  if (wanted.length !== (ipVersion === 6 ? 16 : 4)) return false;
  return offsets.some((offset) =>
    offset !== NONE && wanted.every((octet, index) => bytes[offset + index] === octet)
  );
}
