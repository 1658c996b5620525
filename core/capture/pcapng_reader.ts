import type { CaptureComment, CapturedPacket, CaptureTime } from "./captured_packet.ts";
import { MAXIMUM_CAPTURED_OCTETS } from "./captured_packet.ts";
import type { CaptureInput } from "./capture_input.ts";

/** Block types of draft-ietf-opsawg-pcapng; every other one is passed over. */
const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION = 1;
const SIMPLE_PACKET = 3;
const ENHANCED_PACKET = 6;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
const BYTE_ORDER_MAGIC_SWAPPED = 0x4d3c2b1a;

const BLOCK_HEADER_OCTETS = 8;
const BLOCK_TRAILER_OCTETS = 4;
const SECTION_HEADER_OCTETS = 24;
const INTERFACE_DESCRIPTION_OCTETS = 16;
const SIMPLE_PACKET_OCTETS = 12;
const ENHANCED_PACKET_OCTETS = 28;

const OPTION_END = 0;
const OPTION_COMMENT = 1;
const OPTION_TIME_RESOLUTION = 9;
const OPTION_TIME_OFFSET = 14;

/** Our own limits. */
const MAXIMUM_INTERFACES = 65_536;
const MAXIMUM_INTERFACE_BLOCK_OCTETS = 1_048_576;
/** In longer blocks, and beyond so many, comments are passed over. */
const MAXIMUM_COMMENTED_BLOCK_OCTETS = 1_048_576;
const MAXIMUM_WAITING_COMMENTS = 100;

interface Interface {
  readonly linkType: number;
  /** 0 means no limit. */
  readonly snapLength: number;
  readonly unitsPerSecond: bigint;
  readonly offsetSeconds: number;
}

export function isPcapngMagic(magic: number): boolean {
  return magic === SECTION_HEADER;
}

/** The pcapng format: draft-ietf-opsawg-pcapng. Any number of sections, each with its byte order and its interfaces. */
export class PcapngReader {
  #littleEndian = false;
  #interfaces: Interface[] = [];
  #packets = 0;
  /** About sections and interfaces: they go with the next packet. */
  #comments: CaptureComment[] = [];
  /** The block that has begun: where in the file, how long, and how much of it is still to be passed over. */
  #block: { position: number; length: number; left: number } | undefined;

  /** The next packet; undefined when more bytes are needed, or after `input.fail`. */
  next(input: CaptureInput): CapturedPacket | undefined {
    while (input.fault === undefined) {
      if (this.#block !== undefined && !this.#endBlock(input)) return undefined;
      if (!input.has(BLOCK_HEADER_OCTETS)) return undefined;
      const type = input.view.getUint32(input.start, this.#littleEndian);
      if (type === SECTION_HEADER) {
        if (!this.#readSectionHeader(input)) return undefined;
        continue;
      }
      const length = this.#blockLength(input, BLOCK_HEADER_OCTETS + BLOCK_TRAILER_OCTETS);
      if (length === undefined) return undefined;
      if (type === INTERFACE_DESCRIPTION) {
        if (!this.#readInterfaceDescription(input, length)) return undefined;
      } else if (type === ENHANCED_PACKET) {
        return this.#readEnhancedPacket(input, length);
      } else if (type === SIMPLE_PACKET) {
        return this.#readSimplePacket(input, length);
      } else {
        this.#beginBlock(input, length, BLOCK_HEADER_OCTETS);
      }
    }
    return undefined;
  }

  /** A file that ends inside a block which was being passed over. */
  finish(input: CaptureInput): void {
    if (this.#block === undefined) return;
    const { position, length } = this.#block;
    const there = input.position + (input.end - input.start) - position;
    input.fail(position, `the file ends inside a block: ${there} of ${length} bytes are there`);
  }

  #beginBlock(input: CaptureInput, length: number, taken: number): void {
    this.#block = { position: input.position, length, left: length - taken - BLOCK_TRAILER_OCTETS };
    input.advance(taken);
  }

  #endBlock(input: CaptureInput): boolean {
    const block = this.#block!;
    const step = Math.min(block.left, input.end - input.start);
    input.advance(step);
    block.left -= step;
    if (block.left > 0 || !input.has(BLOCK_TRAILER_OCTETS)) return false;
    const repeated = input.view.getUint32(input.start, this.#littleEndian);
    if (repeated !== block.length) {
      input.fail(input.position, `a block of ${block.length} bytes ends with another length, ${repeated}`);
      return false;
    }
    input.advance(BLOCK_TRAILER_OCTETS);
    this.#block = undefined;
    return true;
  }

  /** The length that the block at `input.start` says, once it is at least `minimum`. */
  #blockLength(input: CaptureInput, minimum: number): number | undefined {
    const length = input.view.getUint32(input.start + 4, this.#littleEndian);
    if (length < minimum || length % 4 !== 0) {
      const wanted = `at least ${minimum} and a multiple of 4`;
      return input.fail(
        input.position + 4,
        `a block says that it is ${length} bytes long, it must be ${wanted}`,
      );
    }
    return length;
  }

  #readSectionHeader(input: CaptureInput): boolean {
    if (!input.has(SECTION_HEADER_OCTETS)) return false;
    const { view, start } = input;
    const magic = view.getUint32(start + 8);
    if (magic !== BYTE_ORDER_MAGIC && magic !== BYTE_ORDER_MAGIC_SWAPPED) {
      input.fail(input.position + 8, "a section header has no byte-order magic");
      return false;
    }
    this.#littleEndian = magic === BYTE_ORDER_MAGIC_SWAPPED;
    const length = this.#blockLength(input, SECTION_HEADER_OCTETS + BLOCK_TRAILER_OCTETS);
    if (length === undefined) return false;
    const major = view.getUint16(start + 12, this.#littleEndian);
    if (major !== 1) {
      input.fail(input.position + 12, `a section is of pcapng version ${major}, only version 1 is known`);
      return false;
    }
    if (length <= MAXIMUM_COMMENTED_BLOCK_OCTETS) {
      if (!input.has(length)) return false;
      this.#noteComments(input, "section", start + SECTION_HEADER_OCTETS, length);
    }
    this.#interfaces = [];
    this.#beginBlock(input, length, SECTION_HEADER_OCTETS);
    return true;
  }

  #readInterfaceDescription(input: CaptureInput, length: number): boolean {
    if (this.#blockLength(input, INTERFACE_DESCRIPTION_OCTETS + BLOCK_TRAILER_OCTETS) === undefined) {
      return false;
    }
    if (length > MAXIMUM_INTERFACE_BLOCK_OCTETS || this.#interfaces.length === MAXIMUM_INTERFACES) {
      input.fail(
        input.position,
        `interface ${this.#interfaces.length}, described in ${length} bytes, is beyond the limit of ` +
          `${MAXIMUM_INTERFACES} interfaces of ${MAXIMUM_INTERFACE_BLOCK_OCTETS} bytes each`,
      );
      return false;
    }
    if (!input.has(length)) return false;
    const { view, start } = input;
    const little = this.#littleEndian;
    let unitsPerSecond = 1_000_000n;
    let offsetSeconds = 0;
    const end = start + length - BLOCK_TRAILER_OCTETS;
    let option = start + INTERFACE_DESCRIPTION_OCTETS;
    while (option + 4 <= end) {
      const code = view.getUint16(option, little);
      const octets = view.getUint16(option + 2, little);
      const value = option + 4;
      if (code === OPTION_END || value + octets > end) break;
      if (code === OPTION_TIME_RESOLUTION && octets === 1) {
        const exponent = BigInt(view.getUint8(value) & 0x7f);
        unitsPerSecond = (view.getUint8(value) & 0x80) !== 0 ? 2n ** exponent : 10n ** exponent;
      } else if (code === OPTION_TIME_OFFSET && octets === 8) {
        offsetSeconds = Number(view.getBigInt64(value, little));
      }
      option = value + octets + (-octets & 3);
    }
    this.#noteComments(input, "interface", start + INTERFACE_DESCRIPTION_OCTETS, length);
    this.#interfaces.push({
      linkType: view.getUint16(start + 8, little),
      snapLength: view.getUint32(start + 12, little),
      unitsPerSecond,
      offsetSeconds,
    });
    this.#beginBlock(input, length, INTERFACE_DESCRIPTION_OCTETS);
    return true;
  }

  #readEnhancedPacket(input: CaptureInput, length: number): CapturedPacket | undefined {
    if (this.#blockLength(input, ENHANCED_PACKET_OCTETS + BLOCK_TRAILER_OCTETS) === undefined) {
      return undefined;
    }
    if (!input.has(ENHANCED_PACKET_OCTETS)) return undefined;
    const { view, start } = input;
    const little = this.#littleEndian;
    const interfaceIndex = view.getUint32(start + 8, little);
    const units = [view.getUint32(start + 12, little), view.getUint32(start + 16, little)] as const;
    const captured = view.getUint32(start + 20, little);
    const originalLength = view.getUint32(start + 24, little);
    return this.#readPacket(input, length, {
      headerOctets: ENHANCED_PACKET_OCTETS,
      captured,
      originalLength,
      interfaceIndex,
      units,
    });
  }

  #readSimplePacket(input: CaptureInput, length: number): CapturedPacket | undefined {
    if (this.#blockLength(input, SIMPLE_PACKET_OCTETS + BLOCK_TRAILER_OCTETS) === undefined) return undefined;
    if (!input.has(SIMPLE_PACKET_OCTETS)) return undefined;
    const originalLength = input.view.getUint32(input.start + 8, this.#littleEndian);
    const snapLength = this.#interfaces[0]?.snapLength || Infinity;
    const room = length - SIMPLE_PACKET_OCTETS - BLOCK_TRAILER_OCTETS;
    return this.#readPacket(input, length, {
      headerOctets: SIMPLE_PACKET_OCTETS,
      captured: Math.min(originalLength, snapLength, room),
      originalLength,
      interfaceIndex: 0,
      units: undefined,
    });
  }

  #readPacket(
    input: CaptureInput,
    length: number,
    header: {
      headerOctets: number;
      captured: number;
      originalLength: number;
      interfaceIndex: number;
      /** The time stamp's high and low 32 bits. */
      units: readonly [number, number] | undefined;
    },
  ): CapturedPacket | undefined {
    const { headerOctets, captured, interfaceIndex } = header;
    const packet = `packet ${this.#packets + 1}`;
    const captureInterface = this.#interfaces[interfaceIndex];
    if (captureInterface === undefined) {
      return input.fail(
        input.position + 8,
        `${packet} is from interface ${interfaceIndex}, which is not described`,
      );
    }
    if (captured > MAXIMUM_CAPTURED_OCTETS) {
      return input.fail(
        input.position,
        `${packet} has ${captured} captured bytes, the limit is ${MAXIMUM_CAPTURED_OCTETS}`,
      );
    }
    if (captured > length - headerOctets - BLOCK_TRAILER_OCTETS) {
      return input.fail(
        input.position,
        `${packet} has ${captured} captured bytes in a block of ${length}, which is too short`,
      );
    }
    const optionsAt = headerOctets + captured + (-captured & 3);
    const commented = length - optionsAt > BLOCK_TRAILER_OCTETS && length <= MAXIMUM_COMMENTED_BLOCK_OCTETS;
    if (!input.has(commented ? length : headerOctets + captured)) return undefined;
    const dataStart = input.start + headerOctets;
    if (commented) this.#noteComments(input, "packet", input.start + optionsAt, length);
    const comments = this.#comments.length > 0 ? this.#comments : undefined;
    if (comments !== undefined) this.#comments = [];
    this.#beginBlock(input, length, headerOctets + captured);
    return {
      number: ++this.#packets,
      time: header.units && timeOf(header.units, captureInterface),
      timeDigits: captureInterface.unitsPerSecond > 1_000_000n ? 9 : 6,
      linkType: captureInterface.linkType,
      interfaceIndex,
      originalLength: Math.max(header.originalLength, captured),
      comments,
      bytes: input.bytes.subarray(dataStart, dataStart + captured),
    };
  }

  /** The comments among the options from `firstOption` up to the end of the block at `input.start`, which is there. */
  #noteComments(
    { view, bytes, start }: CaptureInput,
    about: CaptureComment["about"],
    firstOption: number,
    length: number,
  ): void {
    const end = start + length - BLOCK_TRAILER_OCTETS;
    for (let option = firstOption; option + 4 <= end;) {
      const code = view.getUint16(option, this.#littleEndian);
      const octets = view.getUint16(option + 2, this.#littleEndian);
      const value = option + 4;
      if (code === OPTION_END || value + octets > end) return;
      if (code === OPTION_COMMENT && this.#comments.length < MAXIMUM_WAITING_COMMENTS) {
        this.#comments.push({ about, text: bytes.slice(value, value + octets) });
      }
      option = value + octets + (-octets & 3);
    }
  }
}

function timeOf(
  [high, low]: readonly [number, number],
  { unitsPerSecond, offsetSeconds }: Interface,
): CaptureTime {
  if (unitsPerSecond === 1_000_000n && high < 2 ** 21) {
    const microseconds = high * 2 ** 32 + low;
    return {
      seconds: Math.floor(microseconds / 1e6) + offsetSeconds,
      nanoseconds: (microseconds % 1e6) * 1000,
    };
  }
  const units = (BigInt(high) << 32n) | BigInt(low);
  return {
    seconds: Number(units / unitsPerSecond) + offsetSeconds,
    nanoseconds: Number(((units % unitsPerSecond) * 1_000_000_000n) / unitsPerSecond),
  };
}
