import { assertEquals, assertThrows } from "@std/assert";
import type { CapturedPacket } from "../../core/capture/captured_packet.ts";
import { decode } from "../../cli/commands/decode_packets.ts";
import { UsageError } from "../../cli/output/fault.ts";
import { LinkType } from "../../core/capture/link_type.ts";
import { encodePcapHeader, encodePcapRecord } from "../../core/capture/pcap_writer.ts";
import { writeHexDump } from "../../core/inspect/hex_dump.ts";
import { TextWriter } from "../../core/inspect/text_writer.ts";
import { TimeColumn, type TimeForm } from "../../core/inspect/time_column.ts";

function packet(seconds: number | undefined, nanoseconds = 0): CapturedPacket {
  return {
    number: 1,
    time: seconds === undefined ? undefined : { seconds, nanoseconds },
    timeDigits: 6,
    linkType: LinkType.raw,
    interfaceIndex: 0,
    bytes: new Uint8Array(0),
    originalLength: 0,
  };
}

/** The column of each packet; null marks one that is noted, but not shown. */
function columns(form: TimeForm, packets: readonly [CapturedPacket, shown: boolean][]): string[] {
  const column = new TimeColumn(form);
  return packets.flatMap(([packet, shown]) => {
    column.note(packet);
    if (!shown) return [];
    const out = new TextWriter(false);
    column.write(out, packet);
    out.newline();
    return [new TextDecoder().decode(out.bytes.subarray(0, out.length)).trim()];
  });
}

const PACKETS: [CapturedPacket, boolean][] = [
  [packet(1_700_000_000, 900_000_000), true],
  [packet(1_700_000_001, 100_000_000), false],
  [packet(1_700_000_003, 0), true],
  [packet(1_700_000_000, 0), true],
  [packet(undefined), true],
];

Deno.test("times of lines: since the first, the one before, the one shown before, 1970, in UTC", () => {
  assertEquals(columns("r", PACKETS), ["0.000000", "2.100000", "-0.900000", "-"]);
  assertEquals(columns("d", PACKETS), ["0.000000", "1.900000", "-3.000000", "-"]);
  assertEquals(columns("dd", PACKETS), ["0.000000", "2.100000", "-3.000000", "-"]);
  assertEquals(columns("e", PACKETS), ["1700000000.900000", "1700000003.000000", "1700000000.000000", "-"]);
  assertEquals(columns("ud", PACKETS).slice(0, 1), ["2023-11-14 22:13:20.900000 UTC"]);
});

Deno.test("octets of a packet: sixteen a line, with offsets and characters", () => {
  const out = new TextWriter(false);
  writeHexDump(out, new TextEncoder().encode("0123456789abcdefA\n\xe4"));
  assertEquals(new TextDecoder().decode(out.bytes.subarray(0, out.length)).split("\n"), [
    "      0000  30 31 32 33 34 35 36 37  38 39 61 62 63 64 65 66  0123456789abcdef",
    "      0010  41 0a c3 a4                                       A...",
    "",
  ]);
});

Deno.test("dsmip decode -x and -t are for lines and trees", () => {
  const format = { linkType: LinkType.raw };
  const bytes = new Uint8Array([
    ...encodePcapHeader(format),
    ...encodePcapRecord(format, { seconds: 5, nanoseconds: 0 }, new Uint8Array([0x45, 0])),
  ]);
  const printed = (options: Omit<Parameters<typeof decode>[2], "name">) => {
    let left = bytes;
    let text = "";
    const source = {
      readSync(buffer: Uint8Array) {
        if (left.length === 0) return null;
        const part = left.subarray(0, buffer.length);
        buffer.set(part);
        left = left.subarray(part.length);
        return part.length;
      },
    };
    const output = {
      writeSync(written: Uint8Array) {
        text += new TextDecoder().decode(written);
        return written.length;
      },
    };
    decode(source, output, { name: "test", ...options });
    return text;
  };
  assertEquals(printed({ hexDump: true, time: "e" }).includes("5.000000"), true);
  assertEquals(printed({ hexDump: true }).includes("0000  45 00 "), true);
  assertEquals(printed({ hexDump: true, verbose: true }).includes("0000  45 00 "), true);
  assertThrows(() => printed({ hexDump: true, format: "json" }), UsageError, "-x");
  assertThrows(() => printed({ time: "d", format: "json" }), UsageError, "-t");
});
