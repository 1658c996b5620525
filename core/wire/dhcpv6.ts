import { formatIpv6, IPV6_OCTETS, type Ipv6Address, ipv6Octets } from "./address.ts";
import { decodeDhcpv6Options, type Dhcpv6Option, encodeDhcpv6Options } from "./dhcpv6_option.ts";
import { writeUint32, writeUint8 } from "./octets.ts";
import { type Decoded, decoded, malformed } from "./result.ts";

/** Servers and relay agents listen on it (RFC 8415 section 7.2). */
export const DHCPV6_SERVER_PORT = 547;
export const DHCPV6_CLIENT_PORT = 546;

/** RFC 8415 section 7.1. */
export const ALL_DHCP_RELAY_AGENTS_AND_SERVERS: Ipv6Address = "ff02::1:2";

/** RFC 8415 section 7.3, without those of a relay agent: see Dhcpv6RelayMessage. */
export const Dhcpv6MessageType = {
  solicit: 1,
  advertise: 2,
  request: 3,
  confirm: 4,
  renew: 5,
  rebind: 6,
  reply: 7,
  release: 8,
  decline: 9,
  reconfigure: 10,
  informationRequest: 11,
} as const;

const RELAY_FORWARD = 12;
const RELAY_REPLY = 13;

/** Between a client and a server (RFC 8415 section 8): 0 type | 1 transaction ID | 4 options. */
export interface Dhcpv6Message {
  readonly kind: "message";
  /** See Dhcpv6MessageType. */
  readonly type: number;
  /** 24 bits. */
  readonly transactionId: number;
  readonly options: readonly Dhcpv6Option[];
}

/**
 * Between a relay agent and a server (RFC 8415 section 9):
 *
 *     0 type | 1 hop count | 2 link address | 18 peer address | 34 options
 */
export interface Dhcpv6RelayMessage {
  readonly kind: "relayForward" | "relayReply";
  /** 0..255. */
  readonly hopCount: number;
  /** An address that tells the server of the client's link. */
  readonly linkAddress: Ipv6Address;
  /** Whom the relay agent has the message from, or hands it to. */
  readonly peerAddress: Ipv6Address;
  readonly options: readonly Dhcpv6Option[];
}

const HEAD_OCTETS = 4;
const RELAY_HEAD_OCTETS = 2 + 2 * IPV6_OCTETS;

/** Decodes UDP data. A message of a type that is not known has the form of Dhcpv6Message. */
export function decodeDhcpv6(bytes: Uint8Array): Decoded<Dhcpv6Message | Dhcpv6RelayMessage> {
  const isRelayed = bytes[0] === RELAY_FORWARD || bytes[0] === RELAY_REPLY;
  const optionsAt = isRelayed ? RELAY_HEAD_OCTETS : HEAD_OCTETS;
  if (bytes.length < optionsAt) return malformed(bytes.length, "DHCPv6 message", "is cut off");
  const read = decodeDhcpv6Options(bytes, optionsAt, bytes.length);
  if (!read.ok) return read;
  const options = read.value;
  if (isRelayed) {
    return decoded({
      kind: bytes[0] === RELAY_FORWARD ? "relayForward" : "relayReply",
      hopCount: bytes[1],
      linkAddress: formatIpv6(bytes, 2),
      peerAddress: formatIpv6(bytes, 2 + IPV6_OCTETS),
      options,
    });
  }
  const transactionId = bytes[1] << 16 | bytes[2] << 8 | bytes[3];
  return decoded({ kind: "message", type: bytes[0], transactionId, options });
}

/** The UDP data. Throws RangeError for a record that cannot be sent. */
export function encodeDhcpv6(message: Dhcpv6Message | Dhcpv6RelayMessage): Uint8Array {
  const options = encodeDhcpv6Options(message.options);
  const optionsAt = message.kind === "message" ? HEAD_OCTETS : RELAY_HEAD_OCTETS;
  const buffer = new Uint8Array(optionsAt + options.length);
  if (message.kind === "message") {
    const { type, transactionId } = message;
    if (type === RELAY_FORWARD || type === RELAY_REPLY) {
      throw new RangeError(`Cannot encode a DHCPv6 message of type ${type}: it is a relay agent's`);
    }
    writeUint32(buffer, 0, transactionId, "transaction ID");
    if (buffer[0] !== 0) {
      throw new RangeError(`Cannot encode transaction ID: ${transactionId} has over 24 bits`);
    }
    writeUint8(buffer, 0, type, "message type");
  } else {
    buffer[0] = message.kind === "relayForward" ? RELAY_FORWARD : RELAY_REPLY;
    writeUint8(buffer, 1, message.hopCount, "hop count");
    buffer.set(ipv6Octets(message.linkAddress), 2);
    buffer.set(ipv6Octets(message.peerAddress), 2 + IPV6_OCTETS);
  }
  buffer.set(options, optionsAt);
  return buffer;
}
