import type { CapturedPacket } from "./captured_packet.ts";
import { MAXIMUM_CAPTURED_OCTETS } from "./captured_packet.ts";
import type { CaptureInput } from "./capture_input.ts";

const FILE_HEADER_OCTETS = 24;
const RECORD_HEADER_OCTETS = 16;
const LINK_TYPE_MASK = 0xffff;

/** The magic numbers as the file's first four octets, read as one big-endian number. */
const VARIANTS: ReadonlyMap<number, { littleEndian: boolean; nanosecondsPerFraction: 1 | 1000 }> = new Map([
  [0xa1b2c3d4, { littleEndian: false, nanosecondsPerFraction: 1000 }],
  [0xd4c3b2a1, { littleEndian: true, nanosecondsPerFraction: 1000 }],
  [0xa1b23c4d, { littleEndian: false, nanosecondsPerFraction: 1 }],
  [0x4d3cb2a1, { littleEndian: true, nanosecondsPerFraction: 1 }],
]);

export function isPcapMagic(magic: number): boolean {
  return VARIANTS.has(magic);
}

/** The classic format of libpcap: draft-ietf-opsawg-pcap. Both byte orders, microseconds and nanoseconds. */
export class PcapReader {
  #littleEndian = false;
  #nanosecondsPerFraction: 1 | 1000 = 1000;
  #linkType = -1;
  #packets = 0;

  /** The next packet; undefined when more bytes are needed, or after `input.fail`. */
  next(input: CaptureInput): CapturedPacket | undefined {
    if (this.#linkType < 0 && !this.#readFileHeader(input)) return undefined;
    if (!input.has(RECORD_HEADER_OCTETS)) return undefined;
    const { view, start } = input;
    const little = this.#littleEndian;
    const captured = view.getUint32(start + 8, little);
    if (captured > MAXIMUM_CAPTURED_OCTETS) {
      return input.fail(
        input.position + 8,
        `packet ${this.#packets + 1} has ${captured} captured bytes, the limit is ${MAXIMUM_CAPTURED_OCTETS}`,
      );
    }
    if (!input.has(RECORD_HEADER_OCTETS + captured)) return undefined;
    const nanoseconds = view.getUint32(start + 4, little) * this.#nanosecondsPerFraction;
    const dataStart = start + RECORD_HEADER_OCTETS;
    input.advance(RECORD_HEADER_OCTETS + captured);
    return {
      number: ++this.#packets,
      time: {
        seconds: view.getUint32(start, little) + Math.floor(nanoseconds / 1e9),
        nanoseconds: nanoseconds % 1e9,
      },
      timeDigits: this.#nanosecondsPerFraction === 1 ? 9 : 6,
      linkType: this.#linkType,
      interfaceIndex: 0,
      originalLength: Math.max(view.getUint32(start + 12, little), captured),
      bytes: input.bytes.subarray(dataStart, dataStart + captured),
    };
  }

  #readFileHeader(input: CaptureInput): boolean {
    if (!input.has(FILE_HEADER_OCTETS)) return false;
    const variant = VARIANTS.get(input.view.getUint32(input.start));
    if (variant === undefined) throw new Error("a PcapReader was given bytes without a pcap magic number");
    this.#littleEndian = variant.littleEndian;
    this.#nanosecondsPerFraction = variant.nanosecondsPerFraction;
    this.#linkType = input.view.getUint32(input.start + 20, this.#littleEndian) & LINK_TYPE_MASK;
    input.advance(FILE_HEADER_OCTETS);
    return true;
  }
}
