import { parseIpv4, parseIpv6 } from "../../wire/address.ts";
import type { FieldSlot } from "../fields/field_slot.ts";
import { type FieldSpec, isNumeric } from "../fields/field_spec.ts";
import { mistake } from "./filter_fault.ts";
import type { Token } from "./filter_tokens.ts";

/** Compares a slot's value number `index` with what the filter says: negative when it is smaller, 0 when equal. */
export type Compare = (slot: FieldSlot, index: number) => number;

/** How the values of a field compare with what a token says. */
export function compareWith(spec: FieldSpec, token: Token): Compare {
  if (isNumeric(spec.kind)) return compareNumber(numberOf(spec, token));
  switch (spec.kind) {
    case "longHex":
      return compareOctets(longOf(token));
    case "ipv4":
      return compareAddress(token, "an IPv4 address", parseIpv4);
    case "ipv6":
      return compareAddress(token, "an IPv6 address", parseIpv6);
    case "linkAddress": {
      const octets = octetsOf(token);
      if (octets.length !== 6) mistake(token, `${token.text} is not a link-layer address`);
      return compareOctets(octets);
    }
    case "colonOctets":
    case "octets":
      return compareOctets(octetsOf(token));
    case "text":
      return compareOctets(new TextEncoder().encode(token.text));
    case "time":
      return compareTime(secondsOf(token));
    default:
      return mistake(token, `${spec.name} has no value to compare, only ask whether it is there`);
  }
}

/** The octets that `contains` looks for. */
export function needleOf(token: Token): Uint8Array {
  return octetsOf(token);
}

function compareNumber(wanted: number): Compare {
  return (slot, index) => slot.first[index] - wanted;
}

function compareOctets(wanted: Uint8Array): Compare {
  return (slot, index) => {
    const bytes = slot.bytes[index];
    const start = slot.first[index];
    const octets = slot.second[index];
    const common = Math.min(octets, wanted.length);
    for (let at = 0; at < common; at++) {
      const difference = bytes[start + at] - wanted[at];
      if (difference !== 0) return difference;
    }
    return octets - wanted.length;
  };
}

/** An address, or a prefix of addresses: then only its bits count. */
function compareAddress(
  token: Token,
  what: string,
  parse: (text: string) => Uint8Array | undefined,
): Compare {
  const [text, lengthText, ...more] = token.text.split("/");
  const address = parse(text);
  if (address === undefined || more.length > 0) mistake(token, `${token.text} is not ${what}`);
  const bits = lengthText === undefined ? 8 * address.length : Number(lengthText);
  if ((lengthText !== undefined && !/^\d{1,3}$/.test(lengthText)) || bits > 8 * address.length) {
    mistake(token, `a prefix length is a number from 0 to ${8 * address.length}`);
  }
  const masks = address.map((_octet, at) => 0xff00 >> Math.min(Math.max(bits - 8 * at, 0), 8) & 0xff);
  return (slot, index) => {
    const bytes = slot.bytes[index];
    const start = slot.first[index];
    for (let at = 0; at < address.length; at++) {
      const difference = (bytes[start + at] & masks[at]) - (address[at] & masks[at]);
      if (difference !== 0) return difference;
    }
    return 0;
  };
}

function compareTime(wanted: { seconds: number; nanoseconds: number }): Compare {
  return (slot, index) => slot.first[index] - wanted.seconds || slot.second[index] - wanted.nanoseconds;
}

function numberOf(spec: FieldSpec, token: Token): number {
  if (spec.kind === "flag" && /^(true|false)$/i.test(token.text)) return /^t/i.test(token.text) ? 1 : 0;
  const value = integerOf(token);
  const maximum = spec.kind === "flag" ? Infinity : 2 ** (8 * spec.octets) - 1;
  if (value > maximum) {
    mistake(token, `${token.text} is too big for ${spec.name}, which is ${maximum} at most`);
  }
  // Any number but 0 means that a flag is set.
  return spec.kind === "flag" ? Math.min(value, 1) : value;
}

/** Decimal, hexadecimal (0x), octal (0 in front). */
function integerOf(token: Token): number {
  const { text } = token;
  if (token.kind === "word") {
    if (/^0[0-7]+$/.test(text)) return parseInt(text, 8);
    if (/^(-?\d+|0x[0-9a-f]+)$/i.test(text)) return Number(text);
  }
  return mistake(token, `${JSON.stringify(text)} is not a number`);
}

function longOf(token: Token): Uint8Array {
  if (!/^(\d+|0x[0-9a-f]+)$/i.test(token.text)) mistake(token, `${token.text} is not a number`);
  const value = BigInt(token.text);
  if (value >= 1n << 64n) mistake(token, `${token.text} does not fit into 64 bits`);
  const octets = new Uint8Array(8);
  new DataView(octets.buffer).setBigUint64(0, value);
  return octets;
}

/** "0a:0b", "0a-0b", "0a.0b", 0a0b, or the characters of a string. */
function octetsOf(token: Token): Uint8Array {
  if (token.kind === "string") return new TextEncoder().encode(token.text);
  const { text } = token;
  if (!/^[0-9a-f]{1,2}([:.-][0-9a-f]{1,2})*[:.-]?$/i.test(text) && !/^(?:[0-9a-f]{2})+$/i.test(text)) {
    return mistake(token, `${text} is not a row of octets such as 0a:0b, nor a string in quotes`);
  }
  const separated = /[:.-]/.test(text)
    ? text.split(/[:.-]/).filter((pair) => pair !== "")
    : text.match(/../g) ?? [text];
  return Uint8Array.from(separated, (pair) => parseInt(pair, 16));
}

function secondsOf(token: Token): { seconds: number; nanoseconds: number } {
  const parts = /^(-?)(\d+)(?:\.(\d{1,9}))?$/.exec(token.text);
  if (parts === null) return mistake(token, `${token.text} is not a number of seconds`);
  const sign = parts[1] === "-" ? -1 : 1;
  return { seconds: sign * Number(parts[2]), nanoseconds: sign * Number((parts[3] ?? "").padEnd(9, "0")) };
}
