/** A packet that has arrived where it belongs. Times in milliseconds since 1970. */
export interface FlowArrival {
  readonly sequence: number;
  readonly sentMs: number;
  readonly arrivedMs: number;
}

/** What became of one flow. */
export interface FlowRecord {
  /** In the order of arrival; the same packet may be there twice. */
  readonly arrivals: FlowArrival[];
  /** Packets of this flow that arrived at a node or port that is not their own. */
  misdelivered: number;
  /** Packets that were sent; undefined while the flow goes on. */
  sent: number | undefined;
}

/** What became of all flows of a plan. */
export interface MeshRecord {
  readonly flows: readonly FlowRecord[];
  /** Packets that are none of ours, or that were changed on their way. */
  readonly damaged: number;
}

/** The lines that the program `lab mesh` writes. */
export const MeshLine = {
  arrived: (flow: number, { sequence, sentMs, arrivedMs }: FlowArrival) =>
    `${flow} ${sequence} ${sentMs.toFixed(3)} ${arrivedMs.toFixed(3)}\n`,
  misdelivered: (flow: number) => `misdelivered ${flow}\n`,
  damaged: () => "damaged\n",
  sent: (flow: number, packets: number) => `sent ${flow} ${packets}\n`,
} as const;

/** Reads what `lab mesh` has written so far; a line that is not whole yet is left out. */
export function readMeshRecord(text: string, flowCount: number): MeshRecord {
  const flows = Array.from(
    { length: flowCount },
    (): FlowRecord => ({ arrivals: [], misdelivered: 0, sent: undefined }),
  );
  let damaged = 0;
  for (const line of text.slice(0, text.lastIndexOf("\n") + 1).split("\n")) {
    const [word, ...rest] = line.split(" ");
    const values = rest.map(Number);
    if (word === "damaged") damaged++;
    else if (word === "misdelivered") flows[values[0]].misdelivered++;
    else if (word === "sent") flows[values[0]].sent = values[1];
    else if (values.length === 3 && word !== "") {
      const [sequence, sentMs, arrivedMs] = values;
      flows[Number(word)]?.arrivals.push({ sequence, sentMs, arrivedMs });
    }
  }
  return { flows, damaged };
}

/** What became of a flow, in figures. */
export interface FlowFigures {
  readonly sent: number;
  readonly lost: number;
  readonly duplicated: number;
  readonly misdelivered: number;
  /** The longest silence at the receiver. */
  readonly longestGapMs: number;
  /** When the first packet was sent after which none was lost (ms since 1970); Infinity when the last ones are lost. */
  readonly wholeSinceMs: number;
}

/** Counts a flow that has ended. */
export function figuresOf({ arrivals, misdelivered, sent = 0 }: FlowRecord): FlowFigures {
  const sentMs = new Map(arrivals.map((arrival) => [arrival.sequence, arrival.sentMs]));
  const times = arrivals.map(({ arrivedMs }) => arrivedMs);
  let wholeSinceMs = Infinity;
  for (let sequence = sent - 1; sequence >= 0; sequence--) {
    const at = sentMs.get(sequence);
    if (at === undefined) break;
    wholeSinceMs = at;
  }
  return {
    sent,
    lost: sent - sentMs.size,
    duplicated: arrivals.length - sentMs.size,
    misdelivered,
    longestGapMs: times.slice(1).reduce((most, time, index) => Math.max(most, time - times[index]), 0),
    wholeSinceMs,
  };
}

/** What a window of time did to a flow. */
export interface WindowFigures {
  /** The longest silence that ends in the window, or goes on at its end. */
  readonly gapMs: number;
  /** Numbers missing between the last one before the window and the greatest one in it. */
  readonly lost: number;
  /** At the end of the window the last arrival is no older than `goesOnMs`. */
  readonly goesOn: boolean;
}

/** Looks at a part of a flow. `arrivals` in the order of arrival; times in milliseconds since 1970. */
export function figuresInWindow(
  arrivals: readonly FlowArrival[],
  { fromMs, toMs, goesOnMs }: { readonly fromMs: number; readonly toMs: number; readonly goesOnMs: number },
): WindowFigures {
  const before = arrivals.findLast(({ arrivedMs }) => arrivedMs < fromMs);
  const inside = arrivals.filter(({ arrivedMs }) => arrivedMs >= fromMs && arrivedMs <= toMs);
  const seen = before === undefined ? inside : [before, ...inside];
  const last = seen.at(-1)?.arrivedMs ?? fromMs;
  const goesOn = toMs - last <= goesOnMs;
  const times = [...seen.map(({ arrivedMs }) => arrivedMs), ...(goesOn ? [] : [toMs])];
  const numbers = new Set(seen.map(({ sequence }) => sequence));
  const [least, most] = [...numbers].reduce(
    ([least, most], number) => [Math.min(least, number), Math.max(most, number)],
    [Infinity, -Infinity],
  );
  return {
    gapMs: seen.length === 0
      ? toMs - fromMs
      : times.slice(1).reduce((most, time, index) => Math.max(most, time - times[index]), 0),
    lost: numbers.size === 0 ? 0 : most - least + 1 - numbers.size,
    goesOn,
  };
}
