import { isNumeric, REST } from "./field_spec.ts";
import type { FieldSpec, Place } from "./field_spec.ts";

/**
 * The values that one field has in one packet, in the order in which they stand in it. The arrays are used again
 * for every packet: only the first `count` items count.
 */
export class FieldSlot {
  count = 0;
  readonly bytes: Uint8Array[] = [];
  /** The number; seconds of a time; else where the value begins in `bytes`. */
  readonly first: number[] = [];
  /** Nanoseconds of a time; else how many octets the value has. */
  readonly second: number[] = [];

  constructor(readonly spec: FieldSpec) {}

  add(bytes: Uint8Array, first: number, second: number): void {
    const { count } = this;
    this.bytes[count] = bytes;
    this.first[count] = first;
    this.second[count] = second;
    this.count = count + 1;
  }
}

/** The slots of the fields that somebody asked for, by name. */
export type Slots = ReadonlyMap<string, FieldSlot>;

/** A place of a field that somebody asked for. */
export interface WantedPlace {
  readonly slot: FieldSlot;
  readonly at: number;
  readonly octets: number;
  readonly numeric: boolean;
  readonly signed: boolean;
  readonly mask: number;
  readonly shift: number;
  readonly scale: number;
}

/** Of all places those whose field somebody asked for. */
export function wanted(places: readonly Place[], slots: Slots): readonly WantedPlace[] {
  return places.flatMap(({ field, kind, at, octets, mask, scale }) => {
    const slot = slots.get(field);
    if (slot === undefined) return [];
    const shift = mask === 0 ? 0 : Math.log2(mask & -mask);
    const numeric = isNumeric(kind);
    return [{ slot, at, octets, numeric, signed: kind === "signed", mask: mask || -1, shift, scale }];
  });
}

/** Takes the values at the places of a header that begins at `start`; those that are not there are left out. */
export function take(places: readonly WantedPlace[], bytes: Uint8Array, start: number, limit: number): void {
  for (let index = 0; index < places.length; index++) {
    const place = places[index];
    const at = start + place.at;
    if (place.octets === REST) {
      if (at < limit) place.slot.add(bytes, at, limit - at);
    } else if (at + place.octets <= limit) {
      if (place.numeric) place.slot.add(bytes, numberAt(place, bytes, at), 0);
      else place.slot.add(bytes, at, place.octets);
    }
  }
}

function numberAt(place: WantedPlace, bytes: Uint8Array, at: number): number {
  let value = 0;
  for (let index = at; index < at + place.octets; index++) value = (value << 8) | bytes[index];
  const scaled = ((value & place.mask) >>> place.shift) * place.scale;
  if (!place.signed) return scaled;
  const range = 2 ** (8 * place.octets);
  return scaled >= range / 2 ? scaled - range : scaled;
}
