import { finishChecksum, onesComplementSum } from "./checksum.ts";
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
import { readUint16, writeUint16, writeUint8 } from "./octets.ts";
import { type Decoded, decoded, malformed } from "./result.ts";

/** ICMP for IPv4 (RFC 792). In an error the data is the start of the packet that caused it.
 */
export type Icmpv4Message =
  | {
    readonly kind: "destinationUnreachable";
    readonly code: number;
    /** With code 4, fragmentation needed (RFC 1191 section 4); else 0. Octets. */
    readonly nextHopMtu: number;
    readonly invokingPacket: Uint8Array;
  }
  | { readonly kind: "timeExceeded"; readonly code: number; readonly invokingPacket: Uint8Array }
  | {
    readonly kind: "parameterProblem";
    readonly code: number;
    /** The octet at fault, from the start of the invoking packet. */
    readonly pointer: number;
    readonly invokingPacket: Uint8Array;
  }
  | IcmpEcho<"echoRequest">
  | IcmpEcho<"echoReply">
  | OtherIcmp;

export interface DecodedIcmpv4Message {
  readonly message: Icmpv4Message;
  readonly checksumValid: boolean;
}

const Icmpv4Type = {
  echoReply: 0,
  destinationUnreachable: 3,
  echoRequest: 8,
  timeExceeded: 11,
  parameterProblem: 12,
} as const;

/** Destination unreachable: fragmentation needed and DF set (RFC 1191 section 4). */
export const FRAGMENTATION_NEEDED = 4;

/** Decodes the message that goes from `offset` up to `end`. */
export function decodeIcmpv4Message(
  bytes: Uint8Array,
  offset: number,
  end: number,
): Decoded<DecodedIcmpv4Message> {
  if (end > bytes.length || end - offset < ICMP_HEAD_OCTETS) {
    return malformed(Math.min(end, bytes.length), "ICMP message", "is cut off");
  }
  const checksumValid = finishChecksum(onesComplementSum(bytes, offset, end)) === 0;
  return decoded({ message: decodeMessage(bytes, offset, end), checksumValid });
}

function decodeMessage(bytes: Uint8Array, offset: number, end: number): Icmpv4Message {
  const type = bytes[offset];
  const code = bytes[offset + 1];
  const data = bytes.slice(offset + ICMP_HEAD_OCTETS, end);
  const identifier = readUint16(bytes, offset + 4);
  const sequenceNumber = readUint16(bytes, offset + 6);
  switch (type) {
    case Icmpv4Type.destinationUnreachable: {
      const nextHopMtu = code === FRAGMENTATION_NEEDED ? readUint16(bytes, offset + 6) : 0;
      return { kind: "destinationUnreachable", code, nextHopMtu, invokingPacket: data };
    }
    case Icmpv4Type.timeExceeded:
      return { kind: "timeExceeded", code, invokingPacket: data };
    case Icmpv4Type.parameterProblem:
      return { kind: "parameterProblem", code, pointer: bytes[offset + 4], invokingPacket: data };
    case Icmpv4Type.echoRequest:
      return { kind: "echoRequest", identifier, sequenceNumber, data };
    case Icmpv4Type.echoReply:
      return { kind: "echoReply", identifier, sequenceNumber, data };
    default:
      return { kind: "otherIcmp", type, code, data: bytes.slice(offset + ICMP_CHECKSUM_END, end) };
  }
}

/** The message with its checksum. Throws RangeError for a record that cannot be sent. */
export function encodeIcmpv4Message(message: Icmpv4Message): Uint8Array {
  const buffer = new Uint8Array(icmpOctets(message));
  encodeIcmpv4MessageInto(message, buffer, 0);
  return buffer;
}

/** As encodeIcmpv4Message, over whatever `buffer` holds from `offset` on. Returns the message's octets. */
export function encodeIcmpv4MessageInto(message: Icmpv4Message, buffer: Uint8Array, offset: number): number {
  const octets = icmpOctets(message);
  buffer.fill(0, offset, offset + ICMP_HEAD_OCTETS);
  writeUint8(
    buffer,
    offset,
    message.kind === "otherIcmp" ? message.type : Icmpv4Type[message.kind],
    "ICMP type",
  );
  switch (message.kind) {
    case "destinationUnreachable":
      writeUint16(buffer, offset + 6, message.nextHopMtu, "next-hop MTU");
      writeIcmpError(message, buffer, offset);
      break;
    case "parameterProblem":
      writeUint8(buffer, offset + 4, message.pointer, "pointer");
      writeIcmpError(message, buffer, offset);
      break;
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
  writeUint16(
    buffer,
    offset + 2,
    finishChecksum(onesComplementSum(buffer, offset, offset + octets)),
    "checksum",
  );
  return octets;
}
