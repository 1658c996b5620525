import { type Field, formatOctets, restField } from "./field.ts";

/** What one type of sub-option holds; its fields count octets from the end of its length octet. */
export interface SubOptionEntry {
  readonly name: string;
  /** Octets that the data have at least: with fewer they are shown as they are. */
  readonly minimumOctets: number;
  readonly fields: Readonly<Record<string, Field<unknown>>>;
}

/** An entry; its fields are read and printed, whatever their values are. */
export function subOption(name: string, minimumOctets: number, fields: object): SubOptionEntry {
  return { name, minimumOctets, fields: fields as SubOptionEntry["fields"] };
}

/** Sub-options in an option's data: type, length, data. */
export interface SubOptionTable {
  /** A type 0 that is one octet without a length (RFC 6089 4.2.1.1). */
  readonly hasPad1: boolean;
  readonly entries: ReadonlyMap<number, SubOptionEntry>;
}

/** Where one of them stands; `end` is after its data. */
export interface SubOption {
  readonly type: number;
  readonly offset: number;
  readonly data: number;
  readonly end: number;
  readonly entry: SubOptionEntry | undefined;
}

const PAD1 = 0;
const HEAD_OCTETS = 2;

/** All sub-options of the octets `start` up to `end`; stops before the first that does not fit. */
export function subOptionsOf(
  table: SubOptionTable,
  bytes: Uint8Array,
  start: number,
  end: number,
): SubOption[] {
  const found: SubOption[] = [];
  for (let offset = start; offset < end;) {
    const type = bytes[offset];
    if (table.hasPad1 && type === PAD1) {
      offset++;
      continue;
    }
    const data = offset + HEAD_OCTETS;
    const next = data + bytes[offset + 1];
    if (data > end || next > end) break;
    const entry = table.entries.get(type);
    found.push({
      type,
      offset,
      data,
      end: next,
      entry: entry !== undefined && next - data >= entry.minimumOctets ? entry : undefined,
    });
    offset = next;
  }
  return found;
}

/** All octets up to the end of the region, which are sub-options. */
export function subOptionsField(
  label: string,
  octetOffset: number,
  table: SubOptionTable,
): Field<Uint8Array> {
  return { ...restField(label, octetOffset, (value) => printSubOptions(table, value)), subOptions: table };
}

function printSubOptions(table: SubOptionTable, bytes: Uint8Array): string {
  const found = subOptionsOf(table, bytes, 0, bytes.length);
  const parts = found.map((one) => printSubOption(one, table, bytes));
  const rest = bytes.subarray(found.at(-1)?.end ?? 0);
  if (rest.some((octet) => octet !== 0)) parts.push(`0x${formatOctets(rest)}`);
  return parts.length === 0 ? "none" : parts.join("; ");
}

function printSubOption(
  { type, data, end, entry }: SubOption,
  table: SubOptionTable,
  bytes: Uint8Array,
): string {
  const name = entry?.name ?? `${table.entries.get(type)?.name ?? "unknown"} (${type})`;
  if (entry === undefined) return end > data ? `${name} 0x${formatOctets(bytes.subarray(data, end))}` : name;
  const values = Object.values(entry.fields).map((field) =>
    `${field.label} ${field.print(field.read(bytes, data, end))}`
  );
  return values.length === 0 ? name : `${name}: ${values.join(", ")}`;
}
