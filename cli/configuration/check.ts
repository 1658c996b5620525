/**
 * What may stand at one key of a configuration file. Small on purpose: a schema library would be most of what a daemon
 * loads before it starts.
 */
export class Check<Value> {
  /** What is allowed: ends the sentence "KEY = VALUE: ...", and is what a missing key is told. */
  readonly allowed: string;
  /** What a missing key stands for; undefined where it may not be missing. */
  readonly missing: { readonly value: Value } | undefined;
  readonly #read: (value: unknown) => Value | undefined;

  /** @param read the value as the program has it; undefined for what is not allowed */
  constructor(
    allowed: string,
    read: (value: unknown) => Value | undefined,
    missing?: { readonly value: Value },
  ) {
    this.allowed = allowed;
    this.#read = read;
    this.missing = missing;
  }

  /** The key may be missing, and stands for this value then. */
  default(value: Value): Check<Value> {
    return new Check(this.allowed, this.#read, { value });
  }

  /** The key may be missing. */
  optional(): Check<Value | undefined> {
    return new Check<Value | undefined>(this.allowed, this.#read, { value: undefined });
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
export function text<Value>(allowed: string, read: (value: string) => Value | undefined): Check<Value> {
  return new Check(allowed, (value) => typeof value === "string" ? read(value) : undefined);
}

/** A whole number in a range. `remark` is what else a person has to know of it. */
export function wholeNumber(lowest: number, highest: number, remark = "", multipleOf = 1): Check<number> {
  return new Check(`must be a whole number from ${lowest} to ${highest}${remark}`, (value) => {
    const isRight = typeof value === "number" && Number.isSafeInteger(value) &&
      value >= lowest && value <= highest && value % multipleOf === 0;
    return isRight ? value : undefined;
  });
}

export function yesOrNo(): Check<boolean> {
  return new Check("must be true or false", (value) => typeof value === "boolean" ? value : undefined);
}

/** Values of one kind: `least` to `most` of them, no two alike. A single value may stand there by itself. */
export function list<Value>(item: Check<Value>, most: number, least = 1): Check<readonly Value[]> {
  return new Check(`${item.allowed}, or a list of ${least} to ${most} such, each once`, (value) => {
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
  return text(allowed, (value) => words.find((word) => word === value));
}
