import type { Field } from "./field.ts";

/** A record of the tables, seen by the names of its fields. */
export type Fields = Readonly<Record<string, Field<unknown>>>;
type Values = Readonly<Record<string, unknown>>;

/** Reads all fields of the region `start` up to `end` into one record. */
export function readFields(
  kind: string,
  fields: Fields,
  bytes: Uint8Array,
  start: number,
  end: number,
): Values {
  const values: Record<string, unknown> = { kind };
  for (const key in fields) values[key] = fields[key].read(bytes, start, end);
  return values;
}

/** Writes all fields of a record into zeros from `start` on. */
export function writeFields(values: object, fields: Fields, buffer: Uint8Array, start: number): void {
  for (const key in fields) fields[key].write(buffer, start, (values as Values)[key]);
}

/** Octets that the fields take, with these values. */
export function fieldsOctets(values: object, fields: Fields): number {
  let octets = 0;
  for (const key in fields) octets = Math.max(octets, fields[key].endOctet((values as Values)[key]));
  return octets;
}
