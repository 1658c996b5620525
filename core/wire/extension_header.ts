import { formatIpv6, type Ipv6Address, ipv6Octets } from "./address.ts";
import { HOME_ADDRESS_ROUTING_TYPE, Ipv6OptionType, Protocol } from "./constants.ts";
import { readUint16, readUint32, writeUint16, writeUint32, writeUint8 } from "./octets.ts";
import { type Decoded, decoded, malformed } from "./result.ts";

/** IPv6 extension headers (RFC 8200 section 4, RFC 6275 sections 6.3 and 6.4). */
export type ExtensionHeader =
  | HopByHopOptionsHeader
  | DestinationOptionsHeader
  | RoutingHeader
  | FragmentHeader;

interface Chained {
  /** Protocol number of what follows. */
  readonly nextHeader: number;
}

/** RFC 8200 4.3. */
export interface HopByHopOptionsHeader extends Chained {
  readonly kind: "hopByHopOptions";
  readonly options: readonly Ipv6Option[];
}

/** RFC 8200 4.6. */
export interface DestinationOptionsHeader extends Chained {
  readonly kind: "destinationOptions";
  readonly options: readonly Ipv6Option[];
}

/** RFC 8200 4.4; the type 2 of RFC 6275 6.4 has its own kind. */
export type RoutingHeader = HomeAddressRoutingHeader | OtherRoutingHeader;

/** Type 2: the packet goes on to the home address, inside the mobile node. */
export interface HomeAddressRoutingHeader extends Chained {
  readonly kind: "homeAddressRouting";
  /** 1 on the way; anything else makes a receiver refuse the packet. */
  readonly segmentsLeft: number;
  readonly homeAddress: Ipv6Address;
}

export interface OtherRoutingHeader extends Chained {
  readonly kind: "otherRouting";
  readonly routingType: number;
  readonly segmentsLeft: number;
  /** What follows the segments left: 4 octets, and any multiple of 8 more. */
  readonly data: Uint8Array;
}

/** RFC 8200 4.5. */
export interface FragmentHeader extends Chained {
  readonly kind: "fragment";
  /** Octets, a multiple of 8. */
  readonly fragmentOffset: number;
  readonly moreFragments: boolean;
  /** 32 bits. */
  readonly identification: number;
}

/** Options of a hop-by-hop or destination options header; padding is not a record. */
export type Ipv6Option =
  /** RFC 6275 6.3. */
  | { readonly kind: "homeAddress"; readonly homeAddress: Ipv6Address }
  | { readonly kind: "otherIpv6Option"; readonly type: number; readonly data: Uint8Array };

const UNIT_OCTETS = 8;
const OPTION_HEAD_OCTETS = 2;
const HOME_ADDRESS_OCTETS = 16;
/** A packet with more extension headers than any sender has use for is refused. */
export const MAXIMUM_EXTENSION_HEADERS = 8;

const ADDRESS_ALIGNMENT = { n: 8, offset: 6 };

export interface DecodedExtensionHeader {
  readonly header: ExtensionHeader;
  /** Octets of the whole header. */
  readonly length: number;
}

export function isExtensionHeader(nextHeader: number): boolean {
  return nextHeader === Protocol.hopByHopOptions || nextHeader === Protocol.destinationOptions ||
    nextHeader === Protocol.routing || nextHeader === Protocol.fragment;
}

/** Decodes one header, of a type for which isExtensionHeader holds, from `offset` up to at most `end`. */
export function decodeExtensionHeader(
  bytes: Uint8Array,
  offset: number,
  end: number,
  type: number,
): Decoded<DecodedExtensionHeader> {
  if (end - offset < UNIT_OCTETS) return malformed(end, "extension header", "is cut off");
  if (type === Protocol.fragment) {
    return decoded({ header: decodeFragmentHeader(bytes, offset), length: UNIT_OCTETS });
  }
  const length = (bytes[offset + 1] + 1) * UNIT_OCTETS;
  if (offset + length > end) {
    return malformed(offset + 1, "extension header length", "goes past the end of the packet");
  }
  if (type === Protocol.routing) return decodeRoutingHeader(bytes, offset, length);
  const options = decodeIpv6Options(bytes, offset + OPTION_HEAD_OCTETS, offset + length);
  if (!options.ok) return options;
  const kind = type === Protocol.hopByHopOptions ? "hopByHopOptions" : "destinationOptions";
  return decoded({ header: { kind, nextHeader: bytes[offset], options: options.value }, length });
}

function decodeFragmentHeader(bytes: Uint8Array, offset: number): FragmentHeader {
  return {
    kind: "fragment",
    nextHeader: bytes[offset],
    fragmentOffset: readUint16(bytes, offset + 2) & 0xfff8,
    moreFragments: (bytes[offset + 3] & 1) === 1,
    identification: readUint32(bytes, offset + 4),
  };
}

function decodeRoutingHeader(
  bytes: Uint8Array,
  offset: number,
  length: number,
): Decoded<DecodedExtensionHeader> {
  const nextHeader = bytes[offset];
  const routingType = bytes[offset + 2];
  const segmentsLeft = bytes[offset + 3];
  if (routingType !== HOME_ADDRESS_ROUTING_TYPE) {
    const data = bytes.slice(offset + 4, offset + length);
    return decoded({ header: { kind: "otherRouting", nextHeader, routingType, segmentsLeft, data }, length });
  }
  if (length !== UNIT_OCTETS + HOME_ADDRESS_OCTETS) {
    return malformed(offset + 1, "type 2 routing header length", `is ${length} octets, not 24`);
  }
  const homeAddress = formatIpv6(bytes, offset + UNIT_OCTETS);
  return decoded({ header: { kind: "homeAddressRouting", nextHeader, segmentsLeft, homeAddress }, length });
}

function decodeIpv6Options(bytes: Uint8Array, start: number, end: number): Decoded<Ipv6Option[]> {
  const options: Ipv6Option[] = [];
  let offset = start;
  while (offset < end) {
    const type = bytes[offset];
    if (type === Ipv6OptionType.pad1) {
      offset += 1;
      continue;
    }
    if (offset + OPTION_HEAD_OCTETS > end) {
      return malformed(offset, "IPv6 option", "has no room for its length");
    }
    const dataStart = offset + OPTION_HEAD_OCTETS;
    const octets = bytes[offset + 1];
    if (dataStart + octets > end) {
      return malformed(offset + 1, "IPv6 option length", "goes past the end of the header");
    }
    if (type === Ipv6OptionType.homeAddress) {
      if (octets !== HOME_ADDRESS_OCTETS) {
        return malformed(
          offset + 1,
          "Home Address option length",
          `is ${octets}, not ${HOME_ADDRESS_OCTETS}`,
        );
      }
      options.push({ kind: "homeAddress", homeAddress: formatIpv6(bytes, dataStart) });
    } else if (type !== Ipv6OptionType.padN) {
      options.push({ kind: "otherIpv6Option", type, data: bytes.slice(dataStart, dataStart + octets) });
    }
    offset = dataStart + octets;
  }
  return decoded(options);
}

export interface ExtensionHeaderChain {
  readonly headers: readonly ExtensionHeader[];
  /** Offset of each header in the bytes given. */
  readonly offsets: readonly number[];
  /** Protocol number of what follows the last extension header. */
  readonly nextHeader: number;
  /** Where that begins. */
  readonly offset: number;
}

/**
 * Decodes all extension headers from `offset` up to at most `end`; `nextHeader` is the type of the first. Stops
 * behind the header of a fragment that is not the first, whose data is no header.
 */
export function decodeExtensionHeaders(
  bytes: Uint8Array,
  offset: number,
  end: number,
  nextHeader: number,
): Decoded<ExtensionHeaderChain> {
  const headers: ExtensionHeader[] = [];
  const offsets: number[] = [];
  let at = offset;
  let type = nextHeader;
  while (isExtensionHeader(type)) {
    if (headers.length === MAXIMUM_EXTENSION_HEADERS) {
      return malformed(at, "extension headers", `are more than ${MAXIMUM_EXTENSION_HEADERS}`);
    }
    const one = decodeExtensionHeader(bytes, at, end, type);
    if (!one.ok) return one;
    const { header, length } = one.value;
    headers.push(header);
    offsets.push(at);
    at += length;
    type = header.nextHeader;
    if (header.kind === "fragment" && header.fragmentOffset > 0) break;
  }
  return decoded({ headers, offsets, nextHeader: type, offset: at });
}

/** The protocol number under which a header stands in the chain. */
export function extensionHeaderType(header: ExtensionHeader): number {
  switch (header.kind) {
    case "hopByHopOptions":
      return Protocol.hopByHopOptions;
    case "destinationOptions":
      return Protocol.destinationOptions;
    case "fragment":
      return Protocol.fragment;
    case "homeAddressRouting":
    case "otherRouting":
      return Protocol.routing;
  }
}

export function encodeExtensionHeader(header: ExtensionHeader): Uint8Array {
  const buffer = new Uint8Array(extensionHeaderOctets(header));
  encodeExtensionHeaderInto(header, buffer, 0);
  return buffer;
}

/** Octets of the whole header. Throws RangeError for a record that cannot be sent. */
function extensionHeaderOctets(header: ExtensionHeader): number {
  const octets = unpaddedOctets(header);
  if (octets > 256 * UNIT_OCTETS) {
    throw new RangeError(`Cannot encode ${header.kind}: ${octets} octets are too many`);
  }
  return octets;
}

function unpaddedOctets(header: ExtensionHeader): number {
  switch (header.kind) {
    case "hopByHopOptions":
    case "destinationOptions":
      return layOutOptions(header.options).end;
    case "homeAddressRouting":
      return UNIT_OCTETS + HOME_ADDRESS_OCTETS;
    case "fragment":
      return UNIT_OCTETS;
    case "otherRouting":
      if (header.data.length % UNIT_OCTETS !== 4) {
        throw new RangeError(
          `Cannot encode routing header: ${header.data.length} octets of data do not fill it`,
        );
      }
      return 4 + header.data.length;
  }
}

/** Writes over whatever `buffer` holds from `offset` on. Returns the header's octets. */
export function encodeExtensionHeaderInto(
  header: ExtensionHeader,
  buffer: Uint8Array,
  offset: number,
): number {
  const octets = extensionHeaderOctets(header);
  if (offset + octets > buffer.length) {
    throw new RangeError(`Cannot encode ${header.kind}: needs ${octets} octets`);
  }
  buffer.fill(0, offset, offset + octets);
  writeUint8(buffer, offset, header.nextHeader, "next header");
  if (header.kind !== "fragment") buffer[offset + 1] = octets / UNIT_OCTETS - 1;
  switch (header.kind) {
    case "hopByHopOptions":
    case "destinationOptions":
      encodeIpv6Options(header.options, buffer, offset);
      break;
    case "homeAddressRouting":
      buffer[offset + 2] = HOME_ADDRESS_ROUTING_TYPE;
      writeUint8(buffer, offset + 3, header.segmentsLeft, "segments left");
      buffer.set(ipv6Octets(header.homeAddress), offset + UNIT_OCTETS);
      break;
    case "otherRouting":
      writeUint8(buffer, offset + 2, header.routingType, "routing type");
      writeUint8(buffer, offset + 3, header.segmentsLeft, "segments left");
      buffer.set(header.data, offset + 4);
      break;
    case "fragment":
      if (header.fragmentOffset % 8 !== 0) {
        throw new RangeError(`Cannot encode fragment offset ${header.fragmentOffset}`);
      }
      writeUint16(
        buffer,
        offset + 2,
        header.fragmentOffset | (header.moreFragments ? 1 : 0),
        "fragment offset",
      );
      writeUint32(buffer, offset + 4, header.identification, "identification");
      break;
  }
  return octets;
}

/** Places of the options from the start of the header, with padding as their alignment needs. */
function layOutOptions(options: readonly Ipv6Option[]): { readonly offsets: number[]; readonly end: number } {
  const offsets: number[] = [];
  let offset = OPTION_HEAD_OCTETS;
  for (const option of options) {
    if (option.kind === "homeAddress") {
      offset += ((ADDRESS_ALIGNMENT.offset - offset) % ADDRESS_ALIGNMENT.n + ADDRESS_ALIGNMENT.n) %
        ADDRESS_ALIGNMENT.n;
    }
    offsets.push(offset);
    offset += OPTION_HEAD_OCTETS + (option.kind === "homeAddress" ? HOME_ADDRESS_OCTETS : option.data.length);
  }
  return { offsets, end: Math.ceil(offset / UNIT_OCTETS) * UNIT_OCTETS };
}

function encodeIpv6Options(options: readonly Ipv6Option[], buffer: Uint8Array, headerOffset: number): void {
  const { offsets, end } = layOutOptions(options);
  let written = OPTION_HEAD_OCTETS;
  options.forEach((option, i) => {
    pad(buffer, headerOffset + written, offsets[i] - written);
    const at = headerOffset + offsets[i];
    const data = option.kind === "homeAddress" ? ipv6Octets(option.homeAddress) : option.data;
    writeUint8(
      buffer,
      at,
      option.kind === "homeAddress" ? Ipv6OptionType.homeAddress : option.type,
      "IPv6 option type",
    );
    writeUint8(buffer, at + 1, data.length, "IPv6 option length");
    buffer.set(data, at + OPTION_HEAD_OCTETS);
    written = offsets[i] + OPTION_HEAD_OCTETS + data.length;
  });
  pad(buffer, headerOffset + written, end - written);
}

/** Over zeros, where a Pad1 stands already. */
function pad(buffer: Uint8Array, offset: number, octets: number): void {
  if (octets < OPTION_HEAD_OCTETS) return;
  buffer[offset] = Ipv6OptionType.padN;
  buffer[offset + 1] = octets - OPTION_HEAD_OCTETS;
}
