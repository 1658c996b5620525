/**
 * IP addresses. The control path, the configuration and every printout use the canonical text
 * (RFC 5952 for IPv6, dotted quad for IPv4), so that equality is `===` and an address is a Map key.
 * Only the codecs and the data path look at the octets.
 */
export type Ipv4Address = string;
export type Ipv6Address = string;
export type IpAddress = Ipv4Address | Ipv6Address;

export const UNSPECIFIED_IPV6: Ipv6Address = "::";
export const UNSPECIFIED_IPV4: Ipv4Address = "0.0.0.0";

export const IPV4_OCTETS = 4;
export const IPV6_OCTETS = 16;

/** A prefix in canonical form: no bits set after `length`. */
export interface Ipv6Prefix {
  readonly address: Ipv6Address;
  /** 0..128 bits. */
  readonly length: number;
}

/** The same of IPv4. */
export interface Ipv4Prefix {
  readonly address: Ipv4Address;
  /** 0..32 bits. */
  readonly length: number;
}

export type IpPrefix = Ipv4Prefix | Ipv6Prefix;

/** Longest IPv6 text: six groups and a dotted quad. Longer text is refused unread. */
const MAXIMUM_IPV6_TEXT = 45;
const DECIMAL = /^(0|[1-9]\d{0,2})$/;
const DOT = 0x2e;
const COLON = 0x3a;
/** What is no digit. */
const NO_DIGIT = -1;

/*
 * Texts are read and written for each packet of a flood, so character by character: regular expressions and arrays take ten
 * times as long.
 */

/** The 4 octets of a dotted quad; undefined when it is none. "010.0.0.1" is none: is it 8 or 10? */
export function parseIpv4(text: string): Uint8Array | undefined {
  const octets = new Uint8Array(IPV4_OCTETS);
  return readQuad(text, 0, octets, 0) ? octets : undefined;
}

/** Reads a dotted quad that takes the whole rest of the text from `start` on. */
function readQuad(text: string, start: number, octets: Uint8Array, offset: number): boolean {
  let at = start;
  for (let i = 0; i < IPV4_OCTETS; i++) {
    if (i > 0 && text.charCodeAt(at++) !== DOT) return false;
    const first = at;
    let value = 0;
    for (let digit; at < text.length && (digit = digitAt(text, at, 10)) !== NO_DIGIT; at++) {
      if (at > first && value === 0) return false;
      value = 10 * value + digit;
      if (value > 255) return false;
    }
    if (at === first) return false;
    octets[offset + i] = value;
  }
  return at === text.length;
}

function digitAt(text: string, at: number, base: 10 | 16): number {
  const code = text.charCodeAt(at);
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const letter = (code | 0x20) - 0x61;
  return base === 16 && letter >= 0 && letter < 6 ? 10 + letter : NO_DIGIT;
}

/** Of which family is an address in canonical text? */
export function isIpv4(address: IpAddress): boolean {
  return !address.includes(":");
}

/** The 16 octets of any text form of RFC 4291 section 2.2, without a zone; undefined when it is none. */
export function parseIpv6(text: string): Uint8Array | undefined {
  if (text.length > MAXIMUM_IPV6_TEXT) return undefined;
  const octets = new Uint8Array(IPV6_OCTETS);
  let filled = 0;
  /** Where "::" stands among the octets; -1: nowhere. */
  let gap = -1;
  let at = 0;
  if (text.charCodeAt(0) === COLON && text.charCodeAt(1) === COLON) {
    gap = 0;
    at = 2;
  }
  while (at < text.length) {
    if (filled === IPV6_OCTETS) return undefined;
    const start = at;
    let value = 0;
    for (let digit; at < text.length && (digit = digitAt(text, at, 16)) !== NO_DIGIT; at++) {
      value = 16 * value + digit;
    }
    if (text.charCodeAt(at) === DOT) {
      if (filled > IPV6_OCTETS - IPV4_OCTETS || !readQuad(text, start, octets, filled)) return undefined;
      filled += IPV4_OCTETS;
      break;
    }
    if (at === start || at - start > 4) return undefined;
    octets[filled] = value >> 8;
    octets[filled + 1] = value;
    filled += 2;
    if (at === text.length) break;
    if (text.charCodeAt(at++) !== COLON) return undefined;
    if (text.charCodeAt(at) === COLON) {
      if (gap >= 0) return undefined;
      gap = filled;
      at++;
    } else if (at === text.length) return undefined;
  }
  if (gap < 0) return filled === IPV6_OCTETS ? octets : undefined;
  if (filled === IPV6_OCTETS) return undefined;
  for (let from = filled - 1, to = IPV6_OCTETS - 1; from >= gap; from--, to--) {
    octets[to] = octets[from];
    octets[from] = 0;
  }
  return octets;
}

/** The 4 octets of an address of our own. Throws RangeError where it is none. */
export function ipv4Octets(address: Ipv4Address): Uint8Array {
  const octets = parseIpv4(address);
  if (octets === undefined) throw new RangeError(`Cannot encode "${address}": no IPv4 address`);
  return octets;
}

/** The 16 octets of an address of our own. Throws RangeError where it is none. */
export function ipv6Octets(address: Ipv6Address): Uint8Array {
  const octets = parseIpv6(address);
  if (octets === undefined) throw new RangeError(`Cannot encode "${address}": no IPv6 address`);
  return octets;
}

export function formatIpv4(bytes: Uint8Array, offset = 0): Ipv4Address {
  return `${bytes[offset]}.${bytes[offset + 1]}.${bytes[offset + 2]}.${bytes[offset + 3]}`;
}

/** RFC 5952: lower case, the longest run of zero groups as "::", IPv4-mapped with a dotted quad. */
export function formatIpv6(bytes: Uint8Array, offset = 0): Ipv6Address {
  if (isV4Mapped(bytes, offset)) return `::ffff:${formatIpv4(bytes, offset + 12)}`;
  // The first of the longest runs of zero groups, as section 4.2.3 wants; one group alone is none.
  let gap = -1;
  let gapEnd = -1;
  let zeros = 0;
  for (let group = 0; group < 8; group++) {
    zeros = groupAt(bytes, offset, group) === 0 ? zeros + 1 : 0;
    if (zeros <= Math.max(1, gapEnd - gap)) continue;
    gap = group + 1 - zeros;
    gapEnd = group + 1;
  }
  let text = gap === 0 ? "::" : "";
  for (let group = gap === 0 ? gapEnd : 0; group < 8; group++) {
    text += groupAt(bytes, offset, group).toString(16);
    if (group + 1 === gap) {
      text += "::";
      group = gapEnd - 1;
    } else if (group < 7) text += ":";
  }
  return text;
}

function groupAt(bytes: Uint8Array, offset: number, group: number): number {
  return bytes[offset + 2 * group] << 8 | bytes[offset + 2 * group + 1];
}

/** The one text that stands for this address, or undefined when the text is no address. */
export function canonicalIpv4(text: string): Ipv4Address | undefined {
  const octets = parseIpv4(text);
  return octets === undefined ? undefined : formatIpv4(octets);
}

/** The one text that stands for this address, or undefined when the text is no address. */
export function canonicalIpv6(text: string): Ipv6Address | undefined {
  const octets = parseIpv6(text);
  return octets === undefined ? undefined : formatIpv6(octets);
}

/** "2001:db8::/32". Bits after the length are cleared: "2001:db8::1/32" names the same prefix. */
export function parseIpv6Prefix(text: string): Ipv6Prefix | undefined {
  return parsePrefix(text, parseIpv6, formatIpv6);
}

/** "192.0.2.0/24", likewise. */
export function parseIpv4Prefix(text: string): Ipv4Prefix | undefined {
  return parsePrefix(text, parseIpv4, formatIpv4);
}

function parsePrefix(
  text: string,
  parse: (text: string) => Uint8Array | undefined,
  format: (octets: Uint8Array) => IpAddress,
): IpPrefix | undefined {
  const slash = text.indexOf("/");
  if (slash < 0) return undefined;
  const octets = parse(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  const length = Number(digits);
  if (octets === undefined || !DECIMAL.test(digits) || length > 8 * octets.length) return undefined;
  return { address: format(masked(octets, length)), length };
}

/** The prefix of this length around an address. @throws RangeError for a text that is no address */
export function prefixAround(address: IpAddress, length: number): IpPrefix {
  return isIpv4(address)
    ? { address: formatIpv4(masked(ipv4Octets(address), length)), length }
    : { address: formatIpv6(masked(ipv6Octets(address), length)), length };
}

/** "2001:db8::/32": the one text of a prefix, which may be a key. */
export function prefixText({ address, length }: IpPrefix): string {
  return `${address}/${length}`;
}

function masked(octets: Uint8Array, length: number): Uint8Array {
  return octets.map((octet, index) => octet & prefixMask(length, index));
}

/** False also where the text is no address, or one of the other version. */
export function prefixContains(prefix: IpPrefix, address: IpAddress): boolean {
  const inside = octetsOf(address);
  const start = octetsOf(prefix.address);
  if (inside === undefined || inside.length !== start?.length) return false;
  return inside.every((octet, i) => ((octet ^ start[i]) & prefixMask(prefix.length, i)) === 0);
}

/** Is the part the whole prefix, or within it? */
export function prefixCovers(whole: IpPrefix, part: IpPrefix): boolean {
  return part.length >= whole.length && prefixContains(whole, part.address);
}

function octetsOf(address: IpAddress): Uint8Array | undefined {
  return isIpv4(address) ? parseIpv4(address) : parseIpv6(address);
}

/** The bits of octet `index` that belong to a prefix of `length` bits. */
export function prefixMask(length: number, index: number): number {
  const bits = Math.min(8, Math.max(0, length - 8 * index));
  return 0xff << (8 - bits) & 0xff;
}

/** An address that one host can have: not 0.0.0.0/8, loopback, multicast, reserved or broadcast. */
export function isUnicastIpv4(address: Ipv4Address): boolean {
  const octets = parseIpv4(address);
  if (octets === undefined) return false;
  return octets[0] !== 0 && octets[0] !== 127 && octets[0] < 224;
}

/** The same, and not of a link only: not in 169.254.0.0/16 (RFC 3927 section 2.6.2). */
export function isRoutableUnicastIpv4(address: Ipv4Address): boolean {
  return isUnicastIpv4(address) && !address.startsWith("169.254.");
}

/**
 * A unicast address that means the same host everywhere (RFC 6275 section 9.3.1 wants it of a home address):
 * not ::, ::1, multicast, link-local or IPv4-mapped.
 */
export function isRoutableUnicastIpv6(address: Ipv6Address): boolean {
  const octets = parseIpv6(address);
  if (octets === undefined) return false;
  if (octets[0] === 0xff) return false;
  if (octets[0] === 0xfe && (octets[1] & 0xc0) === 0x80) return false;
  if (octets.subarray(0, 15).every((octet) => octet === 0) && octets[15] <= 1) return false;
  return !isV4Mapped(octets);
}

/** Of 16 octets: ::ffff:0:0/96, an IPv4 address in the form of an IPv6 one (RFC 4291 section 2.5.5.2). */
export function isV4Mapped(octets: Uint8Array, offset = 0): boolean {
  for (let i = 0; i < 10; i++) if (octets[offset + i] !== 0) return false;
  return octets[offset + 10] === 0xff && octets[offset + 11] === 0xff;
}

const UNIQUE_LOCAL = { address: "fc00::", length: 7 };

/** RFC 4193: what is sent from there may not get an answer (RFC 6275 section 4.6). */
export function isUniqueLocal(address: IpAddress): boolean {
  return !isIpv4(address) && prefixContains(UNIQUE_LOCAL, address);
}
