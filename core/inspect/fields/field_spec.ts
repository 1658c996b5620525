/**
 * How a field's values are kept, compared and written.
 *
 * - number, hex: an unsigned number of up to 32 bits; hex is written with all digits of its octets
 * - signed: two's complement
 * - flag: one bit, written 1 or 0
 * - longHex: 64 bits, written like hex
 * - ipv4, ipv6, linkAddress (six octets with colons), octets (hexadecimal digits), text
 * - colonOctets: octets with colons between
 * - time: seconds and nanoseconds; ntpTime (RFC 5905) and timestamp (RFC 5213 8.8): where it stands in the packet
 * - present: that there is something, without a value of its own; protocol: likewise, for a whole header
 */
export type FieldKind =
  | "number"
  | "hex"
  | "signed"
  | "flag"
  | "longHex"
  | "ipv4"
  | "ipv6"
  | "linkAddress"
  | "colonOctets"
  | "octets"
  | "text"
  | "time"
  | "ntpTime"
  | "timestamp"
  | "present"
  | "protocol";

/** Kinds whose value is a number, not a place in the packet. */
export function isNumeric(kind: FieldKind): boolean {
  return kind === "number" || kind === "hex" || kind === "signed" || kind === "flag";
}

/** A field that can be asked for, by the name that tshark gives it. */
export interface FieldSpec {
  readonly name: string;
  readonly kind: FieldKind;
  /** Octets of the number, for hexadecimal digits. */
  readonly octets: number;
  /** Says what another field says too (ip.addr, what ip.src and ip.dst say): shown only when asked for by name. */
  readonly again: boolean;
}

/** Where values of a field stand in a header, in octets from the header's first. */
export interface Place {
  readonly field: string;
  readonly kind: FieldKind;
  readonly at: number;
  /** Octets; REST up to the end of the header or option. */
  readonly octets: number;
  /** The bits that belong to the field; 0 means all. */
  readonly mask: number;
  /** What one means here: 4 for a length in words of four octets. */
  readonly scale: number;
  readonly again: boolean;
}

export const REST = -1;

const place = (field: string, kind: FieldKind, at: number, octets: number, mask = 0, scale = 1): Place => ({
  field,
  kind,
  at,
  octets,
  mask,
  scale,
  again: false,
});

export const number = (field: string, at: number, octets: number, mask = 0, scale = 1): Place =>
  place(field, "number", at, octets, mask, scale);
export const hex = (field: string, at: number, octets: number, mask = 0): Place =>
  place(field, "hex", at, octets, mask);
export const signed = (field: string, at: number, octets: number): Place =>
  place(field, "signed", at, octets);
export const flag = (field: string, at: number, mask: number, octets = 1): Place =>
  place(field, "flag", at, octets, mask);
export const longHex = (field: string, at: number): Place => place(field, "longHex", at, 8);
export const ipv4 = (field: string, at: number): Place => place(field, "ipv4", at, 4);
export const ipv6 = (field: string, at: number): Place => place(field, "ipv6", at, 16);
export const linkAddress = (field: string, at: number): Place => place(field, "linkAddress", at, 6);
export const octets = (field: string, at: number, length = REST): Place => place(field, "octets", at, length);
export const colonOctets = (field: string, at: number, length = REST): Place =>
  place(field, "colonOctets", at, length);
export const text = (field: string, at: number, length = REST): Place => place(field, "text", at, length);
export const ntpTime = (field: string, at: number): Place => place(field, "ntpTime", at, 8);
export const timestamp = (field: string, at: number): Place => place(field, "timestamp", at, 8);
/** That the header or option is there. */
export const protocol = (field: string): Place => place(field, "protocol", 0, 0);

/** Names for what a place says already: tshark has ip.addr and ip.host beside ip.src and ip.dst. */
export const again = (...places: readonly Place[]): Place[] => places.map((one) => ({ ...one, again: true }));
