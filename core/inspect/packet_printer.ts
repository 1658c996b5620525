import type { CapturedPacket } from "../capture/captured_packet.ts";
import { linkTypeName } from "../capture/link_type.ts";
import { writeHexDump } from "./hex_dump.ts";
import { type InspectionHelpers, PacketCursor } from "./packet_cursor.ts";
import { writePacket } from "./packet_line.ts";
import { addPacket, writeTree } from "./packet_tree.ts";
import { Reassembler } from "./reassembly.ts";
import type { TextWriter } from "./text_writer.ts";
import { addChild, treeNode } from "./tree.ts";
import { TimeColumn, type TimeForm, writeSeconds } from "./time_column.ts";
import { formatUtcTime } from "./utc_time.ts";

const NUMBER_COLUMNS = 5;

export interface PrintOptions {
  readonly time?: TimeForm;
  /** The octets below each line or tree. */
  readonly hexDump?: boolean;
}

/** Prints the packets of one capture, one after the other, into a TextWriter. */
export class PacketPrinter {
  readonly #cursor = new PacketCursor();
  readonly #out: TextWriter;
  readonly #time: TimeColumn;
  readonly #hexDump: boolean;

  /** `helpers`: what reads through fragments and encryption, to share with others that look at the same packets. */
  constructor(
    out: TextWriter,
    helpers: InspectionHelpers = {},
    { time = "r", hexDump = false }: PrintOptions = {},
  ) {
    this.#out = out;
    this.#time = new TimeColumn(time);
    this.#hexDump = hexDump;
    this.#cursor.use({ reassembler: new Reassembler(), ...helpers });
  }

  /** Must be told of every packet before it is printed, also of those that are not: times count from them. */
  note(packet: CapturedPacket): void {
    this.#time.note(packet);
  }

  /** One line: number, time, source, destination, protocol, what matters. */
  writeLine(packet: CapturedPacket): void {
    const out = this.#out;
    out.style("faint");
    out.decimalRight(packet.number, NUMBER_COLUMNS);
    out.text(" ");
    this.#time.write(out, packet);
    out.plain();
    out.text("  ");
    this.#begin(packet);
    writePacket(this.#cursor, out);
    out.newline();
    if (this.#hexDump) this.#writeHexDump(packet);
  }

  /** Every header and field with the octets where it stands, and an empty line. */
  writeTree(packet: CapturedPacket): void {
    const out = this.#out;
    const root = treeNode("Packet", 0, packet.bytes.length);
    this.#begin(packet);
    addPacket(this.#cursor, root);
    const missing = packet.originalLength - packet.bytes.length;
    if (missing > 0) addChild(root, "Not captured", packet.bytes.length, missing, `${missing} bytes`);
    this.#writeHeading(packet);
    writeTree(root, out);
    if (this.#hexDump) this.#writeHexDump(packet);
    else out.newline();
  }

  #writeHexDump({ bytes }: CapturedPacket): void {
    writeHexDump(this.#out, bytes);
    this.#out.newline();
  }

  #begin(packet: CapturedPacket): void {
    const { bytes, number, time, originalLength, linkType } = packet;
    this.#cursor.reassembler?.startPacket(number, time?.seconds);
    this.#cursor.begin(bytes, 0, bytes.length, originalLength, "linkType", linkType);
  }

  #writeHeading(packet: CapturedPacket): void {
    const out = this.#out;
    const { time, bytes, originalLength } = packet;
    out.styled("strong", `Packet ${packet.number}`);
    if (time !== undefined) {
      out.text("  ");
      writeSeconds(out, this.#time.sinceFirst(time), packet.timeDigits, 1);
      out.text(` s  ${formatUtcTime(time, packet.timeDigits)}`);
    }
    out.text(`  ${linkTypeName(packet.linkType)}`);
    if (packet.interfaceIndex > 0) out.text(` (interface ${packet.interfaceIndex})`);
    out.text(`  ${bytes.length}${bytes.length < originalLength ? ` of ${originalLength}` : ""} bytes`);
    out.newline();
    for (const { about, text } of packet.comments ?? []) {
      out.text(about === "packet" ? "Comment: " : `Comment on the ${about}: `);
      out.untrusted(text, 0, text.length);
      out.newline();
    }
  }
}
