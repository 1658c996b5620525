import type { Field } from "../wire/field.ts";

/** Where a flag of core/wire's tables stands, found by writing it. */
export interface FlagPlace {
  /** The member of the record: "homeRegistration". */
  readonly key: string;
  /** The letter that the RFC gives it. */
  readonly letter: string;
  /** The letter where P is set: 0x0040 of a Binding Update is O (RFC 5648), or B in a proxy registration (RFC 6602). */
  readonly proxyLetter: string;
  /** From the start of the fields. */
  readonly octet: number;
  readonly mask: number;
}

export interface FlagTable {
  readonly places: readonly FlagPlace[];
  /** The flag P, RFC 5213. */
  readonly proxy: FlagPlace | undefined;
}

const TABLES = new WeakMap<object, FlagTable>();

/** The flags among the fields of an entry of core/wire's tables; in the order of the table. */
export function flagTable(fields: object): FlagTable {
  let table = TABLES.get(fields);
  if (table === undefined) {
    const places = findFlags(fields);
    table = { places, proxy: places.find(({ letter }) => letter === "P") };
    TABLES.set(fields, table);
  }
  return table;
}

function findFlags(fields: object): FlagPlace[] {
  const places: FlagPlace[] = [];
  for (const [key, field] of Object.entries(fields) as [string, Field<unknown>][]) {
    if (field.form.kind !== "flag") continue;
    const buffer = new Uint8Array(field.endOctet(true));
    field.write(buffer, 0, true);
    const octet = buffer.findIndex((value) => value !== 0);
    const [letter, proxyLetter = letter] = field.label.split("/");
    places.push({ key, letter, proxyLetter, octet, mask: buffer[octet] });
  }
  return places;
}

export function isSet({ octet, mask }: FlagPlace, bytes: Uint8Array, start: number): boolean {
  return (bytes[start + octet] & mask) !== 0;
}

/** The letter to show for a flag, where the fields begin at `start`. */
export function flagLetter(place: FlagPlace, { proxy }: FlagTable, bytes: Uint8Array, start: number): string {
  return proxy !== undefined && isSet(proxy, bytes, start) ? place.proxyLetter : place.letter;
}
