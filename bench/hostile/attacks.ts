/** A million a minute. */
const RATE = 16_667;

/** Something that attack.c can do, or several at a time. */
export interface Attack {
  readonly name: string;
  /** What attack.c calls it, and packets a second. */
  readonly kinds: Readonly<Record<string, number>>;
  /** What a home agent should do about it. */
  readonly expected: string;
}

const REFUSED_RARELY = "refused, answered rarely";
const SILENT = "dropped in silence";

/** Nothing first: what the others are compared with. */
export const ATTACKS: readonly Attack[] = [
  { name: "none", kinds: {}, expected: "all answered" },
  { name: "wrong-proof", kinds: { "wrong-proof": RATE }, expected: REFUSED_RARELY },
  { name: "spoofed", kinds: { spoofed: RATE }, expected: REFUSED_RARELY },
  { name: "unknown", kinds: { unknown: RATE }, expected: SILENT },
  { name: "no-proof", kinds: { "no-proof": RATE }, expected: SILENT },
  { name: "noise", kinds: { noise: RATE }, expected: "Binding Error, rarely" },
  { name: "fragment", kinds: { fragment: RATE }, expected: SILENT },
  { name: "foreign", kinds: { foreign: RATE }, expected: SILENT },
  { name: "unbound", kinds: { unbound: RATE }, expected: "Binding Error, rarely" },
  { name: "icmp", kinds: { icmp: RATE }, expected: SILENT },
  {
    name: "all",
    kinds: {
      "wrong-proof": RATE / 4,
      spoofed: RATE / 4,
      unknown: RATE / 4,
      "no-proof": RATE / 8,
      noise: RATE / 8,
      fragment: RATE,
      foreign: RATE / 2,
      unbound: RATE / 2,
      icmp: RATE,
    },
    expected: REFUSED_RARELY,
  },
];
