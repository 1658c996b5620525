/** The families that the scenarios of whole mobile networks carry through the tunnel. */
export const INNER_FAMILIES: readonly Family[] = [6, 4];

export type Family = 4 | 6;
