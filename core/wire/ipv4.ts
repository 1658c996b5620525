import { formatIpv4, type Ipv4Address, ipv4Octets } from "./address.ts";
import { finishChecksum, onesComplementSum } from "./checksum.ts";
import { readUint16, writeUint16, writeUint8 } from "./octets.ts";
import { type Decoded, decoded, malformed } from "./result.ts";

const MINIMUM_OCTETS = 20;
const MAXIMUM_OPTION_OCTETS = 40;
const CHECKSUM_OFFSET = 10;
const MAXIMUM_FRAGMENT_OFFSET = 0x1fff * 8;

/**
 * The IPv4 header (RFC 791 section 3.1):
 *
 *     0 version 4 bits, header length 4 (32-bit units) | 1 type of service | 2 total length | 4 identification
 *     6 flags 3 bits, fragment offset 13 | 8 time to live | 9 protocol | 10 checksum | 12 source | 16 destination
 *     20 options
 */
export interface Ipv4Header {
  /** DSCP in the upper 6 bits, ECN in the lower 2 (RFC 2474, RFC 3168). */
  readonly typeOfService: number;
  /** Octets of header and payload. */
  readonly totalLength: number;
  readonly identification: number;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  /** Octets, a multiple of 8. */
  readonly fragmentOffset: number;
  readonly timeToLive: number;
  readonly protocol: number;
  readonly source: Ipv4Address;
  readonly destination: Ipv4Address;
  /** As they stand there, padding included: a multiple of 4 octets, up to 40. */
  readonly options: Uint8Array;
}

export interface DecodedIpv4Header extends Ipv4Header {
  /** Octets. */
  readonly headerLength: number;
  readonly checksumValid: boolean;
}

/** Decodes the header alone: the payload may be cut off, as in a capture or an ICMP error. */
export function decodeIpv4Header(bytes: Uint8Array, offset: number): Decoded<DecodedIpv4Header> {
  if (bytes.length - offset < MINIMUM_OCTETS) return malformed(bytes.length, "IPv4 header", "is cut off");
  const version = bytes[offset] >> 4;
  if (version !== 4) return malformed(offset, "IP version", `is ${version}, not 4`);
  const headerLength = (bytes[offset] & 0x0f) * 4;
  if (headerLength < MINIMUM_OCTETS) {
    return malformed(offset, "IPv4 header length", `is ${headerLength}, not at least 20`);
  }
  const end = offset + headerLength;
  if (end > bytes.length) return malformed(offset, "IPv4 header length", "goes past the end of the packet");
  const totalLength = readUint16(bytes, offset + 2);
  if (totalLength < headerLength) {
    return malformed(offset + 2, "IPv4 total length", "is less than the header's");
  }
  const fragment = readUint16(bytes, offset + 6);
  return decoded({
    typeOfService: bytes[offset + 1],
    totalLength,
    identification: readUint16(bytes, offset + 4),
    dontFragment: (fragment & 0x4000) !== 0,
    moreFragments: (fragment & 0x2000) !== 0,
    fragmentOffset: (fragment & 0x1fff) * 8,
    timeToLive: bytes[offset + 8],
    protocol: bytes[offset + 9],
    source: formatIpv4(bytes, offset + 12),
    destination: formatIpv4(bytes, offset + 16),
    options: bytes.slice(offset + MINIMUM_OCTETS, end),
    headerLength,
    checksumValid: finishChecksum(onesComplementSum(bytes, offset, end)) === 0,
  });
}

/** The header with its checksum. Throws RangeError for a record that cannot be sent. */
export function encodeIpv4Header(header: Ipv4Header): Uint8Array {
  const buffer = new Uint8Array(MINIMUM_OCTETS + header.options.length);
  encodeIpv4HeaderInto(header, buffer, 0);
  return buffer;
}

/** As encodeIpv4Header, over whatever `buffer` holds from `offset` on. Returns the header's octets. */
export function encodeIpv4HeaderInto(header: Ipv4Header, buffer: Uint8Array, offset: number): number {
  const { options, fragmentOffset } = header;
  if (options.length % 4 !== 0 || options.length > MAXIMUM_OPTION_OCTETS) {
    throw new RangeError(`Cannot encode IPv4 options of ${options.length} octets`);
  }
  if (fragmentOffset % 8 !== 0 || fragmentOffset > MAXIMUM_FRAGMENT_OFFSET) {
    throw new RangeError(`Cannot encode fragment offset ${fragmentOffset}`);
  }
  const octets = MINIMUM_OCTETS + options.length;
  const flags = (header.dontFragment ? 0x4000 : 0) | (header.moreFragments ? 0x2000 : 0);
  buffer[offset] = 0x40 | octets / 4;
  writeUint8(buffer, offset + 1, header.typeOfService, "type of service");
  writeUint16(buffer, offset + 2, header.totalLength, "IPv4 total length");
  writeUint16(buffer, offset + 4, header.identification, "identification");
  writeUint16(buffer, offset + 6, fragmentOffset / 8 | flags, "fragment offset");
  writeUint8(buffer, offset + 8, header.timeToLive, "time to live");
  writeUint8(buffer, offset + 9, header.protocol, "protocol");
  writeUint16(buffer, offset + CHECKSUM_OFFSET, 0, "checksum");
  buffer.set(ipv4Octets(header.source), offset + 12);
  buffer.set(ipv4Octets(header.destination), offset + 16);
  buffer.set(options, offset + MINIMUM_OCTETS);
  const checksum = finishChecksum(onesComplementSum(buffer, offset, offset + octets));
  writeUint16(buffer, offset + CHECKSUM_OFFSET, checksum, "checksum");
  return octets;
}
