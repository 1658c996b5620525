/** Says how long something took, where somebody asks for more rounds than a test has: for docs/recovery.md. */
export function report(what: string, timesMs: readonly number[]): void {
  if (Deno.env.get("DSMIP_FAULT_ROUNDS") === undefined) return;
  const sorted = timesMs.map(Math.round).toSorted((one, other) => one - other);
  const median = sorted[sorted.length >> 1];
  console.log(`${what}: n = ${sorted.length}, median ${median} ms, ${sorted[0]} to ${sorted.at(-1)} ms`);
}
