import type { CapturedPacket, CaptureTime } from "../capture/captured_packet.ts";
import { linkTypeName } from "../capture/link_type.ts";
import { type InspectionHelpers, PacketCursor } from "./packet_cursor.ts";
import { writePacket } from "./packet_line.ts";
import { addPacket, writeTree } from "./packet_tree.ts";
import { Reassembler } from "./reassembly.ts";
import type { TextWriter } from "./text_writer.ts";
import { addChild, treeNode } from "./tree.ts";
import { formatUtcTime } from "./utc_time.ts";

const NUMBER_COLUMNS = 5;
const SECONDS_COLUMNS = 4;

/** Prints the packets of one capture, one after the other, into a TextWriter. */
export class PacketPrinter {
  readonly #cursor = new PacketCursor();
  readonly #out: TextWriter;
  /** The time of the first packet that has one: all others are shown relative to it. */
  #origin: CaptureTime | undefined;

  /** `helpers`: what reads through fragments and encryption, to share with others that look at the same packets. */
  constructor(out: TextWriter, helpers: InspectionHelpers = {}) {
    this.#out = out;
    this.#cursor.use({ reassembler: new Reassembler(), ...helpers });
  }

  /** A packet that may not be printed: times count from the first one of all. */
  note({ time }: CapturedPacket): void {
    this.#origin ??= time;
  }

  /** One line: number, seconds since the first packet, source, destination, protocol, what matters. */
  writeLine(packet: CapturedPacket): void {
    const out = this.#out;
    out.style("faint");
    out.decimalRight(packet.number, NUMBER_COLUMNS);
    out.text(" ");
    this.#writeRelativeTime(packet);
    out.plain();
    out.text("  ");
    this.#begin(packet);
    writePacket(this.#cursor, out);
    out.newline();
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
    out.newline();
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
      this.#writeRelativeTime(packet, 1);
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

  #writeRelativeTime({ time, timeDigits }: CapturedPacket, secondsColumns = SECONDS_COLUMNS): void {
    const out = this.#out;
    if (time === undefined) {
      out.spaces(secondsColumns + timeDigits);
      out.text("-");
      return;
    }
    const origin = this.#origin ??= time;
    const early = time.seconds < origin.seconds ||
      (time.seconds === origin.seconds && time.nanoseconds < origin.nanoseconds);
    const [from, to] = early ? [time, origin] : [origin, time];
    const borrow = to.nanoseconds < from.nanoseconds ? 1 : 0;
    const seconds = to.seconds - from.seconds - borrow;
    const nanoseconds = to.nanoseconds - from.nanoseconds + borrow * 1e9;
    const digits = early ? `-${seconds}` : `${seconds}`;
    out.spaces(secondsColumns - digits.length);
    out.text(digits);
    out.text(".");
    out.decimal(timeDigits === 9 ? nanoseconds : Math.floor(nanoseconds / 1000), timeDigits);
  }
}
