import { IPV4_OCTETS, IPV6_OCTETS } from "../wire/address.ts";
import type { Field } from "../wire/field.ts";
import { mobilityOptionEntry } from "../wire/mobility_option_table.ts";
import { subOptionsOf, type SubOptionTable } from "../wire/sub_option.ts";
import { flagLetter, flagTable, isSet } from "./mobility_flags.ts";
import type { FlagTable } from "./mobility_flags.ts";
import { assignedOptionType, mobilityOptionTypeName } from "./mobility_names.ts";
import { lengthProblem } from "./mobility_option_length.ts";
import type { PacketCursor } from "./packet_cursor.ts";
import { addChild, octetPairs } from "./tree.ts";
import type { TreeNode } from "./tree.ts";

const PAD1 = 0;
const PADN = 1;

/** Fields of core/wire's tables, which lie in the octets `start` up to `end`; flags that stand together in one line. */
export function addTableFields(
  node: TreeNode,
  fields: Readonly<Record<string, Field<unknown>>>,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  const table = flagTable(fields);
  let flagsShown = false;
  for (const field of Object.values(fields)) {
    if (field.form.kind === "flag") {
      if (!flagsShown) addFlags(node, table, bytes, start);
      flagsShown = true;
      continue;
    }
    const value = field.read(bytes, start, end);
    const octets = fieldOctets(field, value);
    const at = start + field.endOctet(value) - octets;
    if (field.subOptions === undefined) addChild(node, field.label, at, octets, field.print(value));
    else addSubOptions(addChild(node, field.label, at, octets), field.subOptions, bytes, at, at + octets);
  }
}

/** Each sub-option of the octets `start` up to `end` with its fields; what is none of them as octets. */
function addSubOptions(
  node: TreeNode,
  table: SubOptionTable,
  bytes: Uint8Array,
  start: number,
  end: number,
): void {
  let rest = start;
  for (const { type, offset, data, end: next, entry } of subOptionsOf(table, bytes, start, end)) {
    const name = table.entries.get(type)?.name ?? "unknown";
    const child = addChild(node, `Type ${type}`, offset, next - offset, name);
    if (entry !== undefined) addTableFields(child, entry.fields, bytes, data, next);
    else if (next > data) addChild(child, "Data", data, next - data, octetPairs(bytes, data, next - data));
    rest = next;
  }
  if (rest < end) addChild(node, "Rest", rest, end - rest, octetPairs(bytes, rest, end - rest));
}

/** Every option from `start` to the end of the mobility header; stops at the first that does not fit. */
export function addMobilityOptions(cursor: PacketCursor, node: TreeNode, start: number): void {
  const { bytes, limit } = cursor;
  for (let option = start; option < limit;) {
    if (bytes[option] === PAD1) {
      addChild(node, "Option 0", option++, 1, mobilityOptionTypeName(PAD1));
      continue;
    }
    const next = option + 2 + bytes[option + 1];
    if (option + 2 > limit || next > limit) {
      const name = mobilityOptionTypeName(bytes[option]);
      addChild(node, `Option ${bytes[option]}`, option, limit - option, `${name}, goes past the end`);
      return;
    }
    addOption(cursor, node, option, next);
    option = next;
  }
}

function addOption({ bytes, legacy }: PacketCursor, node: TreeNode, option: number, next: number): void {
  const type = assignedOptionType(bytes[option], legacy);
  const data = option + 2;
  const child = addChild(
    node,
    `Option ${bytes[option]}`,
    option,
    next - option,
    mobilityOptionTypeName(type),
  );
  if (type === PADN) return;
  if (type !== bytes[option]) child.value += ", before RFC 5555";
  const entry = mobilityOptionEntry(type);
  if (entry !== undefined) child.value += ` (${entry.section})`;
  const problem = lengthProblem(type, next - data);
  if (problem !== undefined) child.value += `: ${problem}`;
  if (entry !== undefined && problem === undefined) addTableFields(child, entry.fields, bytes, data, next);
  else if (next > data) addChild(child, "Data", data, next - data, octetPairs(bytes, data, next - data));
}

function addFlags(
  node: TreeNode,
  table: FlagTable,
  bytes: Uint8Array,
  start: number,
): void {
  const first = Math.min(...table.places.map(({ octet }) => octet));
  const last = Math.max(...table.places.map(({ octet }) => octet));
  const set = table.places.filter((place) => isSet(place, bytes, start)).map((place) => {
    const letter = flagLetter(place, table, bytes, start);
    return `${letter} ${inWords(place.key, letter === place.letter)}`;
  });
  addChild(node, "Flags", start + first, last - first + 1, set.length > 0 ? set.join(", ") : "none");
}

/** "homeRegistration" as "home registration", "forceUdp" as "force UDP", "overwriteOrBulk" as one of the two. */
function inWords(key: string, first: boolean): string {
  const words = key.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`)
    .replace(/\b(udp|tlv|utf8)\b/, (acronym) => acronym.toUpperCase())
    .replace(/\bipv(?=[46])/, "IPv");
  const [former, latter = former] = words.split(" or ");
  return first ? former : latter;
}

/** How long a field is with this value in it; where it ends, the field knows itself. */
function fieldOctets({ form }: Field<unknown>, value: unknown): number {
  if (value === undefined) return 0;
  if ("bits" in form) return Math.ceil(form.bits / 8);
  if (form.kind === "octets") return form.octets;
  if (value instanceof Uint8Array) return value.length;
  if (Array.isArray(value)) return IPV6_OCTETS * value.length;
  if (typeof value === "string") return value.includes(":") ? IPV6_OCTETS : IPV4_OCTETS;
  return typeof value === "bigint" ? 8 : 1;
}
