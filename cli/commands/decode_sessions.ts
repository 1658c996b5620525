import type { CapturedPacket, CaptureFault } from "../../core/capture/captured_packet.ts";
import { CaptureReader } from "../../core/capture/capture_reader.ts";
import type { InspectionHelpers } from "../../core/inspect/packet_cursor.ts";
import { Reassembler } from "../../core/inspect/reassembly.ts";
import { CaptureClock } from "../../core/inspect/fields/capture_clock.ts";
import { formatUtcTime } from "../../core/inspect/utc_time.ts";
import type { MobileNodeReport } from "../../core/sessions/session_record.ts";
import { SessionTracker } from "../../core/sessions/session_tracker.ts";
import type { Colours } from "../output/colours.ts";
import { Failure, messageOf, UsageError } from "../output/fault.ts";
import { describeCutOff, describeSessions } from "../output/session_view.ts";
import type { SyncWriter } from "../output/write.ts";
import { OutputClosed, remark, writeAll } from "../output/write.ts";
import type { OutputFormat } from "./decode_format.ts";
import { readFilter } from "./decode_output.ts";

export interface SessionOptions {
  /** What the messages call the capture. */
  readonly name: string;
  readonly format?: OutputFormat;
  /** Where the picture goes. */
  readonly plot?: string;
  /** Only packets that this display filter lets through. */
  readonly filter?: string;
  /** Stop after so many packets. */
  readonly count?: number;
  /** What reads through encryption, and old codepoints. */
  readonly helpers?: InspectionHelpers;
  readonly colours: Colours;
}

/**
 * `dsmip decode --sessions`: takes in the whole capture, then tells of its mobile nodes. Throws UsageError where the
 * options make no sense, Failure where the capture is damaged, after telling of all that comes before.
 */
export async function decodeSessions(
  chunks: AsyncIterable<Uint8Array>,
  output: SyncWriter,
  options: SessionOptions,
): Promise<void> {
  const helpers = { ...options.helpers, reassembler: new Reassembler() };
  const sessions = new SessionOutput(options, helpers);
  const filter = options.filter === undefined ? undefined : readFilter(options.filter, helpers);
  const clock = new CaptureClock();
  const reader = new CaptureReader();
  let left = options.count ?? Infinity;
  for await (const chunk of chunks) {
    reader.push(chunk);
    while (left > 0) {
      const packet = reader.next();
      if (packet === undefined) break;
      if (filter !== undefined) {
        clock.note(packet);
        if (!filter.matches(packet, clock)) continue;
      }
      sessions.add(packet);
      left--;
    }
    if (left === 0 || reader.fault !== undefined) break;
  }
  if (left > 0) reader.finish();
  if (reader.fault?.kind !== "notACapture") await sessions.finish(output);
  refuse(reader.fault, options.name);
}

function refuse(fault: CaptureFault | undefined, name: string): void {
  if (fault?.kind === "notACapture") throw new Failure(`Cannot decode ${name}: ${fault.reason}`);
  if (fault !== undefined) {
    throw new Failure(`Cannot decode ${name} from byte ${fault.offset} on: ${fault.reason}`);
  }
}

class SessionOutput {
  readonly #tracker: SessionTracker;
  readonly #options: SessionOptions;

  constructor(options: SessionOptions, helpers: InspectionHelpers) {
    const { plot, format } = options;
    if (format === "fields") throw new UsageError("--sessions tells of mobile nodes: -T text or -T json");
    this.#options = options;
    this.#tracker = new SessionTracker({ plot: plot !== undefined, helpers });
  }

  add(packet: CapturedPacket): void {
    this.#tracker.add(packet);
  }

  /** Writes the table or the objects, and the picture. Throws Failure where the picture cannot be written. */
  async finish(output: SyncWriter): Promise<void> {
    const text = this.#options.format === "json" ? this.#json() : this.#text();
    write(output, new TextEncoder().encode(text));
    if (this.#options.plot !== undefined) await this.#plot(this.#options.plot);
  }

  #text(): string {
    const tracker = this.#tracker;
    return describeSessions({
      reports: tracker.reports(),
      packets: tracker.packets,
      durationSeconds: tracker.durationSeconds,
      begin: this.#begin(),
      cutOff: tracker.cutOff,
    }, this.#options.colours);
  }

  #json(): string {
    for (const note of describeCutOff(this.#tracker.cutOff)) remark(`${note}\n`);
    const captureBegin = this.#begin() ?? null;
    return this.#tracker.reports().map((report) => encode({ captureBegin, ...report })).join("");
  }

  #begin(): string | undefined {
    const { origin } = this.#tracker;
    return origin === undefined ? undefined : formatUtcTime(origin, 6);
  }

  async #plot(file: string): Promise<void> {
    const { plotSessions } = await import("../output/session_plot.ts");
    const picture = plotSessions(this.#tracker.plotted(), this.#tracker.durationSeconds);
    try {
      Deno.writeTextFileSync(file, picture);
    } catch (error) {
      throw new Failure(`Cannot write ${file}: ${messageOf(error)}`, { cause: error });
    }
  }
}

/** One line. Times have nine digits behind the second: more are noise of the arithmetic. */
function encode(report: MobileNodeReport & { readonly captureBegin: string | null }): string {
  const rounded = (_key: string, value: unknown) =>
    typeof value === "number" && !Number.isInteger(value) ? Math.round(value * 1e9) / 1e9 : value;
  return JSON.stringify(report, rounded) + "\n";
}

function write(output: SyncWriter, bytes: Uint8Array): void {
  try {
    writeAll(output, bytes, Infinity);
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) throw new OutputClosed();
    throw error;
  }
}
