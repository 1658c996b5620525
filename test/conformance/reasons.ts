/** Rows that have the same fate. */
export interface RowGroup {
  readonly why: string;
  /** "M-041-043 M-050": ranges and single rows. */
  readonly rows: string;
}

export const REASONS: readonly RowGroup[] = [];
export const NOT_YET: readonly RowGroup[] = [];
