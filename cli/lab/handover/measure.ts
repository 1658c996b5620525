import type { Signal } from "./signal.ts";

/** A packet of a flow that has arrived. Times in milliseconds since 1970. */
export interface Arrival {
  readonly sequence: number;
  readonly sentMs: number;
  readonly arrivedMs: number;
}

/** One move, and the time around it that is looked at. Milliseconds since 1970. */
export interface Move {
  readonly fromMs: number;
  /** The cable is in the new network (horizontal), or the old one is lost (vertical). */
  readonly movedMs: number;
  readonly toMs: number;
  /** What care-of addresses of the new network begin with. */
  readonly newAddressesBegin: string;
}

/** What became of one direction of the traffic. */
export interface DirectionResult {
  /** The longest silence at the receiver. */
  readonly gapMs: number;
  /** The arrivals on both sides of the longest silence that the move falls into; null where there is none any more. */
  readonly lastBeforeMs: number | null;
  readonly firstAfterMs: number | null;
  readonly lost: number;
  readonly duplicated: number;
}

/** One handover in figures; null where the step was not there. */
export interface HandoverResult {
  readonly up: DirectionResult;
  readonly down: DirectionResult;
  /** Packets arrive again, both ways, at the end of the time that was looked at. */
  readonly resumed: boolean;
  /** From the last data packet before the silence to the first Router Solicitation: the paper's "link up". */
  readonly linkUpMs: number | null;
  /** From the move to the first Router Solicitation. */
  readonly solicitationMs: number | null;
  /** From the first Router Solicitation to the first Binding Update from the new network: "IPv4 config". */
  readonly configurationMs: number | null;
  /** From the first DHCP message to the acknowledgement. */
  readonly dhcpMs: number | null;
  /** From the first Router Solicitation to the Router Advertisement. */
  readonly advertisementMs: number | null;
  /** From the Binding Update after the move to the first data packet at the correspondent: "MIPv6". */
  readonly mipv6Ms: number | null;
  /** From the Binding Update to its acknowledgement. */
  readonly registrationMs: number | null;
  /** From the move to the first data packet after the silence, less what packets took on their way before the move. */
  readonly moveToDataUpMs: number | null;
  readonly moveToDataDownMs: number | null;
}

/** The figures of one handover, from what arrived at both ends and what passed the egress interfaces. */
export function measureHandover(
  move: Move,
  flows: { readonly up: readonly Arrival[]; readonly down: readonly Arrival[] },
  signals: readonly Signal[],
): HandoverResult {
  const up = measureDirection(flows.up, move);
  const down = measureDirection(flows.down, move);
  const inTime = signals.filter(({ timeMs }) => timeMs >= move.fromMs && timeMs <= move.toMs);
  const first = (wanted: (signal: Signal) => boolean, sinceMs: number) =>
    inTime.find((signal) => signal.timeMs >= sinceMs && wanted(signal))?.timeMs ?? null;
  const soughtMs = first(({ lane }) => lane === "RS", move.movedMs);
  // One that comes when data has arrived is not what the data waited for.
  const solicitation = soughtMs !== null && soughtMs < (up.firstAfterMs ?? Infinity) ? soughtMs : null;
  const advertisement = first(({ lane }) => lane === "RA", solicitation ?? Infinity);
  const dhcp = first(({ lane }) => lane === "DHCP", move.movedMs);
  const dhcpAcknowledged = first(({ name }) => name === "DHCPACK", dhcp ?? Infinity);
  const isNew = (address: string) => address.startsWith(move.newAddressesBegin);
  const update = first(({ lane, source }) => lane === "BU" && isNew(source), move.fromMs);
  const answer = first(({ lane, destination }) => lane === "BA" && isNew(destination), update ?? Infinity);
  // Nothing is missing where the packets of before go on to arrive.
  const sinceMove = (flow: readonly Arrival[], firstMs: number | null) =>
    firstMs === null ? null : Math.max(0, firstMs - move.movedMs - travelMs(flow, move));
  const isBehindMove = update !== null && update >= move.movedMs;
  const resumed = [up, down].every(({ firstAfterMs }) => firstAfterMs !== null);
  return {
    up,
    down,
    resumed,
    linkUpMs: between(up.lastBeforeMs, solicitation),
    solicitationMs: between(move.movedMs, solicitation),
    configurationMs: solicitation !== null && update !== null && update > solicitation
      ? update - solicitation
      : null,
    dhcpMs: between(dhcp, dhcpAcknowledged),
    advertisementMs: between(solicitation, advertisement),
    mipv6Ms: isBehindMove ? between(update, up.firstAfterMs) : null,
    registrationMs: between(update, answer),
    moveToDataUpMs: sinceMove(flows.up, up.firstAfterMs),
    moveToDataDownMs: sinceMove(flows.down, down.firstAfterMs),
  };
}

/** What packets take on their way before the move: the median. */
function travelMs(arrivals: readonly Arrival[], { fromMs, movedMs }: Move): number {
  const before = arrivals.filter(({ arrivedMs }) => arrivedMs >= fromMs && arrivedMs < movedMs);
  return summarize(before.map(({ sentMs, arrivedMs }) => arrivedMs - sentMs))?.median ?? 0;
}

/** Our own limit: a flow of a packet every 5 ms that was heard of so shortly before the end of a window goes on. */
const GOES_ON_MS = 100;

/** So long after the move, packets may arrive that were under way. */
const UNDER_WAY_MS = 100;

/** The silences and the losses of one direction. A flow that does not go on is silent up to `toMs`. */
export function measureDirection(
  arrivals: readonly Arrival[],
  { fromMs, movedMs, toMs }: Move,
): DirectionResult {
  const inTime = arrivals.filter(({ arrivedMs }) => arrivedMs >= fromMs && arrivedMs <= toMs)
    .toSorted((one, other) => one.arrivedMs - other.arrivedMs);
  const seen = new Set(inTime.map(({ sequence }) => sequence));
  const times = inTime.map(({ arrivedMs }) => arrivedMs);
  const counts = { lost: missing(seen), duplicated: inTime.length - seen.size };
  const last = times.at(-1);
  if (last === undefined) return { gapMs: toMs - fromMs, lastBeforeMs: null, firstAfterMs: null, ...counts };
  if (toMs - last > GOES_ON_MS) {
    return { gapMs: toMs - last, lastBeforeMs: last, firstAfterMs: null, ...counts };
  }
  const silences = times.slice(1).map((toMs, index) => ({ fromMs: times[index], toMs }));
  const around = longest(
    silences.filter((silence) => silence.fromMs <= movedMs + UNDER_WAY_MS && silence.toMs >= movedMs),
  );
  return {
    gapMs: lengthOf(longest(silences)),
    lastBeforeMs: around?.fromMs ?? null,
    firstAfterMs: around?.toMs ?? null,
    ...counts,
  };
}

interface Silence {
  readonly fromMs: number;
  readonly toMs: number;
}

function longest(silences: readonly Silence[]): Silence | undefined {
  return silences.reduce<Silence | undefined>(
    (found, silence) => lengthOf(silence) > lengthOf(found) ? silence : found,
    undefined,
  );
}

function lengthOf(silence: Silence | undefined): number {
  return silence === undefined ? 0 : silence.toMs - silence.fromMs;
}

/** How many numbers are missing between the smallest and the largest. */
function missing(sequences: ReadonlySet<number>): number {
  if (sequences.size === 0) return 0;
  let least = Infinity;
  let most = -Infinity;
  for (const sequence of sequences) {
    least = Math.min(least, sequence);
    most = Math.max(most, sequence);
  }
  return most - least + 1 - sequences.size;
}

function between(startMs: number | null, endMs: number | null): number | null {
  return startMs === null || endMs === null ? null : endMs - startMs;
}

/** Median, least, most and count of what was measured. */
export interface Summary {
  readonly median: number;
  readonly least: number;
  readonly most: number;
  readonly count: number;
}

/** Undefined where nothing was measured. The median of an even count is the mean of the two in the middle. */
export function summarize(values: readonly (number | null)[]): Summary | undefined {
  const sorted = values.filter((value) => value !== null).toSorted((one, other) => one - other);
  if (sorted.length === 0) return undefined;
  const half = sorted.length >> 1;
  const median = sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  return { median, least: sorted[0], most: sorted[sorted.length - 1], count: sorted.length };
}
