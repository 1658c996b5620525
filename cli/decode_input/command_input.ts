import { UsageError } from "../output/fault.ts";
import { nameOf, readCaptureFile } from "./capture_source.ts";

/** What the command line says about where packets come from. */
export interface InputOptions {
  readonly interface?: string;
  readonly write?: string;
  readonly filter?: string;
  readonly count?: number;
}

/** Where the packets of this command line come from, and what messages call it. Throws UsageError. */
export function openInput(
  file: string | undefined,
  options: InputOptions,
): { readonly name: string; readonly chunks: AsyncIterable<Uint8Array> } {
  const { interface: interfaceName, write, filter, count } = options;
  if (interfaceName === undefined) {
    if (file === undefined) {
      throw new UsageError("Name a capture file, or - for standard input, or -i INTERFACE");
    }
    if (write !== undefined) throw new UsageError("-w keeps what an interface sees: it needs -i INTERFACE");
    return { name: nameOf(file), chunks: readCaptureFile(file) };
  }
  if (file !== undefined) throw new UsageError("Name a capture file or an interface (-i), not both");
  // Behind a filter nobody knows how many packets it takes.
  const wanted = filter === undefined ? count : undefined;
  return { name: interfaceName, chunks: live(interfaceName, write, wanted) };
}

/** System calls are loaded only when they are needed. */
async function* live(
  interfaceName: string,
  writeTo: string | undefined,
  count: number | undefined,
): AsyncGenerator<Uint8Array> {
  const { captureLive } = await import("./live_capture.ts");
  yield* captureLive({ interfaceName, writeTo, count });
}
