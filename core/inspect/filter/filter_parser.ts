import type { FieldSlot } from "../fields/field_slot.ts";
import { type FieldKind, type FieldSpec, isNumeric } from "../fields/field_spec.ts";
import { FIELDS } from "../fields/field_table.ts";
import { mistake } from "./filter_fault.ts";
import { type Compare, compareWith, needleOf } from "./filter_literal.ts";
import { type Token, tokenize } from "./filter_tokens.ts";

/** Whether a packet, whose values are in the slots, is one of those that the filter wants. */
export type Test = () => boolean;

type Relation = "==" | "!=" | "===" | "!==" | "<" | ">" | "<=" | ">=";

const RELATIONS: Readonly<Record<string, Relation>> = {
  "==": "==",
  eq: "==",
  any_eq: "==",
  "!=": "!=",
  ne: "!=",
  all_ne: "!=",
  "===": "===",
  all_eq: "===",
  "!==": "!==",
  "~=": "!==",
  any_ne: "!==",
  "<": "<",
  lt: "<",
  ">": ">",
  gt: ">",
  "<=": "<=",
  le: "<=",
  ">=": ">=",
  ge: ">=",
};

/** Our own limit on parentheses and negations inside one another. */
const MAXIMUM_DEPTH = 100;

/**
 * Reads a display filter: `or` binds least, then `and`, then `not`. Throws FilterMistake.
 * `slotOf` gives the slot in which the values of a field will be.
 */
export class FilterParser {
  readonly #tokens: readonly Token[];
  readonly #slotOf: (spec: FieldSpec) => FieldSlot;
  #at = 0;
  #depth = 0;

  constructor(text: string, slotOf: (spec: FieldSpec) => FieldSlot) {
    this.#tokens = tokenize(text);
    this.#slotOf = slotOf;
  }

  parse(): Test {
    if (this.#peek().kind === "end") mistake(this.#peek(), "the filter is empty");
    const test = this.#disjunction();
    if (this.#peek().kind !== "end") {
      mistake(this.#peek(), `${this.#peek().text} was not expected here, only "and", "or" or the end`);
    }
    return test;
  }

  #peek(): Token {
    return this.#tokens[this.#at];
  }

  #accept(...texts: readonly string[]): boolean {
    if (this.#peek().kind === "string" || !texts.includes(this.#peek().text)) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#accept(text)) mistake(this.#peek(), `${text} is missing here`);
  }

  #disjunction(): Test {
    let left = this.#conjunction();
    while (this.#accept("or", "||")) {
      const [one, other] = [left, this.#conjunction()];
      left = () => one() || other();
    }
    return left;
  }

  #conjunction(): Test {
    let left = this.#negation();
    while (this.#accept("and", "&&")) {
      const [one, other] = [left, this.#negation()];
      left = () => one() && other();
    }
    return left;
  }

  #negation(): Test {
    if (++this.#depth > MAXIMUM_DEPTH) {
      mistake(this.#peek(), `this is more than ${MAXIMUM_DEPTH} levels deep`);
    }
    const test = this.#accept("not", "!") ? negated(this.#negation()) : this.#primary();
    this.#depth--;
    return test;
  }

  #primary(): Test {
    if (this.#accept("(")) {
      const test = this.#disjunction();
      this.#expect(")");
      return test;
    }
    const slot = this.#slotOf(this.#field());
    const { text, kind } = this.#peek();
    if (kind === "string" || kind === "end") return present(slot);
    const relation = Object.hasOwn(RELATIONS, text) ? RELATIONS[text] : undefined;
    if (relation !== undefined) {
      this.#at++;
      return this.#comparison(slot, relation);
    }
    if (this.#accept("contains")) return this.#contains(slot);
    if (this.#accept("matches", "~")) return this.#matches(slot);
    if (this.#accept("in")) return this.#membership(slot, false);
    if (text === "not" && this.#tokens[this.#at + 1].text === "in") {
      this.#at += 2;
      return this.#membership(slot, true);
    }
    return present(slot);
  }

  #field(): FieldSpec {
    const token = this.#peek();
    if (token.kind !== "word") {
      mistake(token, token.kind === "end" ? "a field is missing here" : `${token.text} is not a field`);
    }
    const spec = FIELDS.get(token.text);
    if (spec === undefined) return mistake(token, `there is no field ${token.text}`, token.text);
    this.#at++;
    return spec;
  }

  #value(): Token {
    const token = this.#peek();
    if (token.kind !== "word" && token.kind !== "string") mistake(token, "a value is missing here");
    this.#at++;
    return token;
  }

  #comparison(slot: FieldSlot, relation: Relation): Test {
    const token = this.#value();
    const other = token.kind === "word" ? FIELDS.get(token.text) : undefined;
    if (other !== undefined) return this.#fieldComparison(slot, relation, token, other);
    return related(slot, relation, compareWith(slot.spec, token));
  }

  /** Two fields: some value of the one against some value of the other. */
  #fieldComparison(slot: FieldSlot, relation: Relation, token: Token, spec: FieldSpec): Test {
    if (family(slot.spec.kind) !== family(spec.kind)) {
      mistake(token, `${slot.spec.name} and ${spec.name} are of different kinds`);
    }
    const other = this.#slotOf(spec);
    const all = relation === "!=" || relation === "===";
    return () => {
      for (let index = 0; index < other.count; index++) {
        const compare: Compare = (one, at) => compareValues(one, at, other, index);
        if (related(slot, relation, compare)() !== all) return !all;
      }
      return all && other.count > 0;
    };
  }

  #contains(slot: FieldSlot): Test {
    requireOctets(slot.spec, this.#peek(), "contains");
    const needle = needleOf(this.#value());
    return any(slot, (one, index) => holds(one.bytes[index], one.first[index], one.second[index], needle));
  }

  #matches(slot: FieldSlot): Test {
    requireOctets(slot.spec, this.#peek(), "matches");
    const token = this.#value();
    const pattern = regularExpression(token);
    const octets = slot.spec.kind !== "text";
    return any(slot, (one, index) => {
      const start = one.first[index];
      const value = one.bytes[index].subarray(start, start + one.second[index]);
      return pattern.test(octets ? String.fromCharCode(...value) : new TextDecoder().decode(value));
    });
  }

  #membership(slot: FieldSlot, outside: boolean): Test {
    this.#expect("{");
    const members: ((slot: FieldSlot, index: number) => boolean)[] = [];
    do {
      const from = compareWith(slot.spec, this.#value());
      if (this.#accept("..")) {
        const to = compareWith(slot.spec, this.#value());
        members.push((one, index) => from(one, index) >= 0 && to(one, index) <= 0);
      } else members.push((one, index) => from(one, index) === 0);
    } while (this.#accept(","));
    this.#expect("}");
    const test = any(slot, (one, index) => members.some((isMember) => isMember(one, index)));
    return outside ? negated(test) : test;
  }
}

function negated(test: Test): Test {
  return () => !test();
}

function present(slot: FieldSlot): Test {
  return () => slot.count > 0;
}

function any(slot: FieldSlot, test: (slot: FieldSlot, index: number) => boolean): Test {
  return () => {
    for (let index = 0; index < slot.count; index++) if (test(slot, index)) return true;
    return false;
  };
}

function every(slot: FieldSlot, test: (slot: FieldSlot, index: number) => boolean): Test {
  return () => {
    for (let index = 0; index < slot.count; index++) if (!test(slot, index)) return false;
    return slot.count > 0;
  };
}

/** With several values any may do; != and === want all of them, and at least one. */
function related(slot: FieldSlot, relation: Relation, compare: Compare): Test {
  switch (relation) {
    case "==":
      return any(slot, (one, index) => compare(one, index) === 0);
    case "!=":
      return every(slot, (one, index) => compare(one, index) !== 0);
    case "===":
      return every(slot, (one, index) => compare(one, index) === 0);
    case "!==":
      return any(slot, (one, index) => compare(one, index) !== 0);
    case "<":
      return any(slot, (one, index) => compare(one, index) < 0);
    case ">":
      return any(slot, (one, index) => compare(one, index) > 0);
    case "<=":
      return any(slot, (one, index) => compare(one, index) <= 0);
    case ">=":
      return any(slot, (one, index) => compare(one, index) >= 0);
  }
}

/** Kinds whose values compare with one another. */
function family(kind: FieldKind): string {
  if (isNumeric(kind)) return "number";
  return kind === "colonOctets" ? "octets" : kind;
}

function compareValues(one: FieldSlot, oneIndex: number, other: FieldSlot, otherIndex: number): number {
  if (isNumeric(one.spec.kind)) return one.first[oneIndex] - other.first[otherIndex];
  if (one.spec.kind === "time") {
    return one.first[oneIndex] - other.first[otherIndex] || one.second[oneIndex] - other.second[otherIndex];
  }
  const length = Math.min(one.second[oneIndex], other.second[otherIndex]);
  for (let at = 0; at < length; at++) {
    const difference = one.bytes[oneIndex][one.first[oneIndex] + at] -
      other.bytes[otherIndex][other.first[otherIndex] + at];
    if (difference !== 0) return difference;
  }
  return one.second[oneIndex] - other.second[otherIndex];
}

const OCTET_KINDS: ReadonlySet<FieldKind> = new Set(
  ["text", "octets", "colonOctets", "linkAddress", "ipv4", "ipv6", "longHex"] as const,
);

function requireOctets(spec: FieldSpec, token: Token, operator: string): void {
  const fits = operator === "matches"
    ? spec.kind === "text" || spec.kind === "octets" || spec.kind === "colonOctets"
    : OCTET_KINDS.has(spec.kind);
  if (!fits) mistake(token, `${spec.name} is not text: ${operator} has nothing to look into`);
}

function holds(bytes: Uint8Array, start: number, octets: number, needle: Uint8Array): boolean {
  for (let at = start; at + needle.length <= start + octets; at++) {
    let same = 0;
    while (same < needle.length && bytes[at + same] === needle[same]) same++;
    if (same === needle.length) return true;
  }
  return false;
}

function regularExpression(token: Token): RegExp {
  try {
    return new RegExp(token.text, "i");
  } catch {
    return mistake(token, "this is not a regular expression");
  }
}
