import { DataSeries } from "./data_series.ts";
import { MAXIMUM_OPEN_HANDOVERS } from "./limits.ts";

/** How a packet of a mobile node travels. */
export const ENCAPSULATIONS = [
  "udp",
  "ipv6InIpv4",
  "ipv4InIpv4",
  "ipv6InIpv6",
  "ipv4InIpv6",
  "routeOptimized",
  "none",
] as const;
export type Encapsulation = typeof ENCAPSULATIONS[number];

export const FROM_MOBILE_NODE = 0;
export const TO_MOBILE_NODE = 1;
export type Direction = typeof FROM_MOBILE_NODE | typeof TO_MOBILE_NODE;

const NOT_TUNNELLED = ENCAPSULATIONS.indexOf("none");
/** Packets, octets with all IP headers, octets of outer headers. */
const COUNTERS = 3;
/** A silence that begins later than this after the accepting acknowledgement has nothing to do with the handover. */
const SETTLING_SECONDS = 1;

/** What one kind of encapsulation has carried in one direction. */
export interface DataCount {
  readonly encapsulation: Encapsulation;
  readonly direction: Direction;
  readonly packets: number;
  /** From the outermost tunnel's IP header on. */
  readonly octets: number;
  /** Octets before the innermost IP header, and those of Home Address option or type 2 routing header. */
  readonly overheadOctets: number;
}

/** The largest silence around a handover: the last packet before it and the first after it. */
export interface DataGap {
  readonly lastBeforeSeconds: number;
  readonly firstAfterSeconds: number;
}

/** One handover while its silences are measured, in both directions, in and outside tunnels. */
export class GapMeasure {
  /** When the acknowledgement that accepts came; Infinity before. */
  acceptedSeconds = Infinity;
  /** By stream. Plain arrays: a typed array for four numbers costs ten times as much. */
  readonly #from = [-1, -1, -1, -1];
  readonly #to = [-1, -1, -1, -1];

  /** Of two successive packets; false when the handover is over. */
  add(stream: number, lastSeconds: number, seconds: number): boolean {
    if (lastSeconds > this.acceptedSeconds + SETTLING_SECONDS) return false;
    if (seconds - lastSeconds > this.#to[stream] - this.#from[stream] || this.#to[stream] < 0) {
      this.#from[stream] = lastSeconds;
      this.#to[stream] = seconds;
    }
    return true;
  }

  gap(stream: number): DataGap | undefined {
    if (this.#to[stream] < 0) return undefined;
    return { lastBeforeSeconds: this.#from[stream], firstAfterSeconds: this.#to[stream] };
  }
}

/** What data travelled from and to one address: counters, silences around handovers, and, for a plot, points. */
export class DataFlow {
  readonly #counts = new Float64Array(ENCAPSULATIONS.length * 2 * COUNTERS);
  /** By stream: direction, and 2 more for packets outside of tunnels. */
  readonly #lastSeconds = new Float64Array(4).fill(-1);
  readonly #measures: GapMeasure[] = [];
  #series: readonly DataSeries[] | undefined;

  keepSeries(): void {
    this.#series ??= [new DataSeries(), new DataSeries(), new DataSeries(), new DataSeries()];
  }

  /** `encapsulation` is an index of ENCAPSULATIONS. */
  add(direction: Direction, encapsulation: number, octets: number, overhead: number, seconds: number): void {
    const at = COUNTERS * (2 * encapsulation + direction);
    this.#counts[at]++;
    this.#counts[at + 1] += octets;
    this.#counts[at + 2] += overhead;
    const stream = streamOf(direction, encapsulation);
    const last = this.#lastSeconds[stream];
    this.#lastSeconds[stream] = seconds;
    if (this.#measures.length === 0 || last < 0) return;
    for (const measure of this.#measures) measure.add(stream, last, seconds);
  }

  /** The points of a plot, of the packet that add() has counted. */
  addPoint(
    direction: Direction,
    encapsulation: number,
    seconds: number,
    bytes: Uint8Array,
    payload: number,
    end: number,
    ports: number,
  ): void {
    this.#series?.[streamOf(direction, encapsulation)].add(seconds, bytes, payload, end, ports);
  }

  get plotted(): boolean {
    return this.#series !== undefined;
  }

  /** Begins to measure the silences around a handover that begins now. */
  measure(): GapMeasure {
    const measure = new GapMeasure();
    if (this.#measures.length === MAXIMUM_OPEN_HANDOVERS) this.#measures.shift();
    this.#measures.push(measure);
    return measure;
  }

  /** All that has been counted, by encapsulation and direction. */
  counts(): DataCount[] {
    return ENCAPSULATIONS.flatMap((encapsulation, index) =>
      ([FROM_MOBILE_NODE, TO_MOBILE_NODE] as const).map((direction) => {
        const at = COUNTERS * (2 * index + direction);
        const [packets, octets, overheadOctets] = this.#counts.subarray(at, at + COUNTERS);
        return { encapsulation, direction, packets, octets, overheadOctets };
      })
    ).filter(({ packets }) => packets > 0);
  }

  /**
   * A router that captures on all its interfaces sees data twice, in the tunnel and outside: what is in the tunnel
   * says when the mobile node could be reached.
   */
  stream(direction: Direction): number {
    for (let index = 0; index < NOT_TUNNELLED; index++) {
      if (this.#counts[COUNTERS * (2 * index + direction)] > 0) return direction;
    }
    return direction + 2;
  }

  series(direction: Direction): DataSeries | undefined {
    return this.#series?.[this.stream(direction)];
  }
}

function streamOf(direction: Direction, encapsulation: number): number {
  return direction + (encapsulation === NOT_TUNNELLED ? 2 : 0);
}
