/** What is wrong with a filter, and where: characters from its start. */
export interface FilterFault {
  readonly offset: number;
  readonly length: number;
  /** The end of a sentence. */
  readonly reason: string;
  /** A name that no field has, for whoever wants to propose another. */
  readonly unknownField?: string;
}

/** Thrown inside the parser only; compileFilter() answers with the fault. */
export class FilterMistake extends Error {
  constructor(readonly fault: FilterFault) {
    super(fault.reason);
  }
}

/** Where a piece of the filter stands. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

export function mistake({ offset, length }: Span, reason: string, unknownField?: string): never {
  throw new FilterMistake({
    offset,
    length,
    reason,
    ...(unknownField === undefined ? {} : { unknownField }),
  });
}
