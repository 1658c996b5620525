import { Buffer } from "node:buffer";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { Failure, messageOf } from "../output/fault.ts";

/** Formats that are expanded on the way in, told by their first octets (RFC 1952 2.3.1, RFC 8878 3.1.1). */
const FORMATS = [
  { name: "gzip", magic: [0x1f, 0x8b], create: createGunzip },
  { name: "zstd", magic: [0x28, 0xb5, 0x2f, 0xfd], create: createZstdDecompress },
] as const;
export const MAGIC_OCTETS = 4;

/** More than one input chunk expands to, mostly: see `onUncaught`. */
const EXPANDED_CHUNK_OCTETS = 65_536;

type Format = (typeof FORMATS)[number];

/** The compression that a file beginning with these octets has; undefined for none. */
export function compressionOf(start: Uint8Array): Format | undefined {
  return FORMATS.find(({ magic }) => magic.every((octet, index) => start[index] === octet));
}

/**
 * What the compressed chunks hold, in chunks. Memory is bounded whatever the ratio: nothing more is expanded than
 * has been taken, but for the stream's own buffers.
 * Throws Failure where the data is damaged or ends early, after giving everything before.
 */
export async function* decompress(
  chunks: AsyncIterable<Uint8Array>,
  { name, create }: Format,
  what: string,
): AsyncGenerator<Uint8Array> {
  const engine = create({ chunkSize: EXPANDED_CHUNK_OCTETS });
  let wake = () => {};
  let written = () => {};
  let ended = false;
  let fault: unknown;
  engine.on("readable", () => wake());
  engine.on("end", () => (ended = true, wake()));
  const fail = (error: unknown) => {
    fault ??= error;
    wake();
    written();
  };
  engine.on("error", fail);
  // Where a fault comes only behind the first output of an input chunk, the runtime's zstd throws it past everybody.
  const onUncaught = (event: ErrorEvent) => {
    if (!messageOf(event.error).startsWith("Zstd decompress error")) return;
    event.preventDefault();
    fail(event.error);
  };
  globalThis.addEventListener("error", onUncaught);
  engine.on("close", () => written());
  let expanded = 0;
  feed();
  try {
    for (;;) {
      const changed = new Promise<void>((resolve) => (wake = resolve));
      // After a fault only what is there: to read on would make the engine work on, and fail where nobody listens.
      const mayRead = fault === undefined || engine.readableLength > 0;
      const chunk: Uint8Array | null = mayRead ? engine.read() : null;
      if (chunk !== null) {
        expanded += chunk.length;
        yield chunk;
      } else if (fault !== undefined) {
        throw new Failure(
          `Cannot decode ${what} from byte ${expanded} of its content on: ` +
            `the ${name} data is damaged or ends early (${messageOf(fault)})`,
          { cause: fault },
        );
      } else if (ended) return;
      else await changed;
    }
  } finally {
    ended = true;
    // The feeder may be waiting for bytes that never come: nobody waits for it.
    engine.destroy();
    globalThis.removeEventListener("error", onUncaught);
  }

  async function feed(): Promise<void> {
    try {
      for await (const chunk of chunks) {
        if (ended || fault !== undefined) return;
        // The chunk is a view of a buffer that is used again, and the engine works on another thread.
        await new Promise<void>((resolve) => {
          written = resolve;
          engine.write(Buffer.from(chunk), () => resolve());
        });
      }
      engine.end();
    } catch (error) {
      fail(error);
    }
  }
}
