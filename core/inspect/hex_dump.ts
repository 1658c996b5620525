import type { TextWriter } from "./text_writer.ts";

const OCTETS_PER_LINE = 16;
const UNPRINTABLE = ".";

/** The octets sixteen a line: offset, pairs of digits, and what of it is ASCII. */
export function writeHexDump(out: TextWriter, bytes: Uint8Array): void {
  for (let start = 0; start < bytes.length; start += OCTETS_PER_LINE) {
    const line = bytes.subarray(start, start + OCTETS_PER_LINE);
    out.text("      ");
    out.hex(start, 4);
    out.text("  ");
    let characters = "";
    for (let index = 0; index < OCTETS_PER_LINE; index++) {
      if (index === OCTETS_PER_LINE / 2) out.text(" ");
      if (index >= line.length) {
        out.text("   ");
        continue;
      }
      const octet = line[index];
      out.hex(octet, 2);
      out.text(" ");
      characters += octet >= 0x20 && octet < 0x7f ? String.fromCharCode(octet) : UNPRINTABLE;
    }
    out.text(" ");
    out.text(characters);
    out.newline();
  }
}
