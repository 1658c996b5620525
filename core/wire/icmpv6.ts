import { type Ipv6Address, ipv6Octets } from "./address.ts";
import { ipv6UpperLayerChecksum } from "./checksum.ts";
import { Protocol } from "./constants.ts";
import {
  ICMP_CHECKSUM_END,
  ICMP_HEAD_OCTETS,
  type IcmpEcho,
  icmpOctets,
  type OtherIcmp,
  writeIcmpEcho,
  writeIcmpError,
  writeOtherIcmp,
} from "./icmp.ts";
import { readUint16, readUint32, writeUint16, writeUint32, writeUint8 } from "./octets.ts";
import { type Decoded, decoded, malformed } from "./result.ts";

/** ICMPv6 (RFC 4443). In an error the data is the start of the packet that caused it. */
export type Icmpv6Message =
  | { readonly kind: "destinationUnreachable"; readonly code: number; readonly invokingPacket: Uint8Array }
  | {
    readonly kind: "packetTooBig";
    readonly code: number;
    /** Of the next link, octets, 32 bits. */
    readonly mtu: number;
    readonly invokingPacket: Uint8Array;
  }
  | { readonly kind: "timeExceeded"; readonly code: number; readonly invokingPacket: Uint8Array }
  | {
    readonly kind: "parameterProblem";
    readonly code: number;
    /** The octet at fault, from the start of the invoking packet, 32 bits. */
    readonly pointer: number;
    readonly invokingPacket: Uint8Array;
  }
  | IcmpEcho<"echoRequest">
  | IcmpEcho<"echoReply">
  | OtherIcmp;

/** The addresses of the pseudo header. */
export interface Icmpv6Addresses {
  readonly source: Ipv6Address;
  readonly destination: Ipv6Address;
}

export interface DecodedIcmpv6Message {
  readonly message: Icmpv6Message;
  readonly checksumValid: boolean;
}

const Icmpv6Type = {
  destinationUnreachable: 1,
  packetTooBig: 2,
  timeExceeded: 3,
  parameterProblem: 4,
  echoRequest: 128,
  echoReply: 129,
} as const;

/** Decodes the message that goes from `offset` up to `end`. */
export function decodeIcmpv6Message(
  bytes: Uint8Array,
  offset: number,
  end: number,
  addresses: Icmpv6Addresses,
): Decoded<DecodedIcmpv6Message> {
  if (end > bytes.length || end - offset < ICMP_HEAD_OCTETS) {
    return malformed(Math.min(end, bytes.length), "ICMPv6 message", "is cut off");
  }
  const checksumValid = checksumOf(bytes, offset, end, addresses) === 0;
  return decoded({ message: decodeMessage(bytes, offset, end), checksumValid });
}

function decodeMessage(bytes: Uint8Array, offset: number, end: number): Icmpv6Message {
  const type = bytes[offset];
  const code = bytes[offset + 1];
  const data = bytes.slice(offset + ICMP_HEAD_OCTETS, end);
  const identifier = readUint16(bytes, offset + 4);
  const sequenceNumber = readUint16(bytes, offset + 6);
  switch (type) {
    case Icmpv6Type.destinationUnreachable:
      return { kind: "destinationUnreachable", code, invokingPacket: data };
    case Icmpv6Type.packetTooBig:
      return { kind: "packetTooBig", code, mtu: readUint32(bytes, offset + 4), invokingPacket: data };
    case Icmpv6Type.timeExceeded:
      return { kind: "timeExceeded", code, invokingPacket: data };
    case Icmpv6Type.parameterProblem:
      return { kind: "parameterProblem", code, pointer: readUint32(bytes, offset + 4), invokingPacket: data };
    case Icmpv6Type.echoRequest:
      return { kind: "echoRequest", identifier, sequenceNumber, data };
    case Icmpv6Type.echoReply:
      return { kind: "echoReply", identifier, sequenceNumber, data };
    default:
      return { kind: "otherIcmp", type, code, data: bytes.slice(offset + ICMP_CHECKSUM_END, end) };
  }
}

/** The message with its checksum. Throws RangeError for a record that cannot be sent. */
export function encodeIcmpv6Message(message: Icmpv6Message, addresses: Icmpv6Addresses): Uint8Array {
  const buffer = new Uint8Array(icmpOctets(message));
  encodeIcmpv6MessageInto(message, addresses, buffer, 0);
  return buffer;
}

/** As encodeIcmpv6Message, over whatever `buffer` holds from `offset` on. Returns the message's octets. */
export function encodeIcmpv6MessageInto(
  message: Icmpv6Message,
  addresses: Icmpv6Addresses,
  buffer: Uint8Array,
  offset: number,
): number {
  const octets = icmpOctets(message);
  buffer.fill(0, offset, offset + ICMP_HEAD_OCTETS);
  writeUint8(
    buffer,
    offset,
    message.kind === "otherIcmp" ? message.type : Icmpv6Type[message.kind],
    "ICMPv6 type",
  );
  switch (message.kind) {
    case "packetTooBig":
      writeUint32(buffer, offset + 4, message.mtu, "MTU");
      writeIcmpError(message, buffer, offset);
      break;
    case "parameterProblem":
      writeUint32(buffer, offset + 4, message.pointer, "pointer");
      writeIcmpError(message, buffer, offset);
      break;
    case "destinationUnreachable":
    case "timeExceeded":
      writeIcmpError(message, buffer, offset);
      break;
    case "echoRequest":
    case "echoReply":
      writeIcmpEcho(message, buffer, offset);
      break;
    case "otherIcmp":
      writeOtherIcmp(message, buffer, offset);
      break;
  }
  writeUint16(buffer, offset + 2, checksumOf(buffer, offset, offset + octets, addresses), "checksum");
  return octets;
}

function checksumOf(bytes: Uint8Array, start: number, end: number, addresses: Icmpv6Addresses): number {
  return ipv6UpperLayerChecksum({
    source: ipv6Octets(addresses.source),
    destination: ipv6Octets(addresses.destination),
    nextHeader: Protocol.icmpv6,
    bytes,
    start,
    end,
  });
}
