/** A moment since 1970-01-01 00:00 UTC; nanoseconds 0..999999999. Two numbers, because nanoseconds since 1970 do not fit one. */
export interface CaptureTime {
  readonly seconds: number;
  readonly nanoseconds: number;
}

/** What somebody wrote into a pcapng file about a packet, or about the section or the interface that it begins. */
export interface CaptureComment {
  readonly about: "packet" | "section" | "interface";
  /** UTF-8, as the file has it; a copy. */
  readonly text: Uint8Array;
}

/** One packet of a capture file. */
export interface CapturedPacket {
  /** Counts from 1 through the whole file, over all interfaces. */
  readonly number: number;
  /** Undefined where the format has none: the Simple Packet Block of pcapng. */
  readonly time: CaptureTime | undefined;
  /** Digits after the second that the capture's clock gives: 6, or 9 where it is finer than a microsecond. */
  readonly timeDigits: 6 | 9;
  /** The number of the LINKTYPE_ registry: see link_type.ts. */
  readonly linkType: number;
  /** Which interface of its pcapng section, from 0; always 0 in pcap. */
  readonly interfaceIndex: number;
  /** Octets on the wire; more than `bytes.length` where the snap length cut the packet. */
  readonly originalLength: number;
  /** Undefined where there are none. */
  readonly comments?: readonly CaptureComment[];
  /** A view into the reader's buffer: valid until the next push(). */
  readonly bytes: Uint8Array;
}

/** What is wrong with a capture file. `offset` counts octets from the file's first one. */
export interface CaptureFault {
  readonly kind: "notACapture" | "damaged";
  readonly offset: number;
  /** The end of a sentence: "the file ends inside a record". */
  readonly reason: string;
}

/** Our own limit, that of libpcap: no reader needs more memory than this and one chunk. */
export const MAXIMUM_CAPTURED_OCTETS = 262_144;
