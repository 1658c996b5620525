import { writeUint16, writeUint8 } from "./octets.ts";

/** What ICMP for IPv4 and ICMPv6 have in common: 0 type | 1 code | 2 checksum | 4 four octets by type | 8 data. */

export const ICMP_CHECKSUM_END = 4;
export const ICMP_HEAD_OCTETS = 8;

export interface IcmpEcho<Kind extends "echoRequest" | "echoReply"> {
  readonly kind: Kind;
  readonly identifier: number;
  readonly sequenceNumber: number;
  readonly data: Uint8Array;
}

/** A message that has no record of its own. */
export interface OtherIcmp {
  readonly kind: "otherIcmp";
  readonly type: number;
  readonly code: number;
  /** What follows the checksum: 4 octets or more. */
  readonly data: Uint8Array;
}

type IcmpParts =
  | { readonly invokingPacket: Uint8Array }
  | IcmpEcho<"echoRequest">
  | IcmpEcho<"echoReply">
  | OtherIcmp;

/** Octets of the whole message. */
export function icmpOctets(message: IcmpParts): number {
  if ("invokingPacket" in message) return ICMP_HEAD_OCTETS + message.invokingPacket.length;
  if (message.kind !== "otherIcmp") return ICMP_HEAD_OCTETS + message.data.length;
  if (message.data.length < 4) throw new RangeError("Cannot encode ICMP message: it has less than 8 octets");
  return ICMP_CHECKSUM_END + message.data.length;
}

/** Writes an error's code and packet. */
export function writeIcmpError(
  message: { readonly code: number; readonly invokingPacket: Uint8Array },
  buffer: Uint8Array,
  offset: number,
): void {
  writeUint8(buffer, offset + 1, message.code, "ICMP code");
  buffer.set(message.invokingPacket, offset + ICMP_HEAD_OCTETS);
}

/** Writes what follows the checksum of an echo. */
export function writeIcmpEcho(
  echo: IcmpEcho<"echoRequest"> | IcmpEcho<"echoReply">,
  buffer: Uint8Array,
  offset: number,
): void {
  writeUint16(buffer, offset + 4, echo.identifier, "identifier");
  writeUint16(buffer, offset + 6, echo.sequenceNumber, "sequence number");
  buffer.set(echo.data, offset + ICMP_HEAD_OCTETS);
}

/** Writes code and data of a message that has no record of its own. */
export function writeOtherIcmp(message: OtherIcmp, buffer: Uint8Array, offset: number): void {
  writeUint8(buffer, offset + 1, message.code, "ICMP code");
  buffer.set(message.data, offset + ICMP_CHECKSUM_END);
}
