/** What a piece of text is, so that a terminal can show it so; without colour all are the same. */
export type Style = "faint" | "strong" | "good" | "bad";

/** ECMA-48 "select graphic rendition": faint, bold, green, red. */
const STYLE_SEQUENCES: Readonly<Record<Style, string>> = {
  faint: "\x1b[2m",
  strong: "\x1b[1m",
  good: "\x1b[32m",
  bad: "\x1b[31m",
};
const PLAIN_SEQUENCE = "\x1b[0m";

const SPACE = 0x20;
const TILDE = 0x7e;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const DOT = 0x2e;
const ZERO = 0x30;
const NEWLINE = 0x0a;
const HEX_DIGITS = new TextEncoder().encode("0123456789abcdef");

const INITIAL_OCTETS = 131_072;
/** The longest decimal number or address that one call writes. */
const LONGEST_ITEM = 48;

/**
 * Text as ASCII octets in one growing buffer, written where it stands: a capture of a million packets makes no
 * million strings. Who prints takes `bytes.subarray(0, length)` and calls clear(). What comes from a packet goes
 * through untrusted(), so that no packet can send escape sequences to somebody's terminal.
 */
export class TextWriter {
  bytes = new Uint8Array(INITIAL_OCTETS);
  length = 0;
  #lineStart = 0;
  /** Octets of this line that take no room on the screen. */
  #invisible = 0;

  constructor(readonly colour: boolean) {}

  clear(): void {
    this.length = 0;
    this.#lineStart = 0;
    this.#invisible = 0;
  }

  /** Visible characters since the line's start. */
  get column(): number {
    return this.length - this.#lineStart - this.#invisible;
  }

  /** Our own words: ASCII. */
  text(ascii: string): void {
    this.#reserve(ascii.length);
    const { bytes } = this;
    let at = this.length;
    for (let index = 0; index < ascii.length; index++) bytes[at++] = ascii.charCodeAt(index);
    this.length = at;
  }

  /** Octets of a packet as text: what is not printable ASCII, and the backslash, as \xNN. */
  untrusted(source: Uint8Array, start: number, end: number): void {
    this.#reserve(4 * Math.max(end - start, 0));
    for (let index = start; index < end; index++) {
      const octet = source[index];
      if (octet >= SPACE && octet <= TILDE && octet !== BACKSLASH) this.bytes[this.length++] = octet;
      else {
        this.bytes[this.length++] = BACKSLASH;
        this.bytes[this.length++] = 0x78;
        this.#hexOctet(octet);
      }
    }
  }

  /** A whole number, 0..2^53-1, with leading zeros up to `digits`. */
  decimal(value: number, digits = 1): void {
    this.#reserve(LONGEST_ITEM);
    this.length += this.#putDecimal(this.length, value, digits);
  }

  /** A whole number at the right end of `width` columns. */
  decimalRight(value: number, width: number): void {
    this.spaces(width - decimalDigits(value));
    this.decimal(value);
  }

  /** A whole number below 2^32 in hexadecimal, with leading zeros up to `digits`. */
  hex(value: number, digits: number): void {
    this.#reserve(LONGEST_ITEM);
    for (let shift = 4 * (digits - 1); shift >= 0; shift -= 4) {
      this.bytes[this.length++] = HEX_DIGITS[(value >>> shift) & 0xf];
    }
  }

  /** Octets as hexadecimal digits, two each. */
  octets(source: Uint8Array, start: number, end: number): void {
    this.#reserve(2 * Math.max(end - start, 0));
    for (let index = start; index < end; index++) this.#hexOctet(source[index]);
  }

  ipv4(source: Uint8Array, offset: number): void {
    this.#reserve(LONGEST_ITEM);
    let at = this.length;
    for (let index = 0; index < 4; index++) {
      if (index > 0) this.bytes[at++] = DOT;
      at += this.#putDecimal(at, source[offset + index], 1);
    }
    this.length = at;
  }

  /** As RFC 5952 wants it; IPv4-mapped addresses end in a dotted quad (section 5). */
  ipv6(source: Uint8Array, offset: number): void {
    this.#reserve(LONGEST_ITEM);
    let runStart = -1;
    let runLength = 1;
    for (let group = 0; group < 8; group++) {
      let next = group;
      while (next < 8 && (source[offset + 2 * next] | source[offset + 2 * next + 1]) === 0) next++;
      if (next - group > runLength) {
        runStart = group;
        runLength = next - group;
      }
      if (next > group) group = next;
    }
    const mapped = runStart === 0 && runLength === 5 && source[offset + 10] === 0xff &&
      source[offset + 11] === 0xff;
    const groups = mapped ? 6 : 8;
    for (let group = 0; group < groups; group++) {
      if (group === runStart) {
        this.bytes[this.length++] = COLON;
        this.bytes[this.length++] = COLON;
        group += runLength - 1;
        continue;
      }
      if (group > 0 && group !== runStart + runLength) this.bytes[this.length++] = COLON;
      this.#hexGroup((source[offset + 2 * group] << 8) | source[offset + 2 * group + 1]);
    }
    if (mapped) {
      this.bytes[this.length++] = COLON;
      this.ipv4(source, offset + 12);
    }
  }

  /** A link-layer address of `octets` octets. */
  linkAddress(source: Uint8Array, offset: number, octets = 6): void {
    this.#reserve(3 * octets);
    for (let index = 0; index < octets; index++) {
      if (index > 0) this.bytes[this.length++] = COLON;
      this.#hexOctet(source[offset + index]);
    }
  }

  /** Spaces up to `column`, and at least one. */
  toColumn(column: number): void {
    this.spaces(Math.max(column - this.column, 1));
  }

  spaces(count: number): void {
    if (count <= 0) return;
    this.#reserve(count);
    this.bytes.fill(SPACE, this.length, this.length + count);
    this.length += count;
  }

  newline(): void {
    this.#reserve(1);
    this.bytes[this.length++] = NEWLINE;
    this.#lineStart = this.length;
    this.#invisible = 0;
  }

  /** Our own words in a style. */
  styled(style: Style, ascii: string): void {
    this.style(style);
    this.text(ascii);
    this.plain();
  }

  style(style: Style): void {
    if (this.colour) this.#sequence(STYLE_SEQUENCES[style]);
  }

  plain(): void {
    if (this.colour) this.#sequence(PLAIN_SEQUENCE);
  }

  #sequence(sequence: string): void {
    this.text(sequence);
    this.#invisible += sequence.length;
  }

  #hexOctet(octet: number): void {
    this.bytes[this.length++] = HEX_DIGITS[octet >> 4];
    this.bytes[this.length++] = HEX_DIGITS[octet & 0xf];
  }

  #hexGroup(group: number): void {
    if (group > 0xfff) this.bytes[this.length++] = HEX_DIGITS[group >> 12];
    if (group > 0xff) this.bytes[this.length++] = HEX_DIGITS[(group >> 8) & 0xf];
    if (group > 0xf) this.bytes[this.length++] = HEX_DIGITS[(group >> 4) & 0xf];
    this.bytes[this.length++] = HEX_DIGITS[group & 0xf];
  }

  /** Writes at `at` and answers how many digits. */
  #putDecimal(at: number, value: number, minimumDigits: number): number {
    const digits = Math.max(decimalDigits(value), minimumDigits);
    let rest = value;
    for (let index = at + digits - 1; index >= at; index--) {
      const tenth = Math.floor(rest / 10);
      this.bytes[index] = ZERO + (rest - 10 * tenth);
      rest = tenth;
    }
    return digits;
  }

  #reserve(octets: number): void {
    if (this.length + octets <= this.bytes.length) return;
    const larger = new Uint8Array(2 * (this.length + octets));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}

function decimalDigits(value: number): number {
  let digits = 1;
  for (let power = 10; value >= power; power *= 10) digits++;
  return digits;
}
