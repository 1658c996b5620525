import type { Field } from "../../wire/field.ts";
import { ALL_MOBILITY_MESSAGES } from "../../wire/mobility_message_table.ts";
import { ALL_MOBILITY_OPTIONS } from "../../wire/mobility_option_table.ts";
import { flag, ipv4, ipv6, number, octets } from "./field_spec.ts";
import type { Place } from "./field_spec.ts";

/** Octets of a mobility header in front of a message's fields. */
const HEAD_OCTETS = 6;
/** Enough for every field that stands at a fixed place. */
const PROBE_OCTETS = 64;

/** Fields of messages that tshark does not know, from core/wire's tables: by MH type, with where options begin. */
export function derivedMessages(
  known: ReadonlyMap<number, unknown>,
): [type: number, places: Place[], optionsAt: number][] {
  return ALL_MOBILITY_MESSAGES
    .filter(({ type, variant }) => variant === undefined && !known.has(type))
    .map(({ type, kind, fields, fixedOctets }) => [
      type,
      derivedPlaces(kind, fields, HEAD_OCTETS),
      HEAD_OCTETS + fixedOctets,
    ]);
}

interface DerivedOption {
  readonly name: string;
  readonly lengths: readonly number[] | { readonly atLeast: number };
  readonly places: readonly Place[];
}

/** Options that tshark does not know, by their type. */
export function derivedOptions(known: ReadonlyMap<number, unknown>): [type: number, option: DerivedOption][] {
  return ALL_MOBILITY_OPTIONS.filter(({ type }) => !known.has(type)).map((
    { type, kind, lengths, fields },
  ) => [
    type,
    { name: `mip6.options.${snake(kind)}`, lengths, places: derivedPlaces(kind, fields, 0) },
  ]);
}

/** "mip6.update_notification.sequence_number" and the like; what has no fixed place is left out. */
function derivedPlaces(
  kind: string,
  fields: Readonly<Record<string, Field<unknown>>>,
  base: number,
): Place[] {
  return Object.entries(fields).flatMap(([key, field]) => {
    const place = placeOf(`mip6.${snake(kind)}.${snake(key)}`, field);
    return place === undefined ? [] : [{ ...place, at: place.at + base }];
  });
}

function placeOf(name: string, field: Field<unknown>): Place | undefined {
  const { form } = field;
  switch (form.kind) {
    case "number":
      return bitsOf(name, field, (2 ** form.bits - 1) * form.scale, form.scale);
    case "flag":
      return bitsOf(name, field, true);
    case "ipv4":
      return ipv4(name, field.endOctet("0.0.0.0") - 4);
    case "ipv6":
      return ipv6(name, field.endOctet("::") - 16);
    case "octets":
      return octets(name, field.endOctet(new Uint8Array(form.octets)) - form.octets, form.octets);
    case "restOctets":
      return octets(name, field.endOctet(new Uint8Array(0)));
    default:
      return undefined;
  }
}

/** Which bits a number or a flag takes, found by writing it with all of them set. */
function bitsOf(name: string, field: Field<unknown>, allSet: unknown, scale = 1): Place | undefined {
  const buffer = new Uint8Array(PROBE_OCTETS);
  field.write(buffer, 0, allSet);
  const first = buffer.findIndex((octet) => octet !== 0);
  const last = buffer.findLastIndex((octet) => octet !== 0);
  const octetCount = last - first + 1;
  if (first < 0 || octetCount > 4) return undefined;
  let mask = 0;
  for (let at = first; at <= last; at++) mask = (mask << 8) | buffer[at];
  return field.form.kind === "flag"
    ? flag(name, first, mask, octetCount)
    : number(name, first, octetCount, mask, scale);
}

/** "careOfAddress" as "care_of_address". */
function snake(camel: string): string {
  return camel.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
