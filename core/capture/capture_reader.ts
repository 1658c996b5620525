import type { CapturedPacket, CaptureFault } from "./captured_packet.ts";
import { CaptureInput } from "./capture_input.ts";
import { isPcapMagic, PcapReader } from "./pcap_reader.ts";
import { isPcapngMagic, PcapngReader } from "./pcapng_reader.ts";

/** Formats that people take for a capture, told by their first octets, with the way to read them. */
const NOT_YET: readonly { readonly prefix: string; readonly advice: string }[] = [
  { prefix: "1f8b", advice: "it is compressed with gzip: gunzip it first" },
  { prefix: "28b52ffd", advice: "it is compressed with zstd: unzstd it first" },
  { prefix: "fd377a58", advice: "it is compressed with xz: unxz it first" },
];

const MAGIC_OCTETS = 4;

/**
 * Reads pcap and pcapng, told apart by their first four octets. Bytes go in with push() as they come, in pieces of
 * any size; packets come out of next() until it answers undefined: then more bytes are needed, or the file is
 * damaged (`fault`). After the last byte, finish() says whether the file ended between two records.
 * Memory: one piece and at most one packet.
 *
 *     reader.push(chunk);
 *     for (let packet = reader.next(); packet; packet = reader.next()) show(packet);
 */
export class CaptureReader {
  readonly #input = new CaptureInput();
  #format: PcapReader | PcapngReader | undefined;

  /** Copies `chunk`; the views of packets handed out before are no longer valid. */
  push(chunk: Uint8Array): void {
    this.#input.push(chunk);
  }

  next(): CapturedPacket | undefined {
    if (this.#input.fault !== undefined) return undefined;
    if (this.#format === undefined) {
      if (!this.#input.has(MAGIC_OCTETS)) return undefined;
      this.#format = this.#recognize(this.#input.view.getUint32(this.#input.start));
    }
    return this.#format?.next(this.#input);
  }

  /** No more bytes will come. Call it when next() has answered undefined. */
  finish(): void {
    if (this.#input.fault !== undefined) return;
    if (this.#format === undefined) this.#refuse();
    else {
      if (this.#format instanceof PcapngReader) this.#format.finish(this.#input);
      this.#input.finish();
    }
  }

  /** Undefined while the file is in order. */
  get fault(): CaptureFault | undefined {
    return this.#input.fault;
  }

  #recognize(magic: number): PcapReader | PcapngReader | undefined {
    if (isPcapMagic(magic)) return new PcapReader();
    if (isPcapngMagic(magic)) return new PcapngReader();
    return this.#refuse();
  }

  #refuse(): undefined {
    const { bytes, start, end } = this.#input;
    if (start === end) return this.#input.fail(0, "the file is empty", "notACapture");
    const hex = bytes.subarray(start, Math.min(end, start + 8)).toHex();
    const advice = NOT_YET.find(({ prefix }) => hex.startsWith(prefix))?.advice ??
      "it is neither pcap nor pcapng";
    const spaced = hex.replace(/(..)(?=.)/g, "$1 ");
    return this.#input.fail(0, `${advice} (first bytes ${spaced})`, "notACapture");
  }
}
