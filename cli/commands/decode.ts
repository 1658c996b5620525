import { Command, InvalidArgumentError } from "commander";
import { CaptureReader } from "../../core/capture/capture_reader.ts";
import { PacketPrinter } from "../../core/inspect/packet_printer.ts";
import { TextWriter } from "../../core/inspect/text_writer.ts";
import { Failure, messageOf } from "../output/fault.ts";
import { OutputClosed, type SyncWriter, writeAll } from "../output/write.ts";

const READ_OCTETS = 1_048_576;
const WRITE_OCTETS = 65_536;

const EXAMPLES = `
One line a packet: number, seconds since the first packet, innermost source and destination, protocol, what
matters, [remarks], and the tunnels that the packet came through, the innermost first.

In a Binding Update (BU) or Acknowledgement (BA): AHK... are flags, CoA4 the IPv4 care-of address, HoA4 the
IPv4 home address, HoA the Home Address option, RH2 the type 2 routing header, MNP a mobile network prefix;
[NAT] where the outer source address is not the care-of address.

Examples:
  dsmip decode capture.pcap
  dsmip decode -V -c 1 capture.pcapng          every field of the first packet, with the bytes where it stands
  dsmip decode capture.pcap | grep ' B[UA] '   the registrations
  tcpdump -i any -U -w - | dsmip decode -      live`;

/** `dsmip decode FILE` */
export function decodeCommand() {
  return new Command("decode")
    .description("Read a packet capture (pcap, pcapng) as a person who cares for IP mobility would")
    .argument("<file>", "the capture; - is standard input")
    .option("-V, --verbose", "the full tree of every packet instead of a line")
    .option("-c, --count <packets>", "stop after so many packets", parseCount)
    .addHelpText("after", EXAMPLES)
    .action((file, { verbose, count }) => {
      const source = open(file);
      try {
        const colour = Deno.stdout.isTerminal() && !Deno.env.get("NO_COLOR");
        decode(source, Deno.stdout, { name: nameOf(file), verbose, count, colour });
      } finally {
        source.close();
      }
    });
}

/** Where a capture comes from: an open file, standard input, or a test's own. */
export interface SyncReader {
  readSync(buffer: Uint8Array): number | null;
}

export interface DecodeOptions {
  /** What the messages call the capture. */
  readonly name: string;
  readonly verbose?: boolean;
  /** Stop after so many packets. */
  readonly count?: number;
  readonly colour?: boolean;
}

/**
 * Prints the capture, packet by packet, with memory for one piece of it. Throws Failure where the capture is damaged,
 * after printing all that comes before; OutputClosed when nobody reads what is printed.
 */
export function decode(source: SyncReader, output: SyncWriter, options: DecodeOptions): void {
  const { name, verbose = false, count = Infinity, colour = false } = options;
  const reader = new CaptureReader();
  const text = new TextWriter(colour);
  const printer = new PacketPrinter(text);
  const buffer = new Uint8Array(READ_OCTETS);
  let printed = 0;
  while (printed < count && reader.fault === undefined) {
    const octets = read(source, buffer, name);
    if (octets === null) {
      reader.finish();
      break;
    }
    reader.push(buffer.subarray(0, octets));
    while (printed < count) {
      const packet = reader.next();
      if (packet === undefined) break;
      if (verbose) printer.writeTree(packet);
      else printer.writeLine(packet);
      printed++;
      if (text.length >= WRITE_OCTETS) flush(text, output);
    }
    // Before the next read: it may have to wait for a packet that somebody has not sent yet.
    flush(text, output);
  }
  const { fault } = reader;
  if (fault?.kind === "notACapture") throw new Failure(`Cannot decode ${name}: ${fault.reason}`);
  if (fault !== undefined) {
    throw new Failure(`Cannot decode ${name} from byte ${fault.offset} on: ${fault.reason}`);
  }
}

function open(file: string): SyncReader & { close(): void } {
  if (file === "-") return { readSync: (buffer) => Deno.stdin.readSync(buffer), close() {} };
  try {
    return Deno.openSync(file);
  } catch (error) {
    throw new Failure(`Cannot open ${file}: ${reasonOf(error)}`, { cause: error });
  }
}

function read(source: SyncReader, buffer: Uint8Array, name: string): number | null {
  try {
    return source.readSync(buffer);
  } catch (error) {
    throw new Failure(`Cannot read ${name}: ${reasonOf(error)}`, { cause: error });
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

function nameOf(file: string): string {
  return file === "-" ? "standard input" : file;
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "no such file";
  if (error instanceof Deno.errors.PermissionDenied) return "permission denied";
  if (error instanceof Deno.errors.IsADirectory) return "it is a directory";
  return messageOf(error);
}

function parseCount(text: string): number {
  const count = Number(text);
  if (!/^\d+$/.test(text) || count === 0 || !Number.isSafeInteger(count)) {
    throw new InvalidArgumentError("It is a number of packets, 1 or more.");
  }
  return count;
}
