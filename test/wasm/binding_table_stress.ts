/** What binding_table_stress_test.ts and its Worker agree on. */

export interface StressStart {
  readonly memory: WebAssembly.Memory;
  /** Of each node: how often it has been bound (to an odd count) or unbound (to an even one); set before and after. */
  readonly announced: Uint32Array;
  readonly done: Uint32Array;
  readonly nodes: number;
  /** Half of all packets and changes are for the first ones. */
  readonly hotNodes: number;
}

/** What COMMAND_DONE says: the Worker has begun, and it has judged enough or found faults. */
export const BEGUN = 1;
export const ENOUGH = 2;
/** Goes on for so long, and longer where the machine is busy, until the Worker has enough, or up to this. */
export const LIMIT_MS = 60_000;

export interface StressReport {
  readonly delivered: number;
  readonly unbound: number;
  /** Entries that were looked at twice in one visit. */
  readonly held: number;
  readonly faults: readonly string[];
}

/** So much has to be judged. */
export function isEnough({ delivered, unbound, held }: Omit<StressReport, "faults">): boolean {
  return delivered > 50_000 && unbound > 1000 && held > 10_000;
}

/** Every other node has an IPv4 home address. */
export function homeAddressOf(node: number): string {
  const [high, low] = [node >> 16, node & 0xffff].map((group) => (group + 1).toString(16));
  return node % 2 === 0 ? `2001:db8:100::${high}:${low}` : `11.${octets(node)}`;
}

export function outerAddressOf(node: number): string {
  return `10.${octets(node)}`;
}

function octets(node: number): string {
  return `${node >> 16 & 0xff}.${node >> 8 & 0xff}.${node & 0xff}`;
}
