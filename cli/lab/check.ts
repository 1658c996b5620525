/** Something measured, beside the limit that it has to keep. */
export interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly value: number | string;
  /** "ms", "packets", "Mbit/s"; empty where the value is no quantity. */
  readonly unit: string;
  /** For people: "at most 500", "0", "yes". */
  readonly limit: string;
}

/** The checks of one run, in the order in which they were made. */
export class CheckList {
  readonly #checks: Check[] = [];

  get all(): readonly Check[] {
    return this.#checks;
  }

  /** True when there are checks and all hold. */
  get ok(): boolean {
    return this.#checks.length > 0 && this.#checks.every((check) => check.ok);
  }

  atMost(name: string, value: number, limit: number, unit: string): Check {
    return this.#add({ name, ok: value <= limit, value: rounded(value), unit, limit: `at most ${limit}` });
  }

  atLeast(name: string, value: number, limit: number, unit: string): Check {
    return this.#add({ name, ok: value >= limit, value: rounded(value), unit, limit: `at least ${limit}` });
  }

  equal(name: string, value: number | string, expected: number | string, unit = ""): Check {
    return this.#add({ name, ok: value === expected, value, unit, limit: String(expected) });
  }

  /** A fact that has to hold: shown as "yes", or as what was found in its place. */
  holds(name: string, ok: boolean, found = "no"): Check {
    return this.#add({ name, ok, value: ok ? "yes" : found, unit: "", limit: "yes" });
  }

  #add(check: Check): Check {
    this.#checks.push(check);
    return check;
  }
}

/** Three digits are enough to read. NaN, "nothing was measured", becomes -1, which JSON can hold. */
function rounded(value: number): number {
  if (!Number.isFinite(value)) return -1;
  return Math.abs(value) >= 100 ? Math.round(value) : Number(value.toPrecision(3));
}
