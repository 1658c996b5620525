import type { CapturedPacket } from "../../core/capture/captured_packet.ts";
import { LinkType } from "../../core/capture/link_type.ts";
import type { InspectionHelpers } from "../../core/inspect/packet_cursor.ts";
import { PacketPrinter } from "../../core/inspect/packet_printer.ts";
import { TextWriter } from "../../core/inspect/text_writer.ts";

/** A packet as a capture reader gives it. */
export function captured(bytes: Uint8Array, changes: Partial<CapturedPacket> = {}): CapturedPacket {
  return {
    number: 1,
    time: { seconds: 1_700_000_000, nanoseconds: 0 },
    timeDigits: 6,
    linkType: LinkType.raw,
    interfaceIndex: 0,
    originalLength: bytes.length,
    bytes,
    ...changes,
  };
}

export function print(
  packets: readonly CapturedPacket[],
  form: "line" | "tree",
  colour = false,
  helpers: InspectionHelpers = {},
): string {
  const out = new TextWriter(colour);
  const printer = new PacketPrinter(out, helpers);
  for (const packet of packets) {
    if (form === "line") printer.writeLine(packet);
    else printer.writeTree(packet);
  }
  return new TextDecoder().decode(out.bytes.subarray(0, out.length));
}

/** One packet in one line, without number and time; columns of spaces as one space. */
export function line(bytes: Uint8Array, changes: Partial<CapturedPacket> = {}): string {
  return print([captured(bytes, changes)], "line").replace(/^ *\d+ +\d+\.\d+ +/, "").replaceAll(/ +/g, " ")
    .trimEnd();
}

/** One packet as its tree, without the heading. */
export function tree(bytes: Uint8Array, changes: Partial<CapturedPacket> = {}): string[] {
  return print([captured(bytes, changes)], "tree").trimEnd().split("\n").slice(1).map((text) => text.trim());
}
