/**
 * What a check lets through, as far as it can be said without its code: the JSON schema and the reference are made of
 * it.
 */
export type Form =
  | { readonly kind: "text"; readonly format?: "ipv4" | "ipv6" }
  | {
    readonly kind: "number";
    readonly lowest: number;
    readonly highest: number;
    readonly multipleOf: number;
  }
  | { readonly kind: "yesOrNo" }
  | { readonly kind: "word"; readonly words: readonly string[] }
  | { readonly kind: "list"; readonly item: Form; readonly least: number; readonly most: number };

/**
 * What may stand at one key of a configuration file. Small on purpose: a schema library would be most of what a daemon
 * loads before it starts.
 */
export class Check<Value> {
  /** What is allowed: ends the sentence "KEY = VALUE: ...", and is what a missing key is told. */
  readonly allowed: string;
  readonly form: Form;
  /** What a missing key stands for; undefined where it may not be missing. */
  readonly missing: { readonly value: Value } | undefined;
  readonly #read: (value: unknown) => Value | undefined;

  /** @param read the value as the program has it; undefined for what is not allowed */
  constructor(
    allowed: string,
    form: Form,
    read: (value: unknown) => Value | undefined,
    missing?: { readonly value: Value },
  ) {
    this.allowed = allowed;
    this.form = form;
    this.#read = read;
    this.missing = missing;
  }

  /** The key may be missing, and stands for this value then. */
  default(value: Value): Check<Value> {
    return new Check(this.allowed, this.form, this.#read, { value });
  }

  /** The key may be missing. */
  optional(): Check<Value | undefined> {
    return new Check<Value | undefined>(this.allowed, this.form, this.#read, { value: undefined });
  }

  /** What a key that is there stands for; undefined for what is not allowed. */
  read(value: unknown): { readonly value: Value } | undefined {
    const result = this.#read(value);
    return result === undefined ? undefined : { value: result };
  }
}

/** The type of the values that a check lets through. */
export type ValueOf<Some> = Some extends Check<infer Value> ? Value : never;

/** A string that `read` turns into a value, or into undefined when it is not allowed. */
export function text<Value>(
  allowed: string,
  read: (value: string) => Value | undefined,
  format?: "ipv4" | "ipv6",
): Check<Value> {
  const form: Form = { kind: "text", format };
  return new Check(allowed, form, (value) => typeof value === "string" ? read(value) : undefined);
}

/** A whole number in a range. `remark` is what else a person has to know of it. */
export function wholeNumber(lowest: number, highest: number, remark = "", multipleOf = 1): Check<number> {
  const form: Form = { kind: "number", lowest, highest, multipleOf };
  return new Check(`must be a whole number from ${lowest} to ${highest}${remark}`, form, (value) => {
    const isRight = typeof value === "number" && Number.isSafeInteger(value) &&
      value >= lowest && value <= highest && value % multipleOf === 0;
    return isRight ? value : undefined;
  });
}

export function yesOrNo(): Check<boolean> {
  const read = (value: unknown) => typeof value === "boolean" ? value : undefined;
  return new Check("must be true or false", { kind: "yesOrNo" }, read);
}

/** Values of one kind: `least` to `most` of them, no two alike. A single value may stand there by itself. */
export function list<Value>(item: Check<Value>, most: number, least = 1): Check<readonly Value[]> {
  const allowed = `${item.allowed}, or a list of ${least} to ${most} such, each once`;
  return new Check(allowed, { kind: "list", item: item.form, least, most }, (value) => {
    const items = Array.isArray(value) ? value : [value];
    if (items.length < least || items.length > most) return undefined;
    const read = items.map((one) => item.read(one));
    const values = read.filter((one) => one !== undefined).map((one) => one.value);
    const isRight = values.length === items.length &&
      new Set(values.map((one) => JSON.stringify(one))).size === items.length;
    return isRight ? values : undefined;
  });
}

/** One of some words. */
export function oneOf<const Word extends string>(allowed: string, words: readonly Word[]): Check<Word> {
  const find = (value: unknown) => words.find((word) => word === value);
  return new Check(allowed, { kind: "word", words }, find);
}
