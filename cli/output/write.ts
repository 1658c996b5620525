/** Where bytes go synchronously: standard output, standard error, or a test's own. */
export interface SyncWriter {
  writeSync(bytes: Uint8Array): number;
}

/** Whoever read standard output has gone (`dsmip decode x.pcap | head`): no fault, the program just ends. */
export class OutputClosed extends Error {
  constructor() {
    super("standard output was closed");
    this.name = "OutputClosed";
  }
}

const encoder = new TextEncoder();
const nap = new Int32Array(new SharedArrayBuffer(4));

/**
 * Writes all octets, also to a pipe that someone else set to non-blocking. Gives up, returning false,
 * once the reader has taken nothing for `patienceMs`; throws what the writer throws otherwise.
 */
export function writeAll(writer: SyncWriter, bytes: Uint8Array, patienceMs: number): boolean {
  let written = 0;
  let waitedMs = 0;
  while (written < bytes.length) {
    try {
      written += writer.writeSync(bytes.subarray(written));
      waitedMs = 0;
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      if (waitedMs >= patienceMs) return false;
      Atomics.wait(nap, 0, 0, 1);
      waitedMs += 1;
    }
  }
  return true;
}

/**
 * Data for the user, on standard output and nowhere else; ends no line by itself.
 * Throws OutputClosed when nobody reads any more, which main() turns into a quiet end.
 */
export function print(text: string): void {
  try {
    writeAll(Deno.stdout, encoder.encode(text), Number.POSITIVE_INFINITY);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new OutputClosed();
    throw error;
  }
}

/** A remark for the person at the terminal, on standard error; a standard error that is gone is no fault. */
export function remark(text: string): void {
  try {
    writeAll(Deno.stderr, encoder.encode(text), 1000);
  } catch {
    // Nobody is left to tell.
  }
}
