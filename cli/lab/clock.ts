/** Milliseconds since 1970, with fractions: a clock that all processes of one machine share. */
export function clockMs(): number {
  return performance.timeOrigin + performance.now();
}
