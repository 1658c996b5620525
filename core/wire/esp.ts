import { type Decoded, decoded, malformed } from "./result.ts";
import { readUint32, writeUint32 } from "./octets.ts";

/**
 * The Encapsulating Security Payload (RFC 4303 section 2):
 *
 *     0 SPI | 4 sequence number, low 32 bits | 8 initialization vector, content encrypted, integrity check value
 *
 * The content is the payload, padding of 1, 2, 3..., the pad length and the next header. How it is encrypted is the
 * business of the algorithm.
 */
export interface EspHeader {
  /** Security parameters index. */
  readonly spi: number;
  /** The low 32 bits. */
  readonly sequenceNumber: number;
}

export const ESP_HEADER_OCTETS = 8;
const TRAILER_OCTETS = 2;
/** RFC 4303 section 2.4: what follows the header ends on a boundary of 4 octets, whatever the algorithm. */
export const ESP_ALIGNMENT_OCTETS = 4;

/** The header at the start of `bytes`. */
export function decodeEspHeader(bytes: Uint8Array): Decoded<EspHeader> {
  if (bytes.length < ESP_HEADER_OCTETS) return malformed(bytes.length, "ESP header", "is cut off");
  return decoded({ spi: readUint32(bytes, 0), sequenceNumber: readUint32(bytes, 4) });
}

/** Throws RangeError for numbers of more than 32 bits. */
export function encodeEspHeader({ spi, sequenceNumber }: EspHeader): Uint8Array {
  const header = new Uint8Array(ESP_HEADER_OCTETS);
  writeUint32(header, 0, spi, "SPI");
  writeUint32(header, 4, sequenceNumber, "ESP sequence number");
  return header;
}

/** What is encrypted. */
export interface EspContent {
  readonly payload: Uint8Array;
  /** Protocol number of the payload: 135 for a mobility header, 41 for an IPv6 packet in tunnel mode. */
  readonly nextHeader: number;
}

/** @param blockOctets the content is a multiple of: 4 at least, 256 at most */
export function encodeEspContent({ payload, nextHeader }: EspContent, blockOctets: number): Uint8Array {
  const octets = Math.ceil((payload.length + TRAILER_OCTETS) / blockOctets) * blockOctets;
  const content = new Uint8Array(octets);
  content.set(payload);
  const padding = octets - TRAILER_OCTETS - payload.length;
  for (let index = 0; index < padding; index++) content[payload.length + index] = index + 1;
  content[octets - 2] = padding;
  content[octets - 1] = nextHeader;
  return content;
}

/** The payload is a view into `content`. Padding other than 1, 2, 3... is malformed (RFC 4303 section 2.4). */
export function decodeEspContent(content: Uint8Array): Decoded<EspContent> {
  const payloadOctets = espPayloadOctets(content);
  if (payloadOctets === undefined) {
    return malformed(Math.max(0, content.length - TRAILER_OCTETS), "ESP pad length", "goes past the start");
  }
  if (!isEspPaddingRight(content, payloadOctets)) {
    return malformed(payloadOctets, "ESP padding", "is not 1, 2, 3...");
  }
  return decoded({ payload: content.subarray(0, payloadOctets), nextHeader: content[content.length - 1] });
}

/** How much of decrypted content is payload; undefined where the pad length cannot be. */
export function espPayloadOctets(content: Uint8Array): number | undefined {
  const octets = content.length - TRAILER_OCTETS - (content[content.length - TRAILER_OCTETS] ?? 0);
  return octets >= 0 ? octets : undefined;
}

/** Is the padding behind the payload 1, 2, 3...? */
export function isEspPaddingRight(content: Uint8Array, payloadOctets: number): boolean {
  for (let index = payloadOctets; index < content.length - TRAILER_OCTETS; index++) {
    if (content[index] !== index - payloadOctets + 1) return false;
  }
  return true;
}
