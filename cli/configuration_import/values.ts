import {
  canonicalIpv4,
  canonicalIpv6,
  type Ipv4Address,
  type Ipv6Address,
  type Ipv6Prefix,
  isRoutableUnicastIpv6,
  isUnicastIpv4,
  parseIpv6Prefix,
  prefixText,
} from "../../core/wire/address.ts";
import type { Statement } from "./statements.ts";

/* What stands behind the names of a mip6d.conf. Each is undefined where something else stands there. */

/** The text of one word, and nothing behind it. */
export function oneWord({ words, block }: Statement): string | undefined {
  const [word, ...more] = words;
  if (word === undefined || word.kind === "list" || more.length > 0 || block !== undefined) return undefined;
  return word.text;
}

export function switchOf(statement: Statement): boolean | undefined {
  const word = oneWord(statement);
  if (word === "enabled") return true;
  if (word === "disabled") return false;
}

/** A number of at most 15 digits, with or without a fraction. */
export function numberOf(statement: Statement): number | undefined {
  const word = oneWord(statement);
  return word !== undefined && /^\d{1,15}(\.\d{1,15})?$/.test(word) ? Number(word) : undefined;
}

export function ipv4Of(statement: Statement): Ipv4Address | undefined {
  const address = canonicalIpv4(oneWord(statement) ?? "");
  return address !== undefined && isUnicastIpv4(address) ? address : undefined;
}

export function ipv6Of(statement: Statement): Ipv6Address | undefined {
  return usableIpv6(oneWord(statement) ?? "");
}

/** An address that a home agent or a mobile node can have. */
export function usableIpv6(text: string): Ipv6Address | undefined {
  const address = canonicalIpv6(text);
  return address !== undefined && isRoutableUnicastIpv6(address) ? address : undefined;
}

/** "2001:db8::1234/64", or without the length, and perhaps a list of mobile network prefixes behind it. */
export interface HomeAddress {
  readonly address: Ipv6Address;
  /** Bits; undefined where none stands there. */
  readonly prefixLength: number | undefined;
  readonly mobileNetworkPrefixes: readonly Ipv6Prefix[];
  /** What stands behind it. */
  readonly more: readonly string[];
}

export function homeAddressOf({ words, block }: Statement): HomeAddress | undefined {
  const [first, ...rest] = words;
  if (first?.kind !== "word" || block !== undefined) return undefined;
  const [head, digits] = first.text.split("/", 2);
  const address = usableIpv6(head);
  const prefix = digits === undefined ? undefined : parseIpv6Prefix(first.text);
  const items = rest.flatMap((word) => word.kind === "list" ? word.items : []);
  const prefixes = items.map(parseIpv6Prefix).filter((one) => one !== undefined && isUsable(one));
  if (address === undefined || digits !== undefined && prefix === undefined) return undefined;
  if (prefixes.length !== items.length) return undefined;
  const texts = new Set<string>();
  return {
    address,
    prefixLength: prefix?.length,
    mobileNetworkPrefixes: (prefixes as Ipv6Prefix[]).filter((one) => {
      const isNew = !texts.has(prefixText(one));
      texts.add(prefixText(one));
      return isNew;
    }),
    more: rest.flatMap((word) => word.kind === "list" ? [] : [word.text]),
  };
}

function isUsable({ length }: Ipv6Prefix): boolean {
  return length >= 1 && length <= 127;
}

/** An interface that our configuration can name without doubt. */
export function interfaceOf({ words }: Statement): string | undefined {
  const [word] = words;
  if (word === undefined || word.kind === "list" || words.length > 1) return undefined;
  return /^[A-Za-z0-9._-]{1,15}$/.test(word.text) && !/^\.\.?$|^lo$/.test(word.text) ? word.text : undefined;
}

/** Our lifetimes are multiples of 4 s, as on the wire (RFC 6275 section 6.1.7). */
export function lifetimeOf(statement: Statement): number | undefined {
  const seconds = numberOf(statement);
  if (seconds === undefined || seconds < 4) return undefined;
  return Math.min(Math.floor(seconds / 4) * 4, 262_140);
}
