import { Failure, messageOf } from "../output/fault.ts";
import { compressionOf, decompress, MAGIC_OCTETS } from "./decompression.ts";

const READ_OCTETS = 1_048_576;
const COMPRESSED_READ_OCTETS = 16_384;

/** Somewhere that bytes come from: an open file, standard input, or a test's own. */
export interface AsyncReader {
  read(buffer: Uint8Array): Promise<number | null>;
}

/**
 * The octets of a capture file in chunks, expanded where they are compressed with gzip or zstd. "-" is standard
 * input. A chunk is valid until the next one is asked for. Throws Failure where the file cannot be read.
 */
export async function* readCaptureFile(file: string): AsyncGenerator<Uint8Array> {
  const source = open(file);
  try {
    yield* readCapture(source, nameOf(file));
  } finally {
    source.close();
  }
}

/** The same of a reader that is open already; `name` is what messages call it. */
export async function* readCapture(source: AsyncReader, name: string): AsyncGenerator<Uint8Array> {
  const buffer = new Uint8Array(READ_OCTETS);
  const start = await readStart(source, buffer.subarray(0, COMPRESSED_READ_OCTETS), name);
  const compression = compressionOf(start);
  if (compression === undefined) yield* readRest(source, start, buffer, name);
  else {
    const smaller = buffer.subarray(0, COMPRESSED_READ_OCTETS);
    yield* decompress(readRest(source, start.slice(), smaller, name), compression, name);
  }
}

/** What the messages call the file of a command line. */
export function nameOf(file: string): string {
  return file === "-" ? "standard input" : file;
}

/** At least the octets that tell the format, where there are so many. */
async function readStart(source: AsyncReader, buffer: Uint8Array, name: string): Promise<Uint8Array> {
  let octets = 0;
  while (octets < MAGIC_OCTETS) {
    const more = await read(source, buffer.subarray(octets), name);
    if (more === null) break;
    octets += more;
  }
  return buffer.subarray(0, octets);
}

async function* readRest(
  source: AsyncReader,
  start: Uint8Array,
  buffer: Uint8Array,
  name: string,
): AsyncGenerator<Uint8Array> {
  yield start;
  for (;;) {
    const octets = await read(source, buffer, name);
    if (octets === null) return;
    yield buffer.subarray(0, octets);
  }
}

function open(file: string): AsyncReader & { close(): void } {
  if (file === "-") return { read: (buffer) => Deno.stdin.read(buffer), close() {} };
  try {
    return readingSync(Deno.openSync(file));
  } catch (error) {
    throw new Failure(`Cannot open ${file}: ${reasonOf(error)}`, { cause: error });
  }
}

/** A regular file never makes anybody wait: reading it on this thread is twice as fast. */
function readingSync(file: Deno.FsFile): AsyncReader & { close(): void } {
  if (!file.statSync().isFile) return file;
  return { read: (buffer) => Promise.resolve(file.readSync(buffer)), close: () => file.close() };
}

async function read(source: AsyncReader, buffer: Uint8Array, name: string): Promise<number | null> {
  try {
    return await source.read(buffer);
  } catch (error) {
    throw new Failure(`Cannot read ${name}: ${reasonOf(error)}`, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  return messageOf(error);
}
