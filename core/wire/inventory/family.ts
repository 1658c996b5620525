import type { Field } from "../field.ts";
import type { Alignment } from "../mobility_option_table.ts";

/**
 * What the families of messages and options in this folder are made of: entries of the one table of options and of
 * the one table of messages, by their kinds. The inspector knows them; the stack itself acts on none of them, and for
 * it they stay unknown (RFC 6275 6.2.1: skipped; 9.2: answered with a Binding Error).
 */
type AnyFields = Readonly<Record<string, Field<never>>>;

export interface FamilyOption<Fields extends object = AnyFields> {
  readonly type: number;
  readonly name: string;
  readonly section: string;
  readonly lengths: readonly number[] | { readonly atLeast: number };
  readonly alignment: (octets: number) => Alignment;
  readonly repeatable: boolean;
  readonly last: boolean;
  readonly fields: Fields;
}

export interface FamilyMessage<Fields extends object = AnyFields> {
  readonly type: number;
  readonly name: string;
  readonly section: string;
  readonly fixedOctets: number;
  /** What tells this message from others of its type: the value of so many octets after the checksum. */
  readonly variant?: { readonly octets: 1 | 2; readonly value: number };
  /** Octets that the fixed part has where they depend on what stands at `data`. */
  readonly octetsAt?: (bytes: Uint8Array, data: number) => number;
  readonly fields: Fields;
}

/** Octets of an option's data: one or several lengths, or a least one. */
type Lengths = FamilyOption["lengths"];

interface OptionRules {
  /** Every n octets, from which offset on; none of both is anywhere. */
  readonly every?: Alignment["n"];
  readonly plus?: number;
  readonly repeatable?: boolean;
  readonly last?: boolean;
}

export function option<Fields extends object>(
  type: number,
  name: string,
  section: string,
  lengths: Lengths,
  { every = 1, plus = 0, repeatable = false, last = false }: OptionRules,
  fields: Fields,
): FamilyOption<Fields> {
  const alignment: Alignment = { n: every, offset: plus };
  return { type, name, section, lengths, alignment: () => alignment, repeatable, last, fields };
}

/** The record of an entry: one member for each field. */
export type RecordOf<Kind, Fields> =
  & { readonly kind: Kind }
  & {
    readonly [Key in keyof Fields]: Fields[Key] extends Field<infer Value> ? Value : never;
  };
