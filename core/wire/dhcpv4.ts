import { formatIpv4, type Ipv4Address, ipv4Octets } from "./address.ts";
import { DHCP_OPTION_TABLE, type DhcpOptions } from "./dhcpv4_option.ts";
import { readUint16, readUint32, writeUint16, writeUint32, writeUint8 } from "./octets.ts";
import { type Decoded, decoded, malformed, type WireError } from "./result.ts";

export const DHCP_SERVER_PORT = 67;
export const DHCP_CLIENT_PORT = 68;

/** RFC 2132 section 9.6. */
export const DhcpMessageType = {
  discover: 1,
  offer: 2,
  request: 3,
  decline: 4,
  ack: 5,
  nak: 6,
  release: 7,
} as const;

export const DhcpOperation = { request: 1, reply: 2 } as const;

/**
 * A DHCP message (RFC 2131 section 2):
 *
 *     0 operation | 1 hardware type 1 | 2 hardware length 6 | 3 hops | 4 transaction ID | 8 seconds | 10 flags
 *     12 client address | 16 your address | 20 next server address | 24 relay agent address
 *     28 client hardware address 16 | 44 server name 64 | 108 file 128 | 236 magic cookie | 240 options
 */
export interface DhcpMessage {
  /** See DhcpOperation. */
  readonly operation: number;
  readonly transactionId: number;
  /** Since the client began. */
  readonly seconds: number;
  /** The client cannot hear what is sent to an address that it does not have yet. */
  readonly broadcast: boolean;
  readonly clientAddress: Ipv4Address;
  readonly yourAddress: Ipv4Address;
  readonly nextServerAddress: Ipv4Address;
  readonly relayAddress: Ipv4Address;
  /** Six octets. */
  readonly clientHardwareAddress: Uint8Array;
  readonly options: DhcpOptions;
}

const HARDWARE_OCTETS = 6;
const SERVER_NAME = { start: 44, end: 108 } as const;
const FILE = { start: 108, end: 236 } as const;
const MAGIC_AT = 236;
const MAGIC_COOKIE = 0x63825363;
const OPTIONS_AT = 240;
/** What BOOTP relays expect at least (RFC 1542 section 2.1). */
const MINIMUM_MESSAGE_OCTETS = 300;
const BROADCAST_FLAG = 0x8000;

const PAD = 0;
const OPTION_OVERLOAD = 52;
const END = 255;
/** Octets of data that one instance of an option can hold. */
const MAXIMUM_OPTION_OCTETS = 255;

/** The data of an option, with where they began; instances of one option count as one (RFC 3396). */
interface RawOption {
  readonly offset: number;
  readonly data: number[];
}

/** Decodes UDP data. Options that are not known are passed over. */
export function decodeDhcpMessage(bytes: Uint8Array): Decoded<DhcpMessage> {
  if (bytes.length < OPTIONS_AT) return malformed(bytes.length, "DHCP message", "is cut off");
  if (bytes[1] !== 1) return malformed(1, "hardware type", `is ${bytes[1]}, not Ethernet`);
  if (bytes[2] !== HARDWARE_OCTETS) return malformed(2, "hardware address length", `is ${bytes[2]}, not 6`);
  if (readUint32(bytes, MAGIC_AT) !== MAGIC_COOKIE) return malformed(MAGIC_AT, "magic cookie", "is wrong");
  const options = decodeOptions(bytes);
  if (!options.ok) return options;
  return decoded({
    operation: bytes[0],
    transactionId: readUint32(bytes, 4),
    seconds: readUint16(bytes, 8),
    broadcast: (readUint16(bytes, 10) & BROADCAST_FLAG) !== 0,
    clientAddress: formatIpv4(bytes, 12),
    yourAddress: formatIpv4(bytes, 16),
    nextServerAddress: formatIpv4(bytes, 20),
    relayAddress: formatIpv4(bytes, 24),
    clientHardwareAddress: bytes.slice(28, 28 + HARDWARE_OCTETS),
    options: options.value,
  });
}

function decodeOptions(bytes: Uint8Array): Decoded<DhcpOptions> {
  const found = new Map<number, RawOption>();
  const fault = collectOptions(bytes, OPTIONS_AT, bytes.length, found);
  if (fault !== undefined) return { ok: false, error: fault };
  const overload = found.get(OPTION_OVERLOAD);
  if (overload !== undefined) {
    const [value] = overload.data;
    if (overload.data.length !== 1 || value < 1 || value > 3) {
      return malformed(overload.offset, "option overload", "is not 1, 2 or 3");
    }
    // The file field first (RFC 2131 section 4.1).
    const fields = [...(value & 1 ? [FILE] : []), ...(value & 2 ? [SERVER_NAME] : [])];
    for (const { start, end } of fields) {
      const inside = collectOptions(bytes, start, end, found);
      if (inside !== undefined) return { ok: false, error: inside };
    }
  }
  return readOptions(found);
}

/** Adds the options between two offsets to `found`. */
function collectOptions(
  bytes: Uint8Array,
  start: number,
  end: number,
  found: Map<number, RawOption>,
): WireError | undefined {
  let at = start;
  while (at < end && bytes[at] !== END) {
    const code = bytes[at];
    if (code === PAD) {
      at++;
      continue;
    }
    const after = at + 2 + bytes[at + 1];
    if (at + 2 > end || after > end) {
      return { offset: at, field: `DHCP option ${code}`, reason: "goes past the end" };
    }
    const option = found.get(code) ?? { offset: at, data: [] };
    option.data.push(...bytes.subarray(at + 2, after));
    found.set(code, option);
    at = after;
  }
  return undefined;
}

function readOptions(found: ReadonlyMap<number, RawOption>): Decoded<DhcpOptions> {
  const options: Record<string, unknown> = {};
  for (const [key, format] of Object.entries(DHCP_OPTION_TABLE)) {
    const raw = found.get(format.code);
    if (raw === undefined) continue;
    const read = format.read(new Uint8Array(raw.data));
    if ("reason" in read) return malformed(raw.offset, format.name, read.reason);
    options[key] = read.value;
  }
  return decoded(options);
}

/** The UDP data, padded to what relays expect. Throws RangeError for a record that cannot be sent. */
export function encodeDhcpMessage(message: DhcpMessage): Uint8Array {
  if (message.clientHardwareAddress.length !== HARDWARE_OCTETS) {
    throw new RangeError("Cannot encode DHCP message: the client hardware address has not six octets");
  }
  const options = encodeOptions(message.options);
  const buffer = new Uint8Array(Math.max(MINIMUM_MESSAGE_OCTETS, OPTIONS_AT + options.length));
  writeUint8(buffer, 0, message.operation, "operation");
  buffer[1] = 1;
  buffer[2] = HARDWARE_OCTETS;
  writeUint32(buffer, 4, message.transactionId, "transaction ID");
  writeUint16(buffer, 8, message.seconds, "seconds");
  writeUint16(buffer, 10, message.broadcast ? BROADCAST_FLAG : 0, "flags");
  buffer.set(ipv4Octets(message.clientAddress), 12);
  buffer.set(ipv4Octets(message.yourAddress), 16);
  buffer.set(ipv4Octets(message.nextServerAddress), 20);
  buffer.set(ipv4Octets(message.relayAddress), 24);
  buffer.set(message.clientHardwareAddress, 28);
  writeUint32(buffer, MAGIC_AT, MAGIC_COOKIE, "magic cookie");
  buffer.set(options, OPTIONS_AT);
  return buffer;
}

/** In the order of the table, the message type first as servers like it; long ones in several instances. */
function encodeOptions(options: DhcpOptions): Uint8Array {
  const encoded: number[] = [];
  for (const [key, format] of Object.entries(DHCP_OPTION_TABLE)) {
    const value = options[key as keyof DhcpOptions];
    if (value === undefined) continue;
    const data = (format.write as (value: unknown) => Uint8Array)(value);
    let at = 0;
    do {
      const part = data.subarray(at, at + MAXIMUM_OPTION_OCTETS);
      encoded.push(format.code, part.length, ...part);
      at += part.length;
    } while (at < data.length);
  }
  return new Uint8Array([...encoded, END]);
}
