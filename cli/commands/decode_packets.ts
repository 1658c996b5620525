import { CaptureReader } from "../../core/capture/capture_reader.ts";
import { TextWriter } from "../../core/inspect/text_writer.ts";
import { Failure } from "../output/fault.ts";
import { OutputClosed, type SyncWriter, writeAll } from "../output/write.ts";
import { type OutputOptions, PacketOutput } from "./decode_output.ts";

const READ_OCTETS = 1_048_576;
const WRITE_OCTETS = 65_536;

/** Where a capture comes from in one piece after the other: an open file, or a test's own. */
export interface SyncReader {
  readSync(buffer: Uint8Array): number | null;
}

export interface DecodeOptions extends OutputOptions {
  /** What the messages call the capture. */
  readonly name: string;
  /** Stop after so many packets that were shown. */
  readonly count?: number;
  readonly colour?: boolean;
}

/** Prints the whole capture at once; throws what Decoding throws. */
export function decode(source: SyncReader, output: SyncWriter, options: DecodeOptions): void {
  const decoding = new Decoding(output, options);
  const buffer = new Uint8Array(READ_OCTETS);
  for (;;) {
    const octets = source.readSync(buffer);
    if (octets === null || !decoding.take(buffer.subarray(0, octets))) break;
  }
  decoding.finish();
}

/** Prints a capture, packet by packet, as its octets come in, with memory for one piece of it. */
export class Decoding {
  readonly #output: SyncWriter;
  readonly #name: string;
  readonly #reader = new CaptureReader();
  readonly #text: TextWriter;
  readonly #shown: PacketOutput;
  #left: number;

  constructor(
    output: SyncWriter,
    { name, count = Infinity, colour = false, ...shown }: DecodeOptions,
  ) {
    this.#output = output;
    this.#name = name;
    this.#left = count;
    this.#text = new TextWriter(colour);
    this.#shown = new PacketOutput(this.#text, shown);
  }

  /**
   * Prints the packets that `chunk` completes; false when no more chunks are wanted.
   * Throws OutputClosed when nobody reads what is printed.
   */
  take(chunk: Uint8Array): boolean {
    const text = this.#text;
    this.#reader.push(chunk);
    while (this.#left > 0) {
      const packet = this.#reader.next();
      if (packet === undefined) break;
      if (this.#shown.show(packet)) this.#left--;
      if (text.length >= WRITE_OCTETS) flush(text, this.#output);
    }
    // Before the next chunk: it may have to wait for a packet that somebody has not sent yet.
    flush(text, this.#output);
    return this.#left > 0 && this.#reader.fault === undefined;
  }

  /** No more chunks. Throws Failure where the capture is damaged or ends within a packet that was wanted. */
  finish(): void {
    if (this.#left > 0) this.#reader.finish();
    const { fault } = this.#reader;
    if (fault === undefined) return;
    if (fault.kind === "notACapture") throw new Failure(`Cannot decode ${this.#name}: ${fault.reason}`);
    throw new Failure(`Cannot decode ${this.#name} from byte ${fault.offset} on: ${fault.reason}`);
  }
}

function flush(text: TextWriter, output: SyncWriter): void {
  try {
    writeAll(output, text.bytes.subarray(0, text.length), Infinity);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new OutputClosed();
    throw error;
  }
  text.clear();
}
