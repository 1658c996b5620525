import {
  formatIpv4,
  formatIpv6,
  IPV4_OCTETS,
  type Ipv4Address,
  ipv4Octets,
  IPV6_OCTETS,
  type Ipv6Address,
  ipv6Octets,
} from "./address.ts";
import type { SubOptionTable } from "./sub_option.ts";

/**
 * The fields of which the tables of mobility messages and mobility options are made: one description from which
 * decoding, encoding, printing and generated tests come. Positions count from the start of the option's data, or
 * from the end of a message's checksum.
 */
export interface Field<Value> {
  /** The RFC's name of the field. */
  readonly label: string;
  readonly form: FieldForm;
  /** Reads from the region `start` up to `end`, which is long enough: the caller has checked its length. */
  read(bytes: Uint8Array, start: number, end: number): Value;
  /** Writes into a region of zeros that begins at `start`. Throws RangeError for a value that does not fit. */
  write(buffer: Uint8Array, start: number, value: Value): void;
  /** Octets from the start of the region to the end of this field, with this value in it. */
  endOctet(value: Value): number;
  /** The value for a person's eye, with its unit. */
  print(value: Value): string;
  /** Where the octets are a row of sub-options: what they hold (see sub_option.ts). */
  readonly subOptions?: SubOptionTable;
}

/** What values a field takes: enough to make them up in a test. */
export type FieldForm =
  | { readonly kind: "number"; readonly bits: number; readonly scale: number }
  | { readonly kind: "bigNumber" }
  | { readonly kind: "constant"; readonly bits: number; readonly value: number }
  | { readonly kind: "optionalNumber"; readonly bits: number }
  | { readonly kind: "flag" }
  | { readonly kind: "ipv4" }
  | { readonly kind: "ipv6" }
  | { readonly kind: "optionalAddress" }
  | { readonly kind: "address" }
  | { readonly kind: "ipv6List" }
  | { readonly kind: "octets"; readonly octets: number }
  | { readonly kind: "restOctets"; readonly minimum: number; readonly maximum: number };

/** One field for each member of a record, by its name; `kind` and `options` are not fields. */
export type FieldsOf<Record> = {
  readonly [Key in Exclude<keyof Record, "kind" | "options">]: Field<Record[Key]>;
};

interface NumberOptions {
  /** What one on the wire means here: 4 for lifetimes. */
  readonly scale?: number;
  readonly unit?: string;
  /** The name of a value in its registry. */
  readonly name?: (value: number) => string | undefined;
}

/** An unsigned number of up to 32 bits, `bitOffset` bits from the start of the region. */
export function numberField(
  label: string,
  bitOffset: number,
  bits: number,
  options: NumberOptions = {},
): Field<number> {
  const { scale = 1, unit, name } = options;
  return {
    label,
    form: { kind: "number", bits, scale },
    read: (bytes, start) => readBits(bytes, start, bitOffset, bits) * scale,
    write: (buffer, start, value) => orBits(buffer, start, bitOffset, bits, value / scale, label),
    endOctet: () => Math.ceil((bitOffset + bits) / 8),
    print: (value) => {
      const meaning = name?.(value);
      return `${value}${unit === undefined ? "" : ` ${unit}`}${meaning === undefined ? "" : ` (${meaning})`}`;
    },
  };
}

/** A number that tells one format from another under the same type: always `value`. */
export function constantField(label: string, bitOffset: number, bits: number, value: number): Field<number> {
  return { ...numberField(label, bitOffset, bits), form: { kind: "constant", bits, value } };
}

/** A number at the end of the region that may be left out, told by the octets there are. */
export function optionalNumberField(
  label: string,
  octetOffset: number,
  bits: number,
): Field<number | undefined> {
  const octets = bits / 8;
  return {
    label,
    form: { kind: "optionalNumber", bits },
    read: (bytes, start, end) =>
      end - start < octetOffset + octets ? undefined : readBits(bytes, start + octetOffset, 0, bits),
    write: (buffer, start, value) => {
      if (value !== undefined) orBits(buffer, start + octetOffset, 0, bits, value, label);
    },
    endOctet: (value) => octetOffset + (value === undefined ? 0 : octets),
    print: (value) => value === undefined ? "none" : `${value}`,
  };
}

export function flagField(label: string, bitOffset: number): Field<boolean> {
  return {
    label,
    form: { kind: "flag" },
    read: (bytes, start) => readBits(bytes, start, bitOffset, 1) === 1,
    write: (buffer, start, value) => orBits(buffer, start, bitOffset, 1, value ? 1 : 0, label),
    endOctet: () => Math.ceil((bitOffset + 1) / 8),
    print: (value) => value ? "set" : "not set",
  };
}

export function ipv4Field(label: string, octetOffset: number): Field<Ipv4Address> {
  return {
    label,
    form: { kind: "ipv4" },
    read: (bytes, start) => formatIpv4(bytes, start + octetOffset),
    write: (buffer, start, value) => buffer.set(ipv4Octets(value), start + octetOffset),
    endOctet: () => octetOffset + IPV4_OCTETS,
    print: (value) => value,
  };
}

export function ipv6Field(label: string, octetOffset: number): Field<Ipv6Address> {
  return {
    label,
    form: { kind: "ipv6" },
    read: (bytes, start) => formatIpv6(bytes, start + octetOffset),
    write: (buffer, start, value) => buffer.set(ipv6Octets(value), start + octetOffset),
    endOctet: () => octetOffset + IPV6_OCTETS,
    print: (value) => value,
  };
}

/** What stands at the end of the region: nothing, an IPv4 or an IPv6 address, told by the octets left. */
export function optionalAddressField(
  label: string,
  octetOffset: number,
): Field<Ipv4Address | Ipv6Address | undefined> {
  const octetsOf = (value: string) => value.includes(":") ? ipv6Octets(value) : ipv4Octets(value);
  return {
    label,
    form: { kind: "optionalAddress" },
    read: (bytes, start, end) => {
      const octets = end - start - octetOffset;
      if (octets === 0) return undefined;
      return octets === IPV4_OCTETS
        ? formatIpv4(bytes, start + octetOffset)
        : formatIpv6(bytes, start + octetOffset);
    },
    write: (buffer, start, value) => {
      if (value !== undefined) buffer.set(octetsOf(value), start + octetOffset);
    },
    endOctet: (value) => octetOffset + (value === undefined ? 0 : octetsOf(value).length),
    print: (value) => value ?? "none",
  };
}

/** What stands at the end of the region: an IPv4 or an IPv6 address, told by the octets left. */
export function addressField(label: string, octetOffset: number): Field<Ipv4Address | Ipv6Address> {
  const { read, write, endOctet } = optionalAddressField(label, octetOffset);
  return {
    label,
    form: { kind: "address" },
    read: (bytes, start, end) => read(bytes, start, end) ?? "",
    write,
    endOctet,
    print: (value) => value,
  };
}

/** IPv6 addresses from `octetOffset` on, as many as the octet at `countOffset` says. */
export function countedIpv6Field(
  label: string,
  countOffset: number,
  octetOffset: number,
): Field<readonly Ipv6Address[]> {
  return {
    label,
    form: { kind: "ipv6List" },
    read: (bytes, start) =>
      Array.from(
        { length: bytes[start + countOffset] },
        (_, index) => formatIpv6(bytes, start + octetOffset + IPV6_OCTETS * index),
      ),
    write: (buffer, start, value) => {
      if (value.length > 255) throw new RangeError(`Cannot encode ${label}: ${value.length} are too many`);
      buffer[start + countOffset] = value.length;
      value.forEach((one, index) => buffer.set(ipv6Octets(one), start + octetOffset + IPV6_OCTETS * index));
    },
    endOctet: (value) => octetOffset + IPV6_OCTETS * value.length,
    print: (value) => value.length === 0 ? "none" : value.join(", "),
  };
}

/** A fixed number of octets: a cookie, a token. */
export function octetsField(label: string, octetOffset: number, octets: number): Field<Uint8Array> {
  return {
    label,
    form: { kind: "octets", octets },
    read: (bytes, start) => bytes.slice(start + octetOffset, start + octetOffset + octets),
    write: (buffer, start, value) => {
      if (value.length !== octets) {
        throw new RangeError(`Cannot encode ${label}: ${value.length} octets, not ${octets}`);
      }
      buffer.set(value, start + octetOffset);
    },
    endOctet: () => octetOffset + octets,
    print: formatOctets,
  };
}

/** All octets up to the end of the region. */
export function restField(
  label: string,
  octetOffset: number,
  print: (value: Uint8Array) => string = formatOctets,
  minimum = 0,
): Field<Uint8Array> {
  return {
    label,
    form: { kind: "restOctets", minimum, maximum: MAXIMUM_OPTION_DATA - octetOffset },
    read: (bytes, start, end) => bytes.slice(start + octetOffset, end),
    write: (buffer, start, value) => buffer.set(value, start + octetOffset),
    endOctet: (value) => octetOffset + value.length,
    print,
  };
}

/** The length field of an option has 8 bits. */
export const MAXIMUM_OPTION_DATA = 255;

/** A 64-bit NTP timestamp (RFC 5905 section 6). */
export function timestampField(label: string, octetOffset: number): Field<bigint> {
  return {
    label,
    form: { kind: "bigNumber" },
    read: (bytes, start) =>
      BigInt(readBits(bytes, start + octetOffset, 0, 32)) << 32n |
      BigInt(readBits(bytes, start + octetOffset, 32, 32)),
    write: (buffer, start, value) => {
      orBits(buffer, start + octetOffset, 0, 32, Number(value >> 32n), label);
      orBits(buffer, start + octetOffset, 32, 32, Number(value & 0xffff_ffffn), label);
    },
    endOctet: () => octetOffset + 8,
    print: (value) =>
      `${(Number(value >> 32n) + Number(value & 0xffff_ffffn) / 2 ** 32).toFixed(6)} s since 1900`,
  };
}

/** Octets as hexadecimal digits: "0a0b0c". */
export function formatOctets(bytes: Uint8Array): string {
  let text = "";
  for (const octet of bytes) text += octet.toString(16).padStart(2, "0");
  return text;
}

/** Octets as text where all of them are printable ASCII, else as hexadecimal digits after "0x". */
export function formatText(bytes: Uint8Array): string {
  if (bytes.every((octet) => octet >= 0x20 && octet < 0x7f)) return String.fromCharCode(...bytes);
  return `0x${formatOctets(bytes)}`;
}

function readBits(bytes: Uint8Array, start: number, bitOffset: number, bits: number): number {
  const last = bitOffset + bits - 1 >> 3;
  let value = 0;
  for (let octet = bitOffset >> 3; octet <= last; octet++) value = value * 256 + bytes[start + octet];
  return Math.floor(value / 2 ** (8 * (last + 1) - bitOffset - bits)) % 2 ** bits;
}

/** Sets bits in zeros; neighbours that share an octet stay as they are. */
function orBits(
  buffer: Uint8Array,
  start: number,
  bitOffset: number,
  bits: number,
  value: number,
  label: string,
): void {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** bits) {
    throw new RangeError(`Cannot encode ${label}: ${value} does not fit into ${bits} bits`);
  }
  const first = bitOffset >> 3;
  const last = bitOffset + bits - 1 >> 3;
  let rest = value * 2 ** (8 * (last + 1) - bitOffset - bits);
  for (let octet = last; octet >= first; octet--) {
    buffer[start + octet] |= rest % 256;
    rest = Math.floor(rest / 256);
  }
}
