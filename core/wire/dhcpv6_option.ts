import { formatIpv6, IPV6_OCTETS, type Ipv6Address, ipv6Octets } from "./address.ts";
import { readUint16, readUint32, writeUint16, writeUint32, writeUint8 } from "./octets.ts";
import { type Decoded, decoded, malformed, type WireError } from "./result.ts";

/** A DHCP unique identifier with its type (RFC 8415 section 11.1), opaque to whoever is not its owner. */
export type Duid = Uint8Array;

/** Codes of the status code option (RFC 8415 section 21.13). */
export const Dhcpv6Status = {
  success: 0,
  unspecFail: 1,
  noAddrsAvail: 2,
  noBinding: 3,
  notOnLink: 4,
  useMulticast: 5,
  noPrefixAvail: 6,
} as const;

/** Its text is for a person. */
export interface Dhcpv6StatusCode {
  readonly kind: "statusCode";
  /** See Dhcpv6Status, 16 bits. */
  readonly status: number;
  readonly text: string;
}

/** Not known, or not where it stands: an IA Prefix is one only inside an IA_PD. */
export interface UnknownDhcpv6Option {
  readonly kind: "unknownOption";
  readonly code: number;
  readonly data: Uint8Array;
}

/** A prefix of an IA_PD. Lifetimes are 32 bits, 0xffffffff is for ever (RFC 8415 section 21.22). */
export interface IaPrefix {
  readonly kind: "iaPrefix";
  readonly preferredLifetimeSeconds: number;
  readonly validLifetimeSeconds: number;
  /** As it stands there, 0..255. With the unspecified prefix: the length that a client would like. */
  readonly prefixLength: number;
  /** Bits after the length may be set. */
  readonly prefix: Ipv6Address;
  readonly options: readonly (Dhcpv6StatusCode | UnknownDhcpv6Option)[];
}

/** Identity Association for Prefix Delegation (RFC 8415 section 21.21). Times are 32 bits, 0xffffffff is never. */
export interface IaPd {
  readonly kind: "iaPd";
  /** The client's own number for it, 32 bits. */
  readonly iaid: number;
  /** T1; 0 leaves it to the client. */
  readonly renewSeconds: number;
  /** T2; 0 leaves it to the client. */
  readonly rebindSeconds: number;
  readonly options: readonly (IaPrefix | Dhcpv6StatusCode | UnknownDhcpv6Option)[];
}

/** The options of a message. */
export type Dhcpv6Option =
  /** 3 to 130 octets. */
  | { readonly kind: "clientIdentifier"; readonly duid: Duid }
  | { readonly kind: "serverIdentifier"; readonly duid: Duid }
  /** Codes of options that the client wants to hear of. */
  | { readonly kind: "optionRequest"; readonly codes: readonly number[] }
  /** The highest is the best, 0..255. */
  | { readonly kind: "preference"; readonly preference: number }
  /** Since the client began the exchange, hundredths of a second, 16 bits: 0xffff is more than it can tell. */
  | { readonly kind: "elapsedTime"; readonly centiseconds: number }
  /** A whole message that a relay agent carries. */
  | { readonly kind: "relayMessage"; readonly message: Uint8Array }
  | Dhcpv6StatusCode
  | { readonly kind: "rapidCommit" }
  /** The relay agent's own: it gets it back as it was. */
  | { readonly kind: "interfaceId"; readonly interfaceId: Uint8Array }
  | IaPd
  /** 32 bits; only 60 to 86400 count (RFC 8415 section 21.24). */
  | { readonly kind: "solMaxRt"; readonly seconds: number }
  | UnknownDhcpv6Option;

/** Wherever it stands. */
export type AnyDhcpv6Option = Dhcpv6Option | IaPrefix;

type Kind = Exclude<AnyDhcpv6Option["kind"], "unknownOption">;
export type Dhcpv6OptionOf<K extends AnyDhcpv6Option["kind"]> = Extract<
  AnyDhcpv6Option,
  { readonly kind: K }
>;

/** What an option stands in: the message itself, or another option. */
type Place = "message" | "iaPd" | "iaPrefix";

interface OptionFormat<K extends Kind> {
  readonly code: number;
  /** In the RFC's words. */
  readonly name: string;
  readonly places: readonly Place[];
  /** Octets of data: exactly, or at least and at most. */
  readonly octets: number | readonly [number, number];
  /** The data are in [at, end), as many as `octets` says. */
  read(bytes: Uint8Array, at: number, end: number): Dhcpv6OptionOf<K> | WireError;
  /** The data. */
  write(option: Dhcpv6OptionOf<K>): Uint8Array;
}

const HEAD_OCTETS = 4;
const IA_PD_HEAD_OCTETS = 12;
const IA_PREFIX_HEAD_OCTETS = 9 + IPV6_OCTETS;
const MAXIMUM_OCTETS = 0xffff;
/** A type of two octets, then 1 to 128 (RFC 8415 section 11.1). */
const DUID_OCTETS = [3, 130] as const;
/** Relay message (RFC 8415 section 21.10): the shortest message has a type and a transaction ID. */
const MINIMUM_MESSAGE_OCTETS = 4;

/** Every option that is read and written: RFC 8415 section 21. */
export const DHCPV6_OPTION_TABLE: { readonly [K in Kind]: OptionFormat<K> } = {
  clientIdentifier: {
    code: 1,
    name: "Client Identifier",
    places: ["message"],
    octets: DUID_OCTETS,
    read: (bytes, at, end) => ({ kind: "clientIdentifier", duid: bytes.slice(at, end) }),
    write: ({ duid }) => duid,
  },
  serverIdentifier: {
    code: 2,
    name: "Server Identifier",
    places: ["message"],
    octets: DUID_OCTETS,
    read: (bytes, at, end) => ({ kind: "serverIdentifier", duid: bytes.slice(at, end) }),
    write: ({ duid }) => duid,
  },
  optionRequest: {
    code: 6,
    name: "Option Request",
    places: ["message"],
    octets: [0, MAXIMUM_OCTETS],
    read: readOptionRequest,
    write: ({ codes }) => {
      const data = new Uint8Array(2 * codes.length);
      codes.forEach((code, i) => writeUint16(data, 2 * i, code, "requested option code"));
      return data;
    },
  },
  preference: {
    code: 7,
    name: "Preference",
    places: ["message"],
    octets: 1,
    read: (bytes, at) => ({ kind: "preference", preference: bytes[at] }),
    write: ({ preference }) => number(1, preference, "preference"),
  },
  elapsedTime: {
    code: 8,
    name: "Elapsed Time",
    places: ["message"],
    octets: 2,
    read: (bytes, at) => ({ kind: "elapsedTime", centiseconds: readUint16(bytes, at) }),
    write: ({ centiseconds }) => number(2, centiseconds, "elapsed time"),
  },
  relayMessage: {
    code: 9,
    name: "Relay Message",
    places: ["message"],
    octets: [MINIMUM_MESSAGE_OCTETS, MAXIMUM_OCTETS],
    read: (bytes, at, end) => ({ kind: "relayMessage", message: bytes.slice(at, end) }),
    write: ({ message }) => message,
  },
  statusCode: {
    code: 13,
    name: "Status Code",
    places: ["message", "iaPd", "iaPrefix"],
    octets: [2, MAXIMUM_OCTETS],
    read: (bytes, at, end) => {
      const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(at + 2, end));
      return { kind: "statusCode", status: readUint16(bytes, at), text };
    },
    write: ({ status, text }) => joined(number(2, status, "status code"), new TextEncoder().encode(text)),
  },
  rapidCommit: {
    code: 14,
    name: "Rapid Commit",
    places: ["message"],
    octets: 0,
    read: () => ({ kind: "rapidCommit" }),
    write: () => new Uint8Array(),
  },
  interfaceId: {
    code: 18,
    name: "Interface-Id",
    places: ["message"],
    octets: [0, MAXIMUM_OCTETS],
    read: (bytes, at, end) => ({ kind: "interfaceId", interfaceId: bytes.slice(at, end) }),
    write: ({ interfaceId }) => interfaceId,
  },
  iaPd: {
    code: 25,
    name: "IA_PD",
    places: ["message"],
    octets: [IA_PD_HEAD_OCTETS, MAXIMUM_OCTETS],
    read: readIaPd,
    write: ({ iaid, renewSeconds, rebindSeconds, options }) => {
      const head = new Uint8Array(IA_PD_HEAD_OCTETS);
      writeUint32(head, 0, iaid, "IAID");
      writeUint32(head, 4, renewSeconds, "T1");
      writeUint32(head, 8, rebindSeconds, "T2");
      return joined(head, encodeOptions(options, "iaPd"));
    },
  },
  iaPrefix: {
    code: 26,
    name: "IA Prefix",
    places: ["iaPd"],
    octets: [IA_PREFIX_HEAD_OCTETS, MAXIMUM_OCTETS],
    read: readIaPrefix,
    write: ({ preferredLifetimeSeconds, validLifetimeSeconds, prefixLength, prefix, options }) => {
      const head = new Uint8Array(IA_PREFIX_HEAD_OCTETS);
      writeUint32(head, 0, preferredLifetimeSeconds, "preferred lifetime");
      writeUint32(head, 4, validLifetimeSeconds, "valid lifetime");
      writeUint8(head, 8, prefixLength, "prefix length");
      head.set(ipv6Octets(prefix), 9);
      return joined(head, encodeOptions(options, "iaPrefix"));
    },
  },
  solMaxRt: {
    code: 82,
    name: "SOL_MAX_RT",
    places: ["message"],
    octets: 4,
    read: (bytes, at) => ({ kind: "solMaxRt", seconds: readUint32(bytes, at) }),
    write: ({ seconds }) => number(4, seconds, "SOL_MAX_RT"),
  },
};

const BY_CODE: ReadonlyMap<number, OptionFormat<Kind>> = new Map(
  Object.values(DHCPV6_OPTION_TABLE).map((format) => [format.code, format as OptionFormat<Kind>]),
);

/** The options of a message, in [offset, end). */
export function decodeDhcpv6Options(
  bytes: Uint8Array,
  offset: number,
  end: number,
): Decoded<Dhcpv6Option[]> {
  return decodeOptions(bytes, offset, end, "message");
}

/** Throws RangeError for a record that cannot be sent. */
export function encodeDhcpv6Options(options: readonly Dhcpv6Option[]): Uint8Array {
  return encodeOptions(options, "message");
}

/** The first option of a kind; undefined: there is none. */
export function findDhcpv6Option<
  Option extends AnyDhcpv6Option,
  K extends Option["kind"],
>(options: readonly Option[], kind: K): Extract<Option, { readonly kind: K }> | undefined {
  return options.find((option): option is Extract<Option, { readonly kind: K }> => option.kind === kind);
}

/** A place says which options can be in it, so the type of what comes out. */
function decodeOptions<Option extends AnyDhcpv6Option>(
  bytes: Uint8Array,
  offset: number,
  end: number,
  place: Place,
): Decoded<Option[]> {
  const options: AnyDhcpv6Option[] = [];
  for (let at = offset; at < end;) {
    if (at + HEAD_OCTETS > end) return malformed(at, "DHCPv6 option", "is cut off");
    const code = readUint16(bytes, at);
    const length = readUint16(bytes, at + 2);
    const dataAt = at + HEAD_OCTETS;
    at = dataAt + length;
    if (at > end) return malformed(dataAt - 2, `length of DHCPv6 option ${code}`, "goes past the end");
    const format = BY_CODE.get(code);
    if (format === undefined || !format.places.includes(place)) {
      options.push({ kind: "unknownOption", code, data: bytes.slice(dataAt, at) });
      continue;
    }
    const [least, most] = limitsOf(format);
    if (length < least || length > most) {
      return malformed(dataAt - 2, `length of ${format.name}`, `is ${length}, not ${describe(least, most)}`);
    }
    const read = format.read(bytes, dataAt, at);
    if ("reason" in read) return { ok: false, error: read };
    options.push(read);
  }
  return decoded(options as Option[]);
}

function encodeOptions(options: readonly AnyDhcpv6Option[], place: Place): Uint8Array {
  return joined(...options.flatMap((option) => {
    const { code, data } = option.kind === "unknownOption" ? option : encodeKnown(option, place);
    const head = new Uint8Array(HEAD_OCTETS);
    writeUint16(head, 0, code, "DHCPv6 option code");
    writeUint16(head, 2, data.length, `length of DHCPv6 option ${code}`);
    return [head, data];
  }));
}

function encodeKnown(option: Dhcpv6OptionOf<Kind>, place: Place): { code: number; data: Uint8Array } {
  const format = DHCPV6_OPTION_TABLE[option.kind] as OptionFormat<Kind>;
  if (!format.places.includes(place)) {
    throw new RangeError(`Cannot encode ${format.name}: not an option of this place`);
  }
  const data = format.write(option);
  const [least, most] = limitsOf(format);
  if (data.length < least || data.length > most) {
    throw new RangeError(
      `Cannot encode ${format.name}: ${data.length} octets, not ${describe(least, most)}`,
    );
  }
  return { code: format.code, data };
}

function limitsOf({ octets }: OptionFormat<Kind>): readonly [number, number] {
  return typeof octets === "number" ? [octets, octets] : octets;
}

function describe(least: number, most: number): string {
  return least === most ? `${least}` : `${least} to ${most}`;
}

function readOptionRequest(
  bytes: Uint8Array,
  at: number,
  end: number,
): Dhcpv6OptionOf<"optionRequest"> | WireError {
  if ((end - at) % 2 !== 0) {
    return { offset: at - 2, field: "length of Option Request", reason: `is ${end - at}, not even` };
  }
  const codes = Array.from({ length: (end - at) / 2 }, (_, i) => readUint16(bytes, at + 2 * i));
  return { kind: "optionRequest", codes };
}

function readIaPd(bytes: Uint8Array, at: number, end: number): IaPd | WireError {
  const options = decodeOptions<IaPd["options"][number]>(bytes, at + IA_PD_HEAD_OCTETS, end, "iaPd");
  if (!options.ok) return options.error;
  return {
    kind: "iaPd",
    iaid: readUint32(bytes, at),
    renewSeconds: readUint32(bytes, at + 4),
    rebindSeconds: readUint32(bytes, at + 8),
    options: options.value,
  };
}

function readIaPrefix(bytes: Uint8Array, at: number, end: number): IaPrefix | WireError {
  const optionsAt = at + IA_PREFIX_HEAD_OCTETS;
  const options = decodeOptions<IaPrefix["options"][number]>(bytes, optionsAt, end, "iaPrefix");
  if (!options.ok) return options.error;
  return {
    kind: "iaPrefix",
    preferredLifetimeSeconds: readUint32(bytes, at),
    validLifetimeSeconds: readUint32(bytes, at + 4),
    prefixLength: bytes[at + 8],
    prefix: formatIpv6(bytes, at + 9),
    options: options.value,
  };
}

function number(octets: 1 | 2 | 4, value: number, field: string): Uint8Array {
  const data = new Uint8Array(octets);
  const write = octets === 1 ? writeUint8 : octets === 2 ? writeUint16 : writeUint32;
  write(data, 0, value, field);
  return data;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((octets, part) => octets + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
