/** Numbers from `first` to `last`, both included. */
export interface NumberRange {
  readonly first: number;
  readonly last: number;
}

/** A set of numbers that are few ranges. */
export class NumberRanges {
  /** In their order, and apart from each other. */
  readonly #ranges: readonly NumberRange[];

  /** @param ranges in any order; they may overlap */
  constructor(ranges: readonly NumberRange[]) {
    this.#ranges = joined(ranges);
  }

  /** A range that has a number in common with this one. */
  overlapping({ first, last }: NumberRange): NumberRange | undefined {
    let low = 0;
    let high = this.#ranges.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const range = this.#ranges[middle];
      if (last < range.first) high = middle - 1;
      else if (first > range.last) low = middle + 1;
      else return range;
    }
    return undefined;
  }
}

/** Those that overlap or touch become one. */
function joined(ranges: readonly NumberRange[]): NumberRange[] {
  const result: NumberRange[] = [];
  for (const range of ranges.toSorted((one, other) => one.first - other.first)) {
    const before = result.at(-1);
    if (before === undefined || range.first > before.last + 1) result.push(range);
    else result[result.length - 1] = { ...before, last: Math.max(before.last, range.last) };
  }
  return result;
}
