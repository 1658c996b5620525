import { readUint16, writeUint16 } from "./octets.ts";
import { type Decoded, decoded, malformed } from "./result.ts";

const UDP_HEADER_OCTETS = 8;

/** The UDP header (RFC 768): 0 source port | 2 destination port | 4 length | 6 checksum. */
export interface UdpHeader {
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Octets of header and data. */
  readonly length: number;
  /** As it stands there: 0 means none with IPv4. See ipv4UpperLayerChecksum to make or check it. */
  readonly checksum: number;
}

/** Decodes the header alone: the data may be cut off, as in a capture or an ICMP error. */
export function decodeUdpHeader(bytes: Uint8Array, offset: number): Decoded<UdpHeader> {
  if (bytes.length - offset < UDP_HEADER_OCTETS) return malformed(bytes.length, "UDP header", "is cut off");
  const length = readUint16(bytes, offset + 4);
  if (length < UDP_HEADER_OCTETS) return malformed(offset + 4, "UDP length", `is ${length}, not at least 8`);
  return decoded({
    sourcePort: readUint16(bytes, offset),
    destinationPort: readUint16(bytes, offset + 2),
    length,
    checksum: readUint16(bytes, offset + 6),
  });
}

/** Throws RangeError for a record that cannot be sent. */
export function encodeUdpHeader(header: UdpHeader): Uint8Array {
  const buffer = new Uint8Array(UDP_HEADER_OCTETS);
  encodeUdpHeaderInto(header, buffer, 0);
  return buffer;
}

/** As encodeUdpHeader, over whatever `buffer` holds from `offset` on. Returns the header's octets. */
export function encodeUdpHeaderInto(header: UdpHeader, buffer: Uint8Array, offset: number): number {
  writeUint16(buffer, offset, header.sourcePort, "source port");
  writeUint16(buffer, offset + 2, header.destinationPort, "destination port");
  writeUint16(buffer, offset + 4, header.length, "UDP length");
  writeUint16(buffer, offset + 6, header.checksum, "UDP checksum");
  return UDP_HEADER_OCTETS;
}
